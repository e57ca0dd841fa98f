//! The words of the database's own types (`api/postgres/words.sql`).

use ges_core::callback::StateName;
use postgres_types::{FromSql, ToSql};

/// A state as the tables name it; a later version of them may know more.
#[derive(Clone, Copy, Debug, ToSql)]
#[postgres(name = "callback_state", rename_all = "SCREAMING_SNAKE_CASE", allow_mismatch)]
pub(super) enum State {
    Scheduled,
    Queued,
    Routing,
    Processing,
    Completed,
}

impl From<StateName> for State {
    fn from(state: StateName) -> Self {
        match state {
            StateName::Scheduled => State::Scheduled,
            StateName::Queued => State::Queued,
            StateName::Routing => State::Routing,
            StateName::Processing => State::Processing,
            StateName::Completed => State::Completed,
        }
    }
}

/// What became of a record that was to be replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromSql)]
#[postgres(name = "verdict", rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum Verdict {
    Done,
    Missing,
    Stale,
    Fenced,
    DoneBefore,
    Refused,
}

/// What a guard counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, ToSql)]
#[postgres(name = "guard_kind", rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum GuardKind {
    Minutes,
    Instants,
    Number,
    Active,
}
