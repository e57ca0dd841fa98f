//! The registry of tenants ([callback-domain §12](ges_core::rules)). Tenants are made by the settings file, not through
//! this API.

use std::sync::Arc;

use ges_core::TenantId;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::{Backend, Publishing, with};
use crate::access::{CCID, CONTACT_CENTER_ID};
use crate::router::RouteMistake;
use crate::{Access, Call, Exposure, Problem, Reply, Router};
use ges_core::node::NotPublished;

/// Enters the routes.
///
/// # Errors
/// When one is in the table already.
pub fn routes(router: Router, backend: &Arc<Backend>) -> Result<Router, RouteMistake> {
    let (shown, who) = (Exposure::Private, Access::Open);
    router.reads(Method::GET, "/genesys/1/tenants", shown, who, with(backend, list))?.reads(
        Method::GET,
        "/genesys/1/tenants/info",
        shown,
        who,
        with(backend, info),
    )
}

/// Enters the route that puts published settings into force.
///
/// # Errors
/// When it is in the table already.
pub fn refreshing(router: Router, publishing: &Arc<Publishing>) -> Result<Router, RouteMistake> {
    let (shown, who, path) = (Exposure::Private, Access::Open, "/genesys/1/tenants/refresh");
    router.changes(Method::GET, path, shown, who, with(publishing, refresh))?.changes(
        Method::POST,
        path,
        shown,
        who,
        with(publishing, refresh),
    )
}

async fn list(backend: Arc<Backend>, _: Call) -> Result<Reply, Problem> {
    let mut tenants = backend.engine.tenants();
    tenants.sort();
    Reply::json(&tenants)
}

/// Routing and orchestration nodes are listed only where some are configured.
async fn info(backend: Arc<Backend>, _: Call) -> Result<Reply, Problem> {
    let mut tenants = backend.engine.tenants();
    tenants.sort();
    let info = |tenant: &TenantId| {
        let settings = backend.engine.settings(tenant)?;
        Some(json!({
            "ccid": tenant,
            "settingsVersion": settings.version,
            "services": settings.services.len(),
            "ors": [],
            "urs": [],
        }))
    };
    Reply::json(&tenants.iter().filter_map(info).collect::<Vec<Value>>())
}

/// Reads the settings of the tenant named by header or by `ccid` in the query again: 202, 404 for an unknown tenant,
/// 400 without one.
async fn refresh(publishing: Arc<Publishing>, call: Call) -> Result<Reply, Problem> {
    let header = |name| call.headers().get(name).and_then(|value| value.to_str().ok());
    let named = header(CONTACT_CENTER_ID).or_else(|| header(CCID)).or_else(|| call.query("ccid"));
    let Some(named) = named.map(str::trim).filter(|named| !named.is_empty()) else {
        let message = "the header ContactCenterId must name a tenant";
        return Err(Problem::bad_request("CONTACT_CENTER_ID", message));
    };
    let tenant = TenantId::from(named);
    if publishing.engine.settings(&tenant).is_none() {
        return Err(Problem::not_found("TENANT_UNKNOWN", "there is no such tenant"));
    }
    match publishing.publisher.refresh(&tenant).await {
        Ok(()) => Ok(Reply::json(&json!({}))?.with_status(StatusCode::ACCEPTED)),
        Err(NotPublished::Store(error)) => Err(error.into()),
        Err(error) => Err(Problem::internal(error)),
    }
}
