//! Call-in requests by id and by group.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use crate::callin::{CallInRequest, CallInState};
use crate::id::TenantId;
use crate::port::{CallInChange, CallInGroupState};
use crate::time::Timestamp;

type Key = (TenantId, Uuid);

/// All call-in requests of all tenants.
#[derive(Default)]
pub(super) struct CallIns {
    requests: BTreeMap<Key, (String, CallInRequest)>,
    groups: BTreeMap<(TenantId, String), Group>,
    by_creation: BTreeSet<(Timestamp, Key)>,
}

#[derive(Default)]
struct Group {
    version: u64,
    waiting: BTreeSet<Uuid>,
}

impl CallIns {
    pub fn group(&self, tenant: &TenantId, group: &str) -> CallInGroupState {
        let Some(known) = self.groups.get(&(tenant.clone(), group.to_owned())) else {
            return CallInGroupState::default();
        };
        let waiting = known.waiting.iter().filter_map(|id| self.request(tenant, *id)).collect();
        CallInGroupState { version: known.version, waiting }
    }

    pub fn change(&mut self, change: CallInChange) -> bool {
        let CallInChange { tenant, group, expected, requests } = change;
        let group_key = (tenant.clone(), group.clone());
        let version = self.groups.get(&group_key).map_or(0, |known| known.version);
        if version != expected {
            return false;
        }
        for request in requests {
            let key = (tenant.clone(), request.id);
            self.remove(&key);
            self.by_creation.insert((request.created_at, key.clone()));
            if request.state == CallInState::Waiting {
                self.groups.entry(group_key.clone()).or_default().waiting.insert(request.id);
            }
            self.requests.insert(key, (group.clone(), request));
        }
        self.groups.entry(group_key).or_default().version = version + 1;
        true
    }

    pub fn request(&self, tenant: &TenantId, id: Uuid) -> Option<CallInRequest> {
        self.requests.get(&(tenant.clone(), id)).map(|(_, request)| request.clone())
    }

    pub fn purge(&mut self, before: Timestamp, limit: usize) -> usize {
        let over = self.by_creation.iter().take_while(|(created, _)| *created <= before);
        let keys: Vec<Key> = over.take(limit).map(|(_, key)| key.clone()).collect();
        keys.iter().for_each(|key| self.remove(key));
        keys.len()
    }

    fn remove(&mut self, key: &Key) {
        let Some((group, request)) = self.requests.remove(key) else { return };
        self.by_creation.remove(&(request.created_at, key.clone()));
        if let Some(known) = self.groups.get_mut(&(key.0.clone(), group)) {
            known.waiting.remove(&key.1);
        }
    }
}
