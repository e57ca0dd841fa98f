//! What the database does with a request that arrived, and what it would do with a mistake planted in it.
//!
//! Every effect is one step of the world: the memory store keeps the promises of the port, and the oracle is told what
//! was committed before the answer leaves.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use ges_core::callback::{Callback, Task};
use ges_core::callin::CallInRequest;
use ges_core::id::TenantId;
use ges_core::port::{
    Booked, Booking, CallInChange, CallInGroupState, CallInStore, CallbackStore, Change, Conflict, Guard,
    Lease, LeaseRequest, Leased, Page, PublishError, Published, Query, Release, SettingsStore, StoreError,
    Tally,
};
use ges_core::slots::Occupancy;
use ges_core::{CallbackId, Interval, NodeId, ServiceName, Timestamp};
use uuid::Uuid;

use crate::bugs::Bug;
use crate::executor::{Millis, at_once};
use crate::faults::Moment;
use crate::node::edition_of;
use crate::oracle::{Id, Seen};
use crate::world::World;

/// The answer of the memory store, which never waits.
macro_rules! stored {
    ($future:expr) => {
        at_once($future).unwrap_or_else(|| Err(StoreError::unavailable("it waits")))
    };
}

fn key(callback: &Callback) -> Id {
    (callback.tenant.clone(), callback.id)
}

fn find(world: &World, id: &Id) -> Option<Callback> {
    stored!(world.store.get(&id.0, id.1)).ok().flatten()
}

/// Inserts, or finds that it was inserted before.
pub fn book(world: &Arc<World>, node: usize, mut booking: Booking, again: bool) -> Booked {
    world.moment(node, Moment::Booked);
    if again && world.has(Bug::RepeatBooksAnew) {
        booking.callback.id = CallbackId(ges_core::port::IdSource::uuid(&world.chance));
    }
    misjudged(world, &mut booking.guards, false);
    if world.has(Bug::BookedBeforeDurable) {
        let (later, callback) = (world.clone(), booking.callback.clone());
        world.exec.at(world.exec.now() + 200, move || {
            let id = key(&booking.callback);
            let _ = stored!(later.store.book(booking));
            later.audit([&id], |_| None);
        });
        world.see(&Seen::Durable(&callback));
        return Booked::Accepted;
    }
    let callback = booking.callback.clone();
    let booked = stored!(world.store.book(booking)).unwrap_or(Booked::Exists);
    world.audit([&key(&callback)], |_| None);
    if matches!(booked, Booked::Accepted | Booked::Exists) {
        world.see(&Seen::Durable(&callback));
    }
    booked
}

/// What a store that judges wrongly would make of the guards.
fn misjudged(world: &World, guards: &mut Vec<Guard>, moving: bool) {
    let Some(bug) = world.bug else { return };
    for guard in guards.iter_mut() {
        if let (Bug::SlotOffByOne, Guard::Places(places)) = (bug, guard) {
            places.limit += 1;
        }
    }
    guards.retain(|guard| match (bug, guard) {
        (Bug::PlacesUnjudged, Guard::Places(_))
        | (Bug::NumberUnjudged, Guard::Number { .. })
        | (Bug::ActiveUnjudged, Guard::Active { .. }) => false,
        (Bug::MovesUnjudged, _) => !moving,
        _ => true,
    });
}

pub fn get(world: &Arc<World>, tenant: &TenantId, id: CallbackId) -> Option<Callback> {
    let found = find(world, &(tenant.clone(), id));
    if found.is_none() && world.has(Bug::GetAnyTenant) {
        return world.tenants.iter().find_map(|other| find(world, &(other.id.clone(), id)));
    }
    found
}

