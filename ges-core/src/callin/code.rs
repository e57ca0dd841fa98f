//! Access codes.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Digits of an access code: at least four, at most nine, because one of the published clients reads the code into a
/// signed 32-bit integer ([engagement-api-v3 §3.8](crate::rules)).
pub(super) const CODE_DIGITS: std::ops::RangeInclusive<u8> = 4..=9;

/// A code of 4 to 9 digits, the first of them not 0, since clients that read a number would lose it.
///
/// In serde formats it is the text of its digits. `Debug` does not show it.
///
/// ```
/// use ges_core::callin::AccessCode;
///
/// let code: AccessCode = "483956".parse()?;
/// assert_eq!((code.digits(), format!("{code:?}")), ("483956".into(), "AccessCode(..)".into()));
/// # Ok::<(), ges_core::callin::NotAnAccessCode>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AccessCode(u32);

impl AccessCode {
    /// The digits the caller types. They open the request: not for logs, labels or error texts.
    pub fn digits(self) -> String {
        self.0.to_string()
    }

    /// First code of that many digits, and how many there are.
    pub(super) fn range(length: u8) -> (u32, u32) {
        let first =
            10u32.saturating_pow(u32::from(length.clamp(*CODE_DIGITS.start(), *CODE_DIGITS.end())) - 1);
        (first, first.saturating_mul(9))
    }

    pub(super) fn value(self) -> u32 {
        self.0
    }

    pub(super) fn from_value(value: u32) -> Option<Self> {
        (1_000..=999_999_999).contains(&value).then_some(AccessCode(value))
    }
}

impl std::str::FromStr for AccessCode {
    type Err = NotAnAccessCode;
    fn from_str(text: &str) -> Result<Self, NotAnAccessCode> {
        let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
        let value = if plain { text.parse().ok() } else { None };
        value.and_then(AccessCode::from_value).ok_or(NotAnAccessCode)
    }
}

impl TryFrom<String> for AccessCode {
    type Error = NotAnAccessCode;
    fn try_from(text: String) -> Result<Self, NotAnAccessCode> {
        text.parse()
    }
}

impl From<AccessCode> for String {
    fn from(code: AccessCode) -> String {
        code.digits()
    }
}

impl fmt::Debug for AccessCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AccessCode(..)")
    }
}

/// A text that cannot be an access code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an access code; 4 to 9 digits are expected, the first of them not 0")]
pub struct NotAnAccessCode;
