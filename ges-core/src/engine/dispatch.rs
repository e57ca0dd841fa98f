//! The dispatcher: finds what is due, leases it ahead, hands it over at its instant.

mod delivery;
mod ends;
mod held;
mod look;
mod outcomes;

pub use delivery::{Delivery, Performed};

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join;

use self::ends::Ends;
use self::held::{Errand, Held, What};
use self::look::Sessions;
use self::outcomes::Outcomes;
use super::Engine;
use crate::bell::Bell;
use crate::callback::{Callback, Event, Step, step};
use crate::dispatch::{AGAIN, AHEAD, INDEX_LEAD, LEASE, PASS, Plan, UNWOKEN, look_by, plan};
use crate::id::{NodeId, ServiceName, TenantId};
use crate::lead::EarlySubmission;
use crate::port::{Change, Lease, LeaseRequest, Leased, Raised, Release, StoreError};
use crate::time::Timestamp;

/// Records leased in one call.
const BATCH: usize = 2000;

/// Taken in one call, so that the first of many that share an instant need not wait until the leases of all are looked at.
const TAKE: usize = 1000;

/// One node's dispatcher. It owns no timer and no task: the host calls [`Dispatcher::look_ahead`] when it says so or
/// when a signal comes, [`Dispatcher::take_due`] at [`Dispatcher::next_due`], and runs the deliveries. Losing all of it
/// at any moment loses nothing: what it holds is leased, and leases expire.
pub struct Dispatcher {
    engine: Arc<Engine>,
    node: NodeId,
    held: Held,
    ends: Ends,
    sessions: Sessions,
    outcomes: Outcomes,
}

impl fmt::Debug for Dispatcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dispatcher").field("node", &self.node).finish_non_exhaustive()
    }
}

impl Dispatcher {
    /// A dispatcher of this node. `node` must be fresh at every start of a process.
    pub fn new(engine: Arc<Engine>, node: NodeId) -> Arc<Self> {
        Arc::new(Dispatcher {
            engine,
            node,
            held: Held::default(),
            ends: Ends::default(),
            sessions: Sessions::default(),
            outcomes: Outcomes::default(),
        })
    }

    /// Finds and leases what is due soon, and issues attempts in one durable batch. Looks at the whole truth, so it is
    /// safe to call at any time and as often as one likes. Answers when to look again at the latest; earlier when
    /// [`crate::port::Signals::due`] says so.
    ///
    /// # Errors
    /// When the store fails. The next call then begins anew: leases that were given and not told of end first, so what
    /// is due does not wait until they expire.
    ///
    /// # Cancel safety
    /// May be dropped at any moment, which is the same as a failure: the next call begins anew. It is asked for at once
    /// by [`crate::port::Signals::due`].
    pub async fn look_ahead(self: &Arc<Self>) -> Result<Timestamp, StoreError> {
        LookSoon::unless_ended(&self.engine, self.find_due()).await
    }

    async fn find_due(self: &Arc<Self>) -> Result<Timestamp, StoreError> {
        // Before anything is leased anew: what is recorded need not be done again. A failure does not keep from looking.
        let _ = self.write_left().await;
        let look = Look(self);
        self.end_leases().await?;
        let next = self.look_for_due().await?;
        std::mem::forget(look);
        let left = (!self.outcomes.is_empty()).then(|| self.engine.now() + UNWOKEN);
        Ok(self.ends.next().into_iter().chain(left).fold(next, Timestamp::min))
    }

    /// Ends what is to be ended by now.
    async fn end_leases(&self) -> Result<(), StoreError> {
        let now = self.engine.now();
        while let Some(node) = self.ends.due(now) {
            if node == self.node {
                self.begin_anew().await?;
            } else {
                self.engine.parts.callbacks.end_leases(&node).await?;
            }
            self.ends.done(&node, now);
        }
        Ok(())
    }

    /// Ends all leases of this node and forgets what it held; whatever is due is found again at once. What is being
    /// delivered goes on, and is repeated under the same attempt number.
    async fn begin_anew(&self) -> Result<(), StoreError> {
        self.engine.parts.callbacks.end_leases(&self.node).await?;
        self.held.clear();
        Ok(())
    }

