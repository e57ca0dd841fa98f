//! What is looked up other than by id. Every record enters and leaves all indexes at once, in one place each.

use std::collections::{BTreeMap, BTreeSet};

use super::callbacks::{Entry, Key};
use crate::callback::{Callback, State};
use crate::id::{CallbackId, ServiceName, TenantId};
use crate::number::ComparisonNumber;
use crate::port::Tally;
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
        let callback = &entry.callback;
        self.due.extend(entry.due().map(|due| (due, key.clone())));
        self.available.extend(entry.available().map(|available| (available, key.clone())));
        self.listed.insert((key.0.clone(), callback.desired, key.1));
        if !callback.is_unfinished() {
            self.finished.insert((callback.purge_at(), key.clone()));
        }
        let service = (callback.tenant.clone(), callback.service.clone());
        self.services.entry(service).or_default().enter(callback);
    }

    /// The exact opposite of [`Indexes::enter`]; the entry must be the one that entered.
    pub fn leave(&mut self, key: &Key, entry: &Entry) {
        let callback = &entry.callback;
        if let Some(due) = entry.due() {
            self.due.remove(&(due, key.clone()));
        }
        if let Some(available) = entry.available() {
            self.available.remove(&(available, key.clone()));
        }
        self.listed.remove(&(key.0.clone(), callback.desired, key.1));
        self.finished.remove(&(callback.purge_at(), key.clone()));
        let service = (callback.tenant.clone(), callback.service.clone());
        if let Some(of_service) = self.services.get_mut(&service) {
            of_service.leave(callback);
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
    fn enter(&mut self, callback: &Callback) {
        if callback.holds_place() {
            *self.places.entry(callback.desired).or_default() += 1;
        }
        if callback.is_unfinished() {
            *self.numbers.entry(callback.request.number.comparison()).or_default() += 1;
        }
        if awaits_its_time(callback) {
            self.waiting.insert((callback.desired, callback.id));
        }
        if let Some(count) = self.tally.count(callback.state.name()) {
            *count += 1;
        }
    }

    fn leave(&mut self, callback: &Callback) {
        if callback.holds_place() {
            one_less(&mut self.places, callback.desired);
        }
        if callback.is_unfinished() {
            one_less(&mut self.numbers, callback.request.number.comparison());
        }
        self.waiting.remove(&(callback.desired, callback.id));
        if let Some(count) = self.tally.count(callback.state.name()) {
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

/// Whether a longer lead can make it due: it is SCHEDULED and no hand-over is decided.
fn awaits_its_time(callback: &Callback) -> bool {
    callback.state == State::Scheduled && callback.pending_attempt().is_none()
}

fn one_less<K: Ord>(counts: &mut BTreeMap<K, u32>, key: K) {
    if let Some(count) = counts.get_mut(&key) {
        *count -= 1;
        if *count == 0 {
            counts.remove(&key);
        }
    }
}
