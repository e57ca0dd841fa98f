//! The model: a list of records, looked through from end to end for every question.

use std::collections::{BTreeMap, BTreeSet};

use crate::Interval;
use crate::callback::{Callback, State};
use crate::id::{CallbackId, ServiceName, TenantId};
use crate::port::{
    Booked, Booking, Change, Conflict, Fence, Guard, Lease, LeaseRequest, Leased, Page, Query, Release, Tally,
};
use crate::time::Timestamp;

#[derive(Default)]
pub(super) struct Plain {
    pub records: Vec<Record>,
    /// The largest fence each record was ever leased with, purged records included.
    fences: BTreeMap<(TenantId, CallbackId), Fence>,
}

#[derive(Clone)]
pub(super) struct Record {
    pub callback: Callback,
    pub wake_at: Option<Timestamp>,
    pub deferred: Option<Timestamp>,
    pub lease: Option<(Fence, Timestamp)>,
}

impl Record {
    pub fn new(callback: Callback, wake_at: Option<Timestamp>) -> Self {
        Record { callback, wake_at, deferred: None, lease: None }
    }

    fn is(&self, tenant: &TenantId, id: CallbackId) -> bool {
        self.callback.tenant == *tenant && self.callback.id == id
    }

    fn due(&self) -> Option<Timestamp> {
        self.wake_at.map(|wake| wake.max(self.deferred.unwrap_or(wake)))
    }

    fn can_be_leased(&self, request: &LeaseRequest) -> bool {
        let free = self.lease.is_none_or(|(_, expires)| expires <= request.now);
        let callback = &self.callback;
        let waits = callback.state == State::Scheduled && callback.pending_attempt().is_none();
        let is_raised = request.raised.iter().any(|raised| {
            raised.tenant == callback.tenant
                && raised.service == callback.service
                && callback.desired < raised.desired_before
        });
        free && (self.due().is_some_and(|due| due <= request.until) || (waits && is_raised))
    }
}

impl Plain {
    pub fn book(&mut self, booking: Booking) -> Booked {
        let Booking { callback, wake_at, guards } = booking;
        if self.records.iter().any(|record| record.is(&callback.tenant, callback.id)) {
            return Booked::Exists;
        }
        match self.first_broken(&callback, &guards) {
            Some(index) => Booked::Refused(index),
            None => {
                self.records.push(Record::new(callback, wake_at));
                Booked::Accepted
            }
        }
    }

    /// Applies the change if it may happen; otherwise answers all the conflicts it meets.
    pub fn change(&mut self, change: Change) -> Vec<Conflict> {
        let Change { mut next, expected, wake_at, keeps_user_data, guards, fence } = change;
        let Some(index) = self.records.iter().position(|record| record.is(&next.tenant, next.id)) else {
            return vec![Conflict::Missing];
        };
        let lease = self.records[index].lease;
        let mut conflicts = Vec::new();
        if self.records[index].callback.version != expected {
            conflicts.push(Conflict::Stale);
        }
        if fence.is_some() && fence != lease.map(|(newest, _)| newest) {
            conflicts.push(Conflict::Fenced);
        }
        conflicts.extend(self.first_broken(&next, &guards).map(Conflict::Refused));
        if conflicts.is_empty() {
            if keeps_user_data {
                next.request_mut().user_data = self.records[index].callback.request.user_data.clone();
            }
            let lease = lease.filter(|_| fence.is_some());
            self.records[index] = Record { lease, ..Record::new(next, wake_at) };
        }
        conflicts
    }

    /// Checks what the store leased, and takes it over.
    pub fn lease(&mut self, request: &LeaseRequest, leased: &[Leased], which: &str) {
        let possible: Vec<&Record> =
            self.records.iter().filter(|record| record.can_be_leased(request)).collect();
        assert_eq!(leased.len(), request.limit.min(possible.len()), "{which}: {request:?}");
        let wake = |record: &Record| record.due().unwrap_or(Timestamp::MAX);
        let chosen: Vec<&Record> = leased
            .iter()
            .map(|one| {
                let found = possible.iter().find(|record| record.is(&one.lease.tenant, one.lease.id));
                *found.unwrap_or_else(|| panic!("{which}: {:?} must not be leased", one.callback))
            })
            .collect();
        let ids: BTreeSet<_> = leased.iter().map(|one| (one.lease.tenant.clone(), one.lease.id)).collect();
        assert_eq!(ids.len(), leased.len(), "{which}: no record twice");
        // Where a deferred record stands among the others is left open.
        if possible.iter().all(|record| record.deferred.is_none()) {
            assert!(chosen.is_sorted_by_key(|record| wake(record)), "{which}: earliest first");
            let mut all: Vec<Timestamp> = possible.iter().map(|record| wake(record)).collect();
            all.sort_unstable();
            let earliest = all.get(leased.len().saturating_sub(1)).copied();
            assert!(chosen.last().is_none_or(|last| Some(wake(last)) == earliest), "{which}: the earliest");
        }
        for (one, record) in leased.iter().zip(chosen) {
            assert_eq!(one.callback, record.callback, "{which}");
            assert_eq!(one.lease.version, one.callback.version, "{which}");
            assert_eq!(one.lease.expires, request.now + request.lasting, "{which}");
        }
        for Leased { lease, .. } in leased {
            let former = self.fences.insert((lease.tenant.clone(), lease.id), lease.fence);
            assert!(former.is_none_or(|former| former < lease.fence), "{which}: fences grow");
            let same = self.records.iter_mut().filter(|record| record.is(&lease.tenant, lease.id));
            same.for_each(|record| record.lease = Some((lease.fence, lease.expires)));
        }
    }

