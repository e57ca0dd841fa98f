//! None is handed over before its time: not before the instant stored with its attempt, by the clock of the node and by
//! the true one; and that instant not before the desired time less the longest lead, nor before the opening.

use std::time::Duration;

use ges_core::Timestamp;
use ges_core::callback::{Callback, Kind};
use ges_core::lead::EarlySubmission;

use super::{Invariant, Verdict, holds};
use crate::offices::opening;
use crate::oracle::{Book, Seen, pending};

/// See the module.
pub struct Early;

impl Invariant for Early {
    fn name(&self) -> &'static str {
        "none is early"
    }

    fn see(&mut self, seen: &Seen<'_>, book: &Book) -> Verdict {
        match seen {
            Seen::Committed { before, after, .. } => issued(book, *before, after),
            Seen::Submitting { submission, clock, ahead } => {
                let handed = &submission.callback;
                let stored = book.records.get(&(handed.tenant.clone(), handed.id));
                let stored = stored.filter(|known| known.now.attempts >= submission.attempt);
                holds(stored.is_some(), || {
                    format!(
                        "attempt {} of {} is handed over before it is stored",
                        submission.attempt, handed.id
                    )
                })?;
                let Some((_, due)) = pending(handed) else { return Ok(()) };
                let id = handed.id;
                holds(*clock >= due, || {
                    format!("{id} is handed over {} before its instant", text(due, *clock))
                })?;
                let Some(ahead) = ahead else { return Ok(()) };
                let truth = Timestamp::from_millis(book.now + ahead);
                holds(truth >= due, || {
                    format!("{id} is handed over {} before its instant in truth", text(due, truth))
                })
            }
            _ => Ok(()),
        }
    }
}

fn text(due: Timestamp, at: Timestamp) -> String {
    format!("{} ms", due.as_millis() - at.as_millis())
}

/// An attempt that is issued anew must not stand for an instant before its time.
fn issued(book: &Book, before: Option<&Callback>, after: &Callback) -> Verdict {
    let Some((attempt, due)) = pending(after) else { return Ok(()) };
    let anew = before.is_none_or(|before| before.attempts < attempt);
    // An immediate one is due from the start, and a session that died is replaced at once.
    if !anew || attempt > 1 && before.is_some_and(|before| before.session().is_some()) {
        return Ok(());
    }
    if after.kind == Kind::Immediate {
        return holds(due >= after.created, || format!("{} is due before it was accepted", after.id));
    }
    // Any version of the settings may be in force at the node that decides.
    let key = (after.tenant.clone(), after.service.clone());
    let longest = book.waits.get(&key).map_or(0, |(_, longest)| *longest);
    let versions = book.editions.keys().filter(|(tenant, _)| *tenant == after.tenant);
    let earliest = versions.filter_map(|(tenant, version)| {
        let (of, edition, desk) = book.desk(tenant, &after.service, *version)?;
        let lead = match desk.early {
            EarlySubmission::Ewt => desk.buffer.max(Duration::from_secs(longest)),
            EarlySubmission::BufferOnly => desk.buffer,
            EarlySubmission::Off => Duration::ZERO,
        };
        let by_lead = after.desired - lead;
        Some(opening(&of.zone, &edition.shifts, after.desired).map_or(by_lead, |open| by_lead.max(open)))
    });
    let earliest = earliest.min();
    holds(earliest.is_none_or(|earliest| due >= earliest), || {
        let wanted = earliest.map_or_else(String::new, |earliest| text(earliest, due));
        format!("attempt {attempt} of {} is issued for an instant {wanted} too early", after.id)
    })
}
