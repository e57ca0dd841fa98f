//! Where a callback stands; each state owns exactly the data of that state.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::reason::Reason;
use crate::time::Timestamp;

/// The state of a callback ([callback-domain §7.1](crate::rules)).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "name", content = "of", rename_all = "UPPERCASE")]
pub enum State {
    /// Only the engine knows about it: no session exists that we know of. While a hand-over is decided but not
    /// confirmed, its attempt stands in the record's outbox.
    Scheduled,
    /// A session runs; no agent is assigned.
    Queued(Session),
    /// An agent is reserved.
    Routing(Session),
    /// An agent handles it; it can be neither cancelled nor expired.
    Processing(Session),
    /// Finished.
    Completed(Completed),
}

/// A session of the orchestrator that runs one attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Which attempt it runs.
    pub attempt: u32,
    /// The orchestrator's name for it; unknown until the orchestrator or the session tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// Sequence number of the newest update applied; none before the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sequence: Option<u64>,
    /// When the hand-over was confirmed.
    pub since: Timestamp,
}

/// How it ended, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Completed {
    /// Why it ended.
    pub reason: Reason,
    /// When it ended.
    pub at: Timestamp,
}

/// The five names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum StateName {
    /// Held by the engine.
    Scheduled,
    /// Waiting in the virtual queue.
    Queued,
    /// Agent reserved.
    Routing,
    /// Agent and customer together.
    Processing,
    /// Finished.
    Completed,
}

impl StateName {
    /// All of them, in the order of a life.
    pub const ALL: [StateName; 5] = [
        StateName::Scheduled,
        StateName::Queued,
        StateName::Routing,
        StateName::Processing,
        StateName::Completed,
    ];

    /// Its name, an upper-case token.
    pub const fn as_str(self) -> &'static str {
        match self {
            StateName::Scheduled => "SCHEDULED",
            StateName::Queued => "QUEUED",
            StateName::Routing => "ROUTING",
            StateName::Processing => "PROCESSING",
            StateName::Completed => "COMPLETED",
        }
    }

    /// Whether it is QUEUED, ROUTING or PROCESSING: the ones a watermark and the active limit count
    /// ([callback-domain §9.2, §12](crate::rules)).
    pub const fn is_active(self) -> bool {
        matches!(self, StateName::Queued | StateName::Routing | StateName::Processing)
    }
}

impl fmt::Display for StateName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::str::FromStr for StateName {
    type Err = UnknownState;
    fn from_str(text: &str) -> Result<Self, UnknownState> {
        StateName::ALL.into_iter().find(|name| name.as_str() == text).ok_or(UnknownState)
    }
}

/// A text that names no state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a callback state: SCHEDULED, QUEUED, ROUTING, PROCESSING or COMPLETED is expected")]
pub struct UnknownState;

impl State {
    /// Which of the five it is.
    pub fn name(&self) -> StateName {
        match self {
            State::Scheduled => StateName::Scheduled,
            State::Queued(_) => StateName::Queued,
            State::Routing(_) => StateName::Routing,
            State::Processing(_) => StateName::Processing,
            State::Completed(_) => StateName::Completed,
        }
    }
}
