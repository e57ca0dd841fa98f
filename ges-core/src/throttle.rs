//! Who may ask how often.
//!
//! Immediate callbacks are limited by the number of active callbacks of a service, by windows of accepted requests per
//! service and tenant, and by a daily count per parameter value; scheduled ones by none of these
//! ([callback-domain §9.2](crate::rules)). Both kinds are refused when the number already waits
//! ([callback-domain §9.3](crate::rules)). Here is what is counted and what follows; [`windows`] counts within one
//! process; nodes that share a count do it behind [`crate::port::RateWindows`]. The counts of active callbacks and of
//! waiting duplicates come from the durable store, which alone decides about them.

mod limits;
pub mod window;
pub mod windows;

use std::time::Duration;

pub use limits::{DEFAULT_PARAMETER, ThrottleLimits, effective_limit};
pub use window::{Lasting, RateWindow, WindowKey, WindowKind, WindowRequest};
pub use windows::{Exceeded, Reservation, WindowTable};

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

    /// Whether one more callback fits. `unfinished` counts the records of the same service and comparison number in
    /// any state but COMPLETED, the new one not included.
    ///
    /// # Errors
    ///
    /// [`Throttled::Duplicate`].
    pub fn check(self, unfinished: u32) -> Result<(), Throttled> {
        match self.most() {
            Some(most) if unfinished >= most => Err(Throttled::Duplicate { most }),
            _ => Ok(()),
        }
    }
}

/// Callbacks of one service by state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StateCounts {
    /// Booked for later.
    pub scheduled: u32,
    /// Submitted and waiting.
    pub queued: u32,
    /// Being routed to an agent.
    pub routing: u32,
    /// Agent and customer talk.
    pub processing: u32,
    /// Over.
    pub completed: u32,
}

impl StateCounts {
    /// Active callbacks, QUEUED to PROCESSING: what the limit and the watermark count
    /// ([callback-domain §9.2, §3.5](crate::rules)).
    pub fn active(&self) -> u32 {
        self.queued.saturating_add(self.routing).saturating_add(self.processing)
    }
}

/// Whether one more immediate callback fits below the limit of active ones; a limit of 0 blocks all
/// ([callback-domain §9.2](crate::rules)).
///
/// # Errors
///
/// [`Throttled::Active`].
pub fn check_active(active: u32, most: u32) -> Result<(), Throttled> {
    if active < most { Ok(()) } else { Err(Throttled::Active { most }) }
}

/// Why a request is throttled; HTTP 429 with empty slots ([callback-domain §9](crate::rules),
/// [engagement-api-v3 §3.1](crate::rules)).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Throttled {
    /// The number already waits.
    #[error("this number already has {most} unfinished callbacks in the service")]
    Duplicate {
        /// How many it may have.
        most: u32,
    },
    /// The service has as many active callbacks as it may.
    #[error("the limit of {most} active callbacks of the service is reached")]
    Active {
        /// How many it may have.
        most: u32,
    },
    /// A window is full.
    #[error(transparent)]
    Window(#[from] Exceeded),
}

impl Throttled {
    /// The alarm counter this refusal raises by one.
    pub fn alarm(&self) -> Alarm {
        match self {
            Throttled::Duplicate { .. } => Alarm::EnqueueLimitReached,
            Throttled::Active { .. } => Alarm::TtlLimitReached,
            Throttled::Window(exceeded) => exceeded.kind.alarm(),
        }
    }

    /// How long the client should wait before it asks again, where that is known.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Throttled::Window(exceeded) => Some(exceeded.retry_after),
            Throttled::Duplicate { .. } | Throttled::Active { .. } => None,
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

impl Alarm {
    /// The name operators know.
    pub fn name(self) -> &'static str {
        match self {
            Alarm::TtlLimitReached => "CB_TTL_LIMIT_REACHED",
            Alarm::EnqueueLimitReached => "CB_ENQUEUE_LIMIT_REACHED",
        }
    }
}

#[cfg(test)]
mod tests;
