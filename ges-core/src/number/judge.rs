//! What a queue's policy says of a number, by the numbering plan.

use super::plan::{self, Parsed};
use super::policy::{NumberPolicy, NumberRefused, NumberVerdict};
use super::{NumberRule, PhoneNumber};

/// The verdict, and what the plan knows of the number.
pub(super) fn judge(policy: &NumberPolicy, number: &PhoneNumber) -> NumberVerdict {
    let parsed = plan::parse(number, policy.default_country);
    let outcome = decide(policy, number, parsed.as_ref());
    let (country, e164) = parsed.map_or((None, None), |parsed| (parsed.country, Some(parsed.e164)));
    NumberVerdict { outcome, country, e164 }
}

fn decide(policy: &NumberPolicy, number: &PhoneNumber, parsed: Option<&Parsed>) -> Result<(), NumberRefused> {
    let Some(parsed) = parsed else {
        // A rule cannot tell the country of an impossible number, so it refuses one in any case.
        let refuse = policy.refuse_impossible || policy.rule.is_some();
        return if refuse { Err(NumberRefused::Impossible) } else { Ok(()) };
    };
    if let Some(rule) = &policy.rule {
        if !permits(rule, parsed) {
            return Err(NumberRefused::CountryNotPermitted { country: parsed.country });
        }
        let digits = number.comparison().digits();
        if let Some(pattern) = rule.blocking(&digits, &parsed.e164.digits()) {
            return Err(NumberRefused::Blocked { pattern });
        }
    }
    if policy.refuse_premium && parsed.premium { Err(NumberRefused::Premium) } else { Ok(()) }
}

/// A number that no known range holds may be of any country that shares its calling code: it is permitted only when
/// all of them are, so that number ranges newer than the plan still work where there is no doubt.
fn permits(rule: &NumberRule, parsed: &Parsed) -> bool {
    match parsed.country {
        Some(country) => rule.permits(country),
        None => !parsed.sharing.is_empty() && parsed.sharing.iter().all(|&country| rule.permits(country)),
    }
}
