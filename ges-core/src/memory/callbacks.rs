//! Callbacks by id, and the way every write takes: out of the indexes, judged, into the indexes.

use std::collections::BTreeMap;
use std::ops::Bound;

use super::indexes::Indexes;
use crate::callback::Callback;
use crate::id::{CallbackId, NodeId, ServiceName, TenantId};
use crate::port::{
    Booked, Booking, Change, Conflict, Fence, IndexEntry, Order, Page, Query, StoreError, Tally,
};
use crate::slots::UtcMinute;
use crate::time::{Interval, Timestamp};

/// Names one record in the whole store.
pub(super) type Key = (TenantId, CallbackId);

/// One record and what the store itself knows about it.
pub(super) struct Entry {
    pub callback: Callback,
    /// What it is found and counted by.
    pub index: IndexEntry,
    /// Not before this, as the last holder of a lease said; ends with the next change.
    pub deferred: Option<Timestamp>,
    /// The newest lease; none when it was given back or ended by a change.
    pub lease: Option<Held>,
    /// Whether it cannot be read, as if its text were damaged; ends with the next change. Only tests make it so.
    pub spoilt: bool,
}

/// A record that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("the record is spoilt")]
pub(super) struct Spoilt(pub CallbackId);

impl From<Spoilt> for StoreError {
    fn from(spoilt: Spoilt) -> Self {
        StoreError::Corrupt { what: format!("callback {}", spoilt.0), source: Box::new(spoilt) }
    }
}

/// The newest lease of a record, perhaps expired.
#[derive(Clone)]
pub(super) struct Held {
    pub owner: NodeId,
    pub fence: Fence,
    pub expires: Timestamp,
}

impl Entry {
    fn new(callback: Callback, wake_at: Option<Timestamp>, lease: Option<Held>) -> Self {
        let index = IndexEntry::of(&callback, wake_at);
        Entry { callback, index, deferred: None, lease, spoilt: false }
    }

    /// When it may be leased by its own instant, leases aside.
    pub fn due(&self) -> Option<Timestamp> {
        self.index.wake_at.map(|wake| self.deferred.map_or(wake, |not_before| wake.max(not_before)))
    }

    /// When it may be leased by its own instant, its present lease included.
    pub fn available(&self) -> Option<Timestamp> {
        self.due().map(|due| self.lease.as_ref().map_or(due, |lease| due.max(lease.expires)))
    }

    /// The record, if it can be read.
    pub fn read(&self) -> Result<&Callback, Spoilt> {
        if self.spoilt { Err(Spoilt(self.callback.id)) } else { Ok(&self.callback) }
    }

    /// Whether nobody holds it at `now`.
    pub fn is_free(&self, now: Timestamp) -> bool {
        self.lease.as_ref().is_none_or(|lease| lease.expires <= now)
    }
}

/// All callbacks of all tenants.
#[derive(Default)]
pub(super) struct Callbacks {
    pub records: BTreeMap<Key, Entry>,
    pub indexes: Indexes,
    /// The last fence given out, of whatever record.
    pub fence: Fence,
}

impl Callbacks {
    pub fn book(&mut self, booking: Booking) -> Booked {
        let Booking { callback, wake_at, guards } = booking;
        let key = (callback.tenant.clone(), callback.id);
        if self.records.contains_key(&key) {
            return Booked::Exists;
        }
        if let Some(index) = self.indexes.first_broken(&callback, &guards) {
            return Booked::Refused(index);
        }
        self.insert(key, Entry::new(callback, wake_at, None));
        Booked::Accepted
    }

    pub fn get(&self, tenant: &TenantId, id: CallbackId) -> Result<Option<Callback>, Spoilt> {
        self.records.get(&(tenant.clone(), id)).map(|entry| entry.read().cloned()).transpose()
    }

