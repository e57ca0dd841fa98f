//! `POST /callbacks/cancel` and `POST /callbacks/retrieve` ([engagement-api-v3 §3.2, §3.3](ges_core::rules)).

use ges_core::CallbackId;
use ges_core::engine::Shown;
use serde_json::{Value, json};

use super::members::{BadInput, Members};
use super::wait::number;

/// Reads `{id}`.
///
/// # Errors
/// A missing or malformed id.
pub fn read_id(body: &[u8]) -> Result<CallbackId, BadInput> {
    Members::read(body)?.required_id("id")
}

/// `data` with nothing but the id.
pub fn id(id: CallbackId) -> Value {
    json!({ "id": id.to_string() })
}

/// `data` of retrieve. Absent members are left out; −1 says that nobody knows the place.
pub fn shown(shown: &Shown) -> Value {
    let callback = &shown.callback;
    let mut data = json!({
        "id": callback.id.to_string(),
        "desiredTime": callback.desired.to_string(),
        "callbackState": callback.state.name().as_str(),
        "phoneNumber": callback.request.number.as_given(),
    });
    if let Some(reason) = callback.reason() {
        data["callbackReason"] = reason.as_str().into();
    }
    if let Some(place) = shown.queue {
        data["positionInQueue"] = number(place.position()).into();
        data["estimatedWaitTime"] = number(place.wait_secs()).into();
    }
    data
}
