//! `GET /estimated-wait-time` and `GET /callbacks/queue-status/{queue}`
//! ([engagement-api-v3 §3.6, §3.7](ges_core::rules)).

use ges_core::ServiceName;
use ges_core::engine::QueueStatus;
use ges_core::ewt::{Ewt, EwtMode};
use serde_json::{Value, json};

use super::members::BadInput;
use super::query::Query;

/// Most queues in one question.
const QUEUES_MAX: usize = 100;

/// Reads which queues, in which mode.
///
/// # Errors
/// No queue, too many, or an unknown mode.
pub fn read(query: &Query) -> Result<(Vec<ServiceName>, EwtMode), BadInput> {
    let queues = queues(query)?;
    let mode = EwtMode::from_query(query.get("mode")).map_err(|error| BadInput::at("mode", error))?;
    query.flag("include-calls-on-hold")?;
    Ok((queues, mode))
}

/// Reads `virtual-queues`: names with commas between, blanks round them and empty ones dropped.
///
/// # Errors
/// No queue, or too many.
pub fn queues(query: &Query) -> Result<Vec<ServiceName>, BadInput> {
    let names = query.get("virtual-queues").unwrap_or_default();
    let queues: Vec<ServiceName> =
        names.split(',').map(str::trim).filter(|name| !name.is_empty()).map(ServiceName::from).collect();
    if queues.is_empty() {
        let problem = "at least one queue name is required, several with commas between";
        return Err(BadInput::at("virtual-queues", problem));
    }
    if queues.len() > QUEUES_MAX {
        return Err(BadInput::at("virtual-queues", format!("at most {QUEUES_MAX} queue names are accepted")));
    }
    Ok(queues)
}

/// `data`: one entry per queue, in the order asked.
pub fn waits(queues: &[ServiceName], waits: &[Ewt]) -> Value {
    let entry = |(queue, ewt): (&ServiceName, &Ewt)| {
        json!({
            "virtualQueue": queue.as_str(),
            "estimatedWaitTime": ewt.wire_seconds(),
            "message": ewt.message(),
            "resultCode": ewt.result_code(),
        })
    };
    queues.iter().zip(waits).map(entry).collect()
}

/// `data` of queue status.
pub fn status(status: &QueueStatus) -> Value {
    json!({
        "ewt": status.ewt.wire_seconds(),
        "offerImmediateCallback": status.immediate.is_ok(),
        "offerScheduledCallback": status.scheduled,
    })
}
