//! Telephony played in this process: queues, agents, customers who answer, are busy or do not answer.
//!
//! For demonstrations and trials. A session waits for a free agent of its queue, dials, and reports every step as real
//! telephony would, through [`WriteBack`]. The same seed plays the same calls. Nothing survives a restart: sessions
//! are then gone, and the engine, which finds that out by looking, starts them again under the next attempt.

mod play;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use ges_core::callback::SessionUpdate;
use ges_core::ewt::{AgentKey, Observation};
use ges_core::port::{
    Clock, HandOverError, Handed, Look, Orchestrator, SessionKey, Submission, Unavailable, WaitTimes,
};
use ges_core::{CallbackId, ServiceName, TenantId};
use tokio::sync::Semaphore;
use tokio::task::AbortHandle;

use crate::BoxError;
use play::Session;

/// Takes what a session reports; wired to the engine by the composition root.
#[async_trait]
pub trait WriteBack: Send + Sync {
    /// Applies one update. Repeats are harmless, because updates carry a sequence number.
    ///
    /// # Cancel safety
    /// Dropped, the update may have been applied, or may still be. It may be written again.
    async fn write_back(
        &self,
        tenant: &TenantId,
        service: &ServiceName,
        id: CallbackId,
        update: SessionUpdate,
    ) -> Result<(), WriteBackError>;
}

/// How the calls go.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Config {
    /// Agents of each queue.
    pub agents: u32,
    /// The same seed plays the same calls.
    pub seed: u64,
    /// Of a hundred customers, so many answer.
    pub answer_percent: u64,
    /// Of a hundred customers, so many are busy; the rest does not answer.
    pub busy_percent: u64,
    /// From a free agent to the first ring.
    pub route: Duration,
    /// How long it rings.
    pub ring: Duration,
    /// How long they talk.
    pub talk: Duration,
    /// The longest pause between two dial attempts.
    pub retry_max: Duration,
}

impl Default for Config {
    /// Three agents, of a hundred customers 80 answer and 10 are busy, a call takes some seconds.
    fn default() -> Self {
        Config {
            agents: 3,
            seed: 1,
            answer_percent: 80,
            busy_percent: 10,
            route: Duration::from_millis(500),
            ring: Duration::from_secs(1),
            talk: Duration::from_secs(2),
            retry_max: Duration::from_secs(2),
        }
    }
}

/// How often live sessions are looked at.
pub const LOOK_EVERY: Duration = Duration::from_secs(5);

/// Why an update was not applied.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WriteBackError {
    /// The callback is over, or was never there: the session has nothing left to do.
    #[error("the callback does not take this update")]
    Refused,
    /// It may be applied later.
    #[error("the update could not be applied now")]
    Unavailable(#[source] BoxError),
}

/// The sandbox. Cheap to clone.
#[derive(Clone)]
pub struct SandboxOrchestrator(Arc<Shared>);

impl fmt::Debug for SandboxOrchestrator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SandboxOrchestrator").field("config", &self.0.config).finish_non_exhaustive()
    }
}

struct Shared {
    config: Config,
    clock: Arc<dyn Clock>,
    write_back: OnceLock<Arc<dyn WriteBack>>,
    wait_times: OnceLock<Arc<dyn WaitTimes>>,
    state: Mutex<State>,
}

type Queue = (TenantId, ServiceName);
type Key = (TenantId, CallbackId, u32);

#[derive(Default)]
struct State {
    queues: HashMap<Queue, Arc<QueueState>>,
    sessions: HashMap<Key, Running>,
}

struct QueueState {
    agents: Arc<Semaphore>,
    /// Who waits, in order.
    waiting: Mutex<Vec<u128>>,
}

struct Running {
    queue: Arc<QueueState>,
    call: u128,
    task: Option<AbortHandle>,
}

impl SandboxOrchestrator {
    /// A sandbox without calls.
    pub fn new(config: Config, clock: Arc<dyn Clock>) -> Self {
        SandboxOrchestrator(Arc::new(Shared {
            config,
            clock,
            write_back: OnceLock::new(),
            wait_times: OnceLock::new(),
            state: Mutex::default(),
        }))
    }

