//! The life-cycle events hosts can listen to.

use serde::{Deserialize, Serialize};

use super::reason::Reason;
use super::state::StateName;
use crate::id::{CallbackId, ServiceName, TenantId};
use crate::time::Timestamp;

/// What happened, by the names the predecessor pushed ([callback-domain §7.4](crate::rules), prefix `_cbe_on_`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Happening {
    /// A request was accepted.
    ServiceCreate,
    /// A scheduled callback was booked.
    CallbackScheduled,
    /// It was moved to another time.
    CallbackRescheduled,
    /// An attempt was handed to the orchestrator.
    CallbackSubmitted,
    /// It waits in the virtual queue.
    CallbackQueued,
    /// The hand-over failed for good.
    CallbackSubmitFailed,
    /// Its session died, or its life limit passed.
    CallbackProcessingFailed,
    /// The session reported another state.
    CallbackStatusUpdated,
    /// It was cancelled.
    CallbackCancelled,
    /// An agent was found.
    TargetFound,
    /// The call was given to the agent.
    RouteToAgent,
    /// It ended.
    ServiceExit,
}

impl Happening {
    /// The full event name, prefix included.
    pub const fn as_str(self) -> &'static str {
        match self {
            Happening::ServiceCreate => "_cbe_on_service_create",
            Happening::CallbackScheduled => "_cbe_on_callback_scheduled",
            Happening::CallbackRescheduled => "_cbe_on_callback_rescheduled",
            Happening::CallbackSubmitted => "_cbe_on_callback_submitted",
            Happening::CallbackQueued => "_cbe_on_callback_queued",
            Happening::CallbackSubmitFailed => "_cbe_on_callback_submit_failed",
            Happening::CallbackProcessingFailed => "_cbe_on_callback_processing_failed",
            Happening::CallbackStatusUpdated => "_cbe_on_callback_status_updated",
            Happening::CallbackCancelled => "_cbe_on_callback_cancelled",
            Happening::TargetFound => "_cbe_on_target_found",
            Happening::RouteToAgent => "_cbe_on_route_to_agent",
            Happening::ServiceExit => "_cbe_on_service_exit",
        }
    }
}

/// One entry of the internal event log: no number, no user data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LifecycleEvent {
    /// What happened.
    pub happening: Happening,
    /// To which callback.
    pub id: CallbackId,
    /// Whose.
    pub tenant: TenantId,
    /// Of which service.
    pub service: ServiceName,
    /// The state before; none at creation.
    pub from: Option<StateName>,
    /// The state after.
    pub to: StateName,
    /// Why it ended, when it did.
    pub reason: Option<Reason>,
    /// When.
    pub at: Timestamp,
}
