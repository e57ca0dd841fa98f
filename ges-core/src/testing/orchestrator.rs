//! An orchestrator that does what the script says.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;

use crate::id::{CallbackId, TenantId};
use crate::port::{Clock, HandOverError, Handed, Look, Orchestrator, SessionKey, Submission, Unavailable};
use crate::time::Timestamp;

/// What becomes of one submission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It is taken, and a session starts unless the key has one.
    Take,
    /// It is refused; nothing starts.
    Refuse,
    /// The orchestrator is away; nothing starts.
    Unavailable,
    /// It is taken, but the answer is lost: the caller sees an unknown outcome.
    UnknownAfterTaking,
}

/// One submission as it arrived.
#[derive(Clone, Debug)]
pub struct Seen {
    /// What was submitted.
    pub submission: Submission,
    /// When.
    pub at: Timestamp,
    /// What became of it.
    pub answer: Answer,
}

/// Takes every attempt unless the script says otherwise, starts one session per key, and remembers everything.
///
/// Looks show a session running from its start until [`ScriptedOrchestrator::end`] or a cancel; both looks and cancels
/// can be scripted.
pub struct ScriptedOrchestrator {
    clock: Arc<dyn Clock>,
    look_every: Option<Duration>,
    floor: Mutex<Floor>,
}

impl fmt::Debug for ScriptedOrchestrator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScriptedOrchestrator").field("look_every", &self.look_every).finish_non_exhaustive()
    }
}

/// Names one session start: what makes a repeat harmless.
type Key = (TenantId, CallbackId, u32);

#[derive(Default)]
struct Floor {
    is_away: bool,
    answers: VecDeque<Answer>,
    looks: VecDeque<Option<Look>>,
    cancels: VecDeque<bool>,
    seen: Vec<Seen>,
    sessions: BTreeMap<Key, Session>,
    cancelled: Vec<SessionKey>,
}

struct Session {
    reference: String,
    runs: bool,
}

impl ScriptedOrchestrator {
    /// Takes everything, at the instants this clock shows; sessions can be looked at every minute.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        let look_every = Some(Duration::from_secs(60));
        ScriptedOrchestrator { clock, look_every, floor: Mutex::default() }
    }

    /// The same, with another answer to [`Orchestrator::look_every`].
    pub fn looked_at(self, look_every: Option<Duration>) -> Self {
        ScriptedOrchestrator { look_every, ..self }
    }

    /// The next submissions meet these answers, one each; later ones are taken again.
    pub fn script(&self, answers: impl IntoIterator<Item = Answer>) {
        self.floor().answers.extend(answers);
    }

    /// While it is away, submissions that no script answers find it [`Answer::Unavailable`].
    pub fn set_away(&self, is_away: bool) {
        self.floor().is_away = is_away;
    }

    /// The next looks show this, one each; `None` is an orchestrator that cannot be reached.
    pub fn script_looks(&self, looks: impl IntoIterator<Item = Option<Look>>) {
        self.floor().looks.extend(looks);
    }

    /// The next cancels arrive, or do not, one each; later ones arrive again.
    pub fn script_cancels(&self, arrive: impl IntoIterator<Item = bool>) {
        self.floor().cancels.extend(arrive);
    }

    /// The session of a key ends by itself.
    pub fn end(&self, tenant: &TenantId, id: CallbackId, attempt: u32) {
        if let Some(session) = self.floor().sessions.get_mut(&(tenant.clone(), id, attempt)) {
            session.runs = false;
        }
    }

    /// Every submission, repeats included, in the order of arrival.
    pub fn seen(&self) -> Vec<Seen> {
        self.floor().seen.clone()
    }

    /// The keys of all sessions that ever started, in key order.
    pub fn started(&self) -> Vec<(TenantId, CallbackId, u32)> {
        self.floor().sessions.keys().cloned().collect()
    }

    /// The sessions that were told of the end, in the order of arrival.
    pub fn cancelled(&self) -> Vec<SessionKey> {
        self.floor().cancelled.clone()
    }

    fn floor(&self) -> MutexGuard<'_, Floor> {
        self.floor.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Floor {
    fn start(&mut self, submission: &Submission) -> Handed {
        let Submission { callback, attempt, .. } = submission;
        let key = (callback.tenant.clone(), callback.id, *attempt);
        let reference = format!("session-{}-{attempt}", callback.id);
        let session = self.sessions.entry(key).or_insert(Session { reference, runs: true });
        Handed { reference: Some(session.reference.clone()) }
    }
}