    /// Says where sessions report and who learns from the queues. The first call counts; before it, attempts are
    /// answered as unavailable.
    pub fn wire(&self, write_back: Arc<dyn WriteBack>, wait_times: Arc<dyn WaitTimes>) {
        let _ = self.0.write_back.set(write_back);
        let _ = self.0.wait_times.set(wait_times);
    }

    /// Ends every session without a word, as a process that stops does.
    pub fn stop(&self) {
        for (_, running) in self.0.state().sessions.drain() {
            if let Some(task) = running.task {
                task.abort();
            }
        }
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        // Each change is complete when the lock is given back.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All agents of a queue log in. What happens to its calls the engine sees by itself.
    fn log_in(&self, queue: &Queue) {
        let Some(learns) = self.wait_times.get() else { return };
        for agent in 0..u64::from(self.config.agents) {
            let agent = AgentKey(agent);
            learns.observe(&queue.0, &queue.1, self.clock.now(), Observation::LoggedIn { agent });
        }
    }

    /// The queue, opened with all its agents at the first call.
    fn queue(&self, queue: &Queue) -> Arc<QueueState> {
        let mut state = self.state();
        if let Some(known) = state.queues.get(queue) {
            return Arc::clone(known);
        }
        let agents = usize::try_from(self.config.agents).unwrap_or(usize::MAX).min(Semaphore::MAX_PERMITS);
        let opened =
            Arc::new(QueueState { agents: Arc::new(Semaphore::new(agents)), waiting: Mutex::default() });
        state.queues.insert(queue.clone(), Arc::clone(&opened));
        drop(state);
        self.log_in(queue);
        opened
    }
}

impl QueueState {
    fn waiting(&self) -> MutexGuard<'_, Vec<u128>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The place of a waiting call, 1-based.
    fn position(&self, call: u128) -> Option<u64> {
        let place = self.waiting().iter().position(|waiting| *waiting == call)?;
        u64::try_from(place).ok().map(|place| place + 1)
    }
}

#[async_trait]
impl Orchestrator for SandboxOrchestrator {
    async fn submit(&self, submission: &Submission) -> Result<Handed, HandOverError> {
        let shared = &self.0;
        let Some(write_back) = shared.write_back.get() else {
            return Err(HandOverError::Unavailable("the sandbox is not wired yet".into()));
        };
        let callback = &submission.callback;
        let key = (callback.tenant.clone(), callback.id, submission.attempt);
        let reference = format!("sandbox-{}-{}", callback.id, submission.attempt);
        let place = (callback.tenant.clone(), callback.service.clone());
        let queue = shared.queue(&place);
        let call = callback.id.0.as_u128();
        {
            let mut state = shared.state();
            if state.sessions.contains_key(&key) {
                return Ok(Handed { reference: Some(reference) });
            }
            let running = Running { queue: Arc::clone(&queue), call, task: None };
            state.sessions.insert(key.clone(), running);
        }
        let session =
            Session::new(shared, key.clone(), place, queue, reference.clone(), submission, write_back);
        let task = tokio::spawn(session.play());
        if let Some(running) = shared.state().sessions.get_mut(&key) {
            running.task = Some(task.abort_handle());
        }
        Ok(Handed { reference: Some(reference) })
    }

    async fn look(&self, session: &SessionKey) -> Result<Look, Unavailable> {
        let state = self.0.state();
        let key = (session.tenant.clone(), session.id, session.attempt);
        Ok(match state.sessions.get(&key) {
            None => Look::Gone,
            Some(running) => {
                Look::Running { position: running.queue.position(running.call), wait_secs: None }
            }
        })
    }

    async fn cancel(&self, session: &SessionKey) -> Result<(), Unavailable> {
        let key = (session.tenant.clone(), session.id, session.attempt);
        let running = self.0.state().sessions.remove(&key);
        if let Some(task) = running.and_then(|running| running.task) {
            task.abort();
        }
        Ok(())
    }

    fn look_every(&self) -> Option<Duration> {
        Some(LOOK_EVERY)
    }
}
