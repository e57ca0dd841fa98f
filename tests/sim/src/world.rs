//! One world: its truth, its neighbours, its nodes, and the oracle that watches.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ges_core::memory::MemoryStore;
use ges_core::port::{CallbackStore, IdSource};
use ges_core::testing::SeededIds;
use ges_core::{ServiceName, TenantId};

use crate::bugs::Bug;
use crate::clock::Clocks;
use crate::dropped::Ask;
use crate::executor::{Executor, Millis, at_once};
use crate::faults::Injected;
use crate::hot::Hot;
use crate::net::Net;
use crate::node::Node;
use crate::offices::{self, Tenant};
use crate::oracle::{Book, Id, Oracle, Seen};
use crate::voice::Voice;

/// How long faults are injected: half an hour.
pub const STORM: Millis = 30 * 60_000;

/// Everything there is under one seed.
pub struct World {
    /// Time and tasks.
    pub exec: Executor,
    /// When it began.
    pub start: Millis,
    /// The planted mistake, if any.
    pub bug: Option<Bug>,
    /// How nodes know the time.
    pub clocks: Clocks,
    /// Chance of network and neighbours.
    pub chance: SeededIds,
    /// The truth.
    pub store: MemoryStore,
    /// The tenants.
    pub tenants: Vec<Arc<Tenant>>,
    net: Mutex<Net>,
    voice: Mutex<Voice>,
    hot: Mutex<Hot>,
    nodes: Mutex<Vec<Node>>,
    oracle: Mutex<Oracle>,
    injected: Mutex<Injected>,
    asking: Mutex<Option<Ask>>,
}

impl World {
    /// The world of a seed, with nothing in it yet.
    pub fn of(seed: u64, bug: Option<Bug>) -> Arc<Self> {
        let chance = SeededIds::new(seed.wrapping_mul(0x2545_f491_4f6c_dd1d).wrapping_add(1));
        let (start, zone) = offices::day(&chance);
        let other = offices::day(&chance).1;
        let tenants: Vec<Arc<Tenant>> = [("acme", zone), ("globex", other)]
            .into_iter()
            .map(|(id, zone)| Arc::new(Tenant::draw(id, zone, start, &chance)))
            .collect();
        let clocks = if chance.chance(80) { Clocks::Shared } else { Clocks::Wall };
        let start = start.as_millis();
        let book = Book {
            now: start,
            records: BTreeMap::new(),
            asked: Default::default(),
            leases: BTreeMap::new(),
            checked: BTreeMap::new(),
            entered: Default::default(),
            tenants: tenants.clone(),
            editions: tenants.iter().map(|tenant| ((tenant.id.clone(), 0), 0)).collect(),
            version: tenants.iter().map(|tenant| (tenant.id.clone(), 0)).collect(),
            waits: BTreeMap::new(),
            shared_clock: clocks == Clocks::Shared,
        };
        Arc::new(World {
            exec: Executor::new(start, chance.bits()),
            start,
            bug,
            clocks,
            store: MemoryStore::default(),
            tenants,
            net: Mutex::default(),
            voice: Mutex::default(),
            hot: Mutex::default(),
            nodes: Mutex::default(),
            oracle: Mutex::new(Oracle::new(book)),
            injected: Mutex::default(),
            asking: Mutex::default(),
            chance,
        })
    }

    /// The wires.
    pub fn net(&self) -> MutexGuard<'_, Net> {
        lock(&self.net)
    }

    /// The voice platform.
    pub fn voice(&self) -> MutexGuard<'_, Voice> {
        lock(&self.voice)
    }

    /// Redis.
    pub fn hot(&self) -> MutexGuard<'_, Hot> {
        lock(&self.hot)
    }

    /// The nodes, running or not.
    pub fn nodes(&self) -> MutexGuard<'_, Vec<Node>> {
        lock(&self.nodes)
    }

    /// The oracle, its clock set.
    pub fn oracle(&self) -> MutexGuard<'_, Oracle> {
        let now = self.exec.now();
        let mut oracle = lock(&self.oracle);
        oracle.book.now = now;
        oracle
    }

    /// What was injected so far.
    pub fn injected(&self) -> MutexGuard<'_, Injected> {
        lock(&self.injected)
    }

    /// The request that is being worked on at this moment.
    pub fn asking(&self) -> MutexGuard<'_, Option<Ask>> {
        lock(&self.asking)
    }

    /// Whether this mistake is planted.
    pub fn has(&self, bug: Bug) -> bool {
        self.bug == Some(bug)
    }

    /// Tells the oracle.
    pub fn see(&self, seen: &Seen<'_>) {
        self.oracle().see(seen);
    }

    /// A number from `from` up to, not including, `to`.
    pub fn draw(&self, from: Millis, to: Millis) -> Millis {
        let width = u64::try_from(to - from).unwrap_or(0);
        from + i64::try_from(self.chance.below(width)).unwrap_or(0)
    }

    /// So many times in a thousand.
    pub fn rarely(&self, permille: u64) -> bool {
        permille > 0 && self.chance.below(1000) < permille
    }

    /// Compares the stored records with what the oracle knows, and tells it every difference.
    pub fn audit<'i>(&self, ids: impl IntoIterator<Item = &'i Id>, fence: impl Fn(&Id) -> Option<u64>) {
        for id in ids {
            let stored = at_once(self.store.get(&id.0, id.1)).and_then(Result::ok).flatten();
            let mut oracle = self.oracle();
            let before = oracle.book.records.get(id).map(|known| known.now.clone());
            match (before, stored) {
                (None, None) => {}
                (Some(before), None) => oracle.see(&Seen::Vanished(&before)),
                (before, Some(after)) => {
                    if before.as_ref() != Some(&after) {
                        oracle.see(&Seen::Committed {
                            before: before.as_ref(),
                            after: &after,
                            fence: fence(id),
                        });
                    }
                }
            }
        }
    }

    /// Compares everything.
    pub fn audit_all(&self) {
        let ids: Vec<Id> = self.oracle().book.records.keys().cloned().collect();
        self.audit(&ids, |_| None);
    }

    /// A queue's wait becomes this; none means that nobody can tell.
    pub fn wait_becomes(&self, tenant: &TenantId, service: &ServiceName, wait: Option<u64>) {
        let mut oracle = self.oracle();
        let entry = oracle.book.waits.entry((tenant.clone(), service.clone())).or_default();
        entry.0 = wait;
        entry.1 = entry.1.max(wait.unwrap_or(0));
    }

    /// Lets go of everything that holds the world itself.
    pub fn dissolve(&self) {
        self.exec.dissolve();
        let nodes = std::mem::take(&mut *self.nodes());
        drop(nodes);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
