//! Patterns of numbers that are never called.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A blocked pattern as an administrator writes it ([callback-administration §4.3](crate::rules)).
///
/// `{ simple = "1900*" }`: digits, `*` for any run of digits, `?` for one digit, compared with the whole E.164 number
/// without `+`; digits alone mean "begins with". `{ regex = "^1\\d{3}555" }`: a linear-time regular expression, found
/// anywhere unless anchored. A pattern may be one person's number, so `Debug` tells only its kind.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum BlockedPattern {
    /// Digits, `*` and `?`.
    Simple(String),
    /// A regular expression without look-around and back-references.
    Regex(String),
}

impl fmt::Debug for BlockedPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            BlockedPattern::Simple(_) => "Simple(..)",
            BlockedPattern::Regex(_) => "Regex(..)",
        })
    }
}

/// Why a pattern cannot be used. The text names the place in the pattern, never the pattern, which may be somebody's
/// number.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PatternProblem {
    /// No characters.
    #[error("the pattern is empty; write digits, or digits with * and ?")]
    Empty,
    /// More characters than are taken.
    #[error("the pattern has {chars} characters, at most 256 are taken")]
    TooLong {
        /// Length of the pattern.
        chars: usize,
    },
    /// A character that simple patterns do not have.
    #[error("character {position} is not a digit, * or ?; write a regex pattern for anything else")]
    Character {
        /// Counted in characters, from 1.
        position: usize,
    },
    /// The expression does not parse.
    #[error("regular expression, character {position}: {what}")]
    Syntax {
        /// Counted in characters, from 1.
        position: usize,
        /// What is wrong there.
        what: String,
    },
    /// The expression is well formed and compiles to more than the bound.
    #[error("the regular expression compiles to more than 64 KiB; use smaller repetition counts")]
    TooBig,
}
