//! Every metric of [callback-domain §17.1 and §17.2](ges_core::rules) that this process can know, under the documented
//! names.
//!
//! Labels come from bounded sets ([invariant 38](ges_core::rules)): tenants that exist, route templates, codes.
//! Counters of alarm conditions are exported from the start with 0; rules use `increase`, so that is safe. Health
//! gauges read 1 = down ([callback-domain §17.3](ges_core::rules)).

mod host;
mod requests;

use std::time::Duration;

use ges_http::BoxError;
use ges_upstream::Observer;
use hyper::StatusCode;
use prometheus::{
    Encoder, Gauge, GaugeVec, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec,
    Opts, Registry, TextEncoder,
};

pub use host::Host;

/// The version all versioned metrics carry.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
const UNKNOWN_TENANT: &str = "Unknown Tenant";

/// The counters and gauges of one process.
#[allow(missing_docs, reason = "each is registered with its own help text")]
pub struct Metrics {
    registry: Registry,
    host: Host,
    pub callbacks_created: IntCounterVec,
    pub callin_created: IntCounterVec,
    pub monitor_size: IntGaugeVec,
    pub monitor_lagging: IntCounter,
    pub push_sent: IntCounterVec,
    requests: IntCounterVec,
    failed_requests: IntCounterVec,
    durations: HistogramVec,
    pub submit_failed: IntCounter,
    pub ttl_limit_reached: IntCounter,
    pub enqueue_limit_reached: IntCounter,
    pub uncaught: IntCounter,
    pub logging_failure: IntCounter,
    pub invalid_content_length: IntCounter,
    dns_failures: [IntCounter; 2],
    pub gws_incorrect_credentials: IntCounter,
    pub gws_server_error: IntCounter,
    pub nexus_access_failure: IntCounter,
    pub vq_proxy_error: IntCounter,
    health: GaugeVec,
    component: IntGaugeVec,
    runtime_lag: [Gauge; 2],
    heap_used: IntGauge,
    heap_available: IntGauge,
}

/// Registers metrics, each with its help text.
struct Registrar {
    registry: Registry,
    host: String,
}

impl Registrar {
    fn add<C: prometheus::core::Collector + Clone + 'static>(
        &self,
        metric: C,
    ) -> Result<C, prometheus::Error> {
        self.registry.register(Box::new(metric.clone()))?;
        Ok(metric)
    }

    fn counter(&self, name: &str, help: &str) -> Result<IntCounter, prometheus::Error> {
        let opts = Opts::new(name, help).const_label("version", VERSION).const_label("host", &self.host);
        self.add(IntCounter::with_opts(opts)?)
    }

    fn counters(&self, name: &str, help: &str, labels: &[&str]) -> Result<IntCounterVec, prometheus::Error> {
        self.add(IntCounterVec::new(Opts::new(name, help), labels)?)
    }

    fn gauge(&self, name: &str, help: &str) -> Result<Gauge, prometheus::Error> {
        self.add(Gauge::with_opts(Opts::new(name, help))?)
    }

    fn whole(&self, name: &str, help: &str) -> Result<IntGauge, prometheus::Error> {
        self.add(IntGauge::with_opts(Opts::new(name, help))?)
    }
}

