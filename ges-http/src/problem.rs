//! The one place where failures become statuses and wire codes ([engagement-api-v3 §2.2, §2.3](ges_core::rules)):
//! `status.rs` has the statuses, `names.rs` what a caller calls the parts of its request.
//!
//! A problem has an outside (what the caller may read) and an inside (what the log keeps). The outside text names what,
//! where and what would be right; it never repeats numbers, user data or keys, because it is kept for look-up by
//! correlation id and shown to administrators.

mod engine;
mod names;
mod status;

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use http::header::{ALLOW, CACHE_CONTROL, CONNECTION, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use http::{Response, StatusCode};
use uuid::Uuid;

use crate::body::{Body, BoxError};
use crate::envelope::{Status, enveloped};
pub(crate) use names::told;
use status::Kind;

/// Why a request is not served.
pub struct Problem {
    kind: Kind,
    reason: &'static str,
    message: Cow<'static, str>,
    data: Option<Vec<u8>>,
    retry_after: Option<Duration>,
    source: Option<BoxError>,
}

/// Whose words a problem is told in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// The Engagement API v3.
    V3,
    /// The GMS-compatible API.
    Gms,
}

impl Problem {
    /// 400: the request cannot be understood or is not allowed as it stands. `reason` is an upper-case token.
    pub fn bad_request(reason: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self::of(Kind::BadRequest, reason, message)
    }

    /// 401: no key, or an unknown one. The text never tells which.
    pub fn unauthorized() -> Self {
        Self::of(Kind::Unauthorized, "UNAUTHORIZED", "a valid API key is required in the header x-api-key")
    }

    /// 401 for another reason than the API key.
    pub fn refused_credentials(reason: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self::of(Kind::Unauthorized, reason, message)
    }

    /// 404: nothing here under that name.
    pub fn not_found(reason: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self::of(Kind::NotFound, reason, message)
    }

    /// 404 for a path that leads nowhere.
    pub fn unknown_path() -> Self {
        Self::not_found("PATH_UNKNOWN", "there is nothing at this path")
    }

    /// 405, with the methods that would be right.
    pub fn method_not_allowed(allow: String) -> Self {
        let message = format!("this path takes {allow}");
        Self::of(Kind::MethodNotAllowed { allow }, "METHOD_NOT_ALLOWED", message)
    }

    /// 413: more bytes than this listener takes, before or after decompression.
    pub fn too_large(limit: usize) -> Self {
        let message = format!("the body may have at most {limit} bytes, decompressed");
        Self::of(Kind::TooLarge, "INVALID_CONTENT_LENGTH", message)
    }

    /// 408: the request did not arrive in time.
    pub fn slow() -> Self {
        Self::of(Kind::Slow, "REQUEST_TOO_SLOW", "the request did not arrive within the time limit")
    }

    /// 500: a back end is away or something unforeseen happened. The source is logged, never sent.
    pub fn internal(source: impl Into<BoxError>) -> Self {
        Problem {
            source: Some(source.into()),
            ..Self::of(Kind::Internal, "INTERNAL", "the request could not be served; try again later")
        }
    }

    /// 500 with a reason the caller may know.
    pub fn failed(
        reason: &'static str,
        message: impl Into<Cow<'static, str>>,
        source: impl Into<BoxError>,
    ) -> Self {
        Problem { source: Some(source.into()), ..Self::of(Kind::Internal, reason, message) }
    }

    /// 500: a store was asked to write, and its answer was lost. What was asked for may be done.
    fn outcome_unknown(source: impl Into<BoxError>) -> Self {
        let message = "it is not known whether this was done; send the same request again, \
                       with the same Idempotency-Key if it books a callback";
        Self::failed("OUTCOME_UNKNOWN", message, source)
    }

    /// 500: no answer within the time limit of this server. What was asked for may be done, or still be.
    pub fn timed_out() -> Self {
        let message = "there was no answer in time; send the same request again, \
                       with the same Idempotency-Key if it books a callback";
        Self::of(Kind::Internal, "TIMED_OUT", message)
    }

    /// 500: a bug.
    pub(super) fn panicked() -> Self {
        Self::of(Kind::Internal, "INTERNAL", "the request could not be served; try again later")
    }

    fn of(kind: Kind, reason: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Problem { kind, reason, message: message.into(), data: None, retry_after: None, source: None }
    }

    /// The HTTP status, which is also `status.code`.
    pub fn status(&self) -> StatusCode {
        self.kind.status()
    }

    /// The upper-case token of `status.reason`.
    pub fn reason(&self) -> &'static str {
        self.reason
    }

    /// What the caller reads.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Whether the body was larger than allowed, which is counted apart ([callback-domain §17.2](ges_core::rules)).
    pub fn is_too_large(&self) -> bool {
        self.kind == Kind::TooLarge
    }

    /// The chain of inside causes in one line, if there is one.
    pub fn inside(&self) -> Option<String> {
        let mut next: Option<&dyn std::error::Error> = Some(self.source.as_deref()?);
        let mut text = String::new();
        while let Some(error) = next {
            if !text.is_empty() {
                text.push_str(": ");
            }
            text.push_str(&error.to_string());
            next = error.source();
        }
        Some(text)
    }

    pub(super) fn into_response(self, correlation: Uuid) -> Response<Body> {
        let status = Status {
            code: self.kind.status().as_u16(),
            message: &self.message,
            correlation,
            reason: Some(self.reason),
        };
        let mut response = Response::new(enveloped(&status, self.data.as_deref()).into());
        *response.status_mut() = self.kind.status();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(after) = self.retry_after {
            // Rounded up: a client that waits exactly so long must not come too early.
            headers.insert(RETRY_AFTER, HeaderValue::from(after.as_millis().div_ceil(1000).max(1) as u64));
        }
        if self.kind.spoils_connection() {
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        if let Kind::MethodNotAllowed { allow } = &self.kind
            && let Ok(allow) = HeaderValue::from_str(allow)
        {
            headers.insert(ALLOW, allow);
        }
        response
    }
}

impl fmt::Debug for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Problem")
            .field("status", &self.kind.status())
            .field("reason", &self.reason)
            .field("message", &self.message)
            .finish_non_exhaustive()
    }
}

impl From<ges_core::port::StoreError> for Problem {
    fn from(error: ges_core::port::StoreError) -> Self {
        if error.is_outcome_unknown() { Self::outcome_unknown(error) } else { Self::internal(error) }
    }
}
