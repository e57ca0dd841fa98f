//! None is handed over twice under one attempt, and a new attempt only follows a session that is dead; one node at a
//! time acts on a record; none is called after a cancel that was answered.

use ges_core::Timestamp;
use ges_core::callback::{Callback, Task};
use ges_core::port::{Fence, Lease};

use super::{Invariant, Verdict, holds};
use crate::oracle::{Book, Seen};

/// See the module.
pub struct Doubled;

impl Invariant for Doubled {
    fn name(&self) -> &'static str {
        "none is doubled"
    }

    fn see(&mut self, seen: &Seen<'_>, book: &Book) -> Verdict {
        match seen {
            Seen::Committed { before, after, fence } => {
                let id = (after.tenant.clone(), after.id);
                holds(book.asked.contains(&id), || format!("{} was booked by nobody", after.id))?;
                match (before, fence) {
                    (Some(before), Some(fence)) => newest(book, before, *fence),
                    _ => Ok(()),
                }
            }
            Seen::Leased { lease, now, .. } => free(book, lease, *now),
            Seen::Holds { lease, now } => still_held(book, lease, *now),
            Seen::Submitting { submission, .. } => current(book, &submission.callback),
            Seen::Entered { attempt, id, entries, alive } => {
                holds(*entries <= 1, || format!("{} is in the stream twice under attempt {attempt}", id.1))?;
                holds(!book.shared_clock || alive.is_empty(), || {
                    format!("attempt {attempt} of {} starts beside a session that lives: {alive:?}", id.1)
                })
            }
            Seen::Connected { id, attempt } => {
                let Some(known) = book.records.get(id) else { return Ok(()) };
                let tells =
                    known.now.outbox.iter().any(|effect| matches!(effect.task, Task::TellSession { .. }));
                let ended_long_ago = known.cancelled && book.now - known.since > GRACE && !tells;
                holds(!ended_long_ago, || {
                    format!("attempt {attempt} of {} called the customer, who had cancelled", id.1)
                })
            }
            _ => Ok(()),
        }
    }
}

/// How long telling a session may take once nothing of it stands in the record: it is on its way.
const GRACE: i64 = 30_000;

/// A change under a lease must come under the newest one.
fn newest(book: &Book, before: &Callback, fence: Fence) -> Verdict {
    let held = book.leases.get(&(before.tenant.clone(), before.id));
    holds(held.is_some_and(|(_, newest, _)| *newest == fence), || {
        format!("{} was changed under a lease that was not the newest", before.id)
    })
}

/// A lease is given only when nobody holds one.
fn free(book: &Book, lease: &Lease, now: Timestamp) -> Verdict {
    let held = book.leases.get(&(lease.tenant.clone(), lease.id));
    holds(held.is_none_or(|(_, fence, expires)| *expires <= now && *fence < lease.fence), || {
        format!("{} was leased while another lease of it was alive", lease.id)
    })
}

/// Who is told that he still holds a record must do so.
fn still_held(book: &Book, lease: &Lease, now: Timestamp) -> Verdict {
    let id = (lease.tenant.clone(), lease.id);
    let newest =
        book.leases.get(&id).is_some_and(|(_, fence, expires)| *fence == lease.fence && now < *expires);
    let version = book.records.get(&id).is_some_and(|known| known.now.version == lease.version);
    holds(newest && version, || format!("{} was to be handed over by a node that had lost it", lease.id))
}

/// What is handed over must have been the newest version when the node last made sure.
fn current(book: &Book, handed: &Callback) -> Verdict {
    let id = (handed.tenant.clone(), handed.id);
    let Some(known) = book.records.get(&id) else {
        return Err(format!("{} is handed over and was never stored", handed.id));
    };
    let replaced = |version: u64| {
        let index = usize::try_from(version.saturating_sub(1)).ok()?;
        known.replaced.get(index).copied()
    };
    let Some(replaced) = replaced(handed.version) else { return Ok(()) };
    let checked = book.checked.get(&(id, handed.version)).copied();
    holds(checked.is_some_and(|checked| checked <= replaced), || {
        format!(
            "version {} of {} is handed over, which its node did not make sure of",
            handed.version, handed.id
        )
    })
}
