//! Hands over what is due, many at a time.
//!
//! One task waits for the instant of the first thing held and takes all that is due. Hands do it: each takes the next
//! delivery as soon as it is done with one, and goes when there is none. So nothing waits for a permit, and a lonely
//! callback costs one short task.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::record::Recorder;
use super::staff::{SLEEP_MAX, Staff};
use crate::bell::{Bell, either};
use crate::engine::Delivery;
use crate::port::{Notice, Work};

/// How late a hand-over may be before it counts as falling behind ([callback-domain §8.1](crate::rules)).
const LAG: Duration = Duration::from_secs(60);

/// What is due, and those who do it.
pub(super) struct Hands {
    staff: Arc<Staff>,
    recorder: Arc<Recorder>,
    most: usize,
    state: Mutex<State>,
    /// Nothing waits any more: there is room for what is due next.
    room: Bell,
    /// Nothing waits any more: there is time to record.
    quiet: Bell,
    /// Nobody is at work any more.
    done: Bell,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Delivery>,
    /// Hands at work; each has one delivery.
    at_work: usize,
}

impl Hands {
    pub fn new(staff: Arc<Staff>, recorder: Arc<Recorder>, most: usize) -> Arc<Self> {
        Arc::new(Hands {
            staff,
            recorder,
            most,
            state: Mutex::default(),
            room: Bell::default(),
            quiet: Bell::default(),
            done: Bell::default(),
        })
    }

    /// How many wait, and how many are under way.
    pub fn count(&self) -> (usize, usize) {
        let state = self.state();
        (state.waiting.len(), state.at_work)
    }

    /// Takes what is due at its instant, until the node stops.
    pub async fn take_due(self: Arc<Self>) {
        let Hands { staff, .. } = &*self;
        let _ = either(staff.stop.happened(), async {
            loop {
                self.wait_for_due().await;
                match staff.supervised(Work::TakeDue, staff.dispatcher.take_due()).await {
                    Ok(due) => self.give(due),
                    Err(_) => staff.pause().await,
                }
            }
        })
        .await;
        self.rested();
    }

    /// Waits until something is due, and until all that was due before is in somebody's hands: what is taken is handed
    /// over soon, so it need not be asked about again.
    async fn wait_for_due(&self) {
        let Staff { engine, dispatcher, runtime, .. } = &*self.staff;
        loop {
            let due = dispatcher.next_due();
            let wait = due.map_or(SLEEP_MAX, |due| due.since(engine.now()).min(SLEEP_MAX));
            if !wait.is_zero() {
                let _ = either(dispatcher.sooner().heard(), runtime.sleep(wait)).await;
            } else if self.count().0 > 0 {
                self.room.heard().await;
            } else {
                return;
            }
        }
    }

    fn give(self: &Arc<Self>, due: Vec<Delivery>) {
        let now = self.staff.engine.now();
        for late in due.iter().filter(|delivery| now.since(delivery.due()) > LAG) {
            self.staff.observer.noticed(&Notice::Late { due: late.due() });
        }
        let new = {
            let mut state = self.state();
            state.waiting.extend(due);
            let new = state.waiting.len().min(self.most.saturating_sub(state.at_work));
            state.at_work += new;
            new
        };
        for _ in 0..new {
            let place = Place { hands: self.clone(), is_left: false };
            self.staff.runtime.spawn(Box::pin(place.work()));
        }
        if self.count().0 == 0 {
            self.rested();
        }
    }

    /// Ends when nothing is due that waits for its turn, or after so long.
    pub async fn quiet(&self, within: Duration) {
        let _ = either(self.staff.runtime.sleep(within), async {
            while self.is_busy() {
                self.quiet.heard().await;
            }
        })
        .await;
    }

    fn is_busy(&self) -> bool {
        let more = || self.staff.dispatcher.next_due().is_some_and(|due| due <= self.staff.engine.now());
        self.count().0 > 0 || !self.staff.stop.has_happened() && more()
    }

    /// Ends when all that was taken is done.
    pub async fn done(&self) {
        while self.count() != (0, 0) {
            self.done.heard().await;
        }
    }

    fn rested(&self) {
        self.room.ring();
        self.quiet.ring();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The place of one hand at work. It is free again whatever becomes of the hand.
struct Place {
    hands: Arc<Hands>,
    is_left: bool,
}

impl Place {
    async fn work(mut self) {
        while let Some(delivery) = self.next() {
            let hands = &self.hands;
            let performed =
                hands.staff.supervised(Work::Delivery, async { Ok(delivery.perform().await) }).await;
            if let Ok(performed) = performed {
                hands.recorder.take(performed);
            }
        }
    }

    /// The next delivery. When there is none the place is left, in the same step: what comes later finds it free.
    fn next(&mut self) -> Option<Delivery> {
        let mut state = self.hands.state();
        let next = state.waiting.pop_front();
        if next.is_none() {
            state.at_work -= 1;
            self.is_left = true;
        }
        let (is_empty, is_done) = (state.waiting.is_empty(), state.at_work == 0);
        drop(state);
        if is_empty && next.is_some() {
            self.hands.rested();
        }
        if is_done {
            self.hands.done.ring();
        }
        next
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if !self.is_left {
            self.hands.state().at_work -= 1;
            self.hands.done.ring();
        }
    }
}
