//! What must never happen: one check for each of the eight promises at the heart of the design.
//!
//! A check sees every entry before it is made in the book, so it can compare what is with what comes. It asks only the
//! book, never the engine.

mod closed;
mod completes;
mod doubled;
mod early;
mod lost;
mod oversold;
mod privacy;
mod tenants;

/// What marks personal data in a simulated world.
pub use privacy::{DATA_MARK, NUMBER_MARK};

use crate::oracle::{Book, Seen};

/// Fine, or what was broken.
pub type Verdict = Result<(), String>;

/// One promise.
pub trait Invariant: Send {
    /// What it is called in reports.
    fn name(&self) -> &'static str;

    /// Looks at one entry.
    fn see(&mut self, seen: &Seen<'_>, book: &Book) -> Verdict;
}

/// All eight.
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
    ]
}

/// Fails with these words unless it holds.
pub fn holds(what: bool, otherwise: impl FnOnce() -> String) -> Verdict {
    if what { Ok(()) } else { Err(otherwise()) }
}
