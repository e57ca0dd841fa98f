//! Ids and chance from a seed.

use std::sync::atomic::{AtomicU64, Ordering};

use uuid::Uuid;

use crate::port::IdSource;

/// The same seed gives the same ids and choices, in the order they are asked for. Guessable, so only for tests.
///
/// ```
/// use ges_core::port::IdSource;
/// use ges_core::testing::SeededIds;
///
/// let (one, same) = (SeededIds::new(7), SeededIds::new(7));
/// assert_eq!(one.uuid(), same.uuid());
/// assert_eq!(one.uuid().get_version_num(), 4);
/// assert!(one.below(10) < 10);
/// ```
#[derive(Debug)]
pub struct SeededIds(AtomicU64);

/// The step of the SplitMix64 generator (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014).
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

impl SeededIds {
    /// A source that begins at this seed.
    pub fn new(seed: u64) -> Self {
        SeededIds(AtomicU64::new(seed))
    }

    /// The next 64 bits.
    pub fn bits(&self) -> u64 {
        let mut z = self.0.fetch_add(STEP, Ordering::Relaxed).wrapping_add(STEP);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Whether something happens that happens so many times in a hundred.
    pub fn chance(&self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// One of several; `None` when there are none.
    pub fn pick<'a, T>(&self, from: &'a [T]) -> Option<&'a T> {
        from.get(usize::try_from(self.below(from.len() as u64)).ok()?)
    }
}

impl IdSource for SeededIds {
    fn uuid(&self) -> Uuid {
        let chance = Uuid::from_u64_pair(self.bits(), self.bits());
        uuid::Builder::from_random_bytes(chance.into_bytes()).into_uuid()
    }

    fn below(&self, bound: u64) -> u64 {
        // The high half of the product is uniform enough for tests: its bias is below bound ÷ 2⁶⁴.
        let scaled = (u128::from(self.bits()) * u128::from(bound)) >> 64;
        u64::try_from(scaled).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_and_another_seed_another() {
        let of = |seed| {
            let ids = SeededIds::new(seed);
            (0..50).map(|_| ids.uuid()).collect::<Vec<_>>()
        };
        assert_eq!(of(1), of(1));
        assert_ne!(of(1), of(2));
    }

    #[test]
    fn choices_stay_below_the_bound_and_reach_all_of_it() {
        let ids = SeededIds::new(3);
        for bound in [0, 1, 2, 7, u64::MAX] {
            assert!((0..100).all(|_| ids.below(bound) < bound.max(1)), "{bound}");
        }
        let reached: std::collections::BTreeSet<u64> = (0..200).map(|_| ids.below(7)).collect();
        assert_eq!(reached.len(), 7);
    }
}
