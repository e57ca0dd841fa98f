//! Which part of a request a refusal is about.

use std::fmt;

use super::Refusal;
use crate::callin::CallInRefused;

/// A part of a request. What it is called where the request came from is known there; `Display` calls it what a person
/// would.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Field {
    /// The name of the callback service.
    Service,
    /// The name of the group of call-in numbers.
    CallInGroup,
    /// The id of the callback.
    Callback,
    /// The id that the asker has chosen for a new callback.
    OwnId,
    /// The id of the callback that a call-in is to be tied to.
    TiedCallback,
    /// The number to call.
    Number,
    /// The proof that a person asks.
    CaptchaToken,
    /// The devices to notify, as a whole.
    PushTargets,
    /// The channel of one device to notify.
    PushChannel {
        /// Which device, from 0.
        index: usize,
    },
    /// The registration token of one device to notify.
    PushToken {
        /// Which device, from 0.
        index: usize,
    },
    /// The time to be called at.
    DesiredTime,
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Field::Service => f.write_str("service"),
            Field::CallInGroup => f.write_str("call-in group"),
            Field::Callback => f.write_str("callback"),
            Field::OwnId => f.write_str("id of the request"),
            Field::TiedCallback => f.write_str("callback to be tied to"),
            Field::Number => f.write_str("number"),
            Field::CaptchaToken => f.write_str("CAPTCHA token"),
            Field::PushTargets => f.write_str("push targets"),
            Field::PushChannel { index } => write!(f, "channel of push target {index}"),
            Field::PushToken { index } => write!(f, "registration token of push target {index}"),
            Field::DesiredTime => f.write_str("desired time"),
        }
    }
}

impl Refusal {
    /// What in the request it is about; `None` where nothing in the request alone is at fault.
    pub fn field(&self) -> Option<Field> {
        match self {
            Refusal::ServiceUnknown => Some(Field::Service),
            Refusal::GroupUnknown => Some(Field::CallInGroup),
            Refusal::CallbackUnknown => Some(Field::Callback),
            Refusal::IdTaken => Some(Field::OwnId),
            Refusal::Number(_) => Some(Field::Number),
            Refusal::CaptchaMissing | Refusal::CaptchaRejected => Some(Field::CaptchaToken),
            Refusal::PushTargetsMissing => Some(Field::PushTargets),
            Refusal::PushChannel { index } => Some(Field::PushChannel { index: *index }),
            Refusal::PushToken { index } => Some(Field::PushToken { index: *index }),
            Refusal::Time(_) => Some(Field::DesiredTime),
            Refusal::CallIn(CallInRefused::CallbackCompleted) => Some(Field::TiedCallback),
            Refusal::TenantUnknown
            | Refusal::NumberQueued { .. }
            | Refusal::NumberThrottled { .. }
            | Refusal::ServiceThrottled { .. }
            | Refusal::Window(_)
            | Refusal::LifeCycle(_)
            | Refusal::CallIn(CallInRefused::Disabled | CallInRefused::NoNumber)
            | Refusal::Contended => None,
        }
    }
}
