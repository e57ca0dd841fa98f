//! Only accepted requests count: what a request took of rate windows goes back when it ends otherwise, dropped ones
//! included (callback-domain §9.2). What the wires or a dead process cannot give back is excused.

use std::collections::{BTreeMap, BTreeSet};

use super::{Invariant, Verdict, holds};
use crate::executor::Millis;
use crate::oracle::{Book, Seen};

/// The way to Redis takes less.
const ON_ITS_WAY: Millis = 10_000;

/// See the module.
#[derive(Default)]
pub struct Windows {
    /// Requests that hold something.
    holding: BTreeSet<u64>,
    /// Requests whose units may stay: accepted, perhaps accepted, or excused.
    may_hold: BTreeSet<u64>,
    /// Those that have ended, and when.
    ended: BTreeMap<u64, Millis>,
}

impl Invariant for Windows {
    fn name(&self) -> &'static str {
        "windows are given back"
    }

    fn see(&mut self, seen: &Seen<'_>, book: &Book) -> Verdict {
        match seen {
            Seen::Took { ask } if !self.may_hold.contains(ask) => {
                self.holding.insert(*ask);
            }
            Seen::GivenBack { ask } => {
                self.holding.remove(ask);
            }
            Seen::Counts { ask } | Seen::Excused { ask } => {
                self.holding.remove(ask);
                self.may_hold.insert(*ask);
            }
            Seen::WindowsLost => self.holding.clear(),
            Seen::Ended { ask } => {
                self.ended.insert(*ask, book.now);
                return self.settle(book.now);
            }
            Seen::Quiet { .. } => return self.settle(book.now),
            _ => {}
        }
        Ok(())
    }
}

impl Windows {
    /// Requests that have ended long ago hold nothing.
    fn settle(&mut self, now: Millis) -> Verdict {
        while let Some((&ask, _)) = self.ended.iter().find(|(_, at)| now - **at > ON_ITS_WAY) {
            self.ended.remove(&ask);
            self.may_hold.remove(&ask);
            holds(!self.holding.contains(&ask), || {
                format!("request {ask} was not accepted, and still holds what it took")
            })?;
        }
        Ok(())
    }
}
