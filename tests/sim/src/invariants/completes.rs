//! Every accepted callback reaches COMPLETED; and while nothing fails, in time: handed over when it is due, given up when
//! its life is over.

use std::time::Duration;

use ges_core::Timestamp;
use ges_core::callback::{Callback, Reason, State};
use ges_core::lead::EarlySubmission;

use super::{Invariant, SETTLING, Verdict, holds};
use crate::executor::Millis;
use crate::offices::opening;
use crate::oracle::{Book, Known, Seen, pending};

/// See the module.
pub struct Completes;

/// How late a hand-over may be while nothing fails, whatever hosts drop: the network, and the pause of one look.
const LATE: Millis = 2_000;

/// One monitor period, for what no index of instants knows (callback-domain §8.1).
const PASS: Millis = 62_000;

impl Invariant for Completes {
    fn name(&self) -> &'static str {
        "every one completes"
    }

    fn see(&mut self, seen: &Seen<'_>, book: &Book) -> Verdict {
        match seen {
            Seen::Quiet { since } if book.now - since > SETTLING && book.shared_clock => {
                book.records.values().try_for_each(|known| in_time(book, known))
            }
            Seen::Rest => book.records.values().try_for_each(|known| {
                let record = &known.now;
                let done = !record.is_unfinished() && record.outbox.is_empty();
                holds(done, || format!("{} rests in {} with something to do", record.id, record.state.name()))
            }),
            Seen::Committed { after, .. } if after.reason() == Some(&Reason::SUBMIT_FAILED) => {
                let taken = book.entered.contains(&((after.tenant.clone(), after.id), after.attempts));
                holds(!taken, || format!("{} ends as never handed over, and the stream has it", after.id))
            }
            _ => Ok(()),
        }
    }
}

fn in_time(book: &Book, known: &Known) -> Verdict {
    let record = &known.now;
    let may_end = matches!(record.state, State::Scheduled | State::Queued(_) | State::Routing(_));
    let over = may_end && book.now - record.expires_at().as_millis() > PASS;
    holds(!over, || format!("{} is {} long after its life was over", record.id, record.state.name()))?;
    if let Some((attempt, due)) = pending(record) {
        let late = book.now - due.as_millis().max(known.since);
        return holds(late <= LATE, || format!("attempt {attempt} of {} is {late} ms late", record.id));
    }
    if record.state != State::Scheduled {
        return Ok(());
    }
    let Some((due, allowed)) = due(book, record) else { return Ok(()) };
    let late = book.now - due.as_millis().max(known.since);
    holds(late <= allowed, || {
        format!("{}, desired for {}, was due at {due} and is {late} ms late", record.id, record.desired)
    })
}

/// When a waiting record is to be handed over by what holds now, and how late that may be.
fn due(book: &Book, record: &Callback) -> Option<(Timestamp, Millis)> {
    let version = *book.version.get(&record.tenant)?;
    let (of, edition, desk) = book.desk(&record.tenant, &record.service, version)?;
    let wait = book.waits.get(&(record.tenant.clone(), record.service.clone())).and_then(|(wait, _)| *wait);
    let lead = match desk.early {
        EarlySubmission::Ewt => desk.buffer.max(Duration::from_secs(wait.unwrap_or(0))),
        EarlySubmission::BufferOnly => desk.buffer,
        EarlySubmission::Off => Duration::ZERO,
    };
    let by_lead = record.desired - lead;
    let due = opening(&of.zone, &edition.shifts, record.desired).map_or(by_lead, |open| by_lead.max(open));
    // The index knows leads up to two minutes; a longer one is found by the next pass.
    let allowed = if lead > Duration::from_secs(120) { PASS } else { LATE };
    Some((due, allowed))
}