    pub fn change(&mut self, change: Change) -> Result<(), Conflict> {
        let Change { mut next, expected, wake_at, keeps_user_data, guards, fence } = change;
        let key = (next.tenant.clone(), next.id);
        let stored = self.records.get(&key).ok_or(Conflict::Missing)?;
        if stored.callback.version != expected {
            return Err(Conflict::Stale);
        }
        if fence.is_some() && fence != stored.lease.as_ref().map(|lease| lease.fence) {
            return Err(Conflict::Fenced);
        }
        // Out of the indexes first, so that its own place and number are not counted against it.
        let Some(former) = self.remove(&key) else { return Err(Conflict::Missing) };
        if let Some(index) = self.indexes.first_broken(&next, &guards) {
            self.insert(key, former);
            return Err(Conflict::Refused(index));
        }
        if keeps_user_data {
            next.request_mut().user_data = former.callback.request.user_data.clone();
        }
        let lease = former.lease.filter(|_| fence.is_some());
        self.insert(key, Entry::new(next, wake_at, lease));
        Ok(())
    }

    pub fn occupancy(
        &self,
        tenant: &TenantId,
        service: &ServiceName,
        window: Interval,
    ) -> Vec<(UtcMinute, u32)> {
        self.indexes.cells(tenant, service, window)
    }

    pub fn tally(&self, tenant: &TenantId) -> Vec<(ServiceName, Tally)> {
        self.indexes.tally(tenant)
    }

    pub fn query(&self, query: &Query) -> Result<Page, Spoilt> {
        let start = match query.after {
            Some((desired, id)) => Bound::Excluded((query.tenant.clone(), desired, id)),
            None => Bound::Included((query.tenant.clone(), Timestamp::MIN, CallbackId(uuid::Uuid::nil()))),
        };
        let mut matching = self
            .indexes
            .listed
            .range((start, Bound::Unbounded))
            .take_while(|(tenant, ..)| *tenant == query.tenant)
            .filter_map(|(tenant, _, id)| self.records.get(&(tenant.clone(), *id)))
            .filter(|entry| matches(query, entry));
        let read = matching.by_ref().take(query.limit).map(|entry| entry.read().cloned());
        let callbacks: Vec<Callback> = read.collect::<Result<_, _>>()?;
        let next = matching.next().and(callbacks.last().map(order));
        Ok(Page { callbacks, next })
    }

    pub fn purge(&mut self, now: Timestamp, limit: usize) -> usize {
        let over = self.indexes.finished.iter().take_while(|(purge_at, _)| *purge_at <= now);
        let keys: Vec<Key> = over.take(limit).map(|(_, key)| key.clone()).collect();
        keys.iter().filter_map(|key| self.remove(key)).count()
    }

    /// Whether there is such a record, which from now on cannot be read.
    #[cfg(feature = "testing")]
    pub fn spoil(&mut self, key: &Key) -> bool {
        self.records.get_mut(key).map(|entry| entry.spoilt = true).is_some()
    }

    /// Changes what the store knows about a record, the indexes with it.
    pub fn update(&mut self, key: &Key, change: impl FnOnce(&mut Entry)) {
        if let Some(mut entry) = self.remove(key) {
            change(&mut entry);
            self.insert(key.clone(), entry);
        }
    }

    fn insert(&mut self, key: Key, entry: Entry) {
        self.indexes.enter(&key, &entry);
        self.records.insert(key, entry);
    }

    fn remove(&mut self, key: &Key) -> Option<Entry> {
        let entry = self.records.remove(key)?;
        self.indexes.leave(key, &entry);
        Some(entry)
    }
}

fn order(callback: &Callback) -> Order {
    (callback.desired, callback.id)
}

fn matches(query: &Query, Entry { callback, index, .. }: &Entry) -> bool {
    let of = |services: &Vec<ServiceName>| services.contains(&callback.service);
    query.services.as_ref().is_none_or(of)
        && query.states.as_ref().is_none_or(|states| states.contains(&index.state))
        && query.comparison.is_none_or(|number| index.number == number)
        && query.desired.is_none_or(|inside| inside.contains(index.desired))
}