    /// Leases batch after batch. While one is decided and committed the next is leased already.
    async fn look_for_due(self: &Arc<Self>) -> Result<Timestamp, StoreError> {
        let again = self.engine.tie_loose_ends().await?;
        let mut found = self.lease_some().await?;
        let mut wake = None;
        while found.leased.len() == BATCH {
            let (returned, next) = join(self.sort(found.leased, found.asked), self.lease_some()).await;
            wake = earliest(wake, returned?);
            found = next?;
        }
        let Found { leased, asked, next_wake } = found;
        let is_empty = leased.is_empty();
        let returned = self.sort(leased, asked).await?;
        let wake = earliest(earliest(wake, returned), next_wake);
        // A host that does not hear of bookings has to look for them.
        let latest = asked + if self.engine.parts.signals.is_heard() { PASS } else { UNWOKEN };
        let next = wake.map_or(latest, |wake| look_by(wake, asked));
        // What is due by now and was not found is leased to somebody; asking all the time does not free it.
        let soonest = if is_empty { asked + AGAIN } else { asked };
        Ok(earliest(again, Some(next.clamp(soonest, latest))).unwrap_or(latest))
    }

    /// One batch of what is due soon.
    async fn lease_some(&self) -> Result<Found, StoreError> {
        let now = self.engine.now();
        let raised = self.raised(now).await;
        let request = LeaseRequest {
            owner: self.node.clone(),
            now,
            until: now + AHEAD,
            raised,
            lasting: LEASE,
            limit: BATCH,
        };
        let (leased, next_wake) = self.engine.parts.callbacks.lease_and_next_wake(request).await?;
        Ok(Found { leased, next_wake, asked: now })
    }

    /// The earliest instant of anything held; none when nothing is.
    pub fn next_due(&self) -> Option<Timestamp> {
        self.held.next_due()
    }

    /// Takes what is held, whose instant has come, and whose lease still holds: whatever was cancelled or changed
    /// before this moment is not among it ([invariant 28](crate::rules)). Never earlier than its instant, and some
    /// thousand at most: when there are more, [`Dispatcher::next_due`] lies in the past.
    ///
    /// # Errors
    /// When the store fails; nothing is handed over then, and all of it is still held, so that the next call asks
    /// again.
    ///
    /// # Cancel safety
    /// May be dropped at any moment: all of it is still held, and the next call is asked for at once by
    /// [`crate::port::Signals::due`]. So it is with deliveries that are dropped before they are done.
    pub async fn take_due(self: &Arc<Self>) -> Result<Vec<Delivery>, StoreError> {
        LookSoon::unless_ended(&self.engine, self.take_held()).await
    }

    async fn take_held(self: &Arc<Self>) -> Result<Vec<Delivery>, StoreError> {
        let now = self.engine.now();
        let taken = self.held.take(now, TAKE);
        if taken.errands().is_empty() {
            return Ok(Vec::new());
        }
        let leases: Vec<Lease> = taken.errands().iter().map(|errand| errand.terms.lease.clone()).collect();
        let held = self.engine.parts.callbacks.held(&leases, now).await?;
        let still =
            taken.keep().into_iter().zip(held).filter_map(|(errand, held)| self.unless_lost(errand, held));
        Ok(still.map(|errand| Delivery::new(self, errand, now)).collect())
    }

    /// One whole pass for hosts without timers of their own: looks ahead and does everything that is due, one after the
    /// other, until nothing is. Answers when to call again at the latest: within a second when the host does not hear
    /// [`crate::port::Signals::due`], and so cannot know of what is booked meanwhile.
    ///
    /// # Errors
    /// When the store fails.
    ///
    /// # Cancel safety
    /// May be dropped at any moment: the next call does the rest, and is asked for at once by
    /// [`crate::port::Signals::due`]. A callback that is being handed over is handed over again then, under the same
    /// attempt number.
    pub async fn run_due(self: &Arc<Self>) -> Result<Timestamp, StoreError> {
        loop {
            let next = self.look_ahead().await?;
            let due = self.take_due().await?;
            if due.is_empty() {
                return Ok(self.next_due().map_or(next, |due| due.min(next)));
            }
            for delivery in due {
                delivery.run().await;
            }
        }
    }

    /// Gives back every lease of this node, known or not, so that another one can take it at once. For a graceful stop,
    /// when nothing is looked for or delivered any more.
    ///
    /// # Errors
    /// When the store fails; the leases then expire by themselves.
    ///
    /// # Cancel safety
    /// May be dropped at any moment: leases that were not given back by then expire by themselves.
    pub async fn drain(&self) -> Result<(), StoreError> {
        self.engine.tie_loose_ends().await?;
        self.begin_anew().await
    }

