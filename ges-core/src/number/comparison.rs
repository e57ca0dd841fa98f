//! The digits two numbers are compared by.

use std::fmt;
use std::ops::Deref;

use serde::{Deserialize, Serialize, Serializer};

use super::MAX_GIVEN_BYTES;

/// Fewest digits of a number ([callback-domain §9.1](crate::rules)).
const MIN_DIGITS: usize = 3;
/// Most digits of a number ([callback-domain §9.1](crate::rules), E.164).
const MAX_DIGITS: usize = 15;

/// A number reduced to its 3 to 15 digits: what duplicates and daily limits are counted by
/// ([callback-domain §9.1](crate::rules)).
///
/// Leading zeros are kept, so a national `0236618300` differs from `236618300`. It takes eight bytes and is `Copy`.
/// In serde formats it is the text of the digits.
///
/// ```
/// use ges_core::number::ComparisonNumber;
///
/// let number: ComparisonNumber = "+1 (222) 333-4444".parse()?;
/// assert_eq!(number.digits(), "12223334444");
/// assert_eq!(format!("{number:?}"), "ComparisonNumber(..)");
/// # Ok::<(), ges_core::number::NotANumber>(())
/// ```
// The digits follow a leading 1, which keeps the leading zeros: "007" is 1007. Sixteen digits fit a u64.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(try_from = "String")]
pub struct ComparisonNumber(u64);

impl ComparisonNumber {
    /// The digits as text. Personal data: not for logs, labels or error texts.
    pub fn digits(self) -> Digits {
        let (mut bytes, mut first, mut rest) = ([0; MAX_DIGITS], MAX_DIGITS, self.0);
        while rest > 1 && first > 0 {
            first -= 1;
            // A remainder of ten is one digit.
            bytes[first] = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
        Digits { bytes, first }
    }

    /// The digits after a leading 1, as one number of at most sixteen digits: what stores keep. Personal data like the
    /// digits.
    ///
    /// ```
    /// use ges_core::number::ComparisonNumber;
    ///
    /// let number: ComparisonNumber = "0 236".parse()?;
    /// assert_eq!(number.packed(), 10236);
    /// assert_eq!(ComparisonNumber::from_packed(10236), Some(number));
    /// # Ok::<(), ges_core::number::NotANumber>(())
    /// ```
    pub const fn packed(self) -> u64 {
        self.0
    }

    /// The number that [`ComparisonNumber::packed`] made this of; `None` when it made none.
    pub fn from_packed(packed: u64) -> Option<Self> {
        let digits = usize::try_from(packed.checked_ilog10()?).ok()?;
        let leads = packed / 10_u64.pow(packed.ilog10()) == 1;
        (leads && (MIN_DIGITS..=MAX_DIGITS).contains(&digits)).then_some(ComparisonNumber(packed))
    }
}

/// The digits of a number as text, in place: reading a number takes nothing from the heap. Personal data.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Digits {
    bytes: [u8; MAX_DIGITS],
    /// Where the text begins.
    first: usize,
}

impl Deref for Digits {
    type Target = str;
    fn deref(&self) -> &str {
        // Cannot fall back: the bytes are ASCII digits by construction.
        self.bytes.get(self.first..).and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or_default()
    }
}

impl fmt::Debug for Digits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Digits(..)")
    }
}

impl PartialEq<str> for Digits {
    fn eq(&self, other: &str) -> bool {
        **self == *other
    }
}

impl PartialEq<&str> for Digits {
    fn eq(&self, other: &&str) -> bool {
        **self == **other
    }
}

/// Reads a number in any common way of writing: digits, spaces, `.`, `-`, `(`, `)` and one `+` before the first digit.
impl std::str::FromStr for ComparisonNumber {
    type Err = NotANumber;
    fn from_str(given: &str) -> Result<Self, NotANumber> {
        if given.len() > MAX_GIVEN_BYTES {
            return Err(NotANumber::TooLong { bytes: given.len() });
        }
        let mut packed: u64 = 1;
        let mut digits = 0usize;
        let mut plus = false;
        for (index, character) in given.chars().enumerate() {
            match character {
                '0'..='9' => {
                    digits += 1;
                    // Past fifteen digits the value no longer matters, only the count for the error.
                    packed = packed.wrapping_mul(10).wrapping_add(u64::from(character as u8 - b'0'));
                }
                ' ' | '.' | '-' | '(' | ')' => {}
                '+' if digits == 0 && !plus => plus = true,
                '+' => return Err(NotANumber::Plus { position: index + 1 }),
                _ => return Err(NotANumber::Character { position: index + 1 }),
            }
        }
        match digits {
            0..MIN_DIGITS => Err(NotANumber::TooFewDigits { digits }),
            MIN_DIGITS..=MAX_DIGITS => Ok(ComparisonNumber(packed)),
            _ => Err(NotANumber::TooManyDigits { digits }),
        }
    }
}

impl TryFrom<String> for ComparisonNumber {
    type Error = NotANumber;
    fn try_from(given: String) -> Result<Self, NotANumber> {
        given.parse()
    }
}

impl Serialize for ComparisonNumber {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.digits())
    }
}

impl fmt::Debug for ComparisonNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ComparisonNumber(..)")
    }
}

/// A text that cannot be a phone number ([callback-domain §9.1](crate::rules)). It tells the place, never the
/// text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotANumber {
    /// A letter or another character that no number is written with; the position counts characters from 1.
    #[error("phone number: character {position} is not a digit, space, '.', '-', '(' or ')'")]
    Character {
        /// Counted in characters, from 1.
        position: usize,
    },
    /// A second `+`, or one after a digit.
    #[error(
        "phone number: the '+' at character {position} is out of place; one may stand before the first digit"
    )]
    Plus {
        /// Counted in characters, from 1.
        position: usize,
    },
    /// Fewer than 3 digits; an empty text has none.
    #[error("phone number: {digits} digits are too few, at least 3 are needed")]
    TooFewDigits {
        /// Digits found.
        digits: usize,
    },
    /// More than 15 digits.
    #[error("phone number: {digits} digits are too many, at most 15 are possible")]
    TooManyDigits {
        /// Digits found.
        digits: usize,
    },
    /// A text longer than any way of writing fifteen digits.
    #[error("phone number: {bytes} bytes are too long, at most 64 are taken")]
    TooLong {
        /// Length of the text.
        bytes: usize,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_their_leading_zeros() {
        for (given, digits) in [("007", "007"), ("7 00", "700"), ("999999999999999", "999999999999999")] {
            let number: ComparisonNumber = given.parse().unwrap();
            assert_eq!(number.digits(), digits, "{given}");
        }
    }
}
