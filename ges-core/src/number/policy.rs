//! Whether a queue may call a number.

use std::sync::Arc;

use super::plan::{self, E164, Parsed};
use super::{Country, NotANumber, NumberRule, PhoneNumber};

/// Everything a queue checks a number by (callback-domain §9.1, §3.4).
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
    /// The first refusal in the order of [`NumberPolicy::examine`]; never [`NumberRefused::NotANumber`], since the
    /// number has been read already.
    pub fn check(&self, number: &PhoneNumber) -> Result<(), NumberRefused> {
        self.judge(number).outcome
    }

    /// Tests a number as the rule editor does: the verdict and how it came about (callback-administration §4.3).
    ///
    /// In order, the first decision counts: characters; possible at all; country permitted; blocked patterns; premium
    /// rate. Patterns come before premium rate, so that a pattern of the administrator is named where both apply.
    pub fn examine(&self, given: &str) -> NumberVerdict {
        match given.parse() {
            Ok(number) => self.judge(&number),
            Err(refused) => NumberVerdict {
                outcome: Err(NumberRefused::NotANumber(refused)),
                step: Step::Characters,
                country: None,
                e164: None,
                pattern: None,
            },
        }
    }

    fn judge(&self, number: &PhoneNumber) -> NumberVerdict {
        let parsed = if self.needs_plan() { plan::parse(number, self.default_country) } else { None };
        let (step, outcome) = self.decide(number, parsed.as_ref());
        let pattern = match outcome {
            Err(NumberRefused::Blocked { pattern }) => Some(pattern),
            _ => None,
        };
        let (country, e164) = parsed.map_or((None, None), |parsed| (parsed.country, Some(parsed.e164)));
        NumberVerdict { outcome, step, country, e164, pattern }
    }

    fn decide(&self, number: &PhoneNumber, parsed: Option<&Parsed>) -> (Step, Result<(), NumberRefused>) {
        let Some(parsed) = parsed else {
            // A rule cannot tell the country of an impossible number, so it refuses one in any case.
            let refuse = self.refuse_impossible || self.rule.is_some();
            return if refuse {
                (Step::Possible, Err(NumberRefused::Impossible))
            } else {
                (Step::NoRule, Ok(()))
            };
        };
        if let Some(rule) = &self.rule {
            if !permits(rule, parsed) {
                let refused = NumberRefused::CountryNotPermitted { country: parsed.country };
                return (Step::Country, Err(refused));
            }
            let digits = number.comparison().digits();
            if let Some(pattern) = rule.blocking(&digits, &parsed.e164.digits()) {
                return (Step::Pattern, Err(NumberRefused::Blocked { pattern }));
            }
        }
        if self.refuse_premium && parsed.premium {
            return (Step::Premium, Err(NumberRefused::Premium));
        }
        (if self.rule.is_some() { Step::Accepted } else { Step::NoRule }, Ok(()))
    }
}

/// A number that no known range holds may be of any country that shares its calling code: it is permitted only when
/// all of them are, so that number ranges newer than the plan still work where there is no doubt.
fn permits(rule: &NumberRule, parsed: &Parsed) -> bool {
    match parsed.country {
        Some(country) => rule.permits(country),
        None => !parsed.sharing.is_empty() && parsed.sharing.iter().all(|&country| rule.permits(country)),
    }
}

/// The outcome of a test of one number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NumberVerdict {
    /// May it be called?
    pub outcome: Result<(), NumberRefused>,
    /// The step that decided.
    pub step: Step,
    /// The country whose ranges hold it, where one does and the plan was asked.
    pub country: Option<Country>,
    /// Its E.164 form, where it is possible and the plan was asked. Personal data.
    pub e164: Option<E164>,
    /// Index of the blocked pattern that matched, from 0.
    pub pattern: Option<usize>,
}

/// The step of the evaluation that decided (callback-administration §4.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The queue has no rule, and the general checks found nothing.
    NoRule,
    /// Characters that no number has, too few or too many digits.
    Characters,
    /// Not a possible number.
    Possible,
    /// The country.
    Country,
    /// A blocked pattern.
    Pattern,
    /// Premium rate.
    Premium,
    /// Nothing spoke against it.
    Accepted,
}

impl Step {
    /// The number of the step in callback-administration §4.3. Premium rate is not among its steps; it follows the
    /// patterns and counts as the same, last refusing step.
    pub fn number(self) -> u8 {
        match self {
            Step::NoRule => 1,
            Step::Characters => 2,
            Step::Possible => 4,
            Step::Country => 5,
            Step::Pattern | Step::Premium => 6,
            Step::Accepted => 7,
        }
    }
}

/// Why a number is not called; HTTP 400 when booking (callback-domain §9.1).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NumberRefused {
    /// The text is no number.
    #[error(transparent)]
    NotANumber(#[from] NotANumber),
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
}

impl NumberRefused {
    /// The stable code of the refusal.
    pub fn code(&self) -> &'static str {
        match self {
            NumberRefused::NotANumber(_) | NumberRefused::Impossible => "NUMBER_INVALID",
            NumberRefused::CountryNotPermitted { .. } => "COUNTRY_NOT_PERMITTED",
            NumberRefused::Blocked { .. } => "NUMBER_BLOCKED",
            NumberRefused::Premium => "NUMBER_PREMIUM",
        }
    }
}
