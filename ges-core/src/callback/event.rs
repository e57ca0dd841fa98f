//! What can happen to a callback.

use serde::{Deserialize, Serialize};

use super::reason::Reason;
use crate::time::Timestamp;

/// Something that happened, or that somebody wants. [`super::step`] decides what follows from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Its time is near: issue the attempt that will be handed over at `at`, not earlier.
    Issue {
        /// The instant of the hand-over.
        at: Timestamp,
    },
    /// The orchestrator has taken the attempt.
    HandedOver {
        /// Which attempt.
        attempt: u32,
        /// The orchestrator's name for the session or entry, if it gave one.
        reference: Option<String>,
    },
    /// The orchestrator is there and refused the attempt.
    HandOverRefused {
        /// Which attempt.
        attempt: u32,
    },
    /// The orchestrator could not be reached, or the outcome is unknown.
    HandOverUnavailable {
        /// Which attempt.
        attempt: u32,
    },
    /// A session reports.
    Session(SessionUpdate),
    /// The session was asked for twice and is gone.
    SessionGone {
        /// The attempt whose session it was.
        attempt: u32,
    },
    /// The session has been told that its callback is over, or does not exist any more.
    SessionTold {
        /// Its attempt.
        attempt: u32,
    },
    /// The session could not be told.
    SessionNotTold {
        /// Its attempt.
        attempt: u32,
    },
    /// Somebody cancels.
    Cancel {
        /// Who.
        by: CancelledBy,
    },
    /// The customer chose another time; hours and capacity have been judged, the store guards the place.
    Reschedule {
        /// The new time.
        desired: Timestamp,
        /// The settings it was judged against.
        settings_version: u64,
    },
    /// Its life limit has passed, or its retention while it was unfinished ([callback-domain §10](crate::rules)).
    Expire,
}

impl Event {
    /// A stable name, for errors and the state machine's page.
    pub fn name(&self) -> &'static str {
        match self {
            Event::Issue { .. } => "issue",
            Event::HandedOver { .. } => "handed over",
            Event::HandOverRefused { .. } => "hand-over refused",
            Event::HandOverUnavailable { .. } => "hand-over unavailable",
            Event::Session(_) => "session update",
            Event::SessionGone { .. } => "session gone",
            Event::SessionTold { .. } => "session told",
            Event::SessionNotTold { .. } => "session not told",
            Event::Cancel { .. } => "cancel",
            Event::Reschedule { .. } => "reschedule",
            Event::Expire => "expire",
        }
    }
}

/// Who cancelled, which decides the reason ([callback-domain §7.2](crate::rules), rows 10 and 11).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CancelledBy {
    /// The customer or a client, through an API.
    Client,
    /// An administrator, alone or in bulk.
    Administrator,
}

impl CancelledBy {
    /// The completion reason that tells so.
    pub fn reason(self) -> Reason {
        match self {
            CancelledBy::Client => Reason::CANCELLED,
            CancelledBy::Administrator => Reason::CANCELLED_BY_ADMIN,
        }
    }
}

/// What a session writes back ([callback-domain §12](crate::rules), last paragraph).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionUpdate {
    /// Which attempt the session runs; the newest one when it does not say.
    pub attempt: Option<u32>,
    /// The orchestrator's name for the session.
    pub reference: Option<String>,
    /// Counts the session's updates; older ones never overwrite newer ones. One more than the last applied when it
    /// does not say.
    pub sequence: Option<u64>,
    /// The state it reports.
    pub state: SessionState,
}

/// The states a session can report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SessionState {
    /// Waiting in the virtual queue.
    Queued,
    /// An agent is reserved.
    Routing,
    /// The agent handles the call.
    Processing,
    /// Over, and why.
    Completed(Reason),
}
