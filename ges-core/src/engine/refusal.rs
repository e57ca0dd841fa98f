//! Why the engine says no, and how it fails.

use std::time::Duration;

use crate::callback;
use crate::callin;
use crate::number::NumberRefused;
use crate::offer::NotOffered;
use crate::port::{StoreError, Unavailable};
use crate::slots::{self, BadWindow, SlotOnOffer};

/// A use case did not do what was asked. Nothing was changed, unless [`EngineError::is_outcome_unknown`].
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The domain says no.
    #[error("{}", .0.refusal)]
    Refused(Box<Refused>),
    /// A store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A neighbour that must be asked cannot be reached.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// A refusal with what goes with it.
#[derive(Debug)]
pub struct Refused {
    /// Why.
    pub refusal: Refusal,
    /// Other times that could be had, ascending; only with refusals about time and place.
    pub proposals: Vec<SlotOnOffer>,
}

/// The refusals.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No such tenant is in force.
    #[error("the tenant is not configured")]
    TenantUnknown,
    /// No such callback service.
    #[error("serviceName: no callback service of this name is configured")]
    ServiceUnknown,
    /// No such group of call-in numbers.
    #[error("groupName: no call-in group of this name is configured")]
    GroupUnknown,
    /// No such callback for this tenant, or its record has been removed.
    #[error("id: there is no callback with this id")]
    CallbackUnknown,
    /// Another wish was booked under the id that the host has chosen.
    #[error("the id belongs to another request; a new request needs an id of its own")]
    IdTaken,
    /// The number.
    #[error("phoneNumber: {0}")]
    Number(NumberRefused),
    /// A person must be proven, and no token was sent.
    #[error("captchaToken: a token is required")]
    CaptchaMissing,
    /// The token proves nothing.
    #[error("captchaToken: the token was not accepted")]
    CaptchaRejected,
    /// The customer is to be notified, and there is no device to notify.
    #[error("pushTargets: this service needs at least one target with channel FCM")]
    PushTargetsMissing,
    /// A push target that cannot be used.
    #[error("pushTargets[{index}]: {problem}")]
    PushTarget {
        /// Which one, from 0.
        index: usize,
        /// What is wrong, and what would be right.
        problem: &'static str,
    },
    /// Time and place.
    #[error("desiredTime: {0}")]
    Time(slots::Refusal),
    /// The number has too many unfinished callbacks in this service.
    #[error("this number already has {limit} unfinished callbacks in this service")]
    NumberQueued {
        /// Refused at this count.
        limit: u32,
    },
    /// The number asked too often today.
    #[error("this number asked more often than allowed; it can ask again in {} s", .retry_after.as_secs())]
    NumberThrottled {
        /// How long until it can be accepted.
        retry_after: Duration,
    },
    /// The service accepts no more for now.
    #[error("the service takes no more immediate callbacks for now; try again in {} s", .retry_after.as_secs())]
    ServiceThrottled {
        /// How long until one more can be accepted.
        retry_after: Duration,
    },
    /// The window of an availability query.
    #[error("{0}")]
    Window(BadWindow),
    /// The life cycle.
    #[error("{0}")]
    LifeCycle(callback::Refused),
    /// The callback to be tied to is finished.
    #[error("callbackServiceId: the callback is finished")]
    CallbackFinished,
    /// A call-in.
    #[error("{0}")]
    CallIn(callin::CallInRefused),
    /// Others changed the record again and again; the same request may succeed.
    #[error("the record is being changed by others; try again")]
    Contended,
}

impl EngineError {
    /// Whether what was asked may have been done all the same, or may still be: the store was asked, and its answer was
    /// lost. To learn it, ask again: repeating is safe for a change, and for a booking under an id of the caller's.
    pub fn is_outcome_unknown(&self) -> bool {
        matches!(self, EngineError::Store(error) if error.is_outcome_unknown())
    }
}

impl Refusal {
    /// The stable token of the wire's `status.reason` ([engagement-api-v3 §2.2](crate::rules)).
    pub fn code(&self) -> &'static str {
        match self {
            Refusal::TenantUnknown => "TENANT_UNKNOWN",
            Refusal::ServiceUnknown => "SERVICE_UNKNOWN",
            Refusal::GroupUnknown => "GROUP_UNKNOWN",
            Refusal::CallbackUnknown => "CALLBACK_UNKNOWN",
            Refusal::IdTaken => "ID_TAKEN",
            Refusal::Number(refused) => refused.code(),
            Refusal::CaptchaMissing | Refusal::CaptchaRejected => "CAPTCHA_FAILED",
            Refusal::PushTargetsMissing | Refusal::PushTarget { .. } => "PUSH_TARGETS_INVALID",
            Refusal::Time(time) => time_code(time),
            Refusal::NumberQueued { .. } | Refusal::NumberThrottled { .. } => "NUMBER_THROTTLED",
            Refusal::ServiceThrottled { .. } => "TENANT_THROTTLED",
            Refusal::Window(_) => "WINDOW_INVALID",
            Refusal::LifeCycle(_) => "STATE_INVALID",
            Refusal::CallbackFinished => "CALLBACK_FINISHED",
            Refusal::CallIn(_) => "CALL_IN_REFUSED",
            Refusal::Contended => "CONTENDED",
        }
    }
}

fn time_code(refusal: &slots::Refusal) -> &'static str {
    match refusal {
        slots::Refusal::NotOffered(NotOffered::Disabled) => "IMMEDIATE_DISABLED",
        slots::Refusal::NotOffered(NotOffered::Closed) | slots::Refusal::Closed => "OFFICE_CLOSED",
        slots::Refusal::NotOffered(NotOffered::NoAgents) => "NO_AGENTS",
        slots::Refusal::NotOffered(NotOffered::TooLate) => "TOO_LATE_TODAY",
        slots::Refusal::ScheduledDisabled => "SCHEDULED_DISABLED",
        slots::Refusal::Past => "TIME_PAST",
        slots::Refusal::TooFar { .. } => "TIME_TOO_FAR",
        slots::Refusal::TooSoon { .. } => "TIME_TOO_SOON",
        slots::Refusal::NotWithinSlot(_) => "SLOT_UNLIKELY",
        slots::Refusal::Full => "SLOT_FULL",
    }
}

impl From<Refusal> for EngineError {
    fn from(refusal: Refusal) -> Self {
        EngineError::Refused(Box::new(Refused { refusal, proposals: Vec::new() }))
    }
}

impl From<callback::Refused> for EngineError {
    fn from(refused: callback::Refused) -> Self {
        Refusal::LifeCycle(refused).into()
    }
}
