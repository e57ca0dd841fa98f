//! The transition function: state × event → next state and effects ([callback-domain §7.2](crate::rules)).

use std::time::Duration;

use super::retry::{self, UNDER_WAY};
use super::table::Row;
use super::{
    Callback, CancelledBy, Completed, Effect, Event, Happening, LifecycleEvent, Reason, Session,
    SessionState, SessionUpdate, State, StateName, Task,
};
use crate::time::Timestamp;

/// How long ago the desired time must be for a dead session to be started again: from 2 to 120 minutes
/// ([callback-domain §7.2](crate::rules), rows 13 and 14).
pub const PING_WINDOW: (Duration, Duration) = (Duration::from_secs(120), Duration::from_secs(7200));

/// What follows from an event.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// Nothing changes: a repeat, an older update, or an update to a finished callback. It is acknowledged.
    Unchanged,
    /// The record becomes this one; its version is one higher. The life-cycle events are told once it is committed.
    Changed(Box<Callback>, Vec<LifecycleEvent>),
}

/// The life cycle says no.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{why}: the callback is {state}, the event was “{event}”")]
pub struct Refused {
    /// The state it was in.
    pub state: StateName,
    /// The event that was refused.
    pub event: &'static str,
    /// Why.
    pub why: WhyRefused,
}

/// Reasons for a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WhyRefused {
    /// It has ended.
    #[error("a completed callback never changes")]
    Completed,
    /// The agent handles it.
    #[error("a callback in PROCESSING can be neither cancelled nor expired")]
    Processing,
    /// A session runs or is about to be started.
    #[error("only a SCHEDULED callback that is not being handed over can be changed")]
    NotScheduled,
    /// There is no such attempt.
    #[error("no such attempt was issued")]
    NoSuchAttempt,
    /// The instant has not come.
    #[error("it is too early for that")]
    TooEarly,
}

/// Decides what follows from `event` at `now`. Pure: the same arguments give the same answer.
///
/// Every change raises the version by one, and stamps `updated` when the state changed. COMPLETED is final: from it
/// only the outbox can still empty ([invariant 22](crate::rules)).
///
/// # Errors
/// [`Refused`] when the life cycle does not allow the event; the record is unchanged.
pub fn step(callback: &Callback, event: &Event, now: Timestamp) -> Result<Step, Refused> {
    let refuse = |why| Err(Refused { state: callback.state.name(), event: event.name(), why });
    let mut next = Draft::of(callback, now);
    let decided = match event {
        Event::Issue { at } => next.issue(*at),
        Event::HandedOver { attempt, reference } => next.handed_over(*attempt, reference.as_deref()),
        Event::HandOverRefused { attempt } => next.hand_over_refused(*attempt),
        Event::HandOverUnavailable { attempt } => next.hand_over_unavailable(*attempt),
        Event::Session(update) => next.session(update),
        Event::SessionGone { attempt } => next.session_gone(*attempt),
        Event::SessionTold { attempt } => next.session_told(*attempt),
        Event::SessionNotTold { attempt } => next.session_not_told(*attempt),
        Event::Cancel { by } => next.cancel(*by),
        Event::Reschedule { desired, settings_version } => next.reschedule(*desired, *settings_version),
        Event::Expire => next.expire(),
    };
    match decided {
        Ok(()) => Ok(next.finish(callback)),
        Err(why) => refuse(why),
    }
}

type Decided = Result<(), WhyRefused>;

/// The next record while it is being decided.
struct Draft {
    next: Callback,
    happenings: Vec<Happening>,
    now: Timestamp,
}

impl Draft {
    fn of(callback: &Callback, now: Timestamp) -> Self {
        Draft { next: callback.clone(), happenings: Vec::new(), now }
    }

    fn issue(&mut self, at: Timestamp) -> Decided {
        if self.next.state != State::Scheduled || self.next.pending_attempt().is_some() {
            return Err(WhyRefused::NotScheduled);
        }
        self.next.attempts += 1;
        let task = Task::HandOver { attempt: self.next.attempts, refusals: 0 };
        self.next.outbox.push(Effect { task, not_before: at, tries: 0 });
        Ok(())
    }

    /// Row 2. A confirmation that comes after the callback ended makes sure the session learns of the end.
    fn handed_over(&mut self, attempt: u32, reference: Option<&str>) -> Decided {
        self.known(attempt)?;
        match &mut self.next.state {
            State::Scheduled if attempt == self.next.attempts => {
                self.start_session(attempt, reference);
            }
            State::Queued(session) | State::Routing(session) | State::Processing(session)
                if session.attempt == attempt =>
            {
                // The session was quicker with its first update than the orchestrator with its answer.
                session.reference = session.reference.take().or(reference.map(Into::into));
            }
            State::Completed(_) => self.tell_session_if_we_ended_it(attempt, reference),
            // An older attempt: its session is known dead.
            State::Scheduled | State::Queued(_) | State::Routing(_) | State::Processing(_) => {}
        }
        Ok(())
    }

