//! `POST /statistics/operations/get-statistic-ex` ([engagement-api-v3 §3.9](ges_core::rules)).

use std::time::Duration;

use ges_core::port::Statistic;
use serde::Deserialize;
use serde_json::Value;

use super::members::{BadInput, Members};

/// The least age at which a cached answer is asked for anew.
pub const MAX_AGE_MIN: Duration = Duration::from_secs(15);

/// Reads which statistics. The vendor's clients cannot send a body, so an empty one asks for none.
///
/// # Errors
/// A body that is no list of statistics.
pub fn read(body: &[u8]) -> Result<Vec<Statistic>, BadInput> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(Vec::new());
    }
    let mut members = Members::read(body)?;
    let statistics = match members.take("data") {
        Some(Value::Object(mut data)) => data.remove("statistics"),
        Some(_) => return Err(BadInput::at("data", "an object with the member statistics is expected")),
        None => members.take("statistics"),
    };
    let Some(statistics) = statistics.filter(|value| !value.is_null()) else { return Ok(Vec::new()) };
    let asked: Vec<Asked> = serde_json::from_value(statistics).map_err(|_| {
        BadInput::at("statistics", "an array of {name, objectId, objectType}, all texts, is expected")
    })?;
    Ok(asked.into_iter().map(Statistic::from).collect())
}

/// One statistic as it is asked for; other members are ignored.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Asked {
    name: String,
    object_id: String,
    object_type: String,
    #[serde(default)]
    statistic_id: Option<String>,
}

impl From<Asked> for Statistic {
    fn from(asked: Asked) -> Self {
        let Asked { name, object_id, object_type, statistic_id } = asked;
        Statistic { name, object_id, object_type, statistic_id }
    }
}

/// How old a cached answer may be: `max-age` of the header, at least 15 s; 15 s without it.
pub fn max_age(cache_control: Option<&str>) -> Duration {
    let directives = cache_control.unwrap_or_default().split(',');
    let ages = directives.filter_map(|directive| directive.trim().strip_prefix("max-age="));
    let age = ages.filter_map(|age| age.trim().parse().ok()).map(Duration::from_secs).next();
    age.unwrap_or(MAX_AGE_MIN).max(MAX_AGE_MIN)
}
