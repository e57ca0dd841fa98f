//! How a failed statement becomes the port's error, and what it says about the outcome.

use std::fmt;

use ges_core::port::StoreError;
use tokio_postgres::error::SqlState;

use crate::record::NotARecord;

/// A piece of work could not be done.
#[derive(Debug)]
pub(super) enum Failure {
    /// The connection is of no use any more; whether the work was done is not known.
    Lost(Said),
    /// It was asked over a connection that was lost, and what was tried since has not told whether it was done.
    Unknown(Said),
    /// Nothing was done, because others were in the way; the same may succeed at once.
    Crossed(Said),
    /// Nothing was done, because the server has no room or no time.
    Full(Said),
    /// Nothing was done, because of what was asked.
    Refused(Said),
    /// A record is there but cannot be understood.
    Unreadable { what: String, why: NotARecord },
}

impl From<tokio_postgres::Error> for Failure {
    fn from(error: tokio_postgres::Error) -> Self {
        let said = Said::of(&error);
        let Some(code) = error.code() else { return Failure::Lost(said) };
        match code.code().get(..2) {
            // 25006: the server takes reads only, so another one is the primary.
            _ if *code == SqlState::READ_ONLY_SQL_TRANSACTION => Failure::Lost(said),
            _ if *code == SqlState::T_R_DEADLOCK_DETECTED
                || *code == SqlState::T_R_SERIALIZATION_FAILURE
                || *code == SqlState::UNIQUE_VIOLATION =>
            {
                Failure::Crossed(said)
            }
            _ if *code == SqlState::QUERY_CANCELED => Failure::Full(said),
            Some("08" | "57" | "58" | "XX") => Failure::Lost(said),
            Some("53" | "55") => Failure::Full(said),
            _ => Failure::Refused(said),
        }
    }
}

impl Failure {
    /// The same, when something was asked before over a connection that was lost.
    pub fn after_loss(self, lost: bool) -> Self {
        match self {
            Failure::Lost(said) | Failure::Crossed(said) | Failure::Full(said) if lost => {
                Failure::Unknown(said)
            }
            other => other,
        }
    }
}

impl From<Failure> for StoreError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Unreadable { what, why } => StoreError::Corrupt { what, source: Box::new(why) },
            Failure::Unknown(said) => StoreError::outcome_unknown(said),
            Failure::Lost(said) | Failure::Crossed(said) | Failure::Full(said) | Failure::Refused(said) => {
                StoreError::unavailable(said)
            }
        }
    }
}

/// What the driver said, without the words of the server that could repeat a record.
#[derive(Clone, Debug)]
pub(super) struct Said {
    code: Option<String>,
    what: &'static str,
}

impl Said {
    pub fn of(error: &tokio_postgres::Error) -> Self {
        let what = match error.code().map(SqlState::code) {
            Some(code) if code.starts_with("28") => "the database refuses the user or the password",
            Some(code) if code.starts_with("3D") => "there is no such database",
            Some(code) if code.starts_with("53") => "the database has no room",
            Some(code) if code.starts_with("57014") => "the database gave the statement up",
            Some(code) if code.starts_with("57") => "the database is starting or stopping",
            Some("25006") => "the database takes no writes",
            Some("42501") => "the user has not the right",
            Some(_) => "the database refused the statement",
            None if error.is_closed() => "the connection to the database is closed",
            None => "the database cannot be reached",
        };
        Said { code: error.code().map(|code| code.code().to_owned()), what }
    }

    pub fn new(what: &'static str) -> Self {
        Said { code: None, what }
    }
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.code {
            Some(code) => write!(f, "{} ({code})", self.what),
            None => f.write_str(self.what),
        }
    }
}

impl std::error::Error for Said {}
