//! What is leased and waits for its instant, or until the orchestrator is back.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::bell::Bell;
use crate::callback::retry::while_unavailable;
use crate::callback::{Callback, Task};
use crate::id::{CallbackId, ServiceName, TenantId};
use crate::port::Lease;
use crate::time::Timestamp;

/// One thing to be done under a lease.
pub(super) struct Errand {
    pub callback: Callback,
    pub terms: Terms,
}

/// What is to be done with a callback, and when.
pub(super) struct Terms {
    pub due: Timestamp,
    pub lease: Lease,
    pub what: What,
    /// How often the orchestrator was found away with it.
    pub tries: u32,
    /// Not to be tried again before.
    pub again_at: Timestamp,
    /// Whether it is also held to be ended at the end of its callback's life.
    pub is_ended_in_time: bool,
}

impl Errand {
    pub fn new(due: Timestamp, callback: Callback, lease: Lease, what: What) -> Self {
        let terms = Terms { due, lease, what, tries: 0, again_at: due, is_ended_in_time: false };
        Errand { callback, terms }
    }

    fn is_hand_over(&self) -> bool {
        matches!(self.terms.what, What::Task(Task::HandOver { .. }))
    }

    /// Whether its callback is being ended instead.
    fn is_over(&self, now: Timestamp) -> bool {
        self.terms.is_ended_in_time && self.callback.expires_at() <= now
    }

    /// Not before a pause that grows with each try.
    fn try_later(&mut self, now: Timestamp) {
        self.terms.again_at = now + while_unavailable(self.terms.tries);
        self.terms.tries = self.terms.tries.saturating_add(1);
    }
}

#[derive(Clone)]
pub(super) enum What {
    Task(Task),
    Expire,
    Look,
}

/// All that one node holds.
#[derive(Default)]
pub(super) struct Held {
    inner: Mutex<Inner>,
    /// Something can be taken earlier than before.
    sooner: Bell,
}

#[derive(Default)]
struct Inner {
    due: BinaryHeap<Reverse<(Timestamp, u64)>>,
    errands: BTreeMap<u64, Errand>,
    next: u64,
    absences: BTreeMap<Service, Absence>,
}

type Service = (TenantId, ServiceName);

/// The orchestrator could not be reached with hand-overs of a service, and with none since. Once two callbacks have found
/// that, it is not that one of them cannot be handed over: from then on one at a time tries and the others are put off,
/// which costs the store nothing, until one gets through.
struct Absence {
    found_by: CallbackId,
    is_certain: bool,
    try_at: Timestamp,
    /// By the instant from which each may be tried again, and a number.
    put_off: BTreeMap<(Timestamp, u64), Errand>,
}

/// Between two tries.
const TRY_EVERY: Duration = Duration::from_secs(1);

impl Held {
    pub fn hold(&self, errand: Errand) {
        self.change(|inner| inner.hold(errand.terms.due, errand));
    }

    /// Holds one with which something went wrong, to be tried again after a pause.
    pub fn retry(&self, mut errand: Errand, now: Timestamp) {
        errand.try_later(now);
        self.change(|inner| inner.hold(errand.terms.again_at, errand));
    }

    /// Rung when something can be taken earlier than before.
    pub fn sooner(&self) -> &Bell {
        &self.sooner
    }

    /// Forgets all of it, but not who is away.
    pub fn clear(&self) {
        let mut inner = self.inner();
        inner.due.clear();
        inner.errands.clear();
        inner.absences.values_mut().for_each(|absence| absence.put_off.clear());
    }

    /// The earliest instant at which something can be taken.
    pub fn next_due(&self) -> Option<Timestamp> {
        self.inner().next_due()
    }

    /// Takes what is due, of `most` that are looked at, in the order of their instants. What is still in the answer when
    /// it is dropped is held again.
    pub fn take(&self, now: Timestamp, most: usize) -> Taken<'_> {
        let mut inner = self.inner();
        let mut errands: Vec<Errand> =
            inner.absences.values_mut().filter_map(|absence| absence.next_try(now)).collect();
        for _ in 0..most {
            let Some(Reverse((at, key))) = inner.due.peek().copied() else { break };
            if at > now {
                break;
            }
            inner.due.pop();
            if let Some(errand) = inner.errands.remove(&key) {
                errands.extend(inner.unless_put_off(errand, now));
            }
        }
        Taken { held: self, errands }
    }

    /// Takes note of one that was taken and is not ours any more: if it was to try for others, the next one does.
    pub fn lost(&self, errand: &Errand) {
        self.change(|inner| {
            if inner.absences.is_empty() || !errand.is_hand_over() {
                return;
            }
            if let Some(absence) = inner.absences.get_mut(&service(&errand.callback)) {
                absence.try_at = errand.terms.due.min(absence.try_at);
            }
        });
    }

    /// Takes note of a hand-over that reached the orchestrator, whatever it said. Answers whether others that were put off
    /// are due again.
    pub fn reached(&self, callback: &Callback) -> bool {
        self.change(|inner| {
            if inner.absences.is_empty() {
                return false;
            }
            let Some(absence) = inner.absences.remove(&service(callback)) else { return false };
            let are_due = !absence.put_off.is_empty();
            absence.put_off.into_values().for_each(|errand| inner.hold(errand.terms.again_at, errand));
            are_due
        })
    }

    /// Takes note of a hand-over that did not reach it. It is tried again by itself, or put off with others; nothing is to be
    /// recorded.
    pub fn not_reached(&self, errand: Errand, now: Timestamp) {
        self.change(|inner| inner.not_reached(errand, now));
    }

    /// Changes what is held, and rings when something can be taken earlier because of it.
    fn change<T>(&self, change: impl FnOnce(&mut Inner) -> T) -> T {
        let mut inner = self.inner();
        let before = inner.next_due();
        let changed = change(&mut inner);
        let after = inner.next_due();
        drop(inner);
        if after.is_some_and(|after| before.is_none_or(|before| after < before)) {
            self.sooner.ring();
        }
        changed
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Errands that were taken. What is still in it when it is dropped is held again: otherwise nobody would think of it
/// until its lease has expired.
pub(super) struct Taken<'a> {
    held: &'a Held,
    errands: Vec<Errand>,
}

