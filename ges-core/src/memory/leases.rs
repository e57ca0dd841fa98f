//! Who may act on a record, and until when.

use std::collections::BTreeSet;

use super::callbacks::{Callbacks, Entry, Held, Key};
use crate::id::{CallbackId, NodeId};
use crate::port::{Lease, LeaseRequest, Leased, Raised, Release};
use crate::time::Timestamp;

impl Callbacks {
    pub fn lease(&mut self, request: &LeaseRequest) -> Vec<Leased> {
        // The first `limit` by each of the two ways hold the first `limit` of both together.
        let free = |key: &Key| self.records.get(key).filter(|entry| entry.is_free(request.now));
        let by_wake = self
            .indexes
            .due
            .iter()
            .take_while(|(due, _)| *due <= request.until)
            .filter_map(|(_, key)| free(key).map(|entry| (wake_order(entry), key.clone())));
        let mut found: BTreeSet<(Timestamp, Key)> = by_wake.take(request.limit).collect();
        for raised in &request.raised {
            let keys = self.waiting_before(raised);
            found.extend(keys.filter_map(|key| free(&key).map(|entry| (wake_order(entry), key.clone()))));
        }
        let chosen = found.into_iter().take(request.limit).map(|(_, key)| key);
        let expires = request.now + request.lasting;
        let grant = |key: &Key| self.grant(key, &request.owner, expires);
        chosen.collect::<Vec<_>>().iter().filter_map(grant).collect()
    }

    pub fn release(&mut self, release: &Release) {
        let Release { lease, not_before } = release;
        let key = (lease.tenant.clone(), lease.id);
        if self.newest(&key).is_some_and(|held| held.fence == lease.fence) {
            self.update(&key, |entry| {
                entry.lease = None;
                entry.deferred = Some(*not_before);
            });
        }
    }

    pub fn end_leases(&mut self, owner: &NodeId) -> usize {
        let of_owner = |entry: &Entry| entry.lease.as_ref().is_some_and(|lease| lease.owner == *owner);
        let keys: Vec<Key> =
            self.records.iter().filter(|(_, entry)| of_owner(entry)).map(|(key, _)| key.clone()).collect();
        keys.iter().for_each(|key| self.update(key, |entry| entry.lease = None));
        keys.len()
    }

    pub fn holds(&self, lease: &Lease, now: Timestamp) -> bool {
        let key = (lease.tenant.clone(), lease.id);
        self.newest(&key).is_some_and(|held| held.fence == lease.fence && now < held.expires)
            && self.records.get(&key).is_some_and(|entry| entry.callback.version == lease.version)
    }

    pub fn next_wake(&self) -> Option<Timestamp> {
        self.indexes.available.first().map(|(available, _)| *available)
    }

    fn grant(&mut self, key: &Key, owner: &NodeId, expires: Timestamp) -> Option<Leased> {
        self.fence += 1;
        let fence = self.fence;
        let held = Held { owner: owner.clone(), fence, expires };
        let due = self.records.get(key).map(wake_order)?;
        self.update(key, |entry| entry.lease = Some(held));
        // One that cannot be read stays leased until its lease runs out, so that it stands in nobody's way.
        let callback = self.records.get(key)?.read().ok()?.clone();
        let (tenant, id) = key.clone();
        let lease = Lease { tenant, id, version: callback.version, fence, expires };
        Some(Leased { callback, due, lease })
    }

    fn newest(&self, key: &Key) -> Option<&Held> {
        self.records.get(key).and_then(|entry| entry.lease.as_ref())
    }

    fn waiting_before(&self, raised: &Raised) -> impl Iterator<Item = Key> {
        let of_service = self.indexes.service(&raised.tenant, &raised.service);
        let before = (raised.desired_before, CallbackId(uuid::Uuid::nil()));
        let waiting = of_service.into_iter().flat_map(move |service| service.waiting.range(..before));
        waiting.map(|(_, id)| (raised.tenant.clone(), *id))
    }
}

/// What leases are ordered by; a record without an instant of its own comes last.
fn wake_order(entry: &Entry) -> Timestamp {
    entry.due().unwrap_or(Timestamp::MAX)
}