impl Metrics {
    /// A fresh registry. `tenants` are exported with 0 from the start; `tolerances` are thresholds for alert rules.
    ///
    /// # Errors
    /// When a name stands twice in the table below.
    pub fn new(host: Host, tolerances: &[(&str, f64)]) -> Result<Self, prometheus::Error> {
        let at = Registrar { registry: Registry::new(), host: host.name().to_owned() };
        #[cfg(target_os = "linux")]
        {
            use prometheus::process_collector::ProcessCollector;
            let own = i32::try_from(std::process::id()).unwrap_or_default();
            at.registry.register(Box::new(ProcessCollector::new(own, "ges")))?;
        }
        for (name, value) in tolerances {
            at.gauge(name, "Threshold used by the alert rules; not a measurement.")?.set(*value);
        }
        let build = at.add(IntGaugeVec::new(
            Opts::new("ges_build_info", "Always 1; carries the version."),
            &["version"],
        )?)?;
        build.with_label_values(&[VERSION]).set(1);
        let lag = "How late the async runtime woke a sleeping task, in seconds; replaces the event-loop lag.";
        Ok(Metrics {
            callbacks_created: at.counters(
                "ges_callbacks_created",
                "Callbacks booked since start.",
                &["tenant"],
            )?,
            callin_created: at.counters(
                "ges_callin_created",
                "Click-to-call-in requests since start.",
                &["tenant"],
            )?,
            monitor_size: at.add(IntGaugeVec::new(
                Opts::new("ges_monitor_size", "Callbacks under watch; persistently high means late starts."),
                &["type"],
            )?)?,
            monitor_lagging: at.counter("MONITOR_LAGGING_BEHIND", "Callbacks that were handed over late.")?,
            push_sent: at.counters(
                "ges_push_notifications_sent",
                "Push notifications tried.",
                &["tenant", "channel", "result"],
            )?,
            requests: at.counters("ges_http_requests_total", "All requests.", &["tenant", "path"])?,
            failed_requests: at.counters(
                "ges_http_failed_requests_total",
                "Requests answered with 4xx or 5xx.",
                &["tenant", "path", "httpCode"],
            )?,
            durations: at.add(HistogramVec::new(
                HistogramOpts::new("ges_http_request_duration_seconds", "From the headers to the answer.")
                    .buckets(vec![0.001, 0.005, 0.025, 0.1, 0.5, 1.5, 5.0, 10.0]),
                &["method", "route", "code"],
            )?)?,
            submit_failed: at
                .counter("CB_SUBMIT_FAILED", "A callback could not be handed to the orchestrator.")?,
            ttl_limit_reached: at.counter("CB_TTL_LIMIT_REACHED", "A tenant's callbacks were throttled.")?,
            enqueue_limit_reached: at.counter("CB_ENQUEUE_LIMIT_REACHED", "One number was throttled.")?,
            uncaught: at.counter("UNCAUGHT_EXCEPTION", "A request or task ended in a panic.")?,
            logging_failure: at.counter("LOGGING_FAILURE", "A log line could not be written.")?,
            invalid_content_length: at
                .counter("INVALID_CONTENT_LENGTH", "A request body was larger than allowed.")?,
            dns_failures: [
                at.counter("GES_DNS_FAILURE", "A name could not be resolved.")?,
                at.counter("DNS_FAILURE", "A name could not be resolved; same as GES_DNS_FAILURE.")?,
            ],
            gws_incorrect_credentials: at
                .counter("GWS_INCORRECT_CLIENT_CREDENTIALS", "GWS refused the client credentials.")?,
            gws_server_error: at.counter("GWS_SERVER_ERROR", "GWS answered 5xx or could not be reached.")?,
            nexus_access_failure: at
                .counter("NEXUS_ACCESS_FAILURE", "The push delivery service could not be reached.")?,
            vq_proxy_error: at.counter(
                "RBAC_CREATE_VQ_PROXY_ERROR",
                "A virtual queue's script object could not be written.",
            )?,
            health: at.add(GaugeVec::new(
                Opts::new("ges_health_check_seconds", "How long the last health check of a component took."),
                &["component"],
            )?)?,
            component: at.add(IntGaugeVec::new(
                Opts::new(
                    "ges_component_down",
                    "1 while the component's last check failed, 0 while it succeeded.",
                ),
                &["component"],
            )?)?,
            runtime_lag: [
                at.gauge("ges_nodejs_eventloop_lag_seconds", lag)?,
                at.gauge("application_ccecp_nodejs_eventloop_lag_seconds", lag)?,
            ],
            heap_used: at.whole("ges_nodejs_heap_space_size_used_bytes", "Resident memory, in bytes.")?,
            heap_available: at.whole(
                "ges_nodejs_heap_space_size_available_bytes",
                "Memory this process may use, in bytes: the container's limit or the machine's memory.",
            )?,
            registry: at.registry,
            host,
        })
    }

    /// The gauge of one component under its documented name, such as `REDIS_CONNECTION`; 1 = down.
    ///
    /// # Errors
    /// When the name is taken.
    pub fn health_gauge(&self, name: &str) -> Result<IntGauge, prometheus::Error> {
        let help = "1 = down, 0 = up. One vendor table says the opposite; its alert rules and this gauge agree on 1 = down.";
        let opts =
            Opts::new(name, help).const_label("version", VERSION).const_label("host", self.host.name());
        let gauge = IntGauge::with_opts(opts)?;
        self.registry.register(Box::new(gauge.clone()))?;
        Ok(gauge)
    }

    /// Records one check of a component.
    pub fn checked(&self, component: &str, down: bool, lasted: Duration) {
        self.health.with_label_values(&[component]).set(lasted.as_secs_f64());
        self.component.with_label_values(&[component]).set(i64::from(down));
    }

