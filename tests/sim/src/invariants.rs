//! What must never happen: one check for each of the promises at the heart of the design.
//!
//! A check sees every entry before it is made in the book, so it can compare what is with what comes. It asks only the
//! book, never the engine.

mod closed;
mod completes;
mod doubled;
mod early;
mod left;
mod lost;
mod oversold;
mod panics;
mod privacy;
mod published;
mod tenants;
mod windows;

/// What marks personal data in a simulated world.
pub use privacy::{DATA_MARK, NUMBER_MARK};

use crate::executor::Millis;
use crate::oracle::{Book, Seen};

/// How long after the last fault leases, back-offs and caches may still be those of before.
const SETTLING: Millis = 150_000;

/// Fine, or what was broken.
pub type Verdict = Result<(), String>;

/// One promise.
pub trait Invariant: Send {
    /// What it is called in reports.
    fn name(&self) -> &'static str;

    /// Looks at one entry.
    fn see(&mut self, seen: &Seen<'_>, book: &Book) -> Verdict;
}

/// All of them.
pub fn all() -> Vec<Box<dyn Invariant>> {
    vec![
        Box::new(lost::Lost),
        Box::new(doubled::Doubled),
        Box::new(early::Early),
        Box::new(oversold::Oversold),
        Box::new(closed::Closed),
        Box::new(completes::Completes),
        Box::new(tenants::Tenants),
        Box::new(privacy::Privacy),
        Box::new(windows::Windows::default()),
        Box::new(published::InForce),
        Box::new(left::Left::default()),
        Box::new(panics::Panics::default()),
    ]
}

/// Fails with these words unless it holds.
pub fn holds(what: bool, otherwise: impl FnOnce() -> String) -> Verdict {
    if what { Ok(()) } else { Err(otherwise()) }
}
