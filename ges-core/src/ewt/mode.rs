//! Which of the documented methods is asked for.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The three documented methods to estimate a wait ([callback-domain §14.2](crate::rules)).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EwtMode {
    /// Position times the average quitting time of the last 32 calls that left; blind to agents.
    Mode1,
    /// Position times handling time, spread over the agents who serve the queue. What is meant when nothing
    /// is said ([engagement-api-v3 §3.7](crate::rules)).
    #[default]
    Mode2,
    /// The waits of a sliding ten-minute window, adjusted by position.
    Mode3,
}

impl EwtMode {
    /// All modes, in the order of their numbers.
    pub const ALL: [EwtMode; 3] = [EwtMode::Mode1, EwtMode::Mode2, EwtMode::Mode3];

    /// Its name, `mode1` to `mode3`.
    pub const fn as_str(self) -> &'static str {
        match self {
            EwtMode::Mode1 => "mode1",
            EwtMode::Mode2 => "mode2",
            EwtMode::Mode3 => "mode3",
        }
    }

    /// The name a routing server knows as `aqt`: `urs`, `urs2`, `stat` ([callback-domain §14.1](crate::rules)).
    pub const fn as_aqt(self) -> &'static str {
        match self {
            EwtMode::Mode1 => "urs",
            EwtMode::Mode2 => "urs2",
            EwtMode::Mode3 => "stat",
        }
    }

    /// Reads what a routing server calls it, the reverse of [`EwtMode::as_aqt`].
    ///
    /// # Errors
    /// A name that is none of the three.
    pub fn from_aqt(aqt: &str) -> Result<Self, UnknownMode> {
        Self::ALL.into_iter().find(|mode| mode.as_aqt() == aqt).ok_or(UnknownMode)
    }
}

impl fmt::Display for EwtMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for EwtMode {
    type Err = UnknownMode;
    fn from_str(name: &str) -> Result<Self, UnknownMode> {
        Self::ALL.into_iter().find(|mode| mode.as_str() == name).ok_or(UnknownMode)
    }
}

/// A name that is none of the modes ([callback-domain §23.11, E4](crate::rules)).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown mode of estimating a wait: one of mode1 (urs), mode2 (urs2), mode3 (stat) is right")]
pub struct UnknownMode;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_of_names() {
        let rows = [
            ("E4", "mode4", Err(UnknownMode)),
            ("mode1", "mode1", Ok(EwtMode::Mode1)),
            ("mode3", "mode3", Ok(EwtMode::Mode3)),
            ("empty", "", Err(UnknownMode)),
            ("case", "MODE1", Err(UnknownMode)),
        ];
        for (row, given, expected) in rows {
            assert_eq!(given.parse(), expected, "{row}");
        }
        assert_eq!(EwtMode::default(), EwtMode::Mode2, "E4 when nothing is said");
    }

    #[test]
    fn every_name_is_read_back() {
        for mode in EwtMode::ALL {
            assert_eq!(mode.to_string().parse(), Ok(mode), "{mode}");
            assert_eq!(EwtMode::from_aqt(mode.as_aqt()), Ok(mode), "{mode}");
        }
        assert_eq!(EwtMode::from_aqt("urs3"), Err(UnknownMode));
    }
}
