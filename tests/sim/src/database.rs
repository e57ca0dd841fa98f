//! The durable store as a node reaches it: one truth behind the wires, and an adapter that repeats what may be repeated
//! when the outcome is unknown.

mod served;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use ges_core::callback::Callback;
use ges_core::callin::CallInRequest;
use ges_core::port::{
    Booked, Booking, CallInChange, CallInGroupState, CallInStore, CallbackStore, Change, Conflict, Lease,
    LeaseRequest, Leased, Page, PublishError, Published, Query, Release, SettingsStore, StoreError, Tally,
};
use ges_core::slots::Occupancy;
use ges_core::{CallbackId, Interval, NodeId, ServiceName, TenantId, Timestamp};
use uuid::Uuid;

use crate::bugs::Bug;
use crate::executor::Millis;
use crate::faults::Kind;
use crate::net::{Away, Place};
use crate::oracle::Seen;
use crate::world::World;

/// How long one try may take.
const LIMIT: Millis = 2_000;

/// How often one piece of work is tried when its outcome is unknown.
const TRIES: u32 = 3;

/// The longest silence of an adapter: longer than any client waits.
const SILENCE: Millis = 20_000;

/// The store of one node.
pub struct NodeStore {
    /// Everything.
    pub world: Arc<World>,
    /// Whose.
    pub node: usize,
}

impl NodeStore {
    /// Sends one piece of work, and again while its outcome is unknown and it may be repeated; `again` tells the
    /// server's side which.
    async fn ask<T: Send + 'static>(
        &self,
        repeatable: bool,
        work: impl Fn(&Arc<World>, bool) -> T + Clone + Send + Sync + 'static,
    ) -> Result<T, StoreError> {
        let mut unknown = false;
        for _ in 0..TRIES {
            let (work, again) = (work.clone(), unknown);
            let effect = move |world: &Arc<World>| (work(world, again), world.exec.now());
            match self.world.call(self.node, Place::Database, LIMIT, effect).await {
                Ok((answer, told)) => {
                    self.world.learn(self.node, told);
                    return Ok(answer);
                }
                Err(Away::Refused) if !unknown => break,
                Err(Away::Unknown) if !repeatable => break,
                Err(_) => unknown = true,
            }
            if unknown {
                self.world.injected().count(Kind::Repeated);
            }
            self.world.exec.sleep(self.world.draw(20, 300)).await;
        }
        Err(match unknown {
            true => StoreError::outcome_unknown("the connection was lost"),
            false => StoreError::unavailable("the connection was lost"),
        })
    }

    /// The same for a write. Its outcome may stay unknown for good, told at once or after a long silence.
    async fn write<T: Send + 'static>(
        &self,
        repeatable: bool,
        work: impl Fn(&Arc<World>, bool) -> T + Clone + Send + Sync + 'static,
    ) -> Result<T, StoreError> {
        let done = self.ask(repeatable, work).await?;
        let unknown = self.world.net().unknown;
        if !self.world.rarely(unknown) {
            return Ok(done);
        }
        self.world.injected().count(Kind::OutcomeUnknown);
        if self.world.rarely(300) {
            self.world.exec.sleep(self.world.draw(1_000, SILENCE)).await;
        }
        Err(StoreError::outcome_unknown("the answer was lost"))
    }

    /// Shows a record to the oracle, as what this tenant was answered.
    fn shown<'c>(&self, to: &TenantId, records: impl IntoIterator<Item = &'c Callback>) {
        for record in records {
            self.world.see(&Seen::Shown { to, record });
        }
    }

    /// What the port was given can end in a log; one in a few is read.
    fn told(&self, what: &(dyn std::fmt::Debug + Sync)) {
        self.world.told(|| format!("{what:?}"));
    }
}

impl World {
    /// Reads a text that somebody could log, one in a few.
    pub fn told(&self, text: impl FnOnce() -> String) {
        if self.exec.steps().is_multiple_of(16) {
            self.see(&Seen::Text(&text()));
        }
    }
}

impl NodeStore {
    /// Whether a wrong node would forget to write down what came of deliveries.
    fn forgets(&self, changes: &[Change]) -> bool {
        let world = &self.world;
        let records = world.ask().is_none() && changes.iter().all(|change| change.fence.is_none());
        world.has(Bug::RecordLost) && records && world.rarely(700)
    }
}

impl World {
    /// A node that has given everything back looks once more, as it would for a node that it takes over.
    pub async fn lease_once_more(self: &Arc<Self>, node: usize, owner: &NodeId) {
        self.exec.sleep(1).await;
        let now = Timestamp::from_millis(self.exec.now());
        let (until, lasting) = (now + Duration::from_secs(10), Duration::from_secs(30));
        let request =
            LeaseRequest { owner: owner.clone(), now, until, raised: Vec::new(), lasting, limit: 100 };
        let store = NodeStore { world: self.clone(), node };
        // Whatever it is given, nobody hears of it.
        let _ = store.lease(request).await;
    }
}

#[async_trait]
impl CallbackStore for NodeStore {
    async fn book(&self, booking: Booking) -> Result<Booked, StoreError> {
        self.told(&booking);
        let id = (booking.callback.tenant.clone(), booking.callback.id);
        self.world.oracle().book.asked.insert(id);
        let number = booking.callback.request.number.as_given().to_owned();
        let node = self.node;
        let work = move |world: &Arc<World>, again| served::book(world, node, booking.clone(), again);
        let answer = self.write(true, work).await;
        if let Some(ask) = self.world.ask() {
            match &answer {
                Ok(Booked::Accepted | Booked::Exists) => self.world.see(&Seen::Counts { ask: ask.number }),
                Err(error) if error.is_outcome_unknown() => {
                    self.world.see(&Seen::Counts { ask: ask.number });
                }
                Ok(Booked::Refused(_)) | Err(_) => {}
            }
        }
        if answer.is_ok() {
            self.world.ask_is_stored();
        }
        match answer {
            Err(_) if self.world.has(Bug::NumberInError) => {
                Err(StoreError::unavailable(format!("could not insert {number}")))
            }
            other => other,
        }
    }