    /// Takes over from a node that is gone: its leases end, and everything that is due is leased here or by whoever
    /// looks first. Answers how many leases ended. A node that is wrongly taken for gone loses what it held, and nothing
    /// is handed over twice: its leases are worth nothing from then on.
    ///
    /// # Errors
    /// When the store fails; [`Dispatcher::look_ahead`] then does it.
    ///
    /// # Cancel safety
    /// May be dropped at any moment: [`Dispatcher::look_ahead`] then does it.
    pub async fn take_over(self: &Arc<Self>, gone: &NodeId) -> Result<usize, StoreError> {
        if *gone == self.node {
            return Ok(0);
        }
        // Whatever becomes of this call, a look comes at once, and does what is not done by then.
        let _look = LookSoon(&self.engine);
        self.ends.at_once(gone, self.engine.now());
        let ended = self.engine.parts.callbacks.end_leases(gone).await?;
        self.ends.once_more(gone, self.engine.now());
        Ok(ended)
    }

    /// The name this dispatcher leases under.
    pub fn node(&self) -> &NodeId {
        &self.node
    }

    /// Rung when [`Dispatcher::next_due`] has become earlier.
    pub(crate) fn sooner(&self) -> &Bell {
        self.held.sooner()
    }

    fn unless_lost(&self, errand: Errand, is_held: bool) -> Option<Errand> {
        if !is_held {
            self.held.lost(&errand);
        }
        is_held.then_some(errand)
    }

    /// Decides for each leased record, and commits what must be committed before its instant. Answers when the first of
    /// those that are not held can be leased again.
    async fn sort(
        self: &Arc<Self>,
        leased: Vec<Leased>,
        now: Timestamp,
    ) -> Result<Option<Timestamp>, StoreError> {
        let mut releases = Vec::new();
        let mut changes = Vec::new();
        for Leased { callback, due, lease } in leased {
            // A lease is given some seconds ahead; whoever is still at work until then is not to be disturbed.
            let due = due.min(now + AHEAD).max(now);
            let (lead, opening) = self.lead(&callback, now).await;
            match plan(&callback, now, lead, opening, AHEAD) {
                Plan::Wait(not_before) => releases.push(Release { lease, not_before }),
                Plan::Look => self.held.hold(Errand::new(due, callback, lease, What::Look)),
                Plan::Perform(effect) => {
                    let due = effect.not_before.max(due);
                    let mut errand = Errand::new(due, callback, lease, What::Task(effect.task));
                    errand.terms.tries = effect.tries;
                    self.held.hold(errand);
                }
                Plan::Issue(at) => changes.extend(decided(callback, lease, Event::Issue { at }, now)),
                Plan::Expire(at) => self.held.hold(Errand::new(at, callback, lease, What::Expire)),
            }
        }
        let leases: Vec<Lease> = changes.iter().map(|decided: &Decided| decided.lease.clone()).collect();
        let committed = if changes.is_empty() { Ok(None) } else { self.commit(changes, now).await };
        if committed.is_err() {
            // Nothing was changed, so the leases must not stand in the way until they expire.
            releases.extend(leases.into_iter().map(|lease| Release { lease, not_before: now }));
        }
        let returned = releases.iter().map(|release| release.not_before).min();
        if !releases.is_empty() {
            self.engine.parts.callbacks.release(releases).await?;
        }
        Ok(earliest(returned, committed?))
    }

    /// Answers `now` when somebody else decided about one of them first.
    async fn commit(
        self: &Arc<Self>,
        decided: Vec<Decided>,
        now: Timestamp,
    ) -> Result<Option<Timestamp>, StoreError> {
        let changes = decided.iter().map(|decided| Change {
            next: decided.next.clone(),
            expected: decided.before.version,
            wake_at: self.engine.wake_at(&decided.next),
            keeps_user_data: true,
            guards: Vec::new(),
            fence: Some(decided.lease.fence),
        });
        let answers = self.engine.parts.callbacks.change(changes.collect()).await?;
        let mut lost = None;
        for (decided, answer) in decided.into_iter().zip(answers) {
            if answer.is_err() {
                // Somebody else decided first, and the store wakes the record by what was written then.
                lost = Some(now);
            } else {
                let Decided { before, next, lease, events } = decided;
                for event in &events {
                    self.engine.parts.listener.heard(event);
                }
                self.engine.observe(&before, &next, self.engine.now());
                let lease = Lease { version: next.version, ..lease };
                if let Some(effect) = next.outbox.first().cloned() {
                    let what = What::Task(effect.task);
                    self.held.hold(Errand::new(effect.not_before, next, lease, what));
                }
            }
        }
        Ok(lost)
    }

