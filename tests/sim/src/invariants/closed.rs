//! None is accepted for a closed instant, none beyond the horizon, none nearer than the minimum lead.

use std::time::Duration;

use ges_core::callback::Kind;

use super::{Invariant, Verdict, holds};
use crate::offices::is_open;
use crate::oracle::{Book, Seen};

/// See the module.
pub struct Closed;

/// The furthest a booking may lie ahead (callback-domain §6.3).
const HORIZON: Duration = Duration::from_secs(14 * 86_400);

impl Invariant for Closed {
    fn name(&self) -> &'static str {
        "none for a closed instant"
    }

    fn see(&mut self, seen: &Seen<'_>, book: &Book) -> Verdict {
        let Seen::Committed { before, after, .. } = seen else { return Ok(()) };
        let judged_at = match before {
            None => after.created,
            Some(before) if before.desired != after.desired => after.updated,
            Some(_) => return Ok(()),
        };
        let Some((of, edition, desk)) = book.desk(&after.tenant, &after.service, after.settings_version)
        else {
            return Err(format!("{} was judged by settings nobody published", after.id));
        };
        let id = after.id;
        if after.kind == Kind::Immediate {
            return holds(is_open(&of.zone, &edition.shifts, judged_at), || {
                format!("{id} was accepted in turn while the office was closed")
            });
        }
        holds(is_open(&of.zone, &edition.shifts, after.desired), || {
            format!("{id} was accepted for {}, when the office is closed", after.desired)
        })?;
        holds(after.desired <= judged_at + HORIZON, || format!("{id} was accepted too far ahead"))?;
        holds(after.desired >= judged_at + desk.min_lead, || format!("{id} was accepted too near"))
    }
}