#[async_trait]
impl Orchestrator for ScriptedOrchestrator {
    async fn submit(&self, submission: &Submission) -> Result<Handed, HandOverError> {
        let at = self.clock.now();
        let mut floor = self.floor();
        let unscripted = if floor.is_away { Answer::Unavailable } else { Answer::Take };
        let answer = floor.answers.pop_front().unwrap_or(unscripted);
        floor.seen.push(Seen { submission: submission.clone(), at, answer: answer.clone() });
        match answer {
            Answer::Take => Ok(floor.start(submission)),
            Answer::Refuse => Err(HandOverError::Refused("scripted refusal".into())),
            Answer::Unavailable => Err(HandOverError::Unavailable("scripted absence".into())),
            Answer::UnknownAfterTaking => {
                floor.start(submission);
                Err(HandOverError::Unavailable("scripted loss of the answer".into()))
            }
        }
    }

    async fn look(&self, session: &SessionKey) -> Result<Look, Unavailable> {
        let mut floor = self.floor();
        if let Some(scripted) = floor.looks.pop_front() {
            return scripted.ok_or_else(|| Unavailable("scripted absence".into()));
        }
        let key = (session.tenant.clone(), session.id, session.attempt);
        let runs = floor.sessions.get(&key).is_some_and(|session| session.runs);
        Ok(if runs { Look::Running { position: None, wait_secs: None } } else { Look::Gone })
    }

    async fn cancel(&self, session: &SessionKey) -> Result<(), Unavailable> {
        let mut floor = self.floor();
        if !floor.cancels.pop_front().unwrap_or(true) {
            return Err(Unavailable("scripted absence".into()));
        }
        let key = (session.tenant.clone(), session.id, session.attempt);
        if let Some(session) = floor.sessions.get_mut(&key) {
            session.runs = false;
        }
        floor.cancelled.push(session.clone());
        Ok(())
    }

    fn look_every(&self) -> Option<Duration> {
        self.look_every
    }
}

#[cfg(test)]
mod tests {
    use pollster::block_on;

    use super::*;
    use crate::testing::ManualClock;
    use crate::testing::fixtures::{at, id, issued, scheduled, service, tenant};

    fn submission() -> Submission {
        let callback = issued(&scheduled(1, at("18:00")), at("17:58"));
        Submission { attempt: callback.attempts, callback, service: None }
    }

    fn session() -> SessionKey {
        SessionKey {
            tenant: tenant(),
            service: service(),
            id: id(1),
            attempt: 1,
            reference: None,
            reported: false,
        }
    }

    #[test]
    fn a_repeat_of_a_key_finds_the_first_session() {
        let orchestrator = ScriptedOrchestrator::new(Arc::new(ManualClock::at(at("17:58"))));
        orchestrator.script([Answer::UnknownAfterTaking, Answer::Take]);
        assert!(matches!(block_on(orchestrator.submit(&submission())), Err(HandOverError::Unavailable(_))));
        assert!(block_on(orchestrator.submit(&submission())).is_ok());
        assert_eq!(orchestrator.started(), [(tenant(), id(1), 1)]);
        let seen: Vec<_> = orchestrator.seen().into_iter().map(|seen| (seen.at, seen.answer)).collect();
        assert_eq!(seen, [(at("17:58"), Answer::UnknownAfterTaking), (at("17:58"), Answer::Take)]);
    }

    #[test]
    fn nothing_starts_when_it_refuses_or_is_away() {
        let orchestrator = ScriptedOrchestrator::new(Arc::new(ManualClock::at(at("17:58"))));
        orchestrator.script([Answer::Refuse, Answer::Unavailable]);
        assert!(matches!(block_on(orchestrator.submit(&submission())), Err(HandOverError::Refused(_))));
        assert!(matches!(block_on(orchestrator.submit(&submission())), Err(HandOverError::Unavailable(_))));
        assert_eq!(orchestrator.started(), []);
        assert_eq!(block_on(orchestrator.look(&session())).ok(), Some(Look::Gone));
    }

    #[test]
    fn a_session_runs_until_it_ends_or_is_told() {
        let orchestrator = ScriptedOrchestrator::new(Arc::new(ManualClock::at(at("17:58"))));
        let look = || block_on(orchestrator.look(&session())).ok();
        let runs = Some(Look::Running { position: None, wait_secs: None });
        assert!(block_on(orchestrator.submit(&submission())).is_ok());
        assert_eq!(look(), runs);
        orchestrator.script_looks([None, Some(Look::Unknown)]);
        assert_eq!((look(), look(), look()), (None, Some(Look::Unknown), runs));
        orchestrator.script_cancels([false]);
        assert!(block_on(orchestrator.cancel(&session())).is_err());
        assert_eq!(look(), runs);
        assert!(block_on(orchestrator.cancel(&session())).is_ok());
        assert_eq!((look(), orchestrator.cancelled()), (Some(Look::Gone), vec![session()]));
    }
}