/// Replaces records. A repeat whose first try did it finds its own content and answers that it is done.
pub fn change(
    world: &Arc<World>,
    node: usize,
    mut changes: Vec<Change>,
    again: bool,
) -> Vec<Result<(), Conflict>> {
    let ids: Vec<Id> = changes.iter().map(|change| key(&change.next)).collect();
    world.moment(node, Moment::Changed);
    let fences: Vec<Option<u64>> = changes.iter().map(|change| change.fence).collect();
    for change in &mut changes {
        altered(world, node, change);
    }
    if world.has(Bug::ChangedBeforeDurable) && changes.len() == 1 {
        let next = changes[0].next.clone();
        let (later, ids) = (world.clone(), ids.clone());
        world.exec.at(world.exec.now() + 100, move || {
            let _ = stored!(CallbackStore::change(&later.store, changes));
            later.audit(&ids, |_| None);
        });
        world.see(&Seen::Durable(&next));
        return vec![Ok(())];
    }
    let wanted: Vec<Callback> = changes.iter().map(|change| change.next.clone()).collect();
    if world.has(Bug::BatchKeepsFirst) && changes.len() > 1 {
        changes.truncate(1);
    }
    let mut answers = stored!(CallbackStore::change(&world.store, changes)).unwrap_or_default();
    answers.resize(wanted.len(), Ok(()));
    if again {
        for (answer, next) in answers.iter_mut().zip(&wanted) {
            let done = || find(world, &key(next)).as_ref() == Some(next);
            if *answer == Err(Conflict::Stale) && done() {
                *answer = Ok(());
            }
        }
    }
    world.audit(&ids, |id| ids.iter().position(|of| of == id).and_then(|index| fences[index]));
    for (answer, next) in answers.iter().zip(&wanted) {
        if answer.is_ok() {
            world.see(&Seen::Durable(next));
        }
    }
    answers
}

/// A change as a wrong store, or a wrong engine, would have it.
fn altered(world: &Arc<World>, node: usize, change: &mut Change) {
    let Some(bug) = world.bug else { return };
    misjudged(world, &mut change.guards, true);
    let id = key(&change.next);
    let stored = find(world, &id);
    let issues = stored.as_ref().is_some_and(|stored| {
        change.next.attempts > stored.attempts && stored.session().is_none() && change.fence.is_some()
    });
    match bug {
        Bug::FenceIgnored if change.fence.is_some() => {
            let newest = world.oracle().book.leases.get(&id).map(|(_, fence, _)| *fence);
            change.fence = newest;
        }
        Bug::VersionIgnored => {
            if let Some(stored) = stored {
                change.expected = stored.version;
                change.next.version = stored.version + 1;
            }
        }
        Bug::WakeForgotten if world.rarely(300) => change.wake_at = None,
        Bug::OutboxDropped if !change.next.is_unfinished() => change.next.outbox.clear(),
        Bug::LeadTooLong if issues => {
            for effect in &mut change.next.outbox {
                if matches!(effect.task, Task::HandOver { .. }) {
                    effect.not_before = effect.not_before - Duration::from_secs(900);
                }
            }
        }
        Bug::ActBeforeCommit if issues => {
            let attempt = change.next.attempts;
            let submission =
                ges_core::port::Submission { callback: change.next.clone(), attempt, service: None };
            world.submitting(node, &submission);
        }
        _ => {}
    }
}

pub fn lease(world: &Arc<World>, node: usize, mut request: LeaseRequest, asked: Millis) -> Vec<Leased> {
    let now = request.now;
    world.injected().looks += 1;
    if world.has(Bug::LeaseForEver) {
        request.lasting = Duration::from_secs(86_400 * 365);
    }
    if world.has(Bug::LeasedTwice) {
        let holders: Vec<NodeId> =
            world.oracle().book.leases.values().map(|(owner, ..)| owner.clone()).collect();
        for owner in holders {
            let _ = stored!(world.store.end_leases(&owner));
        }
    }
    let owner = request.owner.clone();
    let leased = stored!(world.store.lease(request)).unwrap_or_default();
    for one in &leased {
        world.see(&Seen::Leased { owner: &owner, lease: &one.lease, now, asked });
    }
    if !leased.is_empty() {
        world.moment(node, Moment::Leased);
    }
    leased
}

pub fn release(world: &Arc<World>, releases: Vec<Release>) {
    if world.has(Bug::ReleaseIgnored) {
        return;
    }
    releases.iter().for_each(|release| world.oracle().released(&release.lease));
    let _ = stored!(world.store.release(releases));
}

pub fn end_leases(world: &Arc<World>, owner: &NodeId) -> usize {
    if world.has(Bug::EndsAllLeases) {
        let holders: Vec<NodeId> =
            world.oracle().book.leases.values().map(|(holder, ..)| holder.clone()).collect();
        for holder in holders {
            let _ = stored!(world.store.end_leases(&holder));
        }
    }
    world.oracle().ended(owner);
    stored!(world.store.end_leases(owner)).unwrap_or(0)
}

