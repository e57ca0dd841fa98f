//! No accepted callback is lost: what was answered as durable is there, what ended stays ended, and nothing goes before
//! its retention.

use ges_core::callback::{Reason, StateName};

use super::{Invariant, Verdict, holds};
use crate::oracle::{Book, Promise, Seen};

/// See the module.
pub struct Lost;

impl Invariant for Lost {
    fn name(&self) -> &'static str {
        "none is lost"
    }

    fn see(&mut self, seen: &Seen<'_>, book: &Book) -> Verdict {
        match seen {
            Seen::Durable(next) => {
                let stored = book.records.get(&(next.tenant.clone(), next.id));
                holds(stored.is_some_and(|known| known.now.version >= next.version), || {
                    format!(
                        "version {} of {} was answered as durable and is not stored",
                        next.version, next.id
                    )
                })
            }
            Seen::Promised(promise) => promised(promise, book),
            Seen::Committed { before: Some(before), after, .. } => {
                let id = after.id;
                holds(after.version == before.version + 1, || {
                    format!("{id} went from version {} to {}", before.version, after.version)
                })?;
                holds(after.attempts >= before.attempts, || format!("{id} forgot an attempt"))?;
                let ended = before.state.name() == StateName::Completed;
                holds(!ended || after.state == before.state, || {
                    format!("{id} was over and is {}", after.state.name())
                })
            }
            Seen::Vanished(last) => {
                let kept = last.purge_at().as_millis();
                holds(last.state.name() == StateName::Completed && book.now + ALLOWED >= kept, || {
                    format!("{} was removed in {} before its retention ended", last.id, last.state.name())
                })
            }
            _ => Ok(()),
        }
    }
}

/// Nodes that trust their own clocks may be ahead by so much.
const ALLOWED: i64 = 600_000;

fn promised(promise: &Promise, book: &Book) -> Verdict {
    let record = promise.record();
    let Some(known) = book.records.get(&(record.tenant.clone(), record.id)) else {
        return Err(format!("{} was promised and is not stored", record.id));
    };
    let (id, stored) = (record.id, &known.now);
    holds(stored.version >= record.version, || format!("{id} was promised in a version that is not stored"))?;
    match promise {
        Promise::Cancelled(_) => {
            let by = stored.reason();
            let so = by.is_some_and(|by| *by == Reason::CANCELLED || *by == Reason::CANCELLED_BY_ADMIN);
            holds(so, || format!("{id} was promised to be cancelled and is {}", stored.state.name()))
        }
        Promise::Moved(moved) => {
            let so = stored.version > moved.version || stored.desired == moved.desired;
            holds(so, || format!("{id} was promised for another time than it is stored for"))
        }
        Promise::Booked(_) | Promise::WrittenBack(_) => Ok(()),
    }
}