    async fn get(&self, tenant: &TenantId, id: CallbackId) -> Result<Option<Callback>, StoreError> {
        let asked = tenant.clone();
        let found = self.ask(true, move |world, _| served::get(world, &asked, id)).await?;
        self.shown(tenant, &found);
        Ok(found)
    }

    async fn change(&self, changes: Vec<Change>) -> Result<Vec<Result<(), Conflict>>, StoreError> {
        self.told(&changes);
        if self.forgets(&changes) {
            return Ok(vec![Ok(()); changes.len()]);
        }
        let node = self.node;
        let work = move |world: &Arc<World>, again| served::change(world, node, changes.clone(), again);
        let answer = self.write(true, work).await?;
        self.world.ask_is_stored();
        Ok(answer)
    }

    async fn lease(&self, request: LeaseRequest) -> Result<Vec<Leased>, StoreError> {
        let node = self.node;
        let asked = self.world.exec.now();
        let work = move |world: &Arc<World>, _| served::lease(world, node, request.clone(), asked);
        let leased = self.write(false, work).await?;
        if let Some(first) = leased.first() {
            self.told(first);
        }
        Ok(leased)
    }

    async fn release(&self, releases: Vec<Release>) -> Result<(), StoreError> {
        self.write(true, move |world, _| served::release(world, releases.clone())).await
    }

    async fn end_leases(&self, owner: &NodeId) -> Result<usize, StoreError> {
        let is_own = self.world.nodes()[self.node].name == *owner;
        if is_own && self.world.has(Bug::LookForgotten) {
            return Ok(0);
        }
        let owner = owner.clone();
        self.write(true, move |world, _| served::end_leases(world, &owner)).await
    }

    async fn held(&self, leases: &[Lease], now: Timestamp) -> Result<Vec<bool>, StoreError> {
        let (node, leases) = (self.node, leases.to_vec());
        self.ask(true, move |world, _| served::held(world, node, &leases, now)).await
    }

    async fn next_wake(&self) -> Result<Option<Timestamp>, StoreError> {
        self.ask(true, move |world, _| served::next_wake(world)).await
    }

    async fn occupancy(
        &self,
        tenant: &TenantId,
        service: &ServiceName,
        window: Interval,
    ) -> Result<Occupancy, StoreError> {
        let (tenant, service) = (tenant.clone(), service.clone());
        self.ask(true, move |world, _| served::occupancy(world, &tenant, &service, window)).await?
    }

    async fn tally(&self, tenant: &TenantId) -> Result<Vec<(ServiceName, Tally)>, StoreError> {
        let tenant = tenant.clone();
        self.ask(true, move |world, _| served::tally(world, &tenant)).await?
    }

    async fn query(&self, query: Query) -> Result<Page, StoreError> {
        let tenant = query.tenant.clone();
        let page = self.ask(true, move |world, _| served::query(world, query.clone())).await??;
        self.shown(&tenant, &page.callbacks);
        Ok(page)
    }

    async fn purge(&self, now: Timestamp, limit: usize) -> Result<usize, StoreError> {
        self.ask(true, move |world, _| served::purge(world, now, limit)).await
    }

    async fn check(&self) -> Result<(), StoreError> {
        self.ask(true, |_, _| ()).await
    }
}

#[async_trait]
impl CallInStore for NodeStore {
    async fn group(&self, tenant: &TenantId, group: &str) -> Result<CallInGroupState, StoreError> {
        let (tenant, group) = (tenant.clone(), group.to_owned());
        self.ask(true, move |world, _| served::group(world, &tenant, &group)).await?
    }

    async fn change(&self, change: CallInChange) -> Result<bool, StoreError> {
        self.ask(false, move |world, _| served::change_group(world, change.clone())).await?
    }

    async fn request(&self, tenant: &TenantId, id: Uuid) -> Result<Option<CallInRequest>, StoreError> {
        let tenant = tenant.clone();
        self.ask(true, move |world, _| served::request(world, &tenant, id)).await?
    }

    async fn purge_call_ins(&self, before: Timestamp, limit: usize) -> Result<usize, StoreError> {
        self.ask(true, move |world, _| served::purge_call_ins(world, before, limit)).await?
    }
}

#[async_trait]
impl SettingsStore for NodeStore {
    async fn published(&self, tenant: &TenantId) -> Result<Published, StoreError> {
        let tenant = tenant.clone();
        self.ask(true, move |world, _| served::published(world, &tenant)).await?
    }

    async fn versions(&self) -> Result<BTreeMap<TenantId, u64>, StoreError> {
        let mut versions = self.ask(true, |world, _| served::versions(world)).await??;
        if self.node == 0 && self.world.has(Bug::PublicationMissed) {
            versions.values_mut().for_each(|version| *version = version.saturating_sub(1));
        }
        Ok(versions)
    }

    async fn publish(&self, tenant: &TenantId, next: Published) -> Result<(), PublishError> {
        let tenant = tenant.clone();
        self.ask(true, move |world, again| served::publish(world, &tenant, &next, again)).await?
    }
}
