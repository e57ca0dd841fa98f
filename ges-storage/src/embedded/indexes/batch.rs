//! What the jobs of one transaction have changed, kept apart until it is committed.

use std::collections::{BTreeMap, HashSet};
use std::ops::Range;
use std::sync::{PoisonError, RwLock};

use ges_core::callback::StateName;
use ges_core::port::{Fence, IndexEntry};
use ges_core::slots::UtcMinute;
use ges_core::{ServiceName, TenantId};

use super::services::Cell;
use super::{Indexes, Names, ServiceKey, TenantKey};
use crate::embedded::row::Key;

/// So many wakes are entered under one lock, so that a big batch does not keep readers waiting.
const WAKES_AT_ONCE: usize = 256;

/// The changes of one transaction, seen by its later jobs and by nobody else.
#[derive(Default)]
pub(in crate::embedded) struct Batch {
    names: Names,
    new_tenants: Vec<(TenantId, TenantKey)>,
    new_services: Vec<(TenantId, ServiceName, ServiceKey)>,
    cells: BTreeMap<(ServiceKey, UtcMinute), Cell>,
    states: BTreeMap<(ServiceKey, StateName), i64>,
    wakes: Vec<Moved>,
    ended: HashSet<Key>,
}

/// What became of the wake of one record.
pub(in crate::embedded) struct Moved {
    pub key: Key,
    /// When it needed attention before; none for a new record.
    pub from: Option<i64>,
    /// When it needs attention now; none for a purged one.
    pub to: Option<i64>,
    /// The version it has now.
    pub version: i64,
    /// The lease under which it was changed.
    pub fence: Option<Fence>,
}

impl Batch {
    pub fn tenant(&self, tenant: &TenantId) -> Option<TenantKey> {
        self.names.tenant(tenant)
    }

    pub fn service(&self, tenant: &TenantId, service: &ServiceName) -> Option<ServiceKey> {
        self.names.service(tenant, service)
    }

    pub fn enter_tenant(&mut self, tenant: &TenantId, key: TenantKey) {
        self.names.enter_tenant(tenant.clone(), key);
        self.new_tenants.push((tenant.clone(), key));
    }

    /// Enters a service of a tenant whose key is this.
    pub fn enter_service(
        &mut self,
        tenant: &TenantId,
        tenant_key: TenantKey,
        service: &ServiceName,
        key: ServiceKey,
    ) {
        self.names.enter_tenant(tenant.clone(), tenant_key);
        self.names.enter_service(tenant, service.clone(), key);
        self.new_services.push((tenant.clone(), service.clone(), key));
    }

    /// Counts a record in (`sign` 1) or out (-1).
    pub fn count(&mut self, service: ServiceKey, entry: &IndexEntry, sign: i64) {
        self.cells.entry((service, entry.minute())).or_default().add(Cell::of(entry, sign));
        *self.states.entry((service, entry.state)).or_default() += sign;
    }

    pub fn moved(&mut self, moved: Moved) {
        if moved.fence.is_none() {
            self.ended.insert(moved.key);
        }
        self.wakes.push(moved);
    }

    /// How many places this batch has added in those minutes, or taken away.
    pub fn places(&self, service: ServiceKey, minutes: Range<UtcMinute>) -> i64 {
        if minutes.start >= minutes.end {
            return 0;
        }
        self.cells.range((service, minutes.start)..(service, minutes.end)).map(|(_, cell)| cell.places).sum()
    }

    /// How many records this batch has made active, or taken out of activity.
    pub fn active(&self, service: ServiceKey) -> i64 {
        let active = StateName::ALL.into_iter().filter(|state| state.is_active());
        active.filter_map(|state| self.states.get(&(service, state))).sum()
    }

    /// Whether an earlier job of this batch ended the lease of the record.
    pub fn has_ended_lease(&self, key: Key) -> bool {
        self.ended.contains(&key)
    }

    /// Makes the committed changes known. Counts and names appear at once, wakes a few hundred at a time: each record
    /// is apart from the others, and is not leased before its turn has come.
    pub fn apply(self, indexes: &RwLock<Indexes>) {
        let write = || indexes.write().unwrap_or_else(PoisonError::into_inner);
        {
            let mut indexes = write();
            for (tenant, key) in self.new_tenants {
                indexes.names.enter_tenant(tenant, key);
            }
            for (tenant, service, key) in self.new_services {
                indexes.names.enter_service(&tenant, service, key);
            }
            for ((service, minute), cell) in self.cells {
                indexes.services.add_cell(service, minute, cell);
            }
            for ((service, state), change) in self.states {
                indexes.services.add_state(service, state, change);
            }
        }
        for some in self.wakes.chunks(WAKES_AT_ONCE) {
            let mut indexes = write();
            for moved in some {
                indexes.wakes.moved(moved);
            }
        }
    }

    /// Gives up: the records may be leased again as they were.
    pub fn forget(self, indexes: &RwLock<Indexes>) {
        let mut indexes = indexes.write().unwrap_or_else(PoisonError::into_inner);
        for moved in self.wakes {
            indexes.wakes.unchanged(moved.key);
        }
    }
}
