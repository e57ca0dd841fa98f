//! What a success looks like on the wire ([engagement-api-v3 §2.1](ges_core::rules)).

use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use http::{Response, StatusCode};
use serde::Serialize;
use uuid::Uuid;

use crate::body::Body;
use crate::envelope::{Status, enveloped};
use crate::list;
use crate::problem::Problem;

/// What a handler answers when all went well.
#[derive(Debug)]
pub struct Reply {
    content: Content,
    status: StatusCode,
    headers: HeaderMap,
}

#[derive(Debug)]
enum Content {
    /// Already serialised; put into the envelope.
    Data(Vec<u8>),
    /// Sent as it is, for faces that do not speak the envelope.
    Raw { content_type: &'static str, body: Body },
}

impl Reply {
    /// 200 with this `data`, in the envelope.
    pub fn data(data: &impl Serialize) -> Result<Self, Problem> {
        let content = serde_json::to_vec(data).map_err(Problem::internal)?;
        Ok(Self::of(Content::Data(content)))
    }

    /// 200 with this `data`, which must be JSON already, in the envelope.
    pub fn data_json(data: Vec<u8>) -> Self {
        Self::of(Content::Data(data))
    }

    /// 200 with these bytes and no envelope: metrics, exports, the GMS-compatible API. A [`Body::stream`] is sent while
    /// it is produced.
    pub fn raw(content_type: &'static str, body: impl Into<Body>) -> Self {
        Self::of(Content::Raw { content_type, body: body.into() })
    }

    /// 200 with this JSON and no envelope: the GMS-compatible API.
    pub fn json(value: &impl Serialize) -> Result<Self, Problem> {
        Ok(Self::raw("application/json", serde_json::to_vec(value).map_err(Problem::internal)?))
    }

    /// 200 with a JSON array of these and no envelope. A long one is written piece by piece while the caller takes it, so
    /// its text is never in memory as a whole, and what a caller that hangs up has not taken is never written.
    pub fn json_list<I>(items: I) -> Result<Self, Problem>
    where
        I: Iterator<Item: Serialize> + Send + 'static,
    {
        Ok(Self::raw("application/json", list::json(items).map_err(Problem::internal)?))
    }

    /// The same with another status.
    pub fn with_status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    /// The same with one more header.
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    fn of(content: Content) -> Self {
        Reply { content, status: StatusCode::OK, headers: HeaderMap::new() }
    }

    pub(super) fn into_response(self, correlation: Uuid) -> Response<Body> {
        let (content_type, body) = match self.content {
            Content::Raw { content_type, body } => (content_type, body),
            Content::Data(data) => {
                let code = if self.status == StatusCode::OK { 0 } else { self.status.as_u16() };
                let status = Status { code, message: "Successful", correlation, reason: None };
                ("application/json", enveloped(&status, Some(&data)).into())
            }
        };
        let mut response = Response::new(body);
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        // Every answer depends on key and moment; a cache in between would mix tenants.
        headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
        response
    }
}
