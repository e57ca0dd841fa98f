//! Numbers and user data never reach what is logged, labelled or answered as an error.

use super::{Invariant, Verdict, holds};
use crate::oracle::{Book, Seen};

/// See the module.
pub struct Privacy;

/// Every number of a simulated customer begins with these digits, which are too many to stand anywhere by chance.
pub const NUMBER_MARK: &str = "8885557776";

/// Every value of user data begins so.
pub const DATA_MARK: &str = "sekret";

impl Invariant for Privacy {
    fn name(&self) -> &'static str {
        "no personal data is told"
    }

    fn see(&mut self, seen: &Seen<'_>, _: &Book) -> Verdict {
        let Seen::Text(text) = seen else { return Ok(()) };
        let digits = text.contains(NUMBER_MARK);
        holds(!digits, || "a customer's number stands in a text".to_owned())?;
        holds(!text.contains(DATA_MARK), || "user data stand in a text".to_owned())
    }
}
