//! The aggregate: one promise to call a customer back, from acceptance to its end.
//!
//! A [`Callback`] is changed only by [`step`]: a pure function of the record, an event and the present instant, which
//! answers with the next record. What must then be done in the outside world (hand over to the orchestrator, tell a
//! session that it is cancelled) stands in the record's [`outbox`](Callback::outbox), so state and intention are one
//! row and are committed together. A crash repeats an effect with the same key; it never forgets or invents one.

mod effect;
mod event;
mod fingerprint;
mod history;
mod look;
mod reason;
mod request;
mod retention;
pub mod retry;
mod state;
mod table;
mod transition;

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use effect::{Effect, Task};
pub use event::{CancelledBy, Event, SessionState, SessionUpdate};
pub use fingerprint::Fingerprint;
pub use history::{Happening, LifecycleEvent};
pub use look::look_instant;
pub use reason::Reason;
pub use request::{Direction, OfferTiming, OfferType, Override, PushTarget, Request};
pub use retention::RETENTION;
pub use state::{Completed, Session, State, StateName, UnknownState};
pub use table::{Row, TRANSITIONS};
pub use transition::{PING_WINDOW, Refused, Step, WhyRefused, step};

use crate::id::{CallbackId, ServiceName, TenantId};
use crate::time::Timestamp;

/// How a callback is counted and when it is due ([callback-domain §1.1, §6.3](crate::rules)).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Kind {
    /// For the next free agent: handed over at once, holds no place in any slot.
    Immediate,
    /// For a chosen time: holds one place in the slot of that time.
    Scheduled,
}

/// How often a record was written; a change must name the version it read.
pub type Version = u64;

/// One promise: everything that is stored about it, in one record.
///
/// `Debug` shows neither the customer's number nor user data ([invariant 37](crate::rules)).
///
/// Its serde form is what stores keep and exports show: names of fields as here, instants as UTC milliseconds, `ttl` as
/// `secs` and `nanos`, what is absent left out. It only grows: a later release reads every record an earlier one wrote,
/// and a new field has a value for records without it. The records in `tests/records` hold it to that.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Callback {
    /// Unique per tenant.
    pub id: CallbackId,
    /// Whose it is.
    pub tenant: TenantId,
    /// The callback service, which is also the virtual queue.
    pub service: ServiceName,
    /// 1 when booked, one more at each change.
    pub version: Version,
    /// Immediate or scheduled.
    pub kind: Kind,
    /// When it was accepted.
    pub created: Timestamp,
    /// When its state last changed (*time updated*).
    pub updated: Timestamp,
    /// The moment the customer asked to be called; the creation time of an immediate one without a wish.
    pub desired: Timestamp,
    /// Life limit of an unfinished callback, counted from `desired` ([callback-domain §10.1](crate::rules)).
    pub ttl: Duration,
    /// The version of the settings it was judged against.
    pub settings_version: u64,
    /// What the customer asked for; shared, because a record is copied at each step and its request seldom changes.
    pub request: Arc<Request>,
    /// The wish it was booked from; only when the host chose the id, so that the same wish can come again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<Fingerprint>,
    /// Where it stands.
    pub state: State,
    /// The last attempt number issued; 0 before the first hand-over. Only grows ([invariant 26](crate::rules)).
    pub attempts: u32,
    /// What is still to be done in the outside world.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub outbox: Vec<Effect>,
}

impl Callback {
    /// The request, to be changed: copies that other records share stay as they are.
    pub fn request_mut(&mut self) -> &mut Request {
        Arc::make_mut(&mut self.request)
    }

    /// Whether it holds a place in the slot of its desired time: a scheduled one does, from acceptance until it is
    /// cancelled; any other ending keeps the place used ([callback-domain §5.3](crate::rules)).
    pub fn holds_place(&self) -> bool {
        self.kind == Kind::Scheduled
            && !matches!(&self.state, State::Completed(done) if done.reason.frees_place())
    }

    /// Whether it has not reached COMPLETED.
    pub fn is_unfinished(&self) -> bool {
        !matches!(self.state, State::Completed(_))
    }

    /// Whether it is QUEUED, ROUTING or PROCESSING: the ones a watermark and the active limit count
    /// ([callback-domain §9.2, §12](crate::rules)).
    pub fn is_active(&self) -> bool {
        self.state.name().is_active()
    }

    /// The session that runs it, if one does.
    pub fn session(&self) -> Option<&Session> {
        match &self.state {
            State::Queued(session) | State::Routing(session) | State::Processing(session) => Some(session),
            State::Scheduled | State::Completed(_) => None,
        }
    }

    /// The attempt whose hand-over is decided but not confirmed, if there is one.
    pub fn pending_attempt(&self) -> Option<&Effect> {
        self.outbox.iter().find(|effect| matches!(effect.task, Task::HandOver { .. }))
    }

    /// Why it ended; present exactly when it is COMPLETED ([invariant 23](crate::rules)).
    pub fn reason(&self) -> Option<&Reason> {
        match &self.state {
            State::Completed(done) => Some(&done.reason),
            _ => None,
        }
    }
}