    /// Rows 4: the third refusal is final, the pauses before are 1 s and 2 s ([callback-domain §8.2](crate::rules)).
    fn hand_over_refused(&mut self, attempt: u32) -> Decided {
        self.known(attempt)?;
        let now = self.now;
        let Some(effect) = self.pending(attempt) else { return Ok(()) };
        let Task::HandOver { refusals, .. } = &mut effect.task else { return Ok(()) };
        *refusals += 1;
        match retry::after_refusal(*refusals) {
            Some(pause) => effect.not_before = now + pause,
            None => {
                self.happenings.push(Happening::CallbackSubmitFailed);
                self.complete(Reason::SUBMIT_FAILED);
            }
        }
        Ok(())
    }

    /// The orchestrator as a whole is away: no try is burnt, the record waits until its ttl
    /// ([callback-domain §8.2](crate::rules)).
    fn hand_over_unavailable(&mut self, attempt: u32) -> Decided {
        self.known(attempt)?;
        let now = self.now;
        if let Some(effect) = self.pending(attempt) {
            effect.not_before = now + retry::while_unavailable(effect.tries);
            effect.tries = effect.tries.saturating_add(1);
        }
        Ok(())
    }

    /// Rows 5 to 9, and row 2 when the update overtakes the confirmation of the hand-over.
    fn session(&mut self, update: &SessionUpdate) -> Decided {
        let attempt = update.attempt.unwrap_or(self.next.attempts);
        self.known(attempt)?;
        if self.next.state == State::Scheduled && attempt == self.next.attempts {
            self.start_session(attempt, update.reference.as_deref());
        }
        let Some(session) = self.next.session() else {
            return Ok(()); // finished, or an update from a session that is known dead
        };
        let newest = session.sequence;
        let sequence = update.sequence.unwrap_or_else(|| newest.map_or(1, |last| last.saturating_add(1)));
        if attempt != session.attempt || newest.is_some_and(|last| sequence <= last) {
            return Ok(());
        }
        // From PROCESSING the session can only go back by way of QUEUED (row 7a); when an update is missing in
        // between, that one may have been it.
        let in_order = newest.is_some_and(|last| sequence == last.saturating_add(1));
        let agent_again =
            matches!(self.next.state, State::Processing(_)) && update.state == SessionState::Routing;
        if agent_again && in_order {
            return Ok(());
        }
        let session = Session {
            sequence: Some(sequence),
            reference: update.reference.clone().or_else(|| session.reference.clone()),
            ..session.clone()
        };
        self.happenings.push(Happening::CallbackStatusUpdated);
        match &update.state {
            SessionState::Queued => self.next.state = State::Queued(session),
            SessionState::Routing => {
                self.happenings.push(Happening::TargetFound);
                self.next.state = State::Routing(session);
            }
            SessionState::Processing => {
                self.happenings.push(Happening::RouteToAgent);
                self.next.state = State::Processing(session);
            }
            SessionState::Completed(reason) => self.complete(reason.clone()),
        }
        Ok(())
    }

    /// Rows 13, 14 and 14a.
    fn session_gone(&mut self, attempt: u32) -> Decided {
        self.known(attempt)?;
        if self.next.session().is_none_or(|session| session.attempt != attempt) {
            return Ok(());
        }
        if matches!(self.next.state, State::Processing(_)) {
            self.complete(Reason::AGENT_CONNECTED);
            return Ok(());
        }
        let late = self.now.since(self.next.desired);
        if late > PING_WINDOW.1 {
            self.happenings.push(Happening::CallbackProcessingFailed);
            self.complete(Reason::FAIL_ERROR);
        } else if late >= PING_WINDOW.0 {
            self.happenings.push(Happening::CallbackProcessingFailed);
            self.next.state = State::Scheduled;
            self.issue(self.now)?;
        }
        Ok(())
    }

    fn session_told(&mut self, attempt: u32) -> Decided {
        self.known(attempt)?;
        self.next.outbox.retain(|effect| !is_telling(effect, attempt));
        Ok(())
    }

    /// A session that cannot be reached does not undo the end ([callback-domain §7.5](crate::rules)); after a while we
    /// stop trying.
    fn session_not_told(&mut self, attempt: u32) -> Decided {
        self.known(attempt)?;
        let now = self.now;
        if let Some(effect) = self.next.outbox.iter_mut().find(|effect| is_telling(effect, attempt)) {
            effect.not_before = now + retry::while_untold(effect.tries);
            effect.tries = effect.tries.saturating_add(1);
        }
        self.next
            .outbox
            .retain(|effect| !(is_telling(effect, attempt) && effect.tries >= retry::TELLING_TRIES));
        Ok(())
    }

    /// Rows 10 and 11.
    fn cancel(&mut self, by: CancelledBy) -> Decided {
        match self.next.state {
            State::Completed(_) => Err(WhyRefused::Completed),
            State::Processing(_) => Err(WhyRefused::Processing),
            State::Scheduled | State::Queued(_) | State::Routing(_) => {
                self.happenings.push(Happening::CallbackCancelled);
                self.end_from_here(by.reason());
                Ok(())
            }
        }
    }

