//! The counters of what comes in over HTTP.

use ges_core::TenantId;
use ges_http::{Answered, Limit, Observer};

use super::Metrics;

impl Observer for Metrics {
    fn answered(&self, answered: &Answered<'_>) {
        self.request(
            answered.tenant.map(TenantId::as_str),
            answered.label,
            answered.template,
            answered.method,
            answered.status,
            answered.lasted,
        );
    }

    fn panicked(&self) {
        self.uncaught.inc();
    }

    fn too_large(&self) {
        self.invalid_content_length.inc();
    }

    fn limit_reached(&self, limit: Limit) {
        match limit {
            Limit::Number => self.enqueue_limit_reached.inc(),
            Limit::Service => self.ttl_limit_reached.inc(),
            // A kind of limit that is newer than these counters.
            _ => {}
        }
    }

    fn call_in_created(&self, tenant: &TenantId) {
        self.callin_created.with_label_values(&[tenant.as_str()]).inc();
    }
}
