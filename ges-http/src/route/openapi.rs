//! The description of the Engagement API for machines, on the internal listener: the list of public paths is closed
//! ([engagement-api-v3 §1.2](ges_core::rules)).

use http::Method;

use crate::router::RouteMistake;
use crate::{Access, Call, Exposure, Problem, Reply, Router};

/// The OpenAPI 3.1 document of the external API; kept by hand and held to the routes and their answers by tests.
pub const DOCUMENT: &str = include_str!("../../openapi.json");

/// Enters the route.
///
/// # Errors
/// When it is in the table already.
pub fn routes(router: Router) -> Result<Router, RouteMistake> {
    router.route(Method::GET, "/ges/v1/openapi.json", Exposure::Private, Access::Open, document)
}

async fn document(_: Call) -> Result<Reply, Problem> {
    Ok(Reply::raw("application/json", DOCUMENT))
}