    /// The lead of a record's service as it is now, and the opening of the period that holds its desired time. A record
    /// whose service was removed is handed over at its desired time.
    async fn lead(&self, callback: &Callback, now: Timestamp) -> (Duration, Option<Timestamp>) {
        let Some(tenant) = self.engine.catalog.tenant(&callback.tenant) else {
            return (Duration::ZERO, None);
        };
        let Some(compiled) = tenant.service(&callback.service, now) else {
            return (Duration::ZERO, None);
        };
        let wait = self.engine.wait(&callback.tenant, &callback.service, now).await;
        (compiled.service.submit.lead(wait), compiled.opening(callback.desired))
    }

    /// Services whose lead is longer than the index knows. Nothing of a later period is due before its opening. What is
    /// desired between two periods was booked under other hours, and is due by its lead alone
    /// ([callback-domain §8.1](crate::rules)).
    async fn raised(&self, now: Timestamp) -> Vec<Raised> {
        let mut raised = Vec::new();
        for tenant in self.engine.tenants() {
            let Some(known) = self.engine.catalog.tenant(&tenant) else { continue };
            for service in known.settings().services.values() {
                if let Some(desired_before) = self.raised_service(&tenant, &service.name, now).await {
                    let service = service.name.clone();
                    raised.push(Raised { tenant: tenant.clone(), service, desired_before });
                }
            }
        }
        raised
    }

    async fn raised_service(
        &self,
        tenant: &TenantId,
        name: &ServiceName,
        now: Timestamp,
    ) -> Option<Timestamp> {
        let known = self.engine.catalog.tenant(tenant)?;
        let settings = known.settings();
        let service = settings.services.get(name)?;
        if !service.scheduled.enabled {
            return None;
        }
        let wait = match service.submit.early {
            EarlySubmission::Ewt => self.engine.wait(tenant, name, now).await,
            EarlySubmission::BufferOnly | EarlySubmission::Off => crate::wait::Wait::NothingYet,
        };
        let lead = service.submit.lead(wait);
        if lead <= INDEX_LEAD {
            return None;
        }
        let soon = now + AHEAD;
        let compiled = known.service(name, now)?;
        let open = compiled.table.open();
        let closes = open.around(soon).map_or(soon, |period| period.end);
        let opens = open.next_open(closes).unwrap_or(Timestamp::MAX);
        Some((soon + lead).min(opens))
    }
}

/// What was leased in one call.
struct Found {
    leased: Vec<Leased>,
    /// When the store has more.
    next_wake: Option<Timestamp>,
    asked: Timestamp,
}

/// The earlier one of two instants, either of which may never come.
fn earliest(one: Option<Timestamp>, other: Option<Timestamp>) -> Option<Timestamp> {
    one.into_iter().chain(other).min()
}

/// A look under way. Left in the middle, it may have leased what nobody knows of, so the next one begins anew.
struct Look<'a>(&'a Dispatcher);

impl Drop for Look<'_> {
    fn drop(&mut self) {
        let Look(Dispatcher { engine, node, ends, .. }) = self;
        ends.at_once(node, engine.now());
    }
}

/// Has a look come at once when it is dropped: a host that sleeps until the instant it was told before is woken.
struct LookSoon<'a>(&'a Engine);

impl LookSoon<'_> {
    /// Awaits a piece of work. Only when that is dropped in the middle a look comes at once: the one who hears that it
    /// failed knows when to ask again.
    async fn unless_ended<T>(engine: &Engine, work: impl Future<Output = T>) -> T {
        let soon = LookSoon(engine);
        let ended = work.await;
        std::mem::forget(soon);
        ended
    }
}

impl Drop for LookSoon<'_> {
    fn drop(&mut self) {
        self.0.parts.signals.due(self.0.now());
    }
}

/// A change decided under a lease.
struct Decided {
    before: Callback,
    next: Callback,
    lease: Lease,
    events: Vec<crate::callback::LifecycleEvent>,
}

fn decided(before: Callback, lease: Lease, event: Event, now: Timestamp) -> Option<Decided> {
    match step(&before, &event, now) {
        Ok(Step::Changed(next, events)) => Some(Decided { before, next: *next, lease, events }),
        // The plan asks only for what the life cycle allows; were it otherwise, the lease would run out and the record
        // be looked at again.
        Ok(Step::Unchanged) | Err(_) => None,
    }
}
