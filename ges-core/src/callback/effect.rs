//! What is still to be done in the outside world, as data.

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// One thing to do, committed together with the state that calls for it.
///
/// An effect stays in the record until an event confirms it; it may be done more than once, always under the same key
/// (callback id, attempt), and never before `not_before`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Effect {
    /// What to do.
    pub task: Task,
    /// The earliest instant to do it (again).
    pub not_before: Timestamp,
    /// How often it has been tried without an answer that settled it.
    #[serde(default)]
    pub tries: u32,
}

/// The kinds of things to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Task {
    /// Hand this attempt to the orchestrator.
    HandOver {
        /// Its number: stored before the hand-over, repeated with it until the outcome is known, one more only after
        /// a session is known dead ([callback-domain §8.2](crate::rules)).
        attempt: u32,
        /// How often the orchestrator refused it while being reachable.
        #[serde(default)]
        refusals: u8,
    },
    /// Tell the session of this attempt that its callback is over.
    TellSession {
        /// The attempt whose session is told.
        attempt: u32,
        /// The orchestrator's name for the session, if known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reference: Option<String>,
    },
}

impl Effect {
    /// The attempt it belongs to.
    pub fn attempt(&self) -> u32 {
        match self.task {
            Task::HandOver { attempt, .. } | Task::TellSession { attempt, .. } => attempt,
        }
    }
}
