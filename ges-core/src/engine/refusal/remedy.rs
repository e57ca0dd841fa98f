//! What can be done about a refusal.

use std::time::Duration;

use super::Refusal;
use crate::callin::CallInRefused;

/// What can be done by the one who was refused. Every face of the engine derives from it how it says no; a host that
/// talks to people derives from it what it says next.
///
/// ```
/// use ges_core::engine::{Refusal, Remedy};
/// use ges_core::slots;
///
/// assert_eq!(Refusal::Time(slots::Refusal::Full).remedy(), Remedy::AnotherTime);
/// assert_eq!(Refusal::NumberQueued { limit: 2 }.remedy(), Remedy::AskAgainLater);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// Choose one of the times in [`Refused::proposals`](super::Refused::proposals). Where these are `None`, the service
    /// calls nobody at a chosen time, and only later will it be different.
    AnotherTime,
    /// Give another number: this one is not called, at no time.
    AnotherNumber,
    /// Ask for the same again, but not before this time is over.
    AskAgainAfter(Duration),
    /// Ask for the same again later. When is not known: it depends on what becomes of others.
    AskAgainLater,
    /// Ask for the same again at once. Others were quicker, again and again.
    AskAgain,
    /// Name another callback: there is none with this id.
    AnotherCallback,
    /// Choose another id, if another callback is wanted: this one stands for another request.
    AnotherId,
    /// Ask differently. [`Refusal::field`] or the text says what cannot be accepted as it stands.
    AnotherRequest,
    /// Nothing. It is as it is, or an administrator has to change it.
    Nothing,
}

impl Refusal {
    /// What can be done about it.
    pub fn remedy(&self) -> Remedy {
        match self {
            Refusal::TenantUnknown | Refusal::LifeCycle(_) => Remedy::Nothing,
            Refusal::ServiceUnknown
            | Refusal::GroupUnknown
            | Refusal::CaptchaMissing
            | Refusal::CaptchaRejected
            | Refusal::PushTargetsMissing
            | Refusal::PushChannel { .. }
            | Refusal::PushToken { .. }
            | Refusal::Window(_) => Remedy::AnotherRequest,
            Refusal::CallbackUnknown => Remedy::AnotherCallback,
            Refusal::IdTaken => Remedy::AnotherId,
            Refusal::Number(_) => Remedy::AnotherNumber,
            Refusal::Time(time) if time.another_time_helps() => Remedy::AnotherTime,
            Refusal::Time(_) => Remedy::AnotherRequest,
            Refusal::NumberQueued { .. } => Remedy::AskAgainLater,
            Refusal::NumberThrottled { retry_after } | Refusal::ServiceThrottled { retry_after } => {
                Remedy::AskAgainAfter(*retry_after)
            }
            Refusal::CallIn(CallInRefused::Disabled) => Remedy::Nothing,
            Refusal::CallIn(CallInRefused::CallbackCompleted) => Remedy::AnotherRequest,
            Refusal::CallIn(CallInRefused::NoNumber) => Remedy::AskAgainLater,
            Refusal::Contended => Remedy::AskAgain,
        }
    }
}
