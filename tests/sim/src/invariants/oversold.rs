//! No slot holds more than its capacity at the time of acceptance; no number and no service more than their limits.

use ges_core::callback::{Callback, Kind};

use super::{Invariant, Verdict, holds};
use crate::offices::slot_start;
use crate::oracle::{Book, Seen};

/// See the module.
pub struct Oversold;

impl Invariant for Oversold {
    fn name(&self) -> &'static str {
        "no slot is oversold"
    }

    fn see(&mut self, seen: &Seen<'_>, book: &Book) -> Verdict {
        let Seen::Committed { before, after, .. } = seen else { return Ok(()) };
        let moved = before.is_some_and(|before| before.desired != after.desired || before.kind != after.kind);
        let fresh = before.is_none();
        let Some((of, _, desk)) = book.desk(&after.tenant, &after.service, after.settings_version) else {
            return Err(format!("{} was judged by settings nobody published", after.id));
        };
        if (fresh || moved) && after.holds_place() {
            let slot = slot_start(&of.zone, desk.interval, after.desired);
            let held = others(book, after)
                .filter(|other| {
                    other.holds_place() && slot_start(&of.zone, desk.interval, other.desired) == slot
                })
                .count();
            holds(held < desk.capacity as usize, || {
                format!("a slot of {} places holds {} with {}", desk.capacity, held + 1, after.id)
            })?;
        }
        if !fresh {
            return Ok(());
        }
        if let Some(most) = desk.same_number {
            let number = after.request.number.comparison();
            let same = others(book, after)
                .filter(|other| other.is_unfinished() && other.request.number.comparison() == number)
                .count();
            holds(same < most as usize, || {
                format!("one number has more than {most} unfinished with {}", after.id)
            })?;
        }
        let active = others(book, after).filter(|other| other.is_active()).count();
        let limited = after.kind == Kind::Immediate;
        holds(!limited || active < desk.active_max as usize, || {
            format!("{} was accepted beside {active} active ones of at most {}", after.id, desk.active_max)
        })
    }
}

/// The other records of the same service.
fn others<'b>(book: &'b Book, of: &'b Callback) -> impl Iterator<Item = &'b Callback> {
    let same = move |other: &&Callback| {
        other.tenant == of.tenant && other.service == of.service && other.id != of.id
    };
    book.records.values().map(|known| &known.now).filter(same)
}
