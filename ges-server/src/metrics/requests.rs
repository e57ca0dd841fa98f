//! The counters of what comes in over HTTP.

use ges_core::TenantId;
use ges_core::throttle::Alarm;
use ges_http::{Answered, Observer};

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

    fn limit_reached(&self, alarm: Alarm) {
        match alarm {
            Alarm::EnqueueLimitReached => self.enqueue_limit_reached.inc(),
            Alarm::TtlLimitReached => self.ttl_limit_reached.inc(),
        }
    }

    fn call_in_created(&self, tenant: &TenantId) {
        self.callin_created.with_label_values(&[tenant.as_str()]).inc();
    }
}
