//! The use cases over the ports: what a host calls.
//!
//! An [`Engine`] books, shows, moves and cancels callbacks, answers what is on offer, and takes what sessions write
//! back. A [`Dispatcher`] beside it keeps the promises: it finds what is due and hands it over. Both read the clock once
//! per use case, load, decide with pure functions, and commit through one call of a store. Neither owns a thread or a
//! timer; the host says when to look and runs what comes out.

mod book;
mod call_in;
mod catalog;
mod change;
mod defaults;
mod dispatch;
mod list;
mod loose_ends;
mod offer;
mod once;
mod one_at_a_time;
mod refusal;
mod report;
mod show;
mod waits;
mod wakeup;
mod wish;

use std::fmt;
use std::sync::Arc;

pub use call_in::NewCallIn;
pub use change::Edit;
pub use defaults::{NoCaptcha, NobodyListens};
pub use dispatch::{Delivery, Dispatcher, Performed};
pub use offer::{Availability, AvailabilityAsk, QueueStatus};
pub use refusal::{EngineError, Field, Refusal, Refused, Remedy};
pub use show::{QueuePlace, Shown};
pub(crate) use wakeup::Wakeup;
pub use wish::{Accepted, NewCallback};

use crate::callback::{Callback, LifecycleEvent};
use crate::dispatch::INDEX_LEAD;
use crate::id::{CallbackId, NodeId, TenantId};
use crate::port::{
    CallInStore, CallbackStore, Captcha, Clock, IdSource, Listener, Orchestrator, RateWindows, Signals,
    WaitTimes,
};
use crate::settings::TenantSettings;
use crate::time::Timestamp;
use catalog::Catalog;
use one_at_a_time::OneAtATime;

/// What an engine is made of; [`Parts::new`] fills in what a host need not bring. Every part is a port; `ges_core::memory` and `ges_core::testing` have one of each.
#[derive(Clone)]
pub struct Parts {
    /// Remembers callbacks.
    pub callbacks: Arc<dyn CallbackStore>,
    /// Remembers call-in requests.
    pub call_ins: Arc<dyn CallInStore>,
    /// Runs sessions.
    pub orchestrator: Arc<dyn Orchestrator>,
    /// Knows waits.
    pub waits: Arc<dyn WaitTimes>,
    /// Proves that a person asks.
    pub captcha: Arc<dyn Captcha>,
    /// Counts accepted requests.
    pub windows: Arc<dyn RateWindows>,
    /// Now.
    pub clock: Arc<dyn Clock>,
    /// Ids and chance.
    pub ids: Arc<dyn IdSource>,
    /// Wakes a host that turns a [`Dispatcher`] itself; a [`Node`](crate::node::Node) needs none.
    pub signals: Arc<dyn Signals>,
    /// Hears of every life-cycle event.
    pub listener: Arc<dyn Listener>,
}

impl fmt::Debug for Parts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parts").finish_non_exhaustive()
    }
}

/// The callback engine. Cheap to share behind an `Arc`; every method may be called concurrently.
pub struct Engine {
    parts: Parts,
    catalog: Catalog,
    waits: waits::WaitCache,
    looks: show::LookCache,
    wakeup: Arc<Wakeup>,
    loose_ends: loose_ends::LooseEnds,
    bookings: OneAtATime<(TenantId, CallbackId)>,
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").field("tenants", &self.tenants()).finish_non_exhaustive()
    }
}

impl Engine {
    /// An engine over these parts, without any tenant yet.
    pub fn new(parts: Parts) -> Self {
        let wakeup = Arc::new(Wakeup::new(parts.signals));
        Engine {
            parts: Parts { signals: wakeup.clone(), ..parts },
            wakeup,
            catalog: Catalog::default(),
            waits: waits::WaitCache::default(),
            looks: show::LookCache::default(),
            loose_ends: loose_ends::LooseEnds::default(),
            bookings: OneAtATime::new(),
        }
    }

    /// Puts the settings of a tenant into force, as a whole: whoever reads sees the old ones or the new ones
    /// ([invariant 39](crate::rules)). Accepted callbacks are not touched ([invariant 41](crate::rules)).
    pub fn configure(&self, settings: TenantSettings) {
        self.catalog.put(settings);
        self.parts.signals.due(self.parts.clock.now());
    }

    /// Takes a tenant out of force. Its callbacks stay stored and are still handed over.
    pub fn forget(&self, tenant: &TenantId) {
        self.catalog.remove(tenant);
    }

    /// The settings in force for a tenant.
    pub fn settings(&self, tenant: &TenantId) -> Option<Arc<TenantSettings>> {
        self.catalog.tenant(tenant).map(|known| known.settings())
    }

    /// The tenants in force, in the order of their ids.
    pub fn tenants(&self) -> Vec<TenantId> {
        self.catalog.tenants()
    }

    /// Reads now what is otherwise read when the first request needs it: the numbering plan, and the expressions of the
    /// countries that the services in force may call. Zones and patterns are compiled when settings are read. Blocks the
    /// thread for up to a second, and changes no answer; to be called beside the requests, once settings are in force.
    pub fn warm_up(&self) {
        let known = self.tenants().into_iter().filter_map(|tenant| self.settings(&tenant));
        for settings in known {
            settings.services.values().for_each(|service| service.numbers.warm_up());
        }
    }

    /// The present instant, as the engine's clock tells it.
    pub fn now(&self) -> Timestamp {
        self.parts.clock.now()
    }

    /// The clock of this engine, for what stands beside it and must not have another time.
    pub fn clock(&self) -> Arc<dyn Clock> {
        self.parts.clock.clone()
    }

    /// Where the ids and the chance of this engine come from.
    pub fn ids(&self) -> Arc<dyn IdSource> {
        self.parts.ids.clone()
    }

    /// Removes what has been kept long enough: finished callbacks at 14 days after their desired time, call-in requests
    /// 14 days after their creation. Answers how many. To be called every few minutes; the reference allows an hour
    /// ([callback-domain §10.2](crate::rules)).
    ///
    /// # Errors
    /// When a store fails; what was removed by then stays removed.
    ///
    /// # Cancel safety
    /// Dropped, what was removed by then stays removed, and the store may still remove the batch it was asked for. The
    /// next call removes the rest.
    pub async fn purge(&self) -> Result<usize, crate::port::StoreError> {
        const BATCH: usize = 1000;
        let now = self.now();
        let mut removed = 0;
        loop {
            let callbacks = self.parts.callbacks.purge(now, BATCH).await?;
            let call_ins =
                self.parts.call_ins.purge_call_ins(now - crate::callback::RETENTION, BATCH).await?;
            removed += callbacks + call_ins;
            if callbacks < BATCH && call_ins < BATCH {
                return Ok(removed);
            }
        }
    }

    /// What a node on this engine is woken by.
    pub(crate) fn wakeup(&self) -> &Wakeup {
        &self.wakeup
    }

    /// A name that no process had before.
    pub(crate) fn fresh_name(&self) -> NodeId {
        NodeId::from(self.parts.ids.uuid().to_string())
    }

    /// When a record needs attention by itself.
    fn wake_at(&self, callback: &Callback) -> Option<Timestamp> {
        callback.wake_at(INDEX_LEAD, self.parts.orchestrator.look_every())
    }

    /// Tells the listener, and wakes the dispatcher, once a change is committed.
    fn committed(&self, callback: &Callback, events: &[LifecycleEvent]) {
        for event in events {
            self.parts.listener.heard(event);
        }
        if let Some(at) = self.wake_at(callback) {
            self.parts.signals.due(at);
        }
    }
}
