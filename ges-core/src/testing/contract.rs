//! One contract, every store: what the ports promise, as cases that any adapter can run. The other ports have theirs in
//! [`orchestrator`], [`windows`], [`waits`] and [`identity`].
//!
//! An adapter implements [`StoreUnderTest`] and calls [`run_all`], or, for a test of its own per case,
//! [`store_contract!`](crate::store_contract). Every case begins with a fresh store. The suite brings no runtime: the
//! caller blocks on it, or runs it on whatever the adapter needs.
//!
//! Some cases need a hook that not every store can offer, such as to be opened again. Without it they are skipped, the
//! [`Report`] names them, and the adapter says which may be.
//!
//! ```
//! use std::sync::Arc;
//! use ges_core::memory::MemoryStore;
//! use ges_core::testing::contract::{Missing, StoreUnderTest, Stores, run_all};
//!
//! struct Memory;
//!
//! #[async_trait::async_trait]
//! impl StoreUnderTest for Memory {
//!     async fn fresh(&self) -> Stores {
//!         Stores::of(Arc::new(MemoryStore::default()), ())
//!     }
//! }
//!
//! let report = pollster::block_on(run_all(&Memory));
//! report.assert_missing(&[Missing::Reopen, Missing::Another, Missing::Spoil]);
//! assert!(report.kept().contains(&"book::the_same_id_again_inserts_nothing"));
//! ```
//!
//! What the ports leave open is left open here: which of several conflicts a change meets, the order of records with
//! equal `wake_at`, whether a deferral survives a restart. What this suite settles beyond their words:
//!
//! - a deferred record counts as due at the later of its `wake_at` and `not_before`, and `until` is compared with that;
//! - a record whose lease was given back, or ended by a change, has no newest lease: a fence meets
//!   [`Conflict::Fenced`](crate::port::Conflict::Fenced);
//! - an expired lease stays the newest until somebody else takes one, so its fence still opens the record;
//! - purging call-in requests does not change their group's version.
#![allow(
    clippy::missing_panics_doc,
    clippy::expect_used,
    reason = "a case fails by a panic that says what broke"
)]

mod book;
mod call_in;
mod change;
mod check;
mod concurrency;
mod dropped;
mod durability;
mod guards;
pub mod identity;
mod lease;
mod model;
mod nodes;
mod occupancy;
pub mod orchestrator;
mod query;
mod races;
mod report;
mod retention;
mod settings;
mod spoilt;
pub mod waits;
pub mod windows;

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

pub use report::{Missing, Report};

use report::IntoOutcome;

use crate::id::{CallbackId, TenantId};
use crate::port::{CallInStore, CallbackStore, SettingsStore};

/// An adapter that wants to be held to the contract.
#[async_trait]
pub trait StoreUnderTest: Send + Sync {
    /// Opens stores that are empty and shared with nobody. Called once for each case.
    async fn fresh(&self) -> Stores;

    /// Closes these stores and opens what they kept, as a new process would; `None` for a store that keeps nothing
    /// beyond its process. [`Stores::home`] is what `fresh` put there. Nobody else holds the stores by then.
    async fn reopen(&self, stores: Stores) -> Option<Stores> {
        drop(stores);
        None
    }

    /// A second handle on the same data, as another node has it at the same time; `None` for a store that belongs to one
    /// process.
    async fn another(&self, stores: &Stores) -> Option<Stores> {
        let _ = stores;
        None
    }

    /// Makes one stored record unreadable, as a bad disk or a bad hand does, and leaves everything else as it is. Answers
    /// whether it could.
    async fn spoil(&self, stores: &Stores, tenant: &TenantId, id: CallbackId) -> bool {
        let _ = (stores, tenant, id);
        false
    }

    /// Runs the tasks at once and ends when all have ended: each on a thread of its own that blocks on it. An adapter
    /// that needs a runtime gives each a task of it, on more than one thread; one after the other would hide races.
    async fn parallel(&self, tasks: Vec<Task>) {
        super::threads::at_once(tasks).await;
    }

