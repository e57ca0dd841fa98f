//! How a record looks in this API.

use ges_core::Callback;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

/// Everything but the unreserved characters of a URI.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The properties that are always returned, and the reason where there is one, of an API that stands under this path.
pub fn record(callback: &Callback, prefix: &str) -> Value {
    let mut record = json!({
        "_id": callback.id.to_string(),
        "_desired_time": callback.desired.to_string(),
        "_service_name": callback.service.as_str(),
        "_callback_state": callback.state.name().as_str(),
        "_expiration_time": callback.expires_at().to_string(),
        "_customer_number": callback.request.number.as_given(),
        "_url": url(callback, prefix),
    });
    if let Some(reason) = callback.reason() {
        record["_callback_reason"] = reason.as_str().into();
    }
    record
}

/// Where the record can be changed: the path on this listener.
fn url(callback: &Callback, prefix: &str) -> String {
    let service = utf8_percent_encode(callback.service.as_str(), SEGMENT);
    format!("{prefix}/genesys/1/service/callback/{service}/{}", callback.id)
}

/// One property by its name, for filters and exports; `None` when the record has none of that name.
pub fn property(callback: &Callback, name: &str, prefix: &str) -> Option<Value> {
    Some(match name {
        "_id" => callback.id.to_string().into(),
        "_desired_time" => callback.desired.to_string().into(),
        "_service_name" => callback.service.as_str().into(),
        "_callback_state" => callback.state.name().as_str().into(),
        "_callback_reason" => callback.reason()?.as_str().into(),
        "_expiration_time" => callback.expires_at().to_string().into(),
        "_customer_number" => callback.request.number.as_given().into(),
        "_url" => url(callback, prefix).into(),
        "_language" => callback.request.language.as_str().into(),
        "_channel" => callback.request.channel.as_deref()?.into(),
        other => callback.request.user_data.get(other)?.clone(),
    })
}
