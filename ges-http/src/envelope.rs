//! The envelope around every answer of the Engagement API ([engagement-api-v3 §2.1](ges_core::rules)).

use bytes::Bytes;
use serde::Serialize;
use uuid::Uuid;

/// How it went.
#[derive(Serialize)]
pub(super) struct Status<'a> {
    /// 0 for a plain success, otherwise the HTTP status.
    pub code: u16,
    pub message: &'a str,
    #[serde(rename = "corrId")]
    pub correlation: Uuid,
    /// The token of a failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'a str>,
}

/// `{"status":…}` with `data` behind it, if any. `data` must be JSON already.
pub(super) fn enveloped(status: &Status<'_>, data: Option<&[u8]>) -> Bytes {
    let mut bytes = Vec::with_capacity(160 + data.map_or(0, <[u8]>::len));
    bytes.extend_from_slice(b"{\"status\":");
    // Cannot fail: a status holds numbers and texts, and a vector takes every byte.
    serde_json::to_writer(&mut bytes, status).expect("a status can be written as JSON");
    if let Some(data) = data {
        bytes.extend_from_slice(b",\"data\":");
        bytes.extend_from_slice(data);
    }
    bytes.push(b'}');
    bytes.into()
}
