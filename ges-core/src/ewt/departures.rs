//! When calls left the queue lately: the memory of mode1.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::formula::Quitting;
use crate::time::Timestamp;

/// How many departures mode1 looks back ([callback-domain §14.2](crate::rules)).
const LOOK_BACK: usize = 32;

/// The last departures, and the instant they are counted from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Departures {
    /// The departure before the remembered ones; until there is one, the first thing ever seen.
    since: Option<Timestamp>,
    last: VecDeque<Timestamp>,
}

impl Departures {
    pub(super) fn seen(&mut self, at: Timestamp) {
        self.since.get_or_insert(at);
    }

    pub(super) fn left(&mut self, at: Timestamp) {
        self.seen(at);
        self.last.push_back(at);
        while self.last.len() > LOOK_BACK {
            self.since = self.last.pop_front();
        }
    }

    #[cfg(test)]
    pub(super) fn heap_bytes(&self) -> usize {
        self.last.capacity() * size_of::<Timestamp>()
    }

    pub(super) fn quitting(&self) -> Quitting {
        let span = match (self.since, self.last.back()) {
            (Some(since), Some(last)) => last.since(since),
            _ => return Quitting::default(),
        };
        Quitting {
            departures: u32::try_from(self.last.len()).unwrap_or(u32::MAX),
            span_ms: u64::try_from(span.as_millis()).unwrap_or(u64::MAX),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_last_32_departures_count() {
        let mut departures = Departures::default();
        assert_eq!(departures.quitting(), Quitting::default());
        departures.seen(Timestamp::from_secs(0));
        for n in 1..=32 {
            departures.left(Timestamp::from_secs(n * 1_000));
        }
        assert_eq!(departures.quitting(), Quitting { departures: 32, span_ms: 32_000_000 });
        for n in 1..=32 {
            departures.left(Timestamp::from_secs(32_000 + n * 30));
        }
        assert_eq!(departures.quitting(), Quitting { departures: 32, span_ms: 960_000 });
    }
}
