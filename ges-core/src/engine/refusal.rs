//! Why the engine says no, and how it fails.
//!
//! A refusal tells by itself all that a caller may want to know: a stable code, a sentence, what can be done about it
//! ([`Remedy`]) and which part of the request it is about ([`Field`]). It is told in words of the domain; what a
//! request calls its parts, and how a protocol says no, is known to those who speak it.

mod field;
mod remedy;

use std::fmt;
use std::time::Duration;

pub use field::Field;
pub use remedy::Remedy;

use crate::callback;
use crate::callin;
use crate::number::NumberRefused;
use crate::offer::NotOffered;
use crate::port::{StoreError, Unavailable};
use crate::slots::{self, EndBeforeStart, SlotOnOffer};
use crate::throttle::Alarm;

/// A use case did not do what was asked. Nothing was changed, unless [`EngineError::is_outcome_unknown`].
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The domain says no.
    #[error("{0}")]
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
    /// The free times nearest to the one asked for, ascending, at most ten; none of them when all is taken. `None` when
    /// no times were looked for, because they are no remedy: see [`Remedy::AnotherTime`].
    pub proposals: Option<Vec<SlotOnOffer>>,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(field) = self.refusal.field() {
            write!(f, "{field}: ")?;
        }
        self.refusal.fmt(f)
    }
}

/// The refusals.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No such tenant is in force.
    #[error("the tenant is not configured")]
    TenantUnknown,
    /// No such callback service.
    #[error("no callback service of this name is configured")]
    ServiceUnknown,
    /// No such group of call-in numbers.
    #[error("no call-in group of this name is configured")]
    GroupUnknown,
    /// No such callback for this tenant, or its record has been removed.
    #[error("there is no callback with this id")]
    CallbackUnknown,
    /// Another wish was booked under the id that the host has chosen.
    #[error("it belongs to another request; a new request needs one of its own")]
    IdTaken,
    /// The number.
    #[error("{0}")]
    Number(NumberRefused),
    /// A person must be proven, and no token was sent.
    #[error("a token is required")]
    CaptchaMissing,
    /// The token proves nothing.
    #[error("the token was not accepted")]
    CaptchaRejected,
    /// The customer is to be notified, and there is no device to notify.
    #[error("this service needs at least one target with channel FCM")]
    PushTargetsMissing,
    /// A device is to be notified in a way that is not known.
    #[error("FCM is the only channel")]
    PushChannel {
        /// Which push target, from 0.
        index: usize,
    },
    /// A device to be notified has no name.
    #[error("a registration token is required")]
    PushToken {
        /// Which push target, from 0.
        index: usize,
    },
    /// Time and place.
    #[error("{0}")]
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
    /// The stretch of time to show free slots of.
    #[error("{0}")]
    Window(EndBeforeStart),
    /// The life cycle.
    #[error("{0}")]
    LifeCycle(callback::Refused),
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
    /// Its stable code, an upper-case token ([engagement-api-v3 §2.2](crate::rules)).
    pub fn code(&self) -> &'static str {
        match self {
            Refusal::TenantUnknown => "TENANT_UNKNOWN",
            Refusal::ServiceUnknown => "SERVICE_UNKNOWN",
            Refusal::GroupUnknown => "GROUP_UNKNOWN",
            Refusal::CallbackUnknown => "CALLBACK_UNKNOWN",
            Refusal::IdTaken => "ID_TAKEN",
            Refusal::Number(refused) => refused.code(),
            Refusal::CaptchaMissing | Refusal::CaptchaRejected => "CAPTCHA_FAILED",
            Refusal::PushTargetsMissing | Refusal::PushChannel { .. } | Refusal::PushToken { .. } => {
                "PUSH_TARGETS_INVALID"
            }
            Refusal::Time(time) => time_code(time),
            Refusal::NumberQueued { .. } | Refusal::NumberThrottled { .. } => "NUMBER_THROTTLED",
            Refusal::ServiceThrottled { .. } => "TENANT_THROTTLED",
            Refusal::Window(_) => "WINDOW_INVALID",
            Refusal::LifeCycle(_) => "STATE_INVALID",
            Refusal::CallIn(_) => "CALL_IN_REFUSED",
            Refusal::Contended => "CONTENDED",
        }
    }

    /// The alarm counter it raises, once per refusal ([callback-domain §9.2](crate::rules)).
    pub fn alarm(&self) -> Option<Alarm> {
        match self {
            Refusal::NumberQueued { .. } | Refusal::NumberThrottled { .. } => {
                Some(Alarm::EnqueueLimitReached)
            }
            Refusal::ServiceThrottled { .. } => Some(Alarm::TtlLimitReached),
            _ => None,
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
        EngineError::Refused(Box::new(Refused { refusal, proposals: None }))
    }
}

impl From<callback::Refused> for EngineError {
    fn from(refused: callback::Refused) -> Self {
        Refusal::LifeCycle(refused).into()
    }
}
