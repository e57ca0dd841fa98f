//! Whether a queue may call a number.

use std::sync::Arc;

#[cfg(feature = "numbering-plan")]
use super::judge::judge;
use super::{Country, E164, NumberRule, PhoneNumber};

/// Everything a queue checks a number by ([callback-domain §9.1, §3.4](crate::rules)).
///
/// Checked when a callback is booked and once more before it is dialled, so that a rule made stricter in between still
/// protects.
///
/// ```
/// use ges_core::number::{NumberPolicy, NumberRefused};
///
/// let policy = NumberPolicy::default();
/// assert_eq!(policy.check(&"1-900-555-0100".parse()?), Err(NumberRefused::Premium));
/// assert!(policy.check(&"+1 (222) 333-4444".parse()?).is_ok());
/// # Ok::<(), ges_core::number::NotANumber>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NumberPolicy {
    /// The country a national number is taken to be of; US unless configured (`_default_country`).
    pub default_country: Country,
    /// Refuse numbers no country has (`_disallow_impossible_phone_numbers`, default true).
    pub refuse_impossible: bool,
    /// Refuse numbers that cost extra (`_disallow_premium_phone_numbers`, default true).
    pub refuse_premium: bool,
    /// The queue's rule of permitted countries and blocked patterns; without one every country is permitted.
    pub rule: Option<Arc<NumberRule>>,
}

impl Default for NumberPolicy {
    fn default() -> Self {
        NumberPolicy {
            default_country: Country::US,
            refuse_impossible: true,
            refuse_premium: true,
            rule: None,
        }
    }
}

impl NumberPolicy {
    /// Accepts every text that is a number, and never reads the numbering plan.
    pub fn permissive() -> Self {
        NumberPolicy { refuse_impossible: false, refuse_premium: false, ..NumberPolicy::default() }
    }

    /// Whether a check needs the numbering plan.
    pub fn needs_plan(&self) -> bool {
        self.refuse_impossible || self.refuse_premium || self.rule.is_some()
    }

    /// Whether the number may be called.
    ///
    /// # Errors
    ///
    /// The first refusal in the order of [`NumberPolicy::examine`].
    pub fn check(&self, number: &PhoneNumber) -> Result<(), NumberRefused> {
        self.examine(number).outcome
    }

    /// Whether the number may be called, and what the numbering plan says of it where a check needs the plan.
    ///
    /// In order, the first refusal counts: possible at all; country permitted; blocked patterns; premium rate. Patterns
    /// come before premium rate, so that a pattern of the administrator is named where both apply
    /// ([callback-administration §4.3](crate::rules)).
    pub fn examine(&self, number: &PhoneNumber) -> NumberVerdict {
        if self.needs_plan() {
            judge(self, number)
        } else {
            NumberVerdict { outcome: Ok(()), country: None, e164: None }
        }
    }
}

impl NumberPolicy {
    /// Reads and compiles now what its first number would have to wait for: the numbering plan (tens of milliseconds,
    /// some MiB) and what the countries of its rule are judged by. Nothing where no check needs the plan, and nothing
    /// the second time.
    pub fn warm_up(&self) {
        #[cfg(feature = "numbering-plan")]
        if self.needs_plan() {
            let permitted = self.rule.iter().flat_map(|rule| rule.countries());
            super::plan::warm_up(permitted.chain([self.default_country]));
        }
    }
}

/// Without the plan nothing that needs it is let pass.
#[cfg(not(feature = "numbering-plan"))]
fn judge(_: &NumberPolicy, _: &PhoneNumber) -> NumberVerdict {
    NumberVerdict { outcome: Err(NumberRefused::NoPlan), country: None, e164: None }
}

/// What was found about one number.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NumberVerdict {
    /// May it be called?
    pub outcome: Result<(), NumberRefused>,
    /// The country whose ranges hold it, where one does and the plan was asked.
    pub country: Option<Country>,
    /// Its E.164 form, where it is possible and the plan was asked. Personal data.
    pub e164: Option<E164>,
}

/// Why a number is not called ([callback-domain §9.1](crate::rules)).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NumberRefused {
    /// No country has such a number.
    #[error("phone number: not a possible number; give it in international form with a leading '+'")]
    Impossible,
    /// The queue's rule does not permit the country.
    #[error("phone number: {} not permitted for this service", match country {
        Some(country) => format!("country {country} is"),
        None => "its country is unknown and".to_owned(),
    })]
    CountryNotPermitted {
        /// The country, where the number is in the ranges of one.
        country: Option<Country>,
    },
    /// A blocked pattern of the queue's rule matches.
    #[error("phone number: blocked for this service")]
    Blocked {
        /// Index of the pattern, from 0.
        pattern: usize,
    },
    /// A premium-rate number.
    #[error("phone number: premium-rate numbers are not called")]
    Premium,
    /// The library was built without the numbering plan, so the checks of this queue cannot be made.
    #[error("phone number: cannot be checked, because this program has no numbering plan")]
    NoPlan,
}

impl NumberRefused {
    /// The stable code of the refusal.
    pub fn code(&self) -> &'static str {
        match self {
            NumberRefused::Impossible | NumberRefused::NoPlan => "NUMBER_INVALID",
            NumberRefused::CountryNotPermitted { .. } => "COUNTRY_NOT_PERMITTED",
            NumberRefused::Blocked { .. } => "NUMBER_BLOCKED",
            NumberRefused::Premium => "NUMBER_PREMIUM",
        }
    }
}
