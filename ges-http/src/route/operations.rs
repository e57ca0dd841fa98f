//! What operators ask for, on the internal listener: metrics, health, failed requests.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use http::{Method, StatusCode};
use serde_json::json;
use uuid::Uuid;

use super::with;
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
    /// Metrics, and whether this process works, when the host tells.
    pub vitals: Option<Arc<dyn Vitals>>,
    /// Failed requests.
    pub errors: Arc<ErrorLog>,
    /// Now.
    pub clock: Arc<dyn Clock>,
    /// The time-zone data in use.
    pub zones: Arc<ZoneDatabase>,
    /// Set once the process is being stopped.
    pub stopping: Arc<AtomicBool>,
}

/// Enters the routes.
///
/// # Errors
/// When one is in the table already.
pub fn routes(router: Router, operations: &Arc<Operations>) -> Result<Router, RouteMistake> {
    let (get, shown) = (Method::GET, Exposure::Private);
    let failed = with(operations, failure);
    let router =
        router.reads(get.clone(), "/ges/v1/errors/{correlation}", shown, Access::ContactCenter, failed)?;
    let Some(vitals) = &operations.vitals else { return Ok(router) };
    let process = Arc::new(Process { vitals: vitals.clone(), of: operations.clone() });
    router
        .reads(get.clone(), "/metrics", shown, Access::Open, with(&process, metrics))?
        .reads(get.clone(), "/ges/v1/health", shown, Access::Open, with(&process, health))?
        .reads(get, "/ges/v1/health/detail", shown, Access::Open, with(&process, detail))
}

/// Operations of a process that tells how it does.
struct Process {
    vitals: Arc<dyn Vitals>,
    of: Arc<Operations>,
}

async fn metrics(process: Arc<Process>, _: Call) -> Result<Reply, Problem> {
    let text = process.vitals.metrics().map_err(|error| {
        Problem::failed("METRICS_UNAVAILABLE", "the metrics cannot be written; try again", error)
    })?;
    Ok(Reply::raw(METRICS_FORMAT, text))
}

/// 200 while promises can be given, 503 while not: for load balancers and orchestration.
async fn health(process: Arc<Process>, _: Call) -> Result<Reply, Problem> {
    let ready = process.vitals.is_ready() && !process.of.stopping.load(Ordering::Relaxed);
    let (status, word) =
        if ready { (StatusCode::OK, "UP") } else { (StatusCode::SERVICE_UNAVAILABLE, "DOWN") };
    Ok(Reply::json(&json!({ "status": word }))?.with_status(status))
}

async fn detail(process: Arc<Process>, _: Call) -> Result<Reply, Problem> {
    let mut report = process.vitals.report();
    report["zoneData"] = process.of.zones.version().into();
    Reply::json(&report)
}

/// A failed request of the tenant, by the correlation id of its answer.
async fn failure(operations: Arc<Operations>, call: Call) -> Result<Reply, Problem> {
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