    /// Counts one request. `label`, `route` and `method` come from bounded sets, never from the request's own text.
    pub fn request(
        &self,
        tenant: Option<&str>,
        label: &str,
        route: &str,
        method: &str,
        status: StatusCode,
        lasted: Duration,
    ) {
        let tenant = tenant.unwrap_or(UNKNOWN_TENANT);
        self.requests.with_label_values(&[tenant, label]).inc();
        if status.is_client_error() || status.is_server_error() {
            self.failed_requests.with_label_values(&[tenant, label, status.as_str()]).inc();
        }
        self.durations.with_label_values(&[method, route, status.as_str()]).observe(lasted.as_secs_f64());
    }

    /// Counts a name that could not be resolved, under both of its names.
    pub fn dns_failed(&self) {
        self.dns_failures.iter().for_each(IntCounter::inc);
    }

    /// Shows how late the runtime wakes tasks.
    pub fn lagged(&self, lag: Duration) {
        self.runtime_lag.iter().for_each(|gauge| gauge.set(lag.as_secs_f64()));
    }

    /// The machine this process runs on.
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// The text of `/metrics`.
    ///
    /// # Errors
    /// When the registry cannot be written as text.
    pub fn text(&self) -> Result<Vec<u8>, BoxError> {
        let gauge = |bytes: u64| i64::try_from(bytes).unwrap_or(i64::MAX);
        self.heap_used.set(gauge(self.host.resident_bytes()));
        self.heap_available.set(gauge(self.host.memory_limit_bytes()));
        let mut text = Vec::with_capacity(16 * 1024);
        TextEncoder::new().encode(&self.registry.gather(), &mut text)?;
        Ok(text)
    }
}

impl Observer for Metrics {
    fn unresolved(&self) {
        self.dns_failed();
    }

    fn statistics_refused(&self) {
        self.gws_incorrect_credentials.inc();
    }

    fn statistics_failed(&self) {
        self.gws_server_error.inc();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(metrics: &Metrics) -> String {
        String::from_utf8(metrics.text().unwrap()).unwrap()
    }

    #[test]
    fn every_documented_name_is_exported() {
        let metrics = Metrics::new(Host::named("h"), &[("http_400_tolerance", 2.0)]).unwrap();
        metrics.health_gauge("GES_HEALTH").unwrap();
        metrics.callbacks_created.with_label_values(&["t"]).inc();
        metrics.callin_created.with_label_values(&["t"]).inc();
        metrics.monitor_size.with_label_values(&["scheduled"]).set(1);
        metrics.push_sent.with_label_values(&["t", "FCM", "success"]).inc();
        metrics.request(None, "x", "x", "GET", StatusCode::NOT_FOUND, Duration::ZERO);
        let text = text(&metrics);
        for name in [
            "ges_callbacks_created",
            "ges_monitor_size",
            "ges_push_notifications_sent",
            "ges_http_requests_total",
            "ges_http_failed_requests_total",
            "ges_callin_created",
            "ges_build_info",
            "GES_HEALTH",
            "RBAC_CREATE_VQ_PROXY_ERROR",
            "LOGGING_FAILURE",
            "UNCAUGHT_EXCEPTION",
            "GES_DNS_FAILURE",
            "GWS_INCORRECT_CLIENT_CREDENTIALS",
            "NEXUS_ACCESS_FAILURE",
            "CB_SUBMIT_FAILED",
            "ges_process_cpu_seconds_total",
            "ges_nodejs_heap_space_size_used_bytes",
            "ges_nodejs_heap_space_size_available_bytes",
            "ges_http_request_duration_seconds_sum",
            "ges_http_request_duration_seconds_count",
            "GWS_SERVER_ERROR",
            "INVALID_CONTENT_LENGTH",
            "DNS_FAILURE",
            "CB_TTL_LIMIT_REACHED",
            "CB_ENQUEUE_LIMIT_REACHED",
            "http_400_tolerance",
            "application_ccecp_nodejs_eventloop_lag_seconds",
            "MONITOR_LAGGING_BEHIND",
            "ges_nodejs_eventloop_lag_seconds",
            "ges_process_resident_memory_bytes",
            "ges_process_start_time_seconds",
        ] {
            let exported = text
                .lines()
                .any(|line| line.starts_with(&format!("{name}{{")) || line.starts_with(&format!("{name} ")));
            assert!(exported, "{name} is missing");
        }
    }
}
