//! One request as a handler sees it.

use bytes::Bytes;
use ges_core::TenantId;
use ges_core::time::Timestamp;
use http::Method;
use http::header::HeaderMap;
use uuid::Uuid;

use crate::face::Face;
use crate::problem::Problem;

/// A request whose path is decoded, whose caller is known and whose body is complete.
#[derive(Clone)]
pub struct Call {
    pub(super) face: Face,
    pub(super) method: Method,
    pub(super) template: &'static str,
    pub(super) params: Vec<(String, String)>,
    pub(super) query: Vec<(String, String)>,
    pub(super) headers: HeaderMap,
    pub(super) tenant: Option<TenantId>,
    pub(super) correlation: Uuid,
    pub(super) received: Timestamp,
    pub(super) body: Bytes,
}

impl Call {
    /// Through which listener it came.
    pub fn face(&self) -> Face {
        self.face
    }

    /// The method.
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// The route's template, such as `/engagement/v3/callbacks/open-for/{service-name}`.
    pub fn template(&self) -> &'static str {
        self.template
    }

    /// The headers; `ccid` and `ContactCenterID` are gone on the external face.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The tenant that was established before the handler was called.
    ///
    /// # Errors
    /// 401 on a route that demands no tenant.
    pub fn tenant(&self) -> Result<&TenantId, Problem> {
        self.tenant.as_ref().ok_or_else(Problem::unauthorized)
    }

    /// The id of this request.
    pub fn correlation(&self) -> Uuid {
        self.correlation
    }

    /// When it arrived.
    pub fn received(&self) -> Timestamp {
        self.received
    }

    /// The body, decompressed; empty for methods that carry none.
    pub fn body(&self) -> &Bytes {
        &self.body
    }
}
