//! What is published is in force on every node that lives, whichever node it was published on (callback-domain §3.1).

use super::{Invariant, SETTLING, Verdict, holds};
use crate::oracle::{Book, Seen};

/// See the module.
pub struct InForce;

impl Invariant for InForce {
    fn name(&self) -> &'static str {
        "what is published is in force"
    }

    fn see(&mut self, seen: &Seen<'_>, book: &Book) -> Verdict {
        let Seen::InForce { node, tenant, version, since } = seen else { return Ok(()) };
        let published = book.version.get(*tenant).copied().unwrap_or(0);
        // Nothing is published while nothing fails, and every node looks once a minute.
        holds(book.now - since <= SETTLING || *version >= published, || {
            format!("{node} has version {version} of {tenant} in force, and version {published} is published")
        })
    }
}
