//! Correlation ids ([engagement-api-v3 §1.8](ges_core::rules)): made here for each request, never taken from the
//! caller.

use http::Response;
use http::header::{HeaderName, HeaderValue};
use uuid::Uuid;

use crate::body::Body;

/// The header that repeats `status.corrId`.
pub const HEADER: HeaderName = HeaderName::from_static("x-correlation-id");

/// Puts the id into the response's header.
pub(super) fn stamp(response: &mut Response<Body>, correlation: Uuid) {
    let mut text = Uuid::encode_buffer();
    let text = correlation.as_hyphenated().encode_lower(&mut text);
    if let Ok(value) = HeaderValue::from_str(text) {
        response.headers_mut().insert(HEADER, value);
    }
}
