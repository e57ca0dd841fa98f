//! One thing to do now, and what came of it.

use std::fmt;
use std::sync::Arc;

use super::Dispatcher;
use super::held::{Errand, Terms, What};
use super::outcomes::Outcome;
use crate::callback::{Callback, Event, Task};
use crate::dispatch::FRESH;
use crate::engine::Engine;
use crate::id::CallbackId;
use crate::port::{SessionKey, Submission};
use crate::time::Timestamp;

/// One thing to do now. Dropped before it is done, it is held again, and [`Dispatcher::take_due`] answers it once more:
/// [`Signals::due`](crate::port::Signals::due) says when.
#[must_use = "what is not run is only taken again"]
pub struct Delivery {
    dispatcher: Arc<Dispatcher>,
    kept: Kept,
    id: CallbackId,
    due: Timestamp,
    /// When it was last known to be held.
    checked: Timestamp,
}

impl fmt::Debug for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delivery").field("id", &self.id).field("due", &self.due).finish_non_exhaustive()
    }
}

/// Where an errand is, so that it can be put back wherever it is left.
enum Kept {
    Here(Errand),
    /// With the orchestrator.
    OnItsWay(Submission, Terms),
    /// Nothing is to be put back.
    Done,
}

impl Kept {
    fn take(&mut self) -> Option<Errand> {
        match std::mem::replace(self, Kept::Done) {
            Kept::Here(errand) => Some(errand),
            Kept::OnItsWay(Submission { callback, .. }, terms) => Some(Errand { callback, terms }),
            Kept::Done => None,
        }
    }
}

impl Delivery {
    pub(super) fn new(dispatcher: &Arc<Dispatcher>, errand: Errand, checked: Timestamp) -> Self {
        let (id, due) = (errand.callback.id, errand.terms.due);
        Delivery { dispatcher: dispatcher.clone(), kept: Kept::Here(errand), id, due, checked }
    }

    /// Which callback it is about.
    pub fn id(&self) -> CallbackId {
        self.id
    }

    /// The instant it was due; what was taken over late may be long past.
    pub fn due(&self) -> Timestamp {
        self.due
    }

    /// Does it, and records what came of it. Ends by itself within the time limits of the orchestrator.
    ///
    /// # Cancel safety
    /// May be dropped at any moment: it is held again, and done again under the same attempt number; or it is done, and
    /// recorded with the next look.
    pub async fn run(self) {
        self.perform().await.record().await;
    }

    /// The part in the outside world, within the time limits of the orchestrator. A host that bounds how many are under
    /// way there lets the next one go as soon as this ends, and has the rest done beside it.
    ///
    /// # Cancel safety
    /// May be dropped at any moment: it is held again, and done again under the same attempt number.
    pub async fn perform(mut self) -> Performed {
        let outcome = if self.is_still_held().await { self.outcome().await } else { None };
        Performed { dispatcher: self.dispatcher.clone(), outcome }
    }

    /// Whether it is still ours to hand over, when that was long ago asked; whatever became of it meanwhile is not ours
    /// to undo. When the store does not say, it is held again and asked about with the next that are due.
    async fn is_still_held(&mut self) -> bool {
        let now = self.dispatcher.engine.now();
        if self.checked <= now && now.since(self.checked) <= FRESH {
            return true;
        }
        let Kept::Here(errand) = &self.kept else { return false };
        let lease = std::slice::from_ref(&errand.terms.lease);
        let Ok(held) = self.dispatcher.engine.parts.callbacks.held(lease, now).await else { return false };
        let is_held = held.first().is_some_and(|held| *held);
        if !is_held && let Some(errand) = self.kept.take() {
            self.dispatcher.held.lost(&errand);
        }
        is_held
    }

    /// Does it, and answers what is to be recorded.
    async fn outcome(&mut self) -> Option<Outcome> {
        let Kept::Here(errand) = &self.kept else { return None };
        match errand.terms.what.clone() {
            What::Task(Task::HandOver { attempt, .. }) => self.hand_over(attempt).await,
            What::Task(Task::TellSession { attempt, reference }) => {
                let event = self.dispatcher.engine.tell_session(&errand.callback, attempt, reference).await;
                self.ends_in(event)
            }
            What::Expire => self.ends_in(Event::Expire),
            What::Look => {
                self.dispatcher.look(&errand.callback, &errand.terms.lease).await;
                self.kept.take();
                None
            }
        }
    }

    fn ends_in(&mut self, event: Event) -> Option<Outcome> {
        let errand = self.kept.take()?;
        Some(Outcome::new(errand.callback, event))
    }

    /// Hands over. There is nothing to be recorded when the orchestrator is away, and it is held to be tried again.
    async fn hand_over(&mut self, attempt: u32) -> Option<Outcome> {
        let Errand { callback, terms } = self.kept.take()?;
        let engine = &self.dispatcher.engine;
        self.kept = Kept::OnItsWay(engine.submission(callback, attempt), terms);
        let Kept::OnItsWay(submission, _) = &self.kept else { return None };
        let event = engine.submit(submission).await;
        let errand = self.kept.take()?;
        let now = engine.now();
        let held = &self.dispatcher.held;
        if matches!(event, Event::HandOverUnavailable { .. }) {
            held.not_reached(errand, now);
            return None;
        }
        if held.reached(&errand.callback) {
            engine.parts.signals.due(now);
        }
        Some(Outcome::new(errand.callback, event))
    }
}

impl Drop for Delivery {
    fn drop(&mut self) {
        let Some(errand) = self.kept.take() else { return };
        let Dispatcher { engine, held, .. } = &*self.dispatcher;
        if std::thread::panicking() {
            // It may panic again, so it is not tried again at once.
            held.retry(errand, engine.now());
        } else {
            held.hold(errand);
        }
        if let Some(due) = held.next_due() {
            engine.parts.signals.due(due);
        }
    }
}

impl Engine {
    async fn tell_session(&self, callback: &Callback, attempt: u32, reference: Option<String>) -> Event {
        let session = SessionKey {
            tenant: callback.tenant.clone(),
            service: callback.service.clone(),
            id: callback.id,
            attempt,
            reference,
            reported: false,
        };
        match self.parts.orchestrator.cancel(&session).await {
            Ok(()) => Event::SessionTold { attempt },
            Err(_) => Event::SessionNotTold { attempt },
        }
    }
}

/// A delivery that is done and not recorded yet. Dropped, it is recorded with the next look.
#[must_use = "what is not recorded is only recorded later"]
pub struct Performed {
    dispatcher: Arc<Dispatcher>,
    outcome: Option<Outcome>,
}

impl fmt::Debug for Performed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Performed").finish_non_exhaustive()
    }
}

impl Performed {
    /// Records what came of it. Many are recorded in fewer steps by [`Dispatcher::record`].
    ///
    /// # Cancel safety
    /// May be dropped at any moment: what is not recorded by then is recorded with the next look.
    pub async fn record(self) {
        let dispatcher = self.dispatcher.clone();
        // When it fails, the next look does it.
        let _ = dispatcher.record([self]).await;
    }

    pub(super) fn into_outcome(mut self) -> Option<Outcome> {
        self.outcome.take()
    }
}

impl Drop for Performed {
    fn drop(&mut self) {
        if let Some(outcome) = self.outcome.take() {
            self.dispatcher.leave(outcome);
        }
    }
}
