//! When each record needs attention, who holds it, and until when.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use ges_core::port::Fence;
use ges_core::{CallbackId, NodeId};

use super::{Moved, TenantKey};
use crate::embedded::row::Key;

/// An order after all instants, for records without an instant of their own.
const LAST: i64 = i64::MAX;

/// Every record that needs attention by itself stands in exactly one of `free` and `returning`.
#[derive(Default)]
pub(in crate::embedded) struct Wakes {
    /// Records nobody holds, by when they are due.
    free: BTreeSet<(i64, Key)>,
    /// Leased records that are due some time, by when they can be leased again.
    returning: BTreeSet<(i64, Key)>,
    /// The newest lease of each leased record, expired ones included.
    held: HashMap<Key, Held>,
    held_by_id: HashMap<(TenantKey, CallbackId), Key>,
    /// Records whose last holder said when to look again.
    deferred: HashMap<Key, Deferred>,
    /// Records in the transaction that is being written, and how often.
    in_flight: BTreeMap<Key, u32>,
    last_fence: Fence,
    /// Whoever leased anything; a lease names its owner by the place here.
    owners: Vec<NodeId>,
}

struct Held {
    owner: usize,
    fence: Fence,
    expires: i64,
    wake: Option<i64>,
    /// Unknown until the record has been read under the lease.
    version: Option<i64>,
    who: Option<(TenantKey, CallbackId)>,
}

#[derive(Clone, Copy)]
struct Deferred {
    wake: i64,
    not_before: i64,
}

/// A record that could be leased although its own instant has not come.
#[derive(Clone, Copy, Debug)]
pub(in crate::embedded) struct Candidate {
    pub key: Key,
    pub wake: Option<i64>,
    pub version: i64,
}

/// A lease before its record has been read.
#[derive(Clone, Copy, Debug)]
pub(in crate::embedded) struct Granted {
    pub key: Key,
    pub fence: Fence,
    /// When it wants attention; [`LAST`] without an instant of its own.
    pub due: i64,
    /// The version the record must still have; any when none.
    pub version: Option<i64>,
}

impl Wakes {
    /// Fences of a later epoch are larger than all of an earlier one.
    pub fn of_epoch(epoch: u32) -> Self {
        Wakes { last_fence: Fence::from(epoch) << 32, ..Wakes::default() }
    }

    pub fn enter(&mut self, key: Key, wake: Option<i64>) {
        if let Some(wake) = wake {
            self.free.insert((wake, key));
        }
    }

    /// Chooses and marks records: by their own instant up to `until`, and the candidates; those due first come first.
    pub fn grant(
        &mut self,
        now: i64,
        until: i64,
        expires: i64,
        limit: usize,
        raised: &[Candidate],
        owner: &NodeId,
    ) -> Vec<Granted> {
        let owner = self.owner(owner);
        let mut found: BTreeMap<(i64, Key), Option<Candidate>> = BTreeMap::new();
        let free = self.free.range(..=(until, Key::MAX)).filter(|(_, key)| !self.in_flight.contains_key(key));
        found.extend(free.take(limit).map(|&place| (place, None)));
        // What returns by then: its lease has to be over now, and its own instant reached until then.
        for (_, key) in self.returning.range(..=(until.max(now), Key::MAX)) {
            let due = self.due_of_held(*key).filter(|due| *due <= until);
            if let Some(due) = due.filter(|_| self.is_free(*key, now)) {
                found.insert((due, *key), None);
            }
        }
        for candidate in raised.iter().filter(|candidate| self.is_free(candidate.key, now)) {
            let key = candidate.key;
            let held = self.held.contains_key(&key);
            let own = candidate.wake.filter(|_| !held).map(|wake| self.due(key, wake));
            let own = own.or_else(|| self.due_of_held(key));
            // A record that is neither held nor where its wake says has been changed since it was read.
            if held || own.is_none_or(|due| self.free.contains(&(due, key))) {
                found.entry((own.unwrap_or(LAST), key)).or_insert(Some(*candidate));
            }
        }
        let chosen = found.into_iter().take(limit);
        chosen.map(|((due, key), candidate)| self.take(due, key, expires, candidate, owner)).collect()
    }

    /// The record of a lease as it was read. `false` when the lease is not the newest any more.
    pub fn confirm(&mut self, granted: Granted, tenant: TenantKey, id: CallbackId, version: i64) -> bool {
        let Some(held) = self.held.get_mut(&granted.key).filter(|held| held.fence == granted.fence) else {
            return false;
        };
        held.version = Some(version);
        held.who = Some((tenant, id));
        self.held_by_id.insert((tenant, id), granted.key);
        true
    }

    /// Takes a lease back that was never given out.
    pub fn withdraw(&mut self, granted: Granted) {
        if self.held.get(&granted.key).is_some_and(|held| held.fence == granted.fence) {
            self.end_lease(granted.key);
        }
    }