    /// How often each case that runs tasks at once is run. One round finds a store that checks, lets go of its lock and
    /// acts perhaps one time in ten. Where tasks wait for a disk or a network in the middle of what they do, a few are enough.
    fn rounds(&self) -> usize {
        30
    }
}

/// One of many things to do at once.
pub type Task = BoxFuture<'static, ()>;

/// The durable stores of one adapter, over the same data.
#[derive(Clone)]
pub struct Stores {
    /// Callbacks.
    pub callbacks: Arc<dyn CallbackStore>,
    /// Call-in requests.
    pub call_ins: Arc<dyn CallInStore>,
    /// Published settings.
    pub settings: Arc<dyn SettingsStore>,
    /// Whatever [`StoreUnderTest::reopen`] needs, such as a directory that is removed when it is dropped.
    pub home: Arc<dyn Any + Send + Sync>,
}

impl fmt::Debug for Stores {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stores").finish_non_exhaustive()
    }
}

impl Stores {
    /// An adapter that implements all three ports in one type.
    pub fn of<S>(store: Arc<S>, home: impl Any + Send + Sync) -> Self
    where
        S: CallbackStore + CallInStore + SettingsStore + 'static,
    {
        Stores { callbacks: store.clone(), call_ins: store.clone(), settings: store, home: Arc::new(home) }
    }
}

/// One promise and how to see whether it is kept.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// Area and promise, such as `book::the_same_id_again_inserts_nothing`.
    pub name: &'static str,
    /// Panics when the promise is broken; answers which hook is missing when it cannot tell.
    pub run: for<'a> fn(&'a dyn StoreUnderTest) -> BoxFuture<'a, Result<(), Missing>>,
}

/// Lists the cases once, for [`CASES`] and for the macro that makes a test of each.
macro_rules! suite {
    ($d:tt $($area:ident: $($case:ident)+;)+) => {
        /// Every case of the contract.
        pub const CASES: &[Case] = &[
            $($(Case {
                name: concat!(stringify!($area), "::", stringify!($case)),
                run: |under| Box::pin($area::$case(under).map(IntoOutcome::into_outcome)),
            },)+)+
        ];

        /// Makes a `#[test]` of every case: give a function that blocks on a future and an expression that makes the
        /// [`StoreUnderTest`](crate::testing::contract::StoreUnderTest). Both are evaluated once for each test.
        ///
        /// The tests whose cases lack a hook fail, unless the hook is named among those that may be
        /// [`Missing`](crate::testing::contract::Missing). One more test sees that these truly are.
        ///
        /// ```ignore
        /// ges_core::store_contract!(pollster::block_on, Postgres);
        /// ges_core::store_contract!(pollster::block_on, Memory, missing: [Reopen, Another, Spoil]);
        /// ```
        #[macro_export]
        macro_rules! store_contract {
            ($d block_on:path, $d under:expr $d(, missing: [$d($d missing:ident),+ $d(,)?])?) => {
                #[test]
                fn what_is_said_to_be_missing_is_missing() {
                    $d block_on($d crate::testing::contract::assert_missing(
                        &$d under,
                        &[$d($d($d crate::testing::contract::Missing::$d missing),+)?],
                    ));
                }
                $(
                    mod $area {
                        #[allow(unused_imports)]
                        use super::*;
                        $(
                            #[test]
                            fn $case() {
                                let name = concat!(stringify!($area), "::", stringify!($case));
                                $d block_on($d crate::testing::contract::run_case_without(
                                    name,
                                    &$d under,
                                    &[$d($d($d crate::testing::contract::Missing::$d missing),+)?],
                                ));
                            }
                        )+
                    }
                )+
            };
        }
    };
}

