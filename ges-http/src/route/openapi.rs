//! The description of the Engagement API for machines, on the internal listener: the list of public paths is closed
//! ([engagement-api-v3 §1.2](ges_core::rules)).

use bytes::Bytes;
use http::Method;

use crate::router::RouteMistake;
use crate::{Access, Call, Exposure, Reply, Router};

/// The OpenAPI 3.1 document of the external API; kept by hand and held to the routes and their answers by tests.
pub const DOCUMENT: &str = include_str!("../../openapi.json");

/// How the document says where the API is.
const SERVER: &str = "\"url\": \"/engagement/v3\"";

/// Enters the route. The document says that the API stands under the prefix.
///
/// # Errors
/// When it is in the table already.
pub fn routes(router: Router, prefix: &str) -> Result<Router, RouteMistake> {
    let served = format!("\"url\": \"{prefix}/engagement/v3\"");
    let document = Bytes::from(DOCUMENT.replacen(SERVER, &served, 1));
    let answer = move |_: Call| {
        let document = document.clone();
        async move { Ok(Reply::raw("application/json", document)) }
    };
    router.reads(Method::GET, "/ges/v1/openapi.json", Exposure::Private, Access::Open, answer)
}
