//! What is looked up other than by id. Every record enters and leaves all indexes at once, in one place each.

use std::collections::{BTreeMap, BTreeSet};

use super::callbacks::{Entry, Key};
use crate::id::{CallbackId, ServiceName, TenantId};
use crate::number::ComparisonNumber;
use crate::port::{IndexEntry, Tally};
use crate::slots::UtcMinute;
use crate::time::{Interval, Timestamp};

/// The indexes over all records.
#[derive(Default)]
pub(super) struct Indexes {
    /// By due instant, leases aside: the order of leasing.
    pub due: BTreeSet<(Timestamp, Key)>,
    /// By the instant from which it can be leased: the next wake.
    pub available: BTreeSet<(Timestamp, Key)>,
    /// By tenant, desired time and id: the order of listings.
    pub listed: BTreeSet<(TenantId, Timestamp, CallbackId)>,
    /// The finished ones by the instant from which they may be purged.
    pub finished: BTreeSet<(Timestamp, Key)>,
    services: BTreeMap<(TenantId, ServiceName), OfService>,
}

/// What is counted and found per service.
#[derive(Default)]
pub(super) struct OfService {
    /// Places held, by desired time.
    pub places: BTreeMap<Timestamp, u32>,
    /// Unfinished records by number.
    pub numbers: BTreeMap<ComparisonNumber, u32>,
    /// SCHEDULED records without a pending hand-over, by desired time.
    pub waiting: BTreeSet<(Timestamp, CallbackId)>,
    /// Unfinished records by state.
    pub tally: Tally,
}

impl Indexes {
    pub fn enter(&mut self, key: &Key, entry: &Entry) {
        let Entry { callback, index, .. } = entry;
        self.due.extend(entry.due().map(|due| (due, key.clone())));
        self.available.extend(entry.available().map(|available| (available, key.clone())));
        self.listed.insert((key.0.clone(), index.desired, key.1));
        self.finished.extend(index.purge_at.map(|purge_at| (purge_at, key.clone())));
        let service = (callback.tenant.clone(), callback.service.clone());
        self.services.entry(service).or_default().enter(key.1, index);
    }

    /// The exact opposite of [`Indexes::enter`]; the entry must be the one that entered.
    pub fn leave(&mut self, key: &Key, entry: &Entry) {
        let Entry { callback, index, .. } = entry;
        if let Some(due) = entry.due() {
            self.due.remove(&(due, key.clone()));
        }
        if let Some(available) = entry.available() {
            self.available.remove(&(available, key.clone()));
        }
        self.listed.remove(&(key.0.clone(), index.desired, key.1));
        if let Some(purge_at) = index.purge_at {
            self.finished.remove(&(purge_at, key.clone()));
        }
        let service = (callback.tenant.clone(), callback.service.clone());
        if let Some(of_service) = self.services.get_mut(&service) {
            of_service.leave(key.1, index);
            if of_service.is_empty() {
                self.services.remove(&service);
            }
        }
    }

    pub fn service(&self, tenant: &TenantId, service: &ServiceName) -> Option<&OfService> {
        self.services.get(&(tenant.clone(), service.clone()))
    }

    pub fn cells(&self, tenant: &TenantId, service: &ServiceName, window: Interval) -> Vec<(UtcMinute, u32)> {
        // A window that begins within a minute takes the whole of that minute.
        let start = UtcMinute::from(window.start).start().min(window.start);
        let range = Interval::new(start, window.end);
        let Some(of_service) = self.service(tenant, service) else { return Vec::new() };
        of_service.places_in(range).map(|(desired, count)| (desired.into(), count)).collect()
    }

    pub fn tally(&self, tenant: &TenantId) -> Vec<(ServiceName, Tally)> {
        let first = (tenant.clone(), ServiceName::from(""));
        self.services
            .range(first..)
            .take_while(|((of, _), _)| of == tenant)
            .map(|((_, service), of_service)| (service.clone(), of_service.tally))
            .collect()
    }
}

impl OfService {
    fn enter(&mut self, id: CallbackId, index: &IndexEntry) {
        if index.holds_place {
            *self.places.entry(index.desired).or_default() += 1;
        }
        if !index.is_finished() {
            *self.numbers.entry(index.number).or_default() += 1;
        }
        if index.awaits_its_time {
            self.waiting.insert((index.desired, id));
        }
        if let Some(count) = self.tally.count(index.state) {
            *count += 1;
        }
    }

    fn leave(&mut self, id: CallbackId, index: &IndexEntry) {
        if index.holds_place {
            one_less(&mut self.places, index.desired);
        }
        if !index.is_finished() {
            one_less(&mut self.numbers, index.number);
        }
        self.waiting.remove(&(index.desired, id));
        if let Some(count) = self.tally.count(index.state) {
            *count = count.saturating_sub(1);
        }
    }

    /// Places held in a range, by desired time.
    pub fn places_in(&self, range: Interval) -> impl Iterator<Item = (Timestamp, u32)> {
        // An ordered map panics when asked for a range that ends before it starts.
        let end = range.end.max(range.start);
        self.places.range(range.start..end).map(|(desired, count)| (*desired, *count))
    }

    fn is_empty(&self) -> bool {
        self.places.is_empty() && self.tally == Tally::default()
    }
}

fn one_less<K: Ord>(counts: &mut BTreeMap<K, u32>, key: K) {
    if let Some(count) = counts.get_mut(&key) {
        *count -= 1;
        if *count == 0 {
            counts.remove(&key);
        }
    }
}
