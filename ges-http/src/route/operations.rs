//! What operators ask for, on the internal listener: metrics, health, failed requests.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use http::{Method, StatusCode};
use serde_json::json;
use uuid::Uuid;

use crate::errors::ErrorLog;
use crate::router::RouteMistake;
use crate::vitals::Vitals;
use crate::{Access, Call, Exposure, Problem, Reply, Router};
use ges_core::port::Clock;
use ges_core::zone::ZoneDatabase;

/// The text format of Prometheus.
const METRICS_FORMAT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// What these routes show.
pub struct Operations {
    /// Metrics, and whether this process works.
    pub vitals: Arc<dyn Vitals>,
    /// Failed requests.
    pub errors: Arc<ErrorLog>,
    /// Now.
    pub clock: Arc<dyn Clock>,
    /// The time-zone data in use.
    pub zones: Arc<ZoneDatabase>,
    /// Set once the process is being stopped.
    pub draining: Arc<AtomicBool>,
}

/// Enters the routes.
///
/// # Errors
/// When one is in the table already.
pub fn routes(router: Router, operations: &Arc<Operations>) -> Result<Router, RouteMistake> {
    let (get, shown) = (Method::GET, Exposure::Private);
    let with = |handler: fn(&Operations, &Call) -> Result<Reply, Problem>| {
        let operations = operations.clone();
        move |call: Call| {
            let answer = handler(&operations, &call);
            async move { answer }
        }
    };
    router
        .route(get.clone(), "/metrics", shown, Access::Open, with(metrics))?
        .route(get.clone(), "/ges/v1/health", shown, Access::Open, with(health))?
        .route(get.clone(), "/ges/v1/health/detail", shown, Access::Open, with(detail))?
        .route(get, "/ges/v1/errors/{correlation}", shown, Access::ContactCenter, with(failure))
}

fn metrics(operations: &Operations, _: &Call) -> Result<Reply, Problem> {
    let text = operations.vitals.metrics().map_err(|error| {
        Problem::failed("METRICS_UNAVAILABLE", "the metrics cannot be written; try again", error)
    })?;
    Ok(Reply::raw(METRICS_FORMAT, text))
}

/// 200 while promises can be given, 503 while not: for load balancers and orchestration.
fn health(operations: &Operations, _: &Call) -> Result<Reply, Problem> {
    let ready = operations.vitals.is_ready() && !operations.draining.load(Ordering::Relaxed);
    let (status, word) =
        if ready { (StatusCode::OK, "UP") } else { (StatusCode::SERVICE_UNAVAILABLE, "DOWN") };
    Ok(Reply::json(&json!({ "status": word }))?.with_status(status))
}

fn detail(operations: &Operations, _: &Call) -> Result<Reply, Problem> {
    let mut report = operations.vitals.report();
    report["zoneData"] = operations.zones.version().into();
    Reply::json(&report)
}

/// A failed request of the tenant, by the correlation id of its answer.
fn failure(operations: &Operations, call: &Call) -> Result<Reply, Problem> {
    let correlation: Uuid = call.param("correlation")?.parse().map_err(|_| {
        Problem::bad_request(
            "CORRELATION_INVALID",
            "correlation: the hyphenated UUID of status.corrId is expected",
        )
    })?;
    let found = operations.errors.find(call.tenant().ok(), correlation, operations.clock.now());
    match found {
        Some(failure) => Reply::json(&failure),
        None => Err(Problem::unknown_path()),
    }
}