impl Taken<'_> {
    pub fn errands(&self) -> &[Errand] {
        &self.errands
    }

    /// Hands them all to one who takes care of them.
    pub fn keep(mut self) -> Vec<Errand> {
        std::mem::take(&mut self.errands)
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        self.errands.drain(..).for_each(|errand| self.held.hold(errand));
    }
}

impl Inner {
    fn next_due(&self) -> Option<Timestamp> {
        let due = self.due.peek().map(|Reverse((at, _))| *at);
        self.absences.values().filter_map(Absence::next).chain(due).min()
    }

    fn not_reached(&mut self, mut errand: Errand, now: Timestamp) {
        self.end_in_time(&mut errand, now);
        let number = self.number();
        errand.try_later(now);
        let absence = self.absences.entry(service(&errand.callback)).or_insert_with(|| Absence {
            found_by: errand.callback.id,
            is_certain: false,
            try_at: now,
            put_off: BTreeMap::new(),
        });
        if absence.is_certain {
            absence.put_off(errand, number, now);
        } else if absence.found_by == errand.callback.id {
            self.hold(errand.terms.again_at, errand);
        } else {
            absence.is_certain = true;
            absence.try_at = now + TRY_EVERY;
            absence.put_off(errand, number, now);
        }
    }

    fn hold(&mut self, at: Timestamp, errand: Errand) {
        let number = self.number();
        self.due.push(Reverse((at, number)));
        self.errands.insert(number, errand);
    }

    fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    /// Holds one that may wait for the orchestrator also to be ended, if its callback's life ends under this lease.
    fn end_in_time(&mut self, errand: &mut Errand, now: Timestamp) {
        let ends = errand.callback.expires_at();
        if ends < errand.terms.lease.expires && !errand.terms.is_ended_in_time {
            errand.terms.is_ended_in_time = true;
            let (callback, lease) = (errand.callback.clone(), errand.terms.lease.clone());
            self.hold(ends.max(now), Errand::new(ends, callback, lease, What::Expire));
        }
    }

    fn unless_put_off(&mut self, mut errand: Errand, now: Timestamp) -> Option<Errand> {
        if errand.is_over(now) {
            return None;
        }
        if self.absences.is_empty() || !errand.is_hand_over() {
            return Some(errand);
        }
        let service = service(&errand.callback);
        if !self.absences.get(&service).is_some_and(|absence| absence.is_certain) {
            return Some(errand);
        }
        self.end_in_time(&mut errand, now);
        let number = self.number();
        let absence = self.absences.get_mut(&service)?;
        if now < absence.try_at {
            absence.put_off(errand, number, now);
            return None;
        }
        absence.try_at = now + TRY_EVERY;
        Some(errand)
    }
}

impl Absence {
    /// When one that was put off may be tried.
    fn next(&self) -> Option<Timestamp> {
        self.put_off.first_key_value().map(|((again_at, _), _)| self.try_at.max(*again_at))
    }

    /// One that was put off, when it is time to try.
    fn next_try(&mut self, now: Timestamp) -> Option<Errand> {
        while self.next().is_some_and(|at| at <= now) {
            let (_, errand) = self.put_off.pop_first()?;
            if now < errand.terms.lease.expires && !errand.is_over(now) {
                self.try_at = now + TRY_EVERY;
                return Some(errand);
            }
        }
        None
    }

    fn put_off(&mut self, errand: Errand, number: u64, now: Timestamp) {
        // Whoever leases them anew puts them off anew.
        while self.put_off.first_entry().is_some_and(|first| first.get().terms.lease.expires <= now) {
            self.put_off.pop_first();
        }
        self.put_off.insert((errand.terms.again_at, number), errand);
    }
}

fn service(callback: &Callback) -> Service {
    (callback.tenant.clone(), callback.service.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::fixtures::{at, issued, scheduled};

    fn hand_over(number: u64) -> Errand {
        let callback = issued(&scheduled(number, at("12:00")), at("12:00"));
        let lease = Lease {
            tenant: callback.tenant.clone(),
            id: callback.id,
            version: callback.version,
            fence: number,
            expires: at("12:00:30"),
        };
        let task = callback.outbox[0].task.clone();
        Errand::new(at("12:00"), callback, lease, What::Task(task))
    }

    #[test]
    fn an_orchestrator_that_takes_few_at_a_time_is_not_asked_by_all_whenever_it_takes_one() {
        let held = Held::default();
        let now = at("12:00");
        for number in 1..=3 {
            held.not_reached(hand_over(number), now);
        }
        held.hold(hand_over(4));
        assert!(held.take(now, 10).keep().is_empty(), "put off");
        assert!(held.reached(&hand_over(5).callback));
        let again: Vec<Errand> = held.take(now, 10).keep();
        assert_eq!(again.iter().map(|errand| errand.terms.lease.fence).collect::<Vec<_>>(), [4]);
        assert_eq!(held.next_due(), Some(now + Duration::from_secs(1)), "who has just tried waits a second");
    }
}
