//! The parts a host with tokio needs not bring: the clock of the machine, ids from its random source, its runtime.

use std::time::{Duration, SystemTime};

use futures_util::future::BoxFuture;
use tokio::runtime::Handle;
use tokio::time::Instant;
use uuid::Uuid;

use crate::port::{Clock, IdSource, Runtime};
use crate::time::Timestamp;

/// Reads the machine's wall clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[allow(clippy::disallowed_methods, reason = "this adapter is where the port meets the machine")]
    fn now(&self) -> Timestamp {
        SystemTime::now().into()
    }
}

/// Draws everything from the operating system; keeps no state.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemIds;

impl IdSource for SystemIds {
    #[allow(clippy::disallowed_methods, reason = "this adapter is where the port meets the machine")]
    fn uuid(&self) -> Uuid {
        Uuid::new_v4()
    }

    fn below(&self, bound: u64) -> u64 {
        if bound < 2 {
            return 0;
        }
        // Draws above the largest multiple of `bound` would favour small numbers and are drawn again; each draw is
        // kept with a probability above one half.
        let fair = u64::MAX - u64::MAX % bound;
        loop {
            let drawn = random_u64();
            if drawn < fair {
                return drawn % bound;
            }
        }
    }
}

fn random_u64() -> u64 {
    // A Uuid of version 4 comes from the same source and fails in the same way; without a working random source no id
    // may be handed out, so stopping is the only right answer.
    getrandom::u64().expect("the operating system gives random numbers")
}

/// A runtime of tokio.
#[derive(Clone, Debug)]
pub struct TokioRuntime {
    handle: Handle,
    started: Instant,
}

impl TokioRuntime {
    /// The runtime this is called in.
    ///
    /// # Panics
    /// Outside of a runtime of tokio.
    pub fn current() -> Self {
        TokioRuntime { handle: Handle::current(), started: Instant::now() }
    }
}

impl Runtime for TokioRuntime {
    fn spawn(&self, task: BoxFuture<'static, ()>) {
        self.handle.spawn(task);
    }

    fn sleep(&self, lasting: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(lasting))
    }

    fn steady(&self) -> Duration {
        self.started.elapsed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn below_stays_below_and_reaches_every_number() {
        let ids = SystemIds;
        let mut seen = [false; 5];
        for _ in 0..500 {
            seen[usize::try_from(ids.below(5)).unwrap()] = true;
        }
        assert_eq!(seen, [true; 5]);
        assert_eq!((ids.below(0), ids.below(1)), (0, 0));
    }
}
