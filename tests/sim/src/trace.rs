//! What happened, as a hash of everything and the last events in words.

use std::collections::VecDeque;
use std::fmt::Write;

use ges_core::callback::{Callback, Task};
use ges_core::{CallbackId, Timestamp};

use crate::executor::Millis;
use crate::oracle::{Promise, Seen};

/// So many last events are kept for the report of a failure.
const KEPT: usize = 400;

/// One event in numbers; words are made of it only when somebody reads them.
#[derive(Clone, Debug)]
struct Line {
    at: Millis,
    what: &'static str,
    id: Option<CallbackId>,
    numbers: [i64; 4],
    state: &'static str,
}

/// Every event folded into a hash, and the last ones.
#[derive(Default)]
pub struct Trace {
    hash: u64,
    events: u64,
    last: VecDeque<Line>,
}

impl Trace {
    /// The hash of everything so far: equal for equal runs.
    pub fn hash(&self) -> u64 {
        self.hash
    }

    /// How many events there were.
    pub fn events(&self) -> u64 {
        self.events
    }

    /// Notes something that is no port's business, such as a fault.
    pub fn note(&mut self, at: Millis, what: &'static str, numbers: [i64; 4]) {
        self.push(Line { at, what, id: None, numbers, state: "" });
    }

    /// Notes what passed at a port.
    pub fn seen(&mut self, at: Millis, seen: &Seen<'_>) {
        let line = |what, record: &Callback, numbers| Line {
            at,
            what,
            id: Some(record.id),
            numbers,
            state: record.state.name().as_str(),
        };
        let of_lease = |what, lease: &ges_core::port::Lease, now: Timestamp| Line {
            at,
            what,
            id: Some(lease.id),
            numbers: [number(lease.fence), number(lease.version), millis(lease.expires), millis(now)],
            state: "",
        };
        let of_session = |what, id: CallbackId, attempt: u32, number: i64| Line {
            at,
            what,
            id: Some(id),
            numbers: [i64::from(attempt), number, 0, 0],
            state: "",
        };
        let of_ask = |what, ask: u64| Line { at, what, id: None, numbers: [number(ask), 0, 0, 0], state: "" };
        self.push(match seen {
            Seen::Committed { after, fence, .. } => {
                let due = after.outbox.first().map_or(0, |effect| millis(effect.not_before));
                let told = after.outbox.iter().filter(|e| matches!(e.task, Task::TellSession { .. })).count();
                let numbers = [number(after.version), i64::from(after.attempts), due, millis(after.desired)];
                let what = match (fence, told) {
                    (Some(_), _) => "committed under a lease",
                    (None, 0) => "committed",
                    (None, _) => "committed, session to be told",
                };
                line(what, after, numbers)
            }
            Seen::Vanished(last) => line("vanished", last, [number(last.version), 0, 0, 0]),
            Seen::Durable(next) => line("answered durable", next, [number(next.version), 0, 0, 0]),
            Seen::Promised(promise) => {
                let what = match promise {
                    Promise::Booked(_) => "promised: booked",
                    Promise::Cancelled(_) => "promised: cancelled",
                    Promise::Moved(_) => "promised: moved",
                    Promise::WrittenBack(_) => "promised: written back",
                };
                let record = promise.record();
                line(what, record, [number(record.version), 0, 0, 0])
            }
            Seen::Leased { lease, now, .. } => of_lease("leased", lease, *now),
            Seen::Holds { lease, now } => of_lease("still held", lease, *now),
            Seen::Submitting { submission, clock, .. } => {
                let due = submission.callback.outbox.first().map_or(0, |effect| millis(effect.not_before));
                let numbers =
                    [number(submission.callback.version), i64::from(submission.attempt), due, millis(*clock)];
                line("handing over", &submission.callback, numbers)
            }
            Seen::Entered { attempt, id, entries, .. } => {
                of_session("entered the stream", id.1, *attempt, i64::from(*entries))
            }
            Seen::Connected { id, attempt } => of_session("customer called", id.1, *attempt, 0),
            // Read far more often than anything else, and told apart by what follows from them.
            Seen::Shown { .. }
            | Seen::Text(_)
            | Seen::Quiet { .. }
            | Seen::Rest
            | Seen::Ended { .. }
            | Seen::InForce { .. } => return,
            Seen::Took { ask } => of_ask("took of rate windows", *ask),
            Seen::GivenBack { ask } => of_ask("gave back to rate windows", *ask),
            Seen::Counts { ask } => of_ask("counts", *ask),
            Seen::Excused { ask } => of_ask("cannot give back", *ask),
            Seen::Panicked { planted } => of_ask("a node noticed a panic", *planted),
            Seen::WindowsLost => of_ask("windows lost", 0),
            Seen::Left(_) => of_ask("a node left", 0),
        });
    }

    fn push(&mut self, line: Line) {
        self.events += 1;
        let id = line.id.map_or((0, 0), |id| id.0.as_u64_pair());
        let text =
            line.what.bytes().chain(line.state.bytes()).fold(0u64, |sum, byte| mixed(sum, u64::from(byte)));
        for word in [line.at.cast_unsigned(), text, id.0, id.1] {
            self.hash = mixed(self.hash, word);
        }
        for word in line.numbers {
            self.hash = mixed(self.hash, word.cast_unsigned());
        }
        if self.last.len() == KEPT {
            self.last.pop_front();
        }
        self.last.push_back(line);
    }

    /// The last events in words, oldest first; only those of one callback, when one is named.
    pub fn words(&self, start: Millis, of: Option<CallbackId>) -> String {
        let mut text = String::new();
        for line in self.last.iter().filter(|line| of.is_none() || line.id.is_none() || line.id == of) {
            let id = line.id.map_or_else(String::new, |id| id.to_string()[..8].to_owned());
            let numbers = line.numbers.map(|number| match number {
                // Instants are told as seconds of the run.
                instant if instant > 1_000_000_000_000 => format!("{:.3}s", seconds(instant - start)),
                other => other.to_string(),
            });
            // Writing to a text cannot fail.
            let _ = writeln!(
                text,
                "{:>10.3}s  {:<30} {:<9} {:<10} {}",
                seconds(line.at - start),
                line.what,
                id,
                line.state,
                numbers.join(" ")
            );
        }
        text
    }
}

#[allow(clippy::cast_precision_loss, reason = "for reading; a run is short")]
fn seconds(millis: Millis) -> f64 {
    millis as f64 / 1000.0
}

fn number(of: u64) -> i64 {
    i64::try_from(of).unwrap_or(i64::MAX)
}

fn millis(at: Timestamp) -> i64 {
    at.as_millis()
}

/// One more word in the hash, by the mixing step of SplitMix64.
fn mixed(hash: u64, word: u64) -> u64 {
    let mut z = (hash ^ word).wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