suite! { $
    book:
        a_booked_record_is_there
        the_same_id_again_inserts_nothing
        the_same_id_exists_even_when_no_place_is_left
        a_refusal_changes_nothing
        the_record_comes_back_byte_for_byte
        large_user_data_comes_back_byte_for_byte
        tenants_share_ids_but_nothing_else;
    guards:
        places_count_what_is_desired_inside_the_range
        the_first_guard_that_breaks_is_named
        places_of_a_limit_of_zero_take_nobody
        q07_unfinished_records_of_a_number_are_counted
        q08_another_service_does_not_count
        active_records_are_counted
        guards_see_only_their_own_tenant
        a_huge_or_empty_range_does_no_harm;
    change:
        a_change_replaces_the_record
        a_change_leaves_user_data_alone_when_told_so
        an_unknown_record_is_missing
        a_stale_change_changes_nothing
        a_batch_succeeds_and_fails_one_by_one
        changes_of_one_record_in_a_batch_follow_each_other
        b10_a_cancelled_place_is_free_again
        b11_a_refused_move_keeps_the_old_place
        b12_a_move_frees_the_old_place
        b27_other_endings_keep_the_place
        the_own_place_is_not_counted
        the_own_number_is_not_counted
        the_own_activity_is_not_counted
        guards_see_what_the_batch_did_before
        invariant_06_a_second_cancel_frees_nothing
        a_change_can_neither_see_nor_touch_another_tenant;
    lease:
        due_records_are_leased_earliest_first
        the_bound_is_inclusive_and_the_limit_is_kept
        a_leased_record_is_skipped_until_its_lease_expires
        fences_grow_with_every_lease
        an_unfenced_change_ends_the_lease
        a_fenced_change_keeps_the_lease
        an_outdated_fence_is_refused
        an_expired_lease_not_taken_over_still_opens
        held_asks_for_fence_time_and_version
        held_answers_each_lease_in_its_place
        a_release_defers
        a_lease_ahead_of_time_tells_when_it_is_due
        a_raised_service_overrides_the_deferral
        a_change_overrides_the_deferral
        an_outdated_release_is_ignored
        ending_the_leases_of_a_node_frees_its_records_alone
        ended_leases_are_worth_nothing
        a_raised_service_finds_only_what_waits
        raised_and_due_records_come_in_one_order
        a_record_is_leased_once_however_it_is_found
        a_record_without_a_wake_is_never_due
        next_wake_is_the_earliest
        next_wake_follows_changes_and_leases
        next_wake_follows_deferrals
        a_lease_tells_the_next_wake
        leases_reach_every_tenant;
    occupancy:
        places_are_counted_by_the_minute
        the_window_is_half_open
        invariant_02_it_equals_the_records
        invariant_03_immediate_records_never_count
        it_is_of_one_service_and_tenant
        q09_the_tally_counts_unfinished_records_by_state
        the_tally_follows_every_change
        the_tally_is_in_name_order;
    query:
        records_come_by_desired_time_then_id
        pages_follow_each_other_without_gap_or_repeat
        the_last_page_says_so
        every_filter_narrows
        all_filters_hold_together
        a_changed_record_is_listed_where_it_is_now
        a_page_begins_after_a_record_that_is_gone
        invariant_36_tenants_never_see_each_other;
    retention:
        invariant_30_nothing_is_purged_early
        invariant_22_only_finished_records_are_purged
        the_oldest_go_first_and_the_limit_is_kept
        a_purged_record_is_gone_everywhere
        a_purged_id_can_be_booked_again;
    call_in:
        a_group_never_written_has_version_zero
        a_change_under_the_read_version_is_written
        a_stale_change_is_refused_whole
        only_waiting_requests_are_in_the_group
        requests_are_replaced_by_id
        an_empty_change_raises_the_version
        groups_and_tenants_are_apart
        old_requests_are_purged
        a_request_comes_back_byte_for_byte
        of_parallel_changes_one_wins;
    settings:
        nothing_published_is_version_zero
        a_publication_replaces_everything
        a_stale_publication_changes_nothing
        tenants_are_apart
        versions_tell_of_every_tenant
        of_parallel_publications_one_wins;
    concurrency:
        b09_of_a_hundred_bookings_seven_fit
        of_parallel_bookings_of_one_id_one_is_accepted
        of_parallel_bookings_of_one_number_two_fit
        of_parallel_changes_of_one_version_one_wins
        of_parallel_leases_each_record_is_given_once
        invariant_05_parallel_moves_hold_one_place_each
        a_parallel_cancel_and_hand_over_end_in_one_of_the_two;
    dropped:
        a_booking_is_there_as_a_whole_or_not_at_all
        a_change_is_written_as_a_whole_or_not_at_all
        leases_that_nobody_was_told_of_expire_like_others
        a_call_in_change_is_written_as_a_whole_or_not_at_all;
    nodes:
        what_one_writes_the_other_reads
        of_a_hundred_bookings_through_two_nodes_seven_fit
        of_bookings_of_one_number_through_two_nodes_two_fit
        of_bookings_of_one_id_through_two_nodes_one_is_accepted
        of_moves_through_two_nodes_six_fit
        of_changes_of_one_version_through_two_nodes_one_wins
        leases_through_two_nodes_are_given_once
        a_node_that_was_taken_over_can_write_nothing
        an_expired_lease_goes_to_the_other_node
        a_cancel_through_one_node_ends_the_lease_of_the_other
        of_publications_through_two_nodes_one_wins
        of_call_in_changes_through_two_nodes_one_wins;
    model:
        random_sequences_agree_with_a_plain_model;
    durability:
        everything_answered_is_there_after_reopening
        invariant_29_the_indexes_are_whole_after_reopening
        fences_grow_across_reopening
        versions_of_groups_and_settings_survive;
    spoilt:
        a_record_that_cannot_be_read_stops_nobody_else;
    check:
        a_working_store_says_so;
}