pub fn held(world: &Arc<World>, node: usize, leases: &[Lease], now: Timestamp) -> Vec<bool> {
    world.moment(node, Moment::Held);
    let asked_at = if world.has(Bug::HeldForgetsExpiry) { Timestamp::MIN } else { now };
    let mut answers = stored!(world.store.held(leases, asked_at)).unwrap_or_default();
    if world.has(Bug::HeldAlways) {
        answers.fill(true);
    }
    for (lease, held) in leases.iter().zip(&answers) {
        if *held {
            world.see(&Seen::Holds { lease, now });
        }
    }
    answers
}

pub fn next_wake(world: &Arc<World>) -> Option<Timestamp> {
    let late = if world.has(Bug::NextWakeLate) { Duration::from_secs(60) } else { Duration::ZERO };
    stored!(world.store.next_wake()).ok().flatten().map(|wake| wake + late)
}

pub fn occupancy(
    world: &Arc<World>,
    tenant: &TenantId,
    service: &ServiceName,
    window: Interval,
) -> Result<Occupancy, StoreError> {
    stored!(world.store.occupancy(tenant, service, window))
}

pub fn tally(world: &Arc<World>, tenant: &TenantId) -> Result<Vec<(ServiceName, Tally)>, StoreError> {
    stored!(world.store.tally(tenant))
}

pub fn query(world: &Arc<World>, query: Query) -> Result<Page, StoreError> {
    let others: Vec<Query> = world
        .tenants
        .iter()
        .filter(|tenant| tenant.id != query.tenant && world.has(Bug::ListAllTenants))
        .map(|tenant| Query { tenant: tenant.id.clone(), ..query.clone() })
        .collect();
    let mut page = stored!(world.store.query(query))?;
    for query in others {
        page.callbacks.extend(stored!(world.store.query(query))?.callbacks);
    }
    Ok(page)
}

pub fn purge(world: &Arc<World>, now: Timestamp, limit: usize) -> usize {
    let until = if world.has(Bug::PurgeUnfinished) { now + ges_core::callback::RETENTION } else { now };
    let removed = stored!(world.store.purge(until, limit)).unwrap_or(0);
    if removed > 0 {
        world.audit_all();
    }
    removed
}

pub fn group(world: &Arc<World>, tenant: &TenantId, group: &str) -> Result<CallInGroupState, StoreError> {
    stored!(world.store.group(tenant, group))
}

pub fn change_group(world: &Arc<World>, change: CallInChange) -> Result<bool, StoreError> {
    stored!(CallInStore::change(&world.store, change))
}

pub fn request(world: &Arc<World>, tenant: &TenantId, id: Uuid) -> Result<Option<CallInRequest>, StoreError> {
    stored!(world.store.request(tenant, id))
}

pub fn purge_call_ins(world: &Arc<World>, before: Timestamp, limit: usize) -> Result<usize, StoreError> {
    stored!(world.store.purge_call_ins(before, limit))
}

pub fn published(world: &Arc<World>, tenant: &TenantId) -> Result<Published, StoreError> {
    stored!(world.store.published(tenant))
}

pub fn versions(world: &Arc<World>) -> Result<BTreeMap<TenantId, u64>, StoreError> {
    stored!(world.store.versions())
}

/// Publishes an edition; a repeat whose first try did it is done.
pub fn publish(
    world: &Arc<World>,
    tenant: &TenantId,
    next: &Published,
    again: bool,
) -> Result<(), PublishError> {
    let published = at_once(world.store.publish(tenant, next.clone())).unwrap_or(Err(PublishError::Stale));
    match published {
        Ok(()) => {
            let mut oracle = world.oracle();
            oracle.book.editions.insert((tenant.clone(), next.version), edition_of(&next.sections));
            oracle.book.version.insert(tenant.clone(), next.version);
            Ok(())
        }
        Err(PublishError::Stale)
            if again && stored!(world.store.published(tenant)).ok().as_ref() == Some(next) =>
        {
            Ok(())
        }
        Err(other) => Err(other),
    }
}
