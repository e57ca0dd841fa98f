//! Whether a server is worth asking, so that nobody waits for a dead one.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use tokio::time::Instant;

/// The first pause after a failure.
const PAUSE_MIN: Duration = Duration::from_millis(100);
/// The longest: a server that is back is noticed within it.
const PAUSE_MAX: Duration = Duration::from_secs(1);

/// What is known of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It answered last time, or was not asked yet.
    Up,
    /// It has failed since then.
    Away {
        /// By the steady clock.
        since: Instant,
    },
}

/// Lets everybody through while the server answers, and one at a time, ever more seldom, while it does not.
pub(super) struct Circuit(Mutex<Known>);

struct Known {
    state: State,
    try_at: Instant,
    pauses: ExponentialBackoff,
    answered: Option<Instant>,
}

impl Circuit {
    pub fn new() -> Self {
        Circuit(Mutex::new(Known {
            state: State::Up,
            try_at: Instant::now(),
            pauses: pauses(),
            answered: None,
        }))
    }

    /// Whether to ask. While the server is away, only whoever comes first after the pause may.
    pub fn may_try(&self) -> bool {
        let mut known = self.lock();
        if known.state == State::Up {
            return true;
        }
        let now = Instant::now();
        if now < known.try_at {
            return false;
        }
        // The one who tries tells within the time limit of a call; until then nobody else does.
        known.try_at = now + PAUSE_MAX;
        true
    }

    pub fn answered(&self) {
        let mut known = self.lock();
        known.answered = Some(Instant::now());
        if known.state != State::Up {
            known.state = State::Up;
            known.pauses = pauses();
        }
    }

    pub fn failed(&self) {
        let mut known = self.lock();
        let now = Instant::now();
        // Those who asked at the same time tell of one and the same failure.
        if known.state != State::Up && known.try_at > now && known.try_at < now + PAUSE_MAX / 2 {
            return;
        }
        if known.state == State::Up {
            known.state = State::Away { since: now };
        }
        known.try_at = now + known.pauses.next().unwrap_or(PAUSE_MAX);
    }

    pub fn state(&self) -> State {
        self.lock().state
    }

    /// When it last answered.
    pub fn last_answer(&self) -> Option<Instant> {
        self.lock().answered
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn pauses() -> ExponentialBackoff {
    ExponentialBuilder::default()
        .with_min_delay(PAUSE_MIN)
        .with_max_delay(PAUSE_MAX)
        .without_max_times()
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_dead_server_is_tried_by_one_and_ever_more_seldom() {
        let circuit = Circuit::new();
        assert!(circuit.may_try() && circuit.may_try(), "up: everybody");
        circuit.failed();
        let mut pauses = Vec::new();
        for _ in 0..6 {
            let since = Instant::now();
            while !circuit.may_try() {
                tokio::time::advance(Duration::from_millis(10)).await;
            }
            assert!(!circuit.may_try(), "one tries for all");
            pauses.push(since.elapsed());
            circuit.failed();
        }
        assert_eq!(pauses.first(), Some(&PAUSE_MIN));
        assert_eq!(pauses.last(), Some(&PAUSE_MAX));
        assert!(matches!(circuit.state(), State::Away { .. }));
        circuit.answered();
        assert!(circuit.may_try() && circuit.may_try());
    }

    #[tokio::test(start_paused = true)]
    async fn many_failures_at_once_are_one() {
        let circuit = Circuit::new();
        for _ in 0..100 {
            circuit.failed();
        }
        tokio::time::advance(PAUSE_MIN).await;
        assert!(circuit.may_try());
    }
}
