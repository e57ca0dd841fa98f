//! Telephony that is played in this process: for demonstrations and trials.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use ges_core::callback::SessionUpdate;
use ges_core::engine::{Engine, EngineError};
use ges_core::port::{Orchestrator, WaitTimes};
use ges_core::{CallbackId, ServiceName, TenantId};
use ges_upstream::sandbox::{Config, LOOK_EVERY, SandboxOrchestrator, WriteBack, WriteBackError};

use super::BuildError;
use super::telephony::{Around, Telephony, TelephonyConfig, TelephonyKind};
use crate::keys::{Key, Reader, Whole};

const AGENTS: Key = Key::new("orchestrator.sandbox.agents", "3", "Agents of each queue.");
const SEED: Key = Key::new("orchestrator.sandbox.seed", "1", "The same seed plays the same calls.");
const ANSWER_PERCENT: Key =
    Key::new("orchestrator.sandbox.answer_percent", "80", "Of a hundred customers, so many answer.");
const BUSY_PERCENT: Key = Key::new(
    "orchestrator.sandbox.busy_percent",
    "10",
    "Of a hundred customers, so many are busy; the rest does not answer.",
);
const ROUTE_MS: Key =
    Key::new("orchestrator.sandbox.route_ms", "500", "Milliseconds from a free agent to the first ring.");
const RING_MS: Key =
    Key::new("orchestrator.sandbox.ring_ms", "1000", "Milliseconds a customer's phone rings.");
const TALK_MS: Key =
    Key::new("orchestrator.sandbox.talk_ms", "2000", "Milliseconds agent and customer talk.");
const RETRY_MS_MAX: Key = Key::new(
    "orchestrator.sandbox.retry_ms_max",
    "2000",
    "Longest milliseconds between two dial attempts, whatever the service says.",
);

const KEYS: &[&Key] =
    &[&AGENTS, &SEED, &ANSWER_PERCENT, &BUSY_PERCENT, &ROUTE_MS, &RING_MS, &TALK_MS, &RETRY_MS_MAX];

const NAME: &str = "sandbox";

pub(super) const KIND: TelephonyKind =
    TelephonyKind { name: NAME, keys: || KEYS.to_vec(), needs_tokens: false, read };

type Millis = Whole<10, 3_600_000>;
type Percent = Whole<0, 100>;

fn millis(value: Millis) -> Duration {
    Duration::from_millis(value.0)
}

fn read(reader: &mut Reader<'_>) -> Option<Arc<dyn TelephonyConfig>> {
    let agents = reader.read::<Whole<0, 10_000>>(&AGENTS);
    let seed = reader.read::<Whole<0, { u64::MAX }>>(&SEED);
    let answer = reader.read::<Percent>(&ANSWER_PERCENT);
    let busy = reader.read::<Percent>(&BUSY_PERCENT);
    let route = reader.read::<Millis>(&ROUTE_MS);
    let ring = reader.read::<Millis>(&RING_MS);
    let talk = reader.read::<Millis>(&TALK_MS);
    let retry = reader.read::<Millis>(&RETRY_MS_MAX);
    if let (Some(answer), Some(busy)) = (answer, busy)
        && answer.0 + busy.0 > 100
    {
        let right = format!("with {}, at most 100 together", ANSWER_PERCENT.name);
        reader.wrong(BUSY_PERCENT.name, Some(busy.0.to_string()), right);
    }
    let mut sandbox = Config::default();
    sandbox.agents = u32::try_from(agents?.0).ok()?;
    sandbox.seed = seed?.0;
    sandbox.answer_percent = answer?.0;
    sandbox.busy_percent = busy?.0;
    sandbox.route = millis(route?);
    sandbox.ring = millis(ring?);
    sandbox.talk = millis(talk?);
    sandbox.retry_max = millis(retry?);
    Some(Arc::new(sandbox))
}

impl TelephonyConfig for Config {
    fn kind(&self) -> &'static str {
        NAME
    }

    fn look_every(&self) -> Option<Duration> {
        Some(LOOK_EVERY)
    }

    fn build(&self, around: &Around) -> Result<Arc<dyn Telephony>, BuildError> {
        Ok(Arc::new(SandboxOrchestrator::new(*self, around.clock.clone())))
    }
}

impl Telephony for SandboxOrchestrator {
    fn orchestrator(&self) -> Arc<dyn Orchestrator> {
        Arc::new(self.clone())
    }

    fn wire(&self, engine: &Arc<Engine>, waits: &Arc<dyn WaitTimes>) {
        self.wire(Arc::new(IntoEngine(engine.clone())), waits.clone());
    }

    fn stop(&self) {
        self.stop();
    }
}

/// Sessions of the sandbox report straight into the engine.
struct IntoEngine(Arc<Engine>);

#[async_trait]
impl WriteBack for IntoEngine {
    async fn write_back(
        &self,
        tenant: &TenantId,
        _: &ServiceName,
        id: CallbackId,
        update: SessionUpdate,
    ) -> Result<(), WriteBackError> {
        match self.0.write_back(tenant, id, update).await {
            Ok(after) if after.is_unfinished() => Ok(()),
            // Over: by this very update, or by a cancel before it.
            Ok(_) | Err(EngineError::Refused(_)) => Err(WriteBackError::Refused),
            Err(error) => Err(WriteBackError::Unavailable(error.into())),
        }
    }
}
