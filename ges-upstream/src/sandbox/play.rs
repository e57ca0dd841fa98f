//! One call, from the queue to the goodbye.

use std::sync::{Arc, Weak};
use std::time::Duration;

use ges_core::callback::{Reason, SessionState, SessionUpdate};
use ges_core::port::Submission;
use ges_core::{CallbackId, TenantId};
use sha2::{Digest, Sha256};
use tokio::time::sleep;

use super::{Key, Queue, QueueState, Shared, WriteBack, WriteBackError};
use crate::rest::Pauses;

/// An update that cannot be applied is tried so often, with these pauses between, the shortest and the longest.
const TRIES: u32 = 8;
const PAUSES: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(10));

/// How a dial attempt ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Dialled {
    Answered,
    Busy,
    NoAnswer,
}

/// One session.
pub(super) struct Session {
    shared: Weak<Shared>,
    key: Key,
    place: Queue,
    queue: Arc<QueueState>,
    reference: String,
    sequence: u64,
    dials: u32,
    retry_after: Duration,
    write_back: Arc<dyn WriteBack>,
}

/// The callback is over, by whatever decided so.
struct Over;

impl Session {
    pub(super) fn new(
        shared: &Arc<Shared>,
        key: Key,
        place: Queue,
        queue: Arc<QueueState>,
        reference: String,
        submission: &Submission,
        write_back: &Arc<dyn WriteBack>,
    ) -> Self {
        let dial = submission.service.as_deref().map(|service| service.dial);
        let retry_after = dial.map_or(Duration::ZERO, |dial| dial.retry_after);
        Session {
            shared: Arc::downgrade(shared),
            key,
            place,
            queue,
            reference,
            sequence: 0,
            dials: dial.map_or(1, |dial| dial.max_attempts.max(1)),
            retry_after: retry_after.min(shared.config.retry_max),
            write_back: Arc::clone(write_back),
        }
    }

    /// Plays the whole call. Dropping the future at any point leaves queue and agents as if it had hung up.
    pub(super) async fn play(mut self) {
        let end = self.calls().await;
        if let Ok(reason) = end {
            let _ = self.report(SessionState::Completed(reason)).await;
        }
    }

    async fn calls(&mut self) -> Result<Reason, Over> {
        let Some(config) = self.shared.upgrade().map(|shared| shared.config) else { return Err(Over) };
        for dial in 1..=self.dials {
            let waiting = Waiting::enter(self);
            if dial == 1 {
                self.report(SessionState::Queued).await?;
            }
            // Never closed: the queue lives as long as the session.
            let Ok(agent) = Arc::clone(&self.queue.agents).acquire_owned().await else { return Err(Over) };
            waiting.reached();
            self.report(SessionState::Routing).await?;
            sleep(config.route).await;
            let outcome = dialled(config.seed, &self.key, dial, config.answer_percent, config.busy_percent);
            if outcome != Dialled::Busy {
                sleep(config.ring).await;
            }
            tracing::debug!(callback = %self.key.1, attempt = self.key.2, dial, ?outcome, "the sandbox dialled");
            if outcome == Dialled::Answered {
                self.report(SessionState::Processing).await?;
                sleep(config.talk).await;
                return Ok(Reason::AGENT_CONNECTED);
            }
            drop((agent, waiting));
            if dial < self.dials {
                self.report(SessionState::Queued).await?;
                sleep(self.retry_after).await;
            }
        }
        Ok(Reason::FAIL_CALL_TO_CUSTOMER)
    }

    fn call(&self) -> u128 {
        self.key.1.0.as_u128()
    }

    /// Reports a state until it is applied, refused, or tried too often.
    async fn report(&mut self, state: SessionState) -> Result<(), Over> {
        self.sequence += 1;
        let update = SessionUpdate {
            attempt: Some(self.key.2),
            reference: Some(self.reference.clone()),
            sequence: Some(self.sequence),
            state,
        };
        let mut pauses = Pauses::new(PAUSES.0, PAUSES.1);
        for _ in 0..TRIES {
            let (tenant, service): (&TenantId, _) = (&self.key.0, &self.place.1);
            let id: CallbackId = self.key.1;
            match self.write_back.write_back(tenant, service, id, update.clone()).await {
                Ok(()) => return Ok(()),
                Err(WriteBackError::Refused) => return Err(Over),
                Err(WriteBackError::Unavailable(_)) => sleep(pauses.pause()).await,
            }
        }
        Err(Over)
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if let Some(shared) = self.shared.upgrade() {
            shared.state().sessions.remove(&self.key);
        }
    }
}

/// A call in a queue, from entering to leaving, whichever way it leaves.
struct Waiting {
    queue: Arc<QueueState>,
    call: u128,
}

impl Waiting {
    fn enter(session: &Session) -> Self {
        let call = session.call();
        session.queue.waiting().push(call);
        Waiting { queue: Arc::clone(&session.queue), call }
    }

    fn reached(&self) {
        self.queue.waiting().retain(|waiting| *waiting != self.call);
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.queue.waiting().retain(|waiting| *waiting != self.call);
    }
}

/// How the customer of this session takes this dial attempt: the same for the same seed, whatever else happens.
fn dialled(seed: u64, key: &Key, dial: u32, answer_percent: u64, busy_percent: u64) -> Dialled {
    let mut hash = Sha256::new();
    hash.update(seed.to_be_bytes());
    hash.update(key.1.0.as_bytes());
    hash.update(key.2.to_be_bytes());
    hash.update(dial.to_be_bytes());
    let digest: [u8; 32] = hash.finalize().into();
    let drawn = digest.iter().take(8).fold(0_u64, |number, byte| number << 8 | u64::from(*byte)) % 100;
    if drawn < answer_percent {
        Dialled::Answered
    } else if drawn < answer_percent.saturating_add(busy_percent) {
        Dialled::Busy
    } else {
        Dialled::NoAnswer
    }
}
