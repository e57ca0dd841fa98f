//! The administrator's lists: queues, watermarks and the export of what was cancelled.

use ges_core::callback::{Callback, StateName};
use ges_core::port::{self, Tally};
use ges_core::time::{Interval, Timestamp};
use ges_core::zone::Zone;
use ges_core::{ServiceName, TenantId};
use serde_json::{Map, Value, json};
use std::time::Duration;

use super::record::{property, record};
use crate::engagement::{BadInput, Members, Query};

/// How far back the list of queues looks when no start is given.
const BACK: Duration = Duration::from_secs(15 * 60);
/// How far ahead it looks when no end is given.
const AHEAD: Duration = Duration::from_secs(24 * 3600);

/// Reads `target`, `start_time`, `end_time` and `states`; lists have commas between. `now` is the present instant.
///
/// # Errors
/// A time or state that is none, or an end before the start.
pub fn read(query: &Query, tenant: TenantId, now: Timestamp, limit: usize) -> Result<port::Query, BadInput> {
    let utc = Zone::utc();
    let start = query.instant("start_time", &utc)?.unwrap_or(now - BACK);
    let end = query.instant("end_time", &utc)?.unwrap_or(now + AHEAD);
    if end < start {
        return Err(BadInput::at("end_time", "must not be before start_time"));
    }
    let states = match query.get("states") {
        None => None,
        Some(states) => Some(list(states).map(state).collect::<Result<_, _>>()?),
    };
    let services = query.get("target").map(|names| list(names).map(ServiceName::from).collect());
    Ok(port::Query {
        services,
        states,
        desired: Some(Interval::new(start, end)),
        ..port::Query::of(tenant, limit)
    })
}

fn list(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|part| !part.is_empty())
}

fn state(text: &str) -> Result<StateName, BadInput> {
    text.parse().map_err(|error| BadInput::at("states", error))
}

/// Records by queue: `{queue: [record, …]}`.
pub fn by_queue(callbacks: &[Callback], prefix: &str) -> Value {
    let mut queues: Map<String, Value> = Map::new();
    for callback in callbacks {
        let queue = queues.entry(callback.service.as_str()).or_insert_with(|| Value::Array(Vec::new()));
        if let Value::Array(records) = queue {
            records.push(record(callback, prefix));
        }
    }
    Value::Object(queues)
}

/// `{services: {name: n}, total}`: QUEUED to PROCESSING, not SCHEDULED.
pub fn watermarks(tallies: &[(ServiceName, Tally)], only: Option<&str>) -> Value {
    let counted = tallies.iter().filter(|(service, _)| only.is_none_or(|only| only == service.as_str()));
    let services: Map<String, Value> =
        counted.map(|(service, tally)| (service.as_str().to_owned(), tally.active().into())).collect();
    let total: u64 = services.values().filter_map(Value::as_u64).sum();
    json!({ "services": services, "total": total })
}

/// What is to be exported.
#[derive(Debug)]
pub struct Export {
    /// Records that ended for this reason.
    pub reason: String,
    /// The properties wanted; the usual ones when none is named.
    pub properties: Vec<String>,
}

/// Reads `{callback_reason, exported_properties}`; the properties are a list, or a text with commas between.
///
/// # Errors
/// A member of another kind.
pub fn read_export(body: &[u8]) -> Result<Export, BadInput> {
    let mut members = Members::read(body)?;
    let reason = members.text("callback_reason")?.unwrap_or_else(|| "CANCELLED_BY_ADMIN".to_owned());
    let properties = match members.take("exported_properties") {
        None => Vec::new(),
        Some(Value::String(names)) => list(&names).map(str::to_owned).collect(),
        Some(Value::Array(names)) => names
            .into_iter()
            .map(|name| match name {
                Value::String(name) => Ok(name),
                _ => Err(BadInput::at("exported_properties", "a list of texts is expected")),
            })
            .collect::<Result<_, _>>()?,
        Some(_) => return Err(BadInput::at("exported_properties", "a list of texts is expected")),
    };
    Ok(Export { reason, properties })
}

/// One exported record; properties it does not have are left out.
pub fn exported(callback: &Callback, properties: &[String], prefix: &str) -> Value {
    if properties.is_empty() {
        return record(callback, prefix);
    }
    let found = properties.iter().filter_map(|name| Some((name.clone(), property(callback, name, prefix)?)));
    Value::Object(found.collect())
}
