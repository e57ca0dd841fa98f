//! Nothing panics but what was made to.

use super::{Invariant, Verdict, holds};
use crate::oracle::{Book, Seen};

/// How many panics nodes noticed.
#[derive(Default)]
pub struct Panics(u64);

impl Invariant for Panics {
    fn name(&self) -> &'static str {
        "nothing panics by itself"
    }

    fn see(&mut self, seen: &Seen<'_>, _: &Book) -> Verdict {
        let Seen::Panicked { planted } = seen else { return Ok(()) };
        self.0 += 1;
        holds(self.0 <= *planted, || format!("{} panics were noticed, and {planted} planted", self.0))
    }
}
