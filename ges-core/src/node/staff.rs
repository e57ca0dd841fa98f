//! What all parts of a node share: the engine, the runtime, who is told, and when to stop.

use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;

use crate::bell::{Bell, Once, either};
use crate::engine::{Dispatcher, Engine};
use crate::port::{Notice, Observer, Runtime, StoreError, Work};
use crate::time::Timestamp;

/// After a failure or a panic: what failed is done again then.
const PAUSE: Duration = Duration::from_millis(500);

/// The wall clock may be set, so no wait for an instant is longer than this.
pub(super) const SLEEP_MAX: Duration = Duration::from_secs(5);

/// A wall clock that has fallen behind the steady one by more than this was set back.
const CLOCK_SET: Duration = Duration::from_secs(1);

/// Shared by all parts of one node.
pub(super) struct Staff {
    pub engine: Arc<Engine>,
    pub dispatcher: Arc<Dispatcher>,
    pub runtime: Arc<dyn Runtime>,
    pub observer: Arc<dyn Observer>,
    /// From now on nothing new is begun.
    pub stop: Once,
    /// The node has ended.
    pub ended: Once,
    panics: AtomicU64,
    /// When a good look has to begin at the latest, by the steady clock.
    next_look: Mutex<Duration>,
}

/// A piece of work did not end well. The observer knows why.
pub(super) struct Failed;

impl Staff {
    pub fn new(
        engine: Arc<Engine>,
        dispatcher: Arc<Dispatcher>,
        runtime: Arc<dyn Runtime>,
        observer: Arc<dyn Observer>,
    ) -> Arc<Self> {
        let next_look = Mutex::new(runtime.steady());
        Arc::new(Staff {
            engine,
            dispatcher,
            runtime,
            observer,
            stop: Once::default(),
            ended: Once::default(),
            panics: AtomicU64::new(0),
            next_look,
        })
    }

    /// Does a piece of work. A panic in it ends this piece alone.
    pub async fn supervised<T>(
        &self,
        work: Work,
        piece: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, Failed> {
        match AssertUnwindSafe(piece).catch_unwind().await {
            Ok(Ok(done)) => Ok(done),
            Ok(Err(error)) => {
                self.observer.noticed(&Notice::Failed(work, &error));
                Err(Failed)
            }
            Err(_) => {
                self.panics.fetch_add(1, Ordering::Relaxed);
                self.observer.noticed(&Notice::Panicked(work));
                Err(Failed)
            }
        }
    }

    pub fn panics(&self) -> u64 {
        self.panics.load(Ordering::Relaxed)
    }

    /// A look was good, and the next has to begin then at the latest, by the steady clock.
    pub fn looked_well(&self, next: Duration) {
        *self.next_look.lock().unwrap_or_else(PoisonError::into_inner) = next;
    }

    /// A look that began then failed: a good one is wanted since, also when it was planned for later.
    pub fn looked_badly(&self, begun: Duration) {
        let mut next_look = self.next_look.lock().unwrap_or_else(PoisonError::into_inner);
        *next_look = begun.min(*next_look);
    }

    pub fn look_overdue(&self) -> Duration {
        let next_look = *self.next_look.lock().unwrap_or_else(PoisonError::into_inner);
        self.runtime.steady().saturating_sub(next_look)
    }

    /// Waits a little after a failure; shorter when the node stops.
    pub async fn pause(&self) {
        let _ = either(self.stop.happened(), self.runtime.sleep(PAUSE)).await;
    }

    /// Waits for an instant of the wall clock, or until that clock was set: either way it is time to look. Asks nobody
    /// meanwhile, so an idle node costs its store nothing.
    pub async fn until(&self, instant: Timestamp) {
        loop {
            let (asked, started) = (self.engine.now(), self.runtime.steady());
            let wait = instant.since(asked).min(SLEEP_MAX);
            if wait.is_zero() {
                return;
            }
            self.runtime.sleep(wait).await;
            let (by_wall, passed) = (self.engine.now(), self.runtime.steady().saturating_sub(started));
            if by_wall + CLOCK_SET < asked + passed {
                return;
            }
        }
    }
}

/// Tasks that end once they are told to.
pub(super) struct Tasks {
    runtime: Arc<dyn Runtime>,
    at_work: AtomicUsize,
    gone: Bell,
}

impl Tasks {
    pub fn new(runtime: Arc<dyn Runtime>) -> Arc<Self> {
        Arc::new(Tasks { runtime, at_work: AtomicUsize::new(0), gone: Bell::default() })
    }

    pub fn begin(self: &Arc<Self>, task: impl Future<Output = ()> + Send + 'static) {
        self.at_work.fetch_add(1, Ordering::SeqCst);
        let place = Place(self.clone());
        self.runtime.spawn(Box::pin(async move {
            task.await;
            drop(place);
        }));
    }

    /// When every task that was begun has ended.
    pub async fn all_gone(&self) {
        while self.at_work.load(Ordering::SeqCst) > 0 {
            self.gone.heard().await;
        }
    }
}

/// The place of one task; it is free again whatever becomes of the task.
struct Place(Arc<Tasks>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.at_work.fetch_sub(1, Ordering::SeqCst);
        self.0.gone.ring();
    }
}
