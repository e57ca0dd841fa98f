//! What can go wrong between us and a Redis, without a word of what was sent.

use std::time::Duration;

use ::redis::{ErrorKind, RedisError};

/// Why a call has no result. The text names codes and conditions, never keys or values.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// Redis cannot be reached, or takes nothing at present. Whether the call had an effect is unknown.
    #[error("Redis is away: {0}")]
    Away(String),
    /// No answer came in time. Whether the call had an effect is unknown.
    #[error("Redis did not answer within {0:?}")]
    Late(Duration),
    /// Redis answered that it will not do this; nothing was changed.
    #[error("Redis refuses: {0}")]
    Refused(String),
}

/// Answers that speak of the server's condition and not of what was asked: it may be taken later.
const PASSING: &[&str] = &[
    "LOADING",
    "READONLY",
    "MASTERDOWN",
    "CLUSTERDOWN",
    "TRYAGAIN",
    "NOREPLICAS",
    "MISCONF",
    "OOM",
    "BUSY",
    "UNBLOCKED",
    "NOAUTH",
    "WRONGPASS",
];

impl Failure {
    /// Whether the same call may succeed later, and may have had its effect.
    pub fn is_passing(&self) -> bool {
        !matches!(self, Failure::Refused(_))
    }

    /// For an answer that is not what a script of ours gives.
    pub fn unexpected() -> Self {
        Failure::Refused("unexpected answer".to_owned())
    }

    /// By the code of a server's answer.
    pub fn from_code(code: &str) -> Self {
        if PASSING.contains(&code) {
            Failure::Away(code.to_owned())
        } else {
            Failure::Refused(code.to_owned())
        }
    }
}

impl From<RedisError> for Failure {
    fn from(error: RedisError) -> Self {
        match (error.code(), error.kind()) {
            (Some(code), _) => Failure::from_code(code),
            (None, ErrorKind::AuthenticationFailed) => Failure::Away("the login is refused".to_owned()),
            (None, ErrorKind::Io) => Failure::Away(error.to_string()),
            // Broken off, or in no shape to be understood: the connection is worth nothing.
            (None, _) => Failure::Away(error.category().to_owned()),
        }
    }
}
