//! Which browsers may call ([engagement-api-v3 §1.7](ges_core::rules)).

use ges_core::TenantId;
use ges_core::port::{Identity, StoreError};
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_MAX_AGE, HeaderMap, HeaderValue, ORIGIN, VARY,
};
use http::{Response, StatusCode};

use crate::body::Body;

/// The answer to `OPTIONS` on an API path: 204 without a body, with the CORS headers if any tenant lists the origin.
pub(super) async fn preflight(
    headers: &HeaderMap,
    identity: &dyn Identity,
) -> Result<Response<Body>, StoreError> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let allowed = allowed_origin(headers, None, identity).await?;
    let headers = response.headers_mut();
    headers.insert(VARY, HeaderValue::from_static("Origin"));
    if let Some(origin) = allowed {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET,POST,OPTIONS"));
        let allowed = HeaderValue::from_static("x-api-key,content-type,accept,cache-control,idempotency-key");
        headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, allowed);
        headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
    }
    Ok(response)
}

/// The request's origin if pages of it may call with a key of this tenant, or of any tenant.
pub(super) async fn allowed_origin(
    headers: &HeaderMap,
    tenant: Option<&TenantId>,
    identity: &dyn Identity,
) -> Result<Option<HeaderValue>, StoreError> {
    let Some(origin) = headers.get(ORIGIN) else { return Ok(None) };
    let Ok(text) = origin.to_str() else { return Ok(None) };
    Ok(identity.allows_origin(tenant, text).await?.then(|| origin.clone()))
}
