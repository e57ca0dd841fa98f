//! What came of deliveries, until it is recorded.

use std::sync::{Mutex, MutexGuard, PoisonError};

use futures_util::future::join_all;

use super::{Dispatcher, Performed};
use crate::callback::{Callback, Event, LifecycleEvent, Step, step};
use crate::engine::EngineError;
use crate::port::{Change, StoreError};

/// Recorded in one call of the store.
const BATCH: usize = 1000;

/// Recorded each by itself, so many at a time.
const ALONE: usize = 32;

/// What is to be recorded of one delivery.
pub(super) struct Outcome {
    callback: Callback,
    event: Event,
    /// Whether recording it with others has failed. It may be the one because of which it failed.
    is_alone: bool,
}

impl Outcome {
    pub fn new(callback: Callback, event: Event) -> Self {
        Outcome { callback, event, is_alone: false }
    }
}

/// Outcomes that nobody is recording: left by a future that was dropped, or by a store that failed.
#[derive(Default)]
pub(super) struct Outcomes(Mutex<Vec<Outcome>>);

impl Outcomes {
    /// Whether any is left.
    pub fn is_empty(&self) -> bool {
        self.all().is_empty()
    }

    fn put(&self, outcomes: impl IntoIterator<Item = Outcome>) {
        self.all().extend(outcomes);
    }

    fn take(&self) -> Vec<Outcome> {
        std::mem::take(&mut *self.all())
    }

    fn all(&self) -> MutexGuard<'_, Vec<Outcome>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Outcomes in the hands of one who records them. What is still in it when it is dropped is left to the next one.
struct Taken<'a> {
    left_to: &'a Outcomes,
    outcomes: Vec<Outcome>,
}

impl<'a> Taken<'a> {
    /// The first ones, at most so many.
    fn split(&mut self, most: usize) -> Taken<'a> {
        let first = self.outcomes.drain(..most.min(self.outcomes.len())).collect();
        Taken { left_to: self.left_to, outcomes: first }
    }

    /// All of it, for one who takes care of it otherwise.
    fn keep(mut self) -> Vec<Outcome> {
        std::mem::take(&mut self.outcomes)
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        self.left_to.put(self.outcomes.drain(..));
    }
}

/// Has the next look come at once, if anything was left by then.
struct ToldAtTheEnd<'a>(&'a Dispatcher);

impl Drop for ToldAtTheEnd<'_> {
    fn drop(&mut self) {
        let ToldAtTheEnd(Dispatcher { engine, outcomes, .. }) = self;
        if !outcomes.is_empty() {
            engine.parts.signals.due(engine.now());
        }
    }
}

impl Dispatcher {
    /// Records what came of deliveries, many in one step of the store. When others changed a callback meanwhile, it is
    /// read and decided anew.
    ///
    /// # Errors
    /// When the store fails. What is not recorded then is recorded with the next look.
    ///
    /// # Cancel safety
    /// May be dropped at any moment: what is not recorded by then is recorded with the next look.
    pub async fn record(&self, performed: impl IntoIterator<Item = Performed>) -> Result<(), StoreError> {
        let outcomes = performed.into_iter().filter_map(Performed::into_outcome).collect();
        let _told = ToldAtTheEnd(self);
        self.write(outcomes).await
    }

    /// Leaves one to the next look, and has it come at once.
    pub(super) fn leave(&self, outcome: Outcome) {
        self.outcomes.put([outcome]);
        drop(ToldAtTheEnd(self));
    }

    /// Records what was left. What still cannot be recorded is left again.
    pub(super) async fn write_left(&self) -> Result<(), StoreError> {
        let left = self.outcomes.take();
        if left.is_empty() { Ok(()) } else { self.write(left).await }
    }

    async fn write(&self, outcomes: Vec<Outcome>) -> Result<(), StoreError> {
        let (alone, together) = outcomes.into_iter().partition(|outcome| outcome.is_alone);
        let mut alone = Taken { left_to: &self.outcomes, outcomes: alone };
        let mut together = Taken { left_to: &self.outcomes, outcomes: together };
        while !together.outcomes.is_empty() {
            let batch = together.split(BATCH);
            self.write_batch(batch, &mut alone.outcomes).await?;
        }
        while !alone.outcomes.is_empty() {
            let some = alone.split(ALONE).keep();
            let written = join_all(some.into_iter().map(|outcome| self.write_one(outcome))).await;
            written.into_iter().collect::<Result<(), StoreError>>()?;
        }
        Ok(())
    }

    /// Records a batch in one step; what has to be decided anew goes to `anew`.
    async fn write_batch(&self, mut batch: Taken<'_>, anew: &mut Vec<Outcome>) -> Result<(), StoreError> {
        let now = self.engine.now();
        let mut decided: Vec<Option<(Callback, Vec<LifecycleEvent>)>> =
            Vec::with_capacity(batch.outcomes.len());
        let mut changes = Vec::with_capacity(batch.outcomes.len());
        for outcome in &batch.outcomes {
            decided.push(match step(&outcome.callback, &outcome.event, now) {
                Ok(Step::Changed(next, events)) => {
                    changes.push(Change {
                        wake_at: self.engine.wake_at(&next),
                        next: (*next).clone(),
                        expected: outcome.callback.version,
                        keeps_user_data: true,
                        guards: Vec::new(),
                        fence: None,
                    });
                    Some((*next, events))
                }
                // Whatever it is, it may be so only because the record is not as it was.
                Ok(Step::Unchanged) | Err(_) => None,
            });
        }
        let written = match changes.is_empty() {
            true => Ok(Vec::new()),
            false => self.engine.parts.callbacks.change(changes).await,
        };
        let mut answers = match written {
            Ok(answers) => answers.into_iter(),
            Err(error) => {
                batch.outcomes.iter_mut().for_each(|outcome| outcome.is_alone = true);
                return Err(error);
            }
        };
        for (outcome, decided) in batch.outcomes.drain(..).zip(decided) {
            match decided {
                Some((next, events)) if answers.next().is_some_and(|answer| answer.is_ok()) => {
                    self.engine.committed(&next, &events);
                    self.engine.observe(&outcome.callback, &next, now);
                }
                _ => anew.push(outcome),
            }
        }
        Ok(())
    }

    /// Decides one anew, as often as others change it meanwhile.
    async fn write_one(&self, outcome: Outcome) -> Result<(), StoreError> {
        let mut taken =
            Taken { left_to: &self.outcomes, outcomes: vec![Outcome { is_alone: true, ..outcome }] };
        for Outcome { callback, event, .. } in &taken.outcomes {
            // What the life cycle refuses is over, and a record that cannot be read cannot be told anything.
            let applied = self.engine.apply(&callback.tenant, callback.id, event).await;
            if let Err(EngineError::Store(error @ StoreError::Unavailable(_))) = applied {
                return Err(error);
            }
        }
        taken.outcomes.clear();
        Ok(())
    }
}
