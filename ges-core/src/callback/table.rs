//! The transition table as data: what the state machine's page shows and the tests hold [`super::step`] against.

use super::StateName::{self, Completed, Processing, Queued, Routing, Scheduled};

/// One row of [callback-domain §7.2](crate::rules).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// The row's number in the reference.
    pub number: &'static str,
    /// The states it leaves; none at creation.
    pub from: &'static [StateName],
    /// The state it enters.
    pub to: StateName,
    /// What brings it about.
    pub trigger: &'static str,
    /// What must hold, and what else follows.
    pub effect: &'static str,
}

const fn row(
    number: &'static str,
    from: &'static [StateName],
    to: StateName,
    trigger: &'static str,
    effect: &'static str,
) -> Row {
    Row { number, from, to, trigger, effect }
}

const UNTIL_ROUTING: &[StateName] = &[Scheduled, Queued, Routing];

/// Every transition there is. Row 15 (PAUSED, a feature of the predecessor) does not exist here.
pub const TRANSITIONS: &[Row] = &[
    row("1", &[], Scheduled, "create", "takes a place when scheduled"),
    row("2", &[Scheduled], Queued, "handed over", "one session start per attempt number"),
    row("3", &[Scheduled], Scheduled, "reschedule", "takes the new place and frees the old one, atomically"),
    row("4", &[Scheduled], Completed, "hand-over refused", "SUBMIT_FAILED at the third refusal"),
    row("5", &[Queued], Routing, "session update", ""),
    row("6", &[Routing], Processing, "session update", ""),
    row("7", &[Routing], Queued, "session update", "agent lost, or another dial attempt is due"),
    row("7a", &[Processing], Queued, "session update", "customer not reached, another dial attempt is due"),
    row("7b", &[Processing], Routing, "session update", "only when an update in between is missing"),
    row("8", &[Queued], Processing, "session update", "updates may be lost or merged"),
    row("9", &[Queued, Routing, Processing], Completed, "session update", "keeps the session's reason"),
    row("10", UNTIL_ROUTING, Completed, "cancel", "CANCELLED: frees the place, tells the session"),
    row("11", UNTIL_ROUTING, Completed, "cancel", "CANCELLED_BY_ADMIN: frees the place, tells the session"),
    row("12", UNTIL_ROUTING, Completed, "expire", "FAIL_TIMEOUT_TTL: tells the session"),
    row(
        "13",
        &[Queued, Routing],
        Scheduled,
        "session gone",
        "desired 2 to 120 min ago: the next attempt is issued",
    ),
    row("14", &[Queued, Routing], Completed, "session gone", "FAIL_ERROR when desired more than 120 min ago"),
    row("14a", &[Processing], Completed, "session gone", "AGENT_CONNECTED"),
    row("L14", &[Scheduled], Routing, "session update", "overtakes row 2: both happen at once"),
    row("L14", &[Scheduled], Processing, "session update", "overtakes row 2: both happen at once"),
    row("L14", &[Scheduled], Completed, "session update", "overtakes row 2: both happen at once"),
    row("R", &[Processing], Completed, "expire", "AGENT_CONNECTED, at the end of the retention only"),
];

impl Row {
    /// The first row that leads from one state to another.
    pub fn between(from: StateName, to: StateName) -> Option<&'static Row> {
        TRANSITIONS.iter().find(|row| row.from.contains(&from) && row.to == to)
    }
}
