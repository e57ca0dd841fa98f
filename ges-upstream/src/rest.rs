//! How long one waits before trying again: one way for all neighbours.

use std::time::Duration;

/// Pauses, each twice as long as the one before, up to the longest.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pauses {
    next: Duration,
    longest: Duration,
}

impl Pauses {
    pub fn new(first: Duration, longest: Duration) -> Self {
        Pauses { next: first, longest }
    }

    /// How long to wait this time.
    pub fn pause(&mut self) -> Duration {
        let pause = self.next;
        self.next = pause.saturating_mul(2).min(self.longest);
        pause
    }
}

/// Leaves a neighbour alone that failed, for longer each time, where another can be asked in its stead.
#[cfg(feature = "ors")]
#[derive(Debug)]
pub(crate) struct Rest {
    pauses: Pauses,
    resting: std::sync::Mutex<Option<Resting>>,
}

#[cfg(feature = "ors")]
#[derive(Debug)]
struct Resting {
    until: tokio::time::Instant,
    pauses: Pauses,
}

#[cfg(feature = "ors")]
impl Rest {
    pub fn new(pauses: Pauses) -> Self {
        Rest { pauses, resting: std::sync::Mutex::new(None) }
    }

    /// Whether it is left alone now.
    pub fn rests(&self) -> bool {
        self.resting().as_ref().is_some_and(|resting| tokio::time::Instant::now() < resting.until)
    }

    /// It works; the next failure begins with the shortest pause.
    pub fn answered(&self) {
        *self.resting() = None;
    }

    /// It failed. Calls that were under way together tell of one and the same failure.
    pub fn failed(&self) {
        let now = tokio::time::Instant::now();
        let mut resting = self.resting();
        let resting = resting.get_or_insert(Resting { until: now, pauses: self.pauses });
        if resting.until <= now {
            resting.until = now + resting.pauses.pause();
        }
    }

    fn resting(&self) -> std::sync::MutexGuard<'_, Option<Resting>> {
        // Each change is complete when the lock is given back.
        self.resting.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest() {
        let mut pauses = Pauses::new(Duration::from_secs(1), Duration::from_secs(5));
        assert_eq!([(); 5].map(|()| pauses.pause().as_secs()), [1, 2, 4, 5, 5]);
    }
}
