//! Countries as number rules name them.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A country with a numbering plan, by its ISO 3166-1 code of two letters, for example `US`.
///
/// ```
/// use ges_core::number::Country;
///
/// assert_eq!("ca".parse::<Country>()?.as_str(), "CA");
/// assert!("UK".parse::<Country>().unwrap_err().to_string().contains("UK"));
/// # Ok::<(), ges_core::number::NotACountry>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Country([u8; 2]);

impl Country {
    /// The United States, the default country of number checks (callback-domain §9.1).
    pub const US: Country = Country(*b"US");

    /// The two capital letters.
    pub fn as_str(&self) -> &str {
        // Cannot fall back: both bytes are ASCII letters by construction.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl std::str::FromStr for Country {
    type Err = NotACountry;
    fn from_str(text: &str) -> Result<Self, NotACountry> {
        let upper = text.to_ascii_uppercase();
        let known = upper.parse::<phonenumber::country::Id>().is_ok();
        match upper.as_bytes() {
            &[first, second] if known => Ok(Country([first, second])),
            _ => Err(NotACountry { text: text.chars().take(16).collect() }),
        }
    }
}

impl TryFrom<String> for Country {
    type Error = NotACountry;
    fn try_from(text: String) -> Result<Self, NotACountry> {
        text.parse()
    }
}

impl From<Country> for String {
    fn from(country: Country) -> String {
        country.as_str().to_owned()
    }
}

impl fmt::Display for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A text that names no country with a numbering plan.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{text:?} is not the ISO 3166-1 code of a country with phone numbers; two letters are expected, as in US or GB"
)]
pub struct NotACountry {
    /// The text, cut to 16 characters.
    pub text: String,
}
