//! `GET /genesys/1/service/ewt-for-vq` and `GET /genesys/2/ewt`: the earlier forms of the estimated wait
//! ([callback-domain §14.2](ges_core::rules)), and the place in the queue.

use ges_core::ServiceName;
use ges_core::engine::QueuePlace;
use ges_core::ewt::{Ewt, EwtMode};
use serde_json::{Value, json};

use crate::engagement::wait::{message, number, queues, seconds};
use crate::engagement::{BadInput, Query};

/// Reads `name` and `aqt` (`urs` when absent).
///
/// # Errors
/// No name, or an unknown method.
pub fn read(query: &Query) -> Result<(ServiceName, EwtMode), BadInput> {
    let name =
        query.get("name").ok_or_else(|| BadInput::at("name", "the name of a virtual queue is required"))?;
    let mode = match query.get("aqt") {
        None => EwtMode::Mode1,
        Some(aqt) => EwtMode::from_aqt(aqt).map_err(|error| BadInput::at("aqt", error))?,
    };
    Ok((name.into(), mode))
}

/// `{vq, ewt, aqt, message}`.
pub fn wait(queue: &ServiceName, mode: EwtMode, ewt: Ewt) -> Value {
    json!({ "vq": queue.as_str(), "ewt": seconds(ewt), "aqt": mode.as_aqt(), "message": message(ewt) })
}

/// Reads `virtual-queues` (commas between) and `mode`: `ewt1`, `ewt2` (when absent) or `ewt3`.
///
/// # Errors
/// No queue, too many, or an unknown mode.
pub fn read_second(query: &Query) -> Result<(Vec<ServiceName>, EwtMode), BadInput> {
    let mode = match query.get("mode") {
        None | Some("ewt2") => EwtMode::Mode2,
        Some("ewt1") => EwtMode::Mode1,
        Some("ewt3") => EwtMode::Mode3,
        Some(_) => return Err(BadInput::at("mode", "ewt1, ewt2 or ewt3 is expected")),
    };
    let queues = queues(query)?;
    Ok((queues, mode))
}

/// `{ewt, position}` of a live session; −1 where nobody knows.
pub fn position(place: QueuePlace) -> Value {
    json!({ "ewt": number(place.wait_secs()), "position": number(place.position()) })
}
