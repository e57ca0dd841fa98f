//! One thing to do now, and what came of it.

use std::sync::Arc;

use super::Dispatcher;
use super::held::{Errand, What};
use crate::callback::{Callback, Event, Task};
use crate::engine::Engine;
use crate::id::CallbackId;
use crate::port::SessionKey;
use crate::time::Timestamp;

/// One thing to do now. Dropping it undone is harmless: its lease expires and it is found again.
pub struct Delivery {
    dispatcher: Arc<Dispatcher>,
    errand: Errand,
    /// When it was last known to be held.
    checked: Timestamp,
}

impl Delivery {
    pub(super) fn new(dispatcher: &Arc<Dispatcher>, errand: Errand, checked: Timestamp) -> Self {
        Delivery { dispatcher: dispatcher.clone(), errand, checked }
    }

    /// Which callback it is about.
    pub fn id(&self) -> CallbackId {
        self.errand.callback.id
    }

    /// The instant it was due; what was taken over late may be long past.
    pub fn due(&self) -> Timestamp {
        self.errand.due
    }

    /// Does it, and records what came of it. Ends by itself within the time limits of the orchestrator.
    pub async fn run(self) {
        self.perform().await.record().await;
    }

    /// The part in the outside world, within the time limits of the orchestrator. A host that bounds how many are under
    /// way there lets the next one go as soon as this ends, and has the rest done beside it.
    pub async fn perform(self) -> Performed {
        let Delivery { dispatcher, errand, checked } = self;
        let engine = dispatcher.engine.clone();
        let Some(errand) = dispatcher.still_held(errand, checked).await else {
            return Performed { engine, outcome: None };
        };
        let outcome = match errand.what.clone() {
            What::Task(Task::HandOver { attempt, .. }) => dispatcher.hand_over(errand, attempt).await,
            What::Task(Task::TellSession { attempt, reference }) => {
                let event = engine.tell_session(&errand.callback, attempt, reference).await;
                Some((errand.callback, event))
            }
            What::Expire => Some((errand.callback, Event::Expire)),
            What::Look => {
                dispatcher.look(errand.callback, errand.lease).await;
                None
            }
        };
        Performed { engine, outcome }
    }
}

impl Dispatcher {
    /// Hands over, and answers what is to be recorded: nothing when the orchestrator is away, and it is held to be
    /// tried again.
    async fn hand_over(&self, errand: Errand, attempt: u32) -> Option<(Callback, Event)> {
        let (callback, event) = self.engine.submit(errand.callback, attempt).await;
        let errand = Errand { callback, ..errand };
        let now = self.engine.now();
        if matches!(event, Event::HandOverUnavailable { .. }) {
            self.held.not_reached(errand, now);
            return None;
        }
        if self.held.reached(&errand.callback) {
            self.engine.parts.signals.due(now);
        }
        Some((errand.callback, event))
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

/// A delivery that is done and not recorded yet. Dropping it is harmless: the lease expires and it is done again under
/// the same attempt number.
pub struct Performed {
    engine: Arc<Engine>,
    outcome: Option<(Callback, Event)>,
}

impl Performed {
    /// Records what came of it.
    pub async fn record(self) {
        if let Some((callback, event)) = self.outcome {
            // When recording fails, the lease runs out and it is done once more; a conflict is left to the next look.
            let _ = self.engine.apply_to(&callback, &event).await;
        }
    }
}
