//! What is dialled, and what an IVR booking stores.

use std::fmt;

use super::{ComparisonNumber, Country, NumberRefused, PhoneNumber, plan};

/// The text handed to the switch. Personal data: its `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct DialString(String);

impl DialString {
    /// The characters to dial, before the dial plan of the switch transforms them.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for DialString {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DialString(..)")
    }
}

/// The dial prefix followed by the number (callback-domain §8.3).
///
/// Visual separators are left out, since no switch dials them. A `+` the number was given with is kept only where no
/// prefix stands before it: with prefix `+` it would be there twice.
///
/// ```
/// use ges_core::number::{PhoneNumber, dialled};
///
/// let number: PhoneNumber = "12223334444".parse()?;
/// assert_eq!(dialled("+", &number).as_str(), "+12223334444");
/// # Ok::<(), ges_core::number::NotANumber>(())
/// ```
pub fn dialled(prefix: &str, number: &PhoneNumber) -> DialString {
    let prefix = if prefix.is_empty() && number.is_international() { "+" } else { prefix };
    DialString(format!("{prefix}{}", number.comparison().digits()))
}

/// The number an IVR booking stores (callback-domain §9.1).
///
/// `row` is the default country of the queue's row in NUMBER_VALIDATION_CONFIGURATIONS. With a row the number becomes
/// E.164 without `+`; without one only the `+` and separators go. Web bookings never come here: their number is stored
/// as given.
///
/// # Errors
///
/// [`NumberRefused::Impossible`] when there is a row and the number is not possible in any country.
pub fn normalised_for_ivr(number: &PhoneNumber, row: Option<Country>) -> Result<PhoneNumber, NumberRefused> {
    let digits: ComparisonNumber = match row {
        None => number.comparison(),
        Some(country) => plan::parse(number, country).ok_or(NumberRefused::Impossible)?.e164.into(),
    };
    Ok(digits.into())
}
