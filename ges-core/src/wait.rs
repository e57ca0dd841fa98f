//! The estimated wait, reduced to what decisions need.

use std::time::Duration;

/// What is known about the wait of a queue at this moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// A forecast.
    Known(Duration),
    /// Nothing has passed through the queue yet, or the source could not be read. Never a reason to refuse
    /// ([callback-domain §6.2](crate::rules)).
    NothingYet,
    /// No agent is logged in.
    NoAgents,
}

impl Wait {
    /// The forecast; zero when there is none.
    pub fn forecast(self) -> Duration {
        match self {
            Wait::Known(wait) => wait,
            Wait::NothingYet | Wait::NoAgents => Duration::ZERO,
        }
    }
}