    /// Gives a lease back; the record is due again at `not_before` or at its own instant, whichever is later.
    pub fn release(&mut self, tenant: TenantKey, id: CallbackId, fence: Fence, not_before: i64) {
        let Some(&key) = self.held_by_id.get(&(tenant, id)) else { return };
        let Some(held) = self.held.get(&key).filter(|held| held.fence == fence) else { return };
        let wake = held.wake;
        if let Some(due) = self.due_of_held(key) {
            self.returning.remove(&(due.max(held.expires), key));
        }
        self.forget_holder(key);
        self.deferred.remove(&key);
        if let Some(wake) = wake {
            self.free.insert((wake.max(not_before), key));
            if not_before > wake {
                self.deferred.insert(key, Deferred { wake, not_before });
            }
        }
    }

    /// Ends every lease of an owner; answers how many.
    pub fn end_leases(&mut self, owner: &NodeId) -> usize {
        let Some(owner) = self.owners.iter().position(|known| known == owner) else { return 0 };
        let held = self.held.iter().filter(|(_, held)| held.owner == owner);
        let keys: Vec<Key> = held.map(|(key, _)| *key).collect();
        keys.iter().for_each(|key| self.end_lease(*key));
        keys.len()
    }

    /// Whether a lease is the newest, unexpired and of that version.
    pub fn holds(&self, tenant: TenantKey, id: CallbackId, fence: Fence, version: i64, now: i64) -> bool {
        let held = self.held_by_id.get(&(tenant, id)).and_then(|key| self.held.get(key));
        held.is_some_and(|held| held.fence == fence && held.version == Some(version) && now < held.expires)
    }

    /// Whether this is the newest lease of the record, expired or not.
    pub fn is_newest(&self, key: Key, fence: Fence) -> bool {
        self.held.get(&key).is_some_and(|held| held.fence == fence)
    }

    /// When the first record can be leased by its own instant.
    pub fn next(&self) -> Option<i64> {
        let first = |set: &BTreeSet<(i64, Key)>| set.first().map(|(at, _)| *at);
        first(&self.free).into_iter().chain(first(&self.returning)).min()
    }

    /// A change of the record is about to be written: it is not leased until that is settled.
    pub fn written_soon(&mut self, key: Key) {
        *self.in_flight.entry(key).or_default() += 1;
    }

    /// The change has not been written.
    pub fn unchanged(&mut self, key: Key) {
        if let Some(times) = self.in_flight.get_mut(&key) {
            *times -= 1;
            if *times == 0 {
                self.in_flight.remove(&key);
            }
        }
    }

    /// The change is durable. Only the lease under which it was made outlives it.
    pub fn moved(&mut self, moved: &Moved) {
        let key = moved.key;
        self.unchanged(key);
        if let Some(due) = self.due_of_held(key) {
            let expires = self.held.get(&key).map_or(LAST, |held| held.expires);
            self.returning.remove(&(due.max(expires), key));
        } else if let Some(wake) = moved.from {
            let due = self.due(key, wake);
            self.free.remove(&(due, key));
        }
        self.deferred.remove(&key);
        let kept = moved.fence.filter(|fence| self.is_newest(key, *fence));
        match self.held.get_mut(&key).filter(|_| kept.is_some()) {
            Some(held) => {
                held.wake = moved.to;
                held.version = Some(moved.version);
                self.returning.extend(moved.to.map(|wake| (wake.max(held.expires), key)));
            }
            None => {
                self.forget_holder(key);
                self.enter(key, moved.to);
            }
        }
    }

    fn owner(&mut self, owner: &NodeId) -> usize {
        self.owners.iter().position(|known| known == owner).unwrap_or_else(|| {
            self.owners.push(owner.clone());
            self.owners.len() - 1
        })
    }

    fn take(
        &mut self,
        due: i64,
        key: Key,
        expires: i64,
        candidate: Option<Candidate>,
        owner: usize,
    ) -> Granted {
        self.last_fence += 1;
        let fence = self.last_fence;
        let wake = match self.held.get(&key) {
            Some(earlier) => {
                self.returning.remove(&(due.max(earlier.expires), key));
                earlier.wake
            }
            None if due == LAST => None,
            None => {
                self.free.remove(&(due, key));
                Some(self.deferred.get(&key).map_or(due, |deferred| deferred.wake))
            }
        };
        self.forget_holder(key);
        self.held.insert(key, Held { owner, fence, expires, wake, version: None, who: None });
        self.returning.extend(wake.map(|_| (due.max(expires), key)));
        Granted { key, fence, due, version: candidate.map(|candidate| candidate.version) }
    }

    /// Back to the free ones, due as before.
    fn end_lease(&mut self, key: Key) {
        if let Some(due) = self.due_of_held(key) {
            let expires = self.held.get(&key).map_or(LAST, |held| held.expires);
            self.returning.remove(&(due.max(expires), key));
            self.free.insert((due, key));
        }
        self.forget_holder(key);
    }

    fn forget_holder(&mut self, key: Key) {
        if let Some(who) = self.held.remove(&key).and_then(|held| held.who) {
            self.held_by_id.remove(&who);
        }
    }

    fn is_free(&self, key: Key, now: i64) -> bool {
        !self.in_flight.contains_key(&key) && self.held.get(&key).is_none_or(|held| held.expires <= now)
    }