/// Runs one case by its name, and answers which hook it lacked if it was skipped.
///
/// # Panics
/// When the promise is broken, or no case has that name.
pub async fn run_case(name: &str, under: &dyn StoreUnderTest) -> Result<(), Missing> {
    let case = CASES.iter().find(|case| case.name == name);
    let case = case.unwrap_or_else(|| panic!("no case of the contract is called {name}"));
    races::run(case, under).await
}

/// Runs one case by its name, which may be skipped for want of these hooks only.
///
/// # Panics
/// When the promise is broken, another hook is missing, or no case has that name.
pub async fn run_case_without(name: &str, under: &dyn StoreUnderTest, accepted: &[Missing]) {
    if let Err(missing) = run_case(name, under).await {
        assert!(accepted.contains(&missing), "skipped: {missing}");
    }
}

/// Sees that the harness offers none of these hooks, so that no case is excused for want of a hook that is there.
///
/// # Panics
/// When one of them is offered.
pub async fn assert_missing(under: &dyn StoreUnderTest, missing: &[Missing]) {
    for hook in missing {
        let stores = under.fresh().await;
        let offered = match hook {
            Missing::Reopen => under.reopen(stores).await.is_some(),
            Missing::Another => under.another(&stores).await.is_some(),
            Missing::Spoil => {
                let record = super::fixtures::scheduled(1, super::fixtures::at("18:00"));
                ask::put(&*stores.callbacks, &record).await;
                under.spoil(&stores, &record.tenant, record.id).await
            }
            Missing::Silence | Missing::CutOff | Missing::Learning => panic!("{hook:?} is no hook of stores"),
        };
        assert!(!offered, "{hook:?} is said to be missing and is there");
    }
}

/// Applies `steps` random operations to a fresh store and to a plain model, and compares after each; longer and other
/// walks than [`CASES`] has room for.
///
/// # Panics
/// With the seed and the step at which store and model part.
pub async fn run_model(under: &dyn StoreUnderTest, seed: u64, steps: usize) {
    model::run(under, seed, steps).await;
}

/// Runs every case, each in a fresh store. The report says what was skipped; the caller says what may be.
///
/// # Panics
/// At the end, with the names and words of all that failed.
pub async fn run_all(under: &dyn StoreUnderTest) -> Report {
    report::run(CASES.iter().map(|case| (case.name, races::run(case, under).boxed()))).await
}

/// What the cases say often: calls that must not fail, and questions in few words.
mod ask {
    use std::collections::BTreeMap;
    use std::time::Duration;

    use crate::callback::Callback;
    use crate::id::{ServiceName, TenantId};
    use crate::port::{
        Booked, Booking, CallbackStore, Change, Conflict, Fence, Lease, LeaseRequest, Leased, Page, Query,
        Raised, Release, Tally,
    };
    use crate::testing::fixtures::{booking, change, service, tenant};
    use crate::time::{Interval, Timestamp};

