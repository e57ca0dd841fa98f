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

/// Every country with a numbering plan of its own; a test compares the list with the plan's metadata.
const CODES: &str = "\
    AC AD AE AF AG AI AL AM AO AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BW BY BZ \
    CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM \
    FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GT GU GW GY HK HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE \
    JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN \
    MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PR PS PT \
    PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TA TC TD TG TH TJ TK \
    TL TM TN TO TR TT TV TW TZ UA UG US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW";

impl Country {
    /// The United States, the default country of number checks ([callback-domain §9.1](crate::rules)).
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
        match upper.as_bytes() {
            &[first, second] if CODES.split(' ').any(|code| code == upper) => Ok(Country([first, second])),
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

#[cfg(feature = "numbering-plan")]
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pair_of_letters_is_a_country_here_if_it_is_one_in_the_metadata() {
        for (first, second) in
            (b'A'..=b'Z').flat_map(|first| (b'A'..=b'Z').map(move |second| (first, second)))
        {
            let code = String::from_utf8(vec![first, second]).unwrap();
            let known = code.parse::<phonenumber::country::Id>().is_ok();
            assert_eq!(code.parse::<Country>().is_ok(), known, "{code}");
        }
    }
}
