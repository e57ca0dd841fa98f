//! What can go wrong between us and a Redis, without a word of what was sent.

use std::time::Duration;

use ::redis::{ErrorKind, RedisError};

/// Why a call has no result. The text names codes and conditions, never keys or values.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
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

    /// By a server's answer: its code, or all its words.
    pub fn from_answer(words: &str) -> Self {
        let code = code_of(words);
        if PASSING.contains(&code) {
            Failure::Away(code.to_owned())
        } else {
            Failure::Refused(code.to_owned())
        }
    }
}

/// The code in an answer, which may go on and repeat what was sent. Before Redis 7 an answer from within a script begins
/// with the place in the script.
fn code_of(words: &str) -> &str {
    let within = match words.rsplit_once("@user_script:") {
        Some((before, place)) if before.is_empty() || before.contains("running script") => {
            place.split_once(": ").map_or(place, |(_line, said)| said)
        }
        _ => words,
    };
    let code = within.split_whitespace().next().unwrap_or_default();
    code.strip_prefix('-').unwrap_or(code)
}

impl From<RedisError> for Failure {
    fn from(error: RedisError) -> Self {
        match (error.code(), error.kind()) {
            (Some("ERR"), _) => Failure::from_answer(&format!("ERR {}", error.detail().unwrap_or_default())),
            (Some(code), _) => Failure::from_answer(code),
            (None, ErrorKind::AuthenticationFailed) => Failure::Away("the login is refused".to_owned()),
            (None, ErrorKind::Io) => Failure::Away(error.to_string()),
            // Broken off, or in no shape to be understood: the connection is worth nothing.
            (None, _) => Failure::Away(error.category().to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_is_found_in_the_answers_of_every_release() {
        for (words, code) in [
            ("WRONGTYPE Operation against +15195550123", "WRONGTYPE"),
            ("-OOM command not allowed", "OOM"),
            ("ERR wrong number of arguments for '@user_script:1: -OOM' command", "ERR"),
            // Redis 7, within a script.
            ("OOM command not allowed. script: e8102, on @user_script:12.", "OOM"),
            // Redis 6.
            (
                "ERR Error running script (call to f_e8102): @user_script:12: WRONGTYPE Operation against",
                "WRONGTYPE",
            ),
            (
                "ERR Error running script (call to f_e8102): @user_script:1: @user_script: 1: -READONLY You",
                "READONLY",
            ),
            ("@user_script: 23: -NOREPLICAS Not enough good replicas to write.", "NOREPLICAS"),
            ("@user_script:", ""),
            ("", ""),
        ] {
            assert_eq!(code_of(words), code, "{words}");
        }
    }
}
