//! Chance that can be repeated.

use ges_core::port::{Clock, IdSource};
use ges_core::system::SystemClock;
use ges_core::testing::SeededIds;

/// Random choices of one test, from a seed that is printed.
pub struct Chance(SeededIds);

impl Chance {
    /// The seed of `GES_SEED`, or one of this moment; printed together with what it is for.
    #[allow(clippy::print_stdout, reason = "a failure can only be repeated with its seed")]
    pub fn of_this_run(what: &str) -> Self {
        let given = std::env::var("GES_SEED").ok().and_then(|text| text.parse().ok());
        let seed = given.unwrap_or_else(|| SystemClock.now().as_millis().unsigned_abs() % 1_000_000);
        println!("{what}: GES_SEED={seed}");
        Chance::seeded(seed)
    }

    /// The choices of this seed.
    pub fn seeded(seed: u64) -> Self {
        Chance(SeededIds::new(seed))
    }

    /// A number below `bound`; 0 when that is 0.
    pub fn below(&self, bound: u64) -> u64 {
        self.0.below(bound)
    }

    /// A number from `from` up to, not including, `to`.
    pub fn between(&self, from: u64, to: u64) -> u64 {
        from + self.0.below(to.saturating_sub(from))
    }

    /// Whether something happens that happens so many times in a hundred.
    pub fn percent(&self, percent: u64) -> bool {
        self.0.chance(percent)
    }

    /// One of several; `None` when there are none.
    pub fn pick<'a, T>(&self, from: &'a [T]) -> Option<&'a T> {
        self.0.pick(from)
    }

    /// A source of its own for another thread.
    pub fn branch(&self) -> Chance {
        Chance::seeded(self.0.bits())
    }
}
