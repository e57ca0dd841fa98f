//! The settings in force, and what is compiled from them.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use crate::capacity::Capacity;
use crate::hours::OfficeHours;
use crate::id::{ServiceName, TenantId};
use crate::settings::{CallbackService, TenantSettings};
use crate::slots::SlotTable;
use crate::time::{Interval, Timestamp};
use crate::zone::Zone;

/// How long a compiled table serves before it is made anew.
const GOOD_FOR: Duration = Duration::from_secs(2 * 86_400);

/// How far back a compiled table reaches, so that a clock set back still finds itself inside.
const BACK: Duration = Duration::from_secs(2 * 86_400);

/// All tenants in force, in the order of their ids, so that everything done for each of them is done in an order that
/// is the same at every run.
#[derive(Default)]
pub(super) struct Catalog {
    tenants: RwLock<BTreeMap<TenantId, Arc<Tenant>>>,
}

impl Catalog {
    pub fn put(&self, settings: TenantSettings) {
        let tenant = Tenant { settings: Arc::new(settings), compiled: Mutex::default() };
        let mut tenants = self.tenants.write().unwrap_or_else(PoisonError::into_inner);
        tenants.insert(tenant.settings.tenant.clone(), Arc::new(tenant));
    }

    pub fn remove(&self, tenant: &TenantId) {
        self.tenants.write().unwrap_or_else(PoisonError::into_inner).remove(tenant);
    }

    pub fn tenant(&self, tenant: &TenantId) -> Option<Arc<Tenant>> {
        self.tenants.read().unwrap_or_else(PoisonError::into_inner).get(tenant).cloned()
    }

    pub fn tenants(&self) -> Vec<TenantId> {
        self.tenants.read().unwrap_or_else(PoisonError::into_inner).keys().cloned().collect()
    }
}

/// One tenant in force.
pub(super) struct Tenant {
    settings: Arc<TenantSettings>,
    compiled: Mutex<HashMap<ServiceName, Arc<Compiled>>>,
}

impl Tenant {
    pub fn settings(&self) -> Arc<TenantSettings> {
        self.settings.clone()
    }

    /// A service with its hours and slots compiled for the days around `now`; `None` when there is no such service.
    pub fn service(&self, name: &ServiceName, now: Timestamp) -> Option<Arc<Compiled>> {
        let mut compiled = self.compiled.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(ready) = compiled.get(name).filter(|ready| ready.table.serves(now)) {
            return Some(ready.clone());
        }
        let service = self.settings.services.get(name)?;
        let made = Arc::new(Compiled::new(service.clone(), &self.settings, now));
        compiled.insert(name.clone(), made.clone());
        Some(made)
    }

    /// Office hours by their own name.
    pub fn hours(&self, name: &str) -> Option<Arc<OfficeHours>> {
        self.settings.hours.get(name).cloned()
    }
}

/// A service with everything that does not change from one question to the next.
pub(super) struct Compiled {
    pub service: Arc<CallbackService>,
    pub settings_version: u64,
    pub zone: Zone,
    pub hours: OfficeHours,
    pub table: SlotTable,
}

impl Compiled {
    fn new(service: Arc<CallbackService>, settings: &TenantSettings, now: Timestamp) -> Self {
        let hours = service.hours.as_ref().and_then(|name| settings.hours.get(name));
        let hours = hours.map_or_else(always_open, |hours| OfficeHours::clone(hours));
        let zone = hours.zone().clone();
        let rule = service.capacity_rule.as_ref().and_then(|name| settings.capacity_rules.get(name));
        let capacity = match rule {
            Some(rule) => {
                Capacity::ruled(service.scheduled.interval, rule.clone(), service.scheduled.short_interval)
            }
            None => Capacity::flat(service.scheduled.interval, service.scheduled.capacity),
        };
        let table = SlotTable::compile(&hours, &capacity, Interval::new(now - BACK, now + GOOD_FOR));
        Compiled { service, settings_version: settings.version, zone, hours, table }
    }

    /// The start of the period that is open at an instant; none when the office is closed then.
    pub fn opening(&self, at: Timestamp) -> Option<Timestamp> {
        self.table.open().period_start(at)
    }
}

/// A service without business hours is open around the clock ([engagement-api-v3 §3.5](crate::rules)), its slots are
/// those of UTC.
fn always_open() -> OfficeHours {
    OfficeHours::always(Zone::utc())
}