    /// When a record with that wake is due, its deferral counted.
    fn due(&self, key: Key, wake: i64) -> i64 {
        self.deferred.get(&key).map_or(wake, |deferred| wake.max(deferred.not_before))
    }

    fn due_of_held(&self, key: Key) -> Option<i64> {
        self.held.get(&key).and_then(|held| held.wake).map(|wake| self.due(key, wake))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000;
    const NOBODY: [Key; 0] = [];

    fn with(records: &[(Key, i64)]) -> Wakes {
        let mut wakes = Wakes::of_epoch(1);
        records.iter().for_each(|(key, wake)| wakes.enter(*key, Some(*wake)));
        wakes
    }

    fn due(wakes: &mut Wakes, now: i64) -> Vec<Granted> {
        wakes.grant(now, now, now + SECOND, 10, &[], &"node".into())
    }

    fn keys(granted: &[Granted]) -> Vec<Key> {
        granted.iter().map(|one| one.key).collect()
    }

    fn who(key: Key) -> CallbackId {
        CallbackId(uuid::Uuid::from_u128(u128::from(key.unsigned_abs())))
    }

    fn moved(key: Key, from: Option<i64>, to: Option<i64>) -> Moved {
        Moved { key, from, to, version: 2, fence: None }
    }

    #[test]
    fn a_record_that_is_being_written_is_leased_afterwards_as_it_is_then() {
        let mut wakes = with(&[(1, 10), (2, 20)]);
        wakes.written_soon(1);
        wakes.written_soon(1);
        assert_eq!(keys(&due(&mut wakes, 100)), [2]);
        wakes.moved(&moved(1, Some(10), Some(30)));
        assert_eq!(keys(&due(&mut wakes, 100)), NOBODY, "another change of it is on its way");
        wakes.unchanged(1);
        assert_eq!(keys(&due(&mut wakes, 29)), NOBODY);
        assert_eq!(keys(&due(&mut wakes, 30)), [1]);
    }

    #[test]
    fn a_candidate_that_was_changed_since_it_was_read_is_left_alone() {
        let node = "node".into();
        let mut wakes = with(&[(1, 500)]);
        let read = Candidate { key: 1, wake: Some(500), version: 1 };
        wakes.moved(&moved(1, Some(500), Some(700)));
        assert_eq!(keys(&wakes.grant(100, 100, 200, 10, &[read], &node)), NOBODY);
        let read = Candidate { wake: Some(700), version: 2, ..read };
        assert_eq!(keys(&wakes.grant(100, 100, 200, 10, &[read], &node)), [1]);
        assert_eq!(keys(&wakes.grant(150, 150, 250, 10, &[read], &node)), NOBODY, "it is leased");
        assert_eq!(keys(&wakes.grant(200, 200, 300, 10, &[read], &node)), [1], "the lease has expired");
        assert_eq!(wakes.next(), Some(700));
    }

    #[test]
    fn a_lease_that_a_change_has_ended_before_it_was_read_is_not_given_out() {
        let mut wakes = with(&[(1, 10)]);
        let granted = due(&mut wakes, 100)[0];
        wakes.moved(&moved(1, Some(10), Some(20)));
        assert!(!wakes.confirm(granted, 7, who(1), 1));
        assert!(!wakes.holds(7, who(1), granted.fence, 1, 100));
        assert_eq!(keys(&due(&mut wakes, 100)), [1]);
    }

    #[test]
    fn a_lease_taken_back_leaves_the_record_due_as_before() {
        let mut wakes = with(&[(1, 10)]);
        let granted = due(&mut wakes, 100)[0];
        assert!(wakes.confirm(granted, 7, who(1), 1));
        wakes.release(7, who(1), granted.fence, 300);
        assert_eq!(wakes.next(), Some(300));
        let granted = due(&mut wakes, 300)[0];
        wakes.withdraw(granted);
        assert_eq!(wakes.next(), Some(300), "still deferred");
        assert_eq!(keys(&due(&mut wakes, 299)), NOBODY);
    }

    #[test]
    fn a_purged_record_leaves_nothing_behind() {
        let mut wakes = with(&[(1, 10)]);
        let granted = due(&mut wakes, 100)[0];
        assert!(wakes.confirm(granted, 7, who(1), 1));
        wakes.moved(&moved(1, Some(10), None));
        assert_eq!(wakes.next(), None);
        let Wakes { free, returning, held, held_by_id, deferred, in_flight, .. } = wakes;
        assert!(free.is_empty() && returning.is_empty() && held.is_empty() && held_by_id.is_empty());
        assert!(deferred.is_empty() && in_flight.is_empty());
    }

    #[test]
    fn fences_of_a_later_epoch_are_larger() {
        let fence = |epoch| {
            let mut wakes = Wakes::of_epoch(epoch);
            wakes.enter(1, Some(0));
            due(&mut wakes, 0)[0].fence
        };
        assert!(fence(1) < fence(2) && fence(2) < fence(u32::MAX));
    }
}
