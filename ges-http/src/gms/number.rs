//! `GET /genesys/1/phonenumber?number&country&geocodingLocale`.

use ges_core::number::{Country, NumberPolicy, PhoneNumber};
use serde_json::{Value, json};

use crate::engagement::{BadInput, Query};

/// The question.
#[derive(Debug)]
pub struct Ask {
    number: PhoneNumber,
    country: Country,
}

/// Reads it. `geocodingLocale` is accepted and has no effect: no place names are answered.
///
/// # Errors
/// No number, a text that is none, or an unknown country.
pub fn read(query: &Query) -> Result<Ask, BadInput> {
    let number = query.get("number").ok_or_else(|| BadInput::at("number", "is required"))?;
    let number = number.parse().map_err(|error| BadInput::at("number", error))?;
    let country = match query.get("country") {
        None => Country::US,
        Some(country) => country.parse().map_err(|error| BadInput::at("country", error))?,
    };
    Ok(Ask { number, country })
}

/// `{possible, valid, e164?}`: whether the numbering plan has such numbers, whether a queue without rules would call it,
/// and its E.164 form with `+`.
pub fn answer(ask: &Ask) -> Value {
    let policy = NumberPolicy { default_country: ask.country, ..NumberPolicy::default() };
    let verdict = policy.examine(&ask.number);
    let mut answer = json!({
        "possible": verdict.e164.is_some(),
        "valid": verdict.outcome.is_ok(),
        "country": ask.country.as_str(),
    });
    if let Some(e164) = verdict.e164 {
        answer["e164"] = e164.with_plus().into();
    }
    answer
}