    pub fn release(&mut self, release: &Release) {
        let Release { lease, not_before } = release;
        for record in self.records.iter_mut().filter(|record| record.is(&lease.tenant, lease.id)) {
            if record.lease.is_some_and(|(newest, _)| newest == lease.fence) {
                record.lease = None;
                record.deferred = Some(*not_before);
            }
        }
    }

    pub fn holds(&self, lease: &Lease, now: Timestamp) -> bool {
        self.records.iter().any(|record| {
            record.is(&lease.tenant, lease.id)
                && record.callback.version == lease.version
                && record.lease.is_some_and(|(newest, expires)| newest == lease.fence && now < expires)
        })
    }

    pub fn next_wake(&self) -> Option<Timestamp> {
        let wakes = self.records.iter().filter_map(|record| {
            record.due().map(|due| record.lease.map_or(due, |(_, expires)| due.max(expires)))
        });
        wakes.min()
    }

    pub fn places(&self, tenant: &TenantId, service: &ServiceName, range: Interval) -> u32 {
        let holding = self.records.iter().map(|record| &record.callback).filter(|callback| {
            callback.tenant == *tenant
                && callback.service == *service
                && callback.holds_place()
                && range.contains(callback.desired)
        });
        u32::try_from(holding.count()).unwrap_or(u32::MAX)
    }

    pub fn tally(&self, tenant: &TenantId) -> BTreeMap<ServiceName, Tally> {
        let mut tallies: BTreeMap<ServiceName, Tally> = BTreeMap::new();
        let unfinished = self.records.iter().map(|record| &record.callback).filter(|one| one.is_unfinished());
        for callback in unfinished.filter(|callback| callback.tenant == *tenant) {
            let tally = tallies.entry(callback.service.clone()).or_default();
            if let Some(count) = tally.count(callback.state.name()) {
                *count += 1;
            }
        }
        tallies
    }

    pub fn query(&self, query: &Query) -> Page {
        let mut matching: Vec<&Callback> = self
            .records
            .iter()
            .map(|record| &record.callback)
            .filter(|callback| callback.tenant == query.tenant)
            .filter(|callback| query.services.as_ref().is_none_or(|some| some.contains(&callback.service)))
            .filter(|callback| query.states.as_ref().is_none_or(|some| some.contains(&callback.state.name())))
            .filter(|callback| query.comparison.is_none_or(|it| callback.request.number.comparison() == it))
            .filter(|callback| query.desired.is_none_or(|inside| inside.contains(callback.desired)))
            .filter(|callback| query.after.is_none_or(|after| (callback.desired, callback.id) > after))
            .collect();
        matching.sort_by_key(|callback| (callback.desired, callback.id));
        let callbacks: Vec<Callback> = matching.iter().copied().take(query.limit).cloned().collect();
        let more = matching.len() > query.limit;
        let next = callbacks.last().filter(|_| more).map(|last| (last.desired, last.id));
        Page { callbacks, next }
    }

    /// Checks who is gone after a purge, and forgets them.
    pub fn purge(&mut self, now: Timestamp, limit: usize, gone: &[(TenantId, CallbackId)], which: &str) {
        let is_gone = |record: &Record| gone.iter().any(|(tenant, id)| record.is(tenant, *id));
        let over = |record: &&Record| !record.callback.is_unfinished() && record.callback.purge_at() <= now;
        let mut possible: Vec<Timestamp> =
            self.records.iter().filter(over).map(|record| record.callback.purge_at()).collect();
        possible.sort_unstable();
        assert_eq!(gone.len(), limit.min(possible.len()), "{which}: as many as asked for");
        assert!(
            self.records.iter().filter(|record| is_gone(record)).all(|record| over(&record)),
            "{which}: too early"
        );
        let mut purged: Vec<Timestamp> = self
            .records
            .iter()
            .filter(|record| is_gone(record))
            .map(|record| record.callback.purge_at())
            .collect();
        purged.sort_unstable();
        assert!(possible.starts_with(&purged), "{which}: oldest first");
        self.records.retain(|record| !is_gone(record));
    }

    /// The first guard that does not hold, the record itself not counted.
    fn first_broken(&self, callback: &Callback, guards: &[Guard]) -> Option<usize> {
        let others: Vec<&Callback> = self
            .records
            .iter()
            .map(|record| &record.callback)
            .filter(|other| other.tenant == callback.tenant && other.service == callback.service)
            .filter(|other| other.id != callback.id)
            .collect();
        guards.iter().position(|guard| {
            let (count, limit) = match guard {
                Guard::Places(places) => {
                    let inside =
                        |other: &&&Callback| other.holds_place() && places.range.contains(other.desired);
                    (others.iter().filter(inside).count(), places.limit)
                }
                Guard::Number { comparison, limit } => {
                    let same = |other: &&&Callback| {
                        other.is_unfinished() && other.request.number.comparison() == *comparison
                    };
                    (others.iter().filter(same).count(), *limit)
                }
                Guard::Active { limit } => (others.iter().filter(|other| other.is_active()).count(), *limit),
            };
            count >= limit as usize
        })
    }
}
