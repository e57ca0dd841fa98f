//! `GET /estimated-wait-time` and `GET /callbacks/queue-status/{queue}`
//! ([engagement-api-v3 §3.6, §3.7](ges_core::rules)).

use ges_core::ServiceName;
use ges_core::engine::QueueStatus;
use ges_core::ewt::{Ewt, EwtMode, NoWait};
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
    let mode = match query.get("mode") {
        None => EwtMode::default(),
        Some(mode) => mode.parse().map_err(|error| BadInput::at("mode", error))?,
    };
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
            "estimatedWaitTime": seconds(*ewt),
            "message": message(*ewt),
            "resultCode": result_code(*ewt),
        })
    };
    queues.iter().zip(waits).map(entry).collect()
}

/// `data` of queue status.
pub fn status(status: &QueueStatus) -> Value {
    json!({
        "ewt": seconds(status.ewt),
        "offerImmediateCallback": status.immediate.is_ok(),
        "offerScheduledCallback": status.scheduled,
    })
}

/// Seconds, −1 when unknown.
pub fn seconds(ewt: Ewt) -> i64 {
    number(ewt.seconds())
}

/// A count as every answer writes it: −1 when unknown.
pub fn number(known: Option<u64>) -> i64 {
    known.map_or(-1, |number| i64::try_from(number).unwrap_or(i64::MAX))
}

/// 0 when the seconds count, −1 when they are unknown, −2 when nobody is there ([engagement-api-v3 §3.7](ges_core::rules)).
fn result_code(ewt: Ewt) -> i8 {
    match ewt {
        Ewt::Known(_) => 0,
        Ewt::Unknown(NoWait::NoAgents) => -2,
        Ewt::Unknown(NoWait::NothingPassed | NoWait::UnknownQueue | NoWait::SourceUnavailable) => -1,
    }
}

/// Why the wait is unknown; empty when it is known.
pub fn message(ewt: Ewt) -> &'static str {
    match ewt {
        Ewt::Known(_) => "",
        Ewt::Unknown(NoWait::NothingPassed) => "No interaction has passed through the queue yet",
        Ewt::Unknown(NoWait::NoAgents) => "No agents are logged in",
        Ewt::Unknown(NoWait::UnknownQueue) => "The virtual queue is not known",
        Ewt::Unknown(NoWait::SourceUnavailable) => "The estimated wait time could not be read",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_say_whether_the_seconds_count() {
        use NoWait::{NoAgents, NothingPassed, SourceUnavailable, UnknownQueue};
        for (ewt, told) in [
            (Ewt::Known(120), (120, 0)),
            (Ewt::Known(u64::MAX), (i64::MAX, 0)),
            (Ewt::Unknown(NothingPassed), (-1, -1)),
            (Ewt::Unknown(NoAgents), (-1, -2)),
            (Ewt::Unknown(UnknownQueue), (-1, -1)),
            (Ewt::Unknown(SourceUnavailable), (-1, -1)),
        ] {
            assert_eq!((seconds(ewt), result_code(ewt)), told);
            assert_eq!(message(ewt).is_empty(), result_code(ewt) == 0);
        }
    }
}
