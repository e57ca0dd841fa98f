//! Customer numbers: as given, as compared, and whether a queue may call them.
//!
//! A number is kept exactly as it was given and compared by its digits alone, so the same number written with or
//! without `+`, spaces or hyphens counts as one ([callback-domain §9.1](crate::rules), [invariant 35](crate::rules)).
//! What it means — its country, its E.164 form, whether it is possible at all — is asked of the numbering plan, and
//! only when a queue has a rule or a check that needs the answer: reading the plan costs tens of milliseconds and
//! several MiB. The plan comes with the feature `numbering-plan`; without it a rule cannot be made, and a policy that
//! needs the plan refuses every number with [`NumberRefused::NoPlan`].
//!
//! A number is personal data. No type here shows one in `Debug` or `Display`, and no error text repeats one; the digits
//! come out only through a method that is asked for them.

mod comparison;
mod country;
mod e164;
#[cfg(feature = "numbering-plan")]
mod judge;
#[cfg(feature = "numbering-plan")]
mod matcher;
mod pattern;
#[cfg(feature = "numbering-plan")]
#[cfg_attr(docsrs, doc(cfg(feature = "numbering-plan")))]
pub mod plan;
mod policy;
mod rule;

use std::fmt;

use serde::{Deserialize, Serialize, Serializer};

pub use comparison::{ComparisonNumber, Digits, NotANumber};
pub use country::{Country, NotACountry};
pub use e164::E164;
pub use pattern::{BlockedPattern, PatternProblem};
pub use policy::{NumberPolicy, NumberRefused, NumberVerdict};
pub use rule::{InvalidNumberRule, NumberRule, NumberRuleProblem, NumberRuleSpec};

/// Longest text taken as a number, in bytes: fifteen digits and generous punctuation.
pub const MAX_GIVEN_BYTES: usize = 64;

/// A customer's number, kept byte for byte as it was given ([callback-domain §9.1](crate::rules)).
///
/// Equality is equality of the given text; use [`PhoneNumber::comparison`] to ask whether two numbers are the same.
/// In serde formats it is the given text.
///
/// ```
/// use ges_core::number::PhoneNumber;
///
/// let written: PhoneNumber = "+1 (222) 333-4444".parse()?;
/// let plain: PhoneNumber = "12223334444".parse()?;
/// assert_eq!(written.as_given(), "+1 (222) 333-4444");
/// assert_eq!(written.comparison(), plain.comparison());
/// assert_eq!(format!("{written} {written:?}"), "(number) PhoneNumber(..)");
/// # Ok::<(), ges_core::number::NotANumber>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(try_from = "String")]
pub struct PhoneNumber {
    given: Box<str>,
    comparison: ComparisonNumber,
}

impl PhoneNumber {
    /// The text as it was given. Personal data: not for logs, labels or error texts.
    pub fn as_given(&self) -> &str {
        &self.given
    }

    /// The digits two numbers are compared by.
    pub fn comparison(&self) -> ComparisonNumber {
        self.comparison
    }

    /// Whether it was written with a leading `+`, that is in international form.
    pub fn is_international(&self) -> bool {
        self.given.contains('+')
    }
}

impl std::str::FromStr for PhoneNumber {
    type Err = NotANumber;
    fn from_str(given: &str) -> Result<Self, NotANumber> {
        let comparison = given.parse()?;
        Ok(PhoneNumber { given: given.into(), comparison })
    }
}

impl TryFrom<String> for PhoneNumber {
    type Error = NotANumber;
    fn try_from(given: String) -> Result<Self, NotANumber> {
        given.parse()
    }
}

impl Serialize for PhoneNumber {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.given)
    }
}

/// The digits form as a number in its own right.
impl From<ComparisonNumber> for PhoneNumber {
    fn from(comparison: ComparisonNumber) -> Self {
        PhoneNumber { given: (*comparison.digits()).into(), comparison }
    }
}

impl fmt::Debug for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PhoneNumber(..)")
    }
}

impl fmt::Display for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(number)")
    }
}

#[cfg(feature = "numbering-plan")]
#[cfg(test)]
mod tests;