    pub type Store = dyn CallbackStore;

    /// How long leases last here.
    pub const LEASE: Duration = Duration::from_secs(30);

    pub async fn book(store: &Store, booking: Booking) -> Booked {
        store.book(booking).await.expect("book")
    }

    /// Books without guards; the id must be new.
    pub async fn put(store: &Store, callback: &Callback) {
        let booked = book(store, booking(callback)).await;
        assert_eq!(booked, Booked::Accepted, "{}", callback.id);
    }

    /// The stored record of the same tenant and id.
    pub async fn stored(store: &Store, callback: &Callback) -> Option<Callback> {
        store.get(&callback.tenant, callback.id).await.expect("get")
    }

    pub async fn try_change(store: &Store, one: Change) -> Result<(), Conflict> {
        let mut answers = store.change(vec![one]).await.expect("change");
        assert_eq!(answers.len(), 1, "one answer for one change");
        answers.remove(0)
    }

    /// Replaces a record without guards and fence; it must succeed.
    pub async fn replace(store: &Store, before: &Callback, next: &Callback) {
        assert_eq!(try_change(store, change(before, next)).await, Ok(()), "{}", next.id);
    }

    pub fn fenced(change: Change, fence: Fence) -> Change {
        Change { fence: Some(fence), ..change }
    }

    pub fn wanting(now: Timestamp, until: Timestamp) -> LeaseRequest {
        LeaseRequest { owner: "node-1".into(), now, until, raised: Vec::new(), lasting: LEASE, limit: 100 }
    }

    pub fn raised(request: LeaseRequest, desired_before: Timestamp) -> LeaseRequest {
        let raised = vec![Raised { tenant: tenant(), service: service(), desired_before }];
        LeaseRequest { raised, ..request }
    }

    pub async fn lease(store: &Store, request: LeaseRequest) -> Vec<Leased> {
        store.lease(request).await.expect("lease")
    }

    /// Leases what is due at `now`.
    pub async fn lease_at(store: &Store, now: Timestamp) -> Vec<Leased> {
        lease(store, wanting(now, now)).await
    }

    pub fn ids(leased: &[Leased]) -> Vec<u128> {
        leased.iter().map(|one| number(&one.callback)).collect()
    }

    /// The number a fixture's id was made from.
    pub fn number(callback: &Callback) -> u128 {
        callback.id.0.as_u128() & 0xffff_ffff
    }

    pub async fn held(store: &Store, lease: &Lease, now: Timestamp) -> bool {
        store.held(std::slice::from_ref(lease), now).await.expect("held") == [true]
    }

    pub async fn release(store: &Store, lease: &Lease, not_before: Timestamp) {
        store.release(vec![Release { lease: lease.clone(), not_before }]).await.expect("release");
    }

    pub async fn next_wake(store: &Store) -> Option<Timestamp> {
        store.next_wake().await.expect("next wake")
    }

    /// Places of the usual service held in a stretch of whole minutes.
    pub async fn held_places(store: &Store, range: Interval) -> u32 {
        let occupancy = store.occupancy(&tenant(), &service(), range).await.expect("occupancy");
        occupancy.within(range)
    }

    /// The tally by service, services without unfinished records left out.
    pub async fn tally(store: &Store, tenant: &TenantId) -> BTreeMap<ServiceName, Tally> {
        let tally = store.tally(tenant).await.expect("tally");
        tally.into_iter().filter(|(_, tally)| *tally != Tally::default()).collect()
    }

    pub async fn query(store: &Store, query: Query) -> Page {
        store.query(query).await.expect("query")
    }

    /// The numbers of all records that match, in the order listed.
    pub async fn listed(store: &Store, asked: Query) -> Vec<u128> {
        query(store, asked).await.callbacks.iter().map(number).collect()
    }

    pub async fn purge(store: &Store, now: Timestamp) -> usize {
        store.purge(now, 1_000).await.expect("purge")
    }
}