    /// Row 3. From the moment its attempt is issued the call belongs to the session that will run it: a move decided
    /// just before the hand-over could be committed just after it, and the customer would be called twice.
    fn reschedule(&mut self, desired: Timestamp, settings_version: u64) -> Decided {
        if self.next.state != State::Scheduled || self.next.pending_attempt().is_some() {
            return Err(WhyRefused::NotScheduled);
        }
        self.next.outbox.clear();
        self.next.desired = desired;
        self.next.settings_version = settings_version;
        self.next.updated = self.now;
        self.next.kind = super::Kind::Scheduled;
        self.happenings.push(Happening::CallbackRescheduled);
        Ok(())
    }

    /// Row 12; and, at the end of its retention, whatever is left.
    fn expire(&mut self) -> Decided {
        let limit = match self.next.state {
            State::Completed(_) => return Err(WhyRefused::Completed),
            State::Processing(_) if self.now < self.next.purge_at() => return Err(WhyRefused::Processing),
            State::Processing(_) => self.next.purge_at(),
            State::Scheduled | State::Queued(_) | State::Routing(_) => {
                self.next.expires_at().min(self.next.purge_at())
            }
        };
        if self.now < limit {
            return Err(WhyRefused::TooEarly);
        }
        let reached_agent = matches!(self.next.state, State::Processing(_));
        let reason = if reached_agent { Reason::AGENT_CONNECTED } else { Reason::FAIL_TIMEOUT_TTL };
        self.happenings.push(Happening::CallbackProcessingFailed);
        self.end_from_here(reason);
        Ok(())
    }

    /// The attempt must have been issued.
    fn known(&self, attempt: u32) -> Decided {
        if attempt == 0 || attempt > self.next.attempts { Err(WhyRefused::NoSuchAttempt) } else { Ok(()) }
    }

    /// The pending hand-over of this attempt.
    fn pending(&mut self, attempt: u32) -> Option<&mut Effect> {
        let same = |effect: &&mut Effect| matches!(effect.task, Task::HandOver { attempt: pending, .. } if pending == attempt);
        self.next.outbox.iter_mut().find(same)
    }

    fn start_session(&mut self, attempt: u32, reference: Option<&str>) {
        self.next.outbox.retain(|effect| !matches!(effect.task, Task::HandOver { .. }));
        self.happenings.extend([Happening::CallbackSubmitted, Happening::CallbackQueued]);
        let session =
            Session { attempt, reference: reference.map(Into::into), sequence: None, since: self.now };
        self.next.state = State::Queued(session);
    }

    /// Ends the callback by our own decision: a session that exists, or may exist, is told. One may exist as soon as its
    /// attempt is issued, however far its instant is: what is decided before the hand-over can be committed after it, and
    /// the node that hands over may die before it says so. Then it is told when no hand-over can be under way any more.
    fn end_from_here(&mut self, reason: Reason) {
        let exists =
            self.next.session().map(|session| telling(session.attempt, session.reference.clone(), self.now));
        let may_exist = || {
            let pending = self.next.pending_attempt()?;
            Some(telling(pending.attempt(), None, pending.not_before.max(self.now) + UNDER_WAY))
        };
        let tell = exists.or_else(may_exist);
        self.complete(reason);
        self.next.outbox.extend(tell);
    }

    fn tell_session_if_we_ended_it(&mut self, attempt: u32, reference: Option<&str>) {
        let ended_here = self.next.reason().is_some_and(Reason::is_ours);
        match self.next.outbox.iter_mut().find(|effect| is_telling(effect, attempt)) {
            Some(Effect { task: Task::TellSession { reference: known, .. }, not_before, .. }) => {
                *known = known.take().or(reference.map(Into::into));
                *not_before = self.now.min(*not_before);
            }
            _ if ended_here => {
                self.next.outbox.push(telling(attempt, reference.map(Into::into), self.now));
            }
            _ => {}
        }
    }

    fn complete(&mut self, reason: Reason) {
        self.next.outbox.clear();
        self.happenings.push(Happening::ServiceExit);
        self.next.state = State::Completed(Completed { reason, at: self.now });
    }

    fn finish(mut self, before: &Callback) -> Step {
        if self.next == *before {
            return Step::Unchanged;
        }
        let (from, to) = (before.state.name(), self.next.state.name());
        debug_assert!(
            from == to || Row::between(from, to).is_some(),
            "{from} → {to} is not in the table of callback-domain §7.2"
        );
        self.next.version += 1;
        if from != to {
            self.next.updated = self.now;
        }
        let told = self.happenings.iter().map(|&happening| LifecycleEvent {
            happening,
            id: before.id,
            tenant: before.tenant.clone(),
            service: before.service.clone(),
            from: Some(from),
            to,
            reason: self.next.reason().cloned(),
            at: self.now,
        });
        let told = told.collect();
        Step::Changed(Box::new(self.next), told)
    }
}

fn telling(attempt: u32, reference: Option<String>, not_before: Timestamp) -> Effect {
    Effect { task: Task::TellSession { attempt, reference }, not_before, tries: 0 }
}

fn is_telling(effect: &Effect, of: u32) -> bool {
    matches!(effect.task, Task::TellSession { attempt, .. } if attempt == of)
}

#[cfg(test)]
mod tests;
