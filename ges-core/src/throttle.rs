//! Who may ask how often.
//!
//! Immediate callbacks are limited by the number of active callbacks of a service, by windows of accepted requests per
//! service and tenant, and by a daily count per parameter value; scheduled ones by none of these
//! ([callback-domain §9.2](crate::rules)). Both kinds are refused when the number already waits
//! ([callback-domain §9.3](crate::rules)). Here is what is counted and what follows; [`windows`] counts within one
//! process; nodes that share a count do it behind [`crate::port::RateWindows`]. The counts of active callbacks and of
//! waiting duplicates come from the durable store, which alone decides about them.

mod limits;
mod reservation;
pub mod window;
pub mod windows;

pub use limits::{DEFAULT_PARAMETER, ThrottleLimits};
pub use reservation::{Reservation, TakesBack, Unit};
pub use window::{Lasting, RateWindow, WindowKey, WindowKind, WindowRequest};
pub use windows::{Exceeded, WindowTable};

/// How many unfinished callbacks one number may have in a service (`_enable_in_queue_checking`,
/// [callback-domain §9.3](crate::rules)).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum InQueueCheck {
    /// `false`: any number.
    #[serde(rename = "false")]
    Off,
    /// `true`, the default: the third is refused.
    #[default]
    #[serde(rename = "true")]
    Two,
    /// `strict`: the second is refused.
    #[serde(rename = "strict")]
    One,
}

impl InQueueCheck {
    /// Reads the option: `true`, `strict` or `false` in any case; `None` for every other text, so that the wider
    /// setting counts.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let is = |word| text.eq_ignore_ascii_case(word);
        if is("true") {
            Some(InQueueCheck::Two)
        } else if is("strict") {
            Some(InQueueCheck::One)
        } else if is("false") {
            Some(InQueueCheck::Off)
        } else {
            None
        }
    }

    /// The most unfinished callbacks one number may have; `None` for any number.
    pub fn most(self) -> Option<u32> {
        match self {
            InQueueCheck::Off => None,
            InQueueCheck::Two => Some(2),
            InQueueCheck::One => Some(1),
        }
    }
}

/// Alarm counters of throttling ([callback-domain §9.2](crate::rules)).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Alarm {
    /// A service or tenant asked too often.
    TtlLimitReached,
    /// One number or parameter value asked too often, or waits already.
    EnqueueLimitReached,
}

#[cfg(test)]
mod tests;
