//! What metrics, logs and health learn from the engine.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use ges_core::callback::{Happening, LifecycleEvent};
use ges_core::engine::Engine;
use ges_core::port::Listener;
use ges_storage::redis::Redis;

use crate::health::Check;
use crate::http::BoxError;
use crate::metrics::Metrics;

/// Counts and logs life-cycle events; the log line is the internal event log ([callback-domain §7.4](ges_core::rules)).
pub struct Watching {
    metrics: Arc<Metrics>,
}

impl Watching {
    /// Over these counters.
    pub fn new(metrics: Arc<Metrics>) -> Self {
        Watching { metrics }
    }
}

impl Listener for Watching {
    fn heard(&self, event: &LifecycleEvent) {
        match event.happening {
            Happening::ServiceCreate => {
                self.metrics.callbacks_created.with_label_values(&[event.tenant.as_str()]).inc();
            }
            Happening::CallbackSubmitFailed => self.metrics.submit_failed.inc(),
            _ => {}
        }
        tracing::debug!(
            event = event.happening.as_str(),
            callback = %event.id,
            tenant = %event.tenant,
            service = %event.service,
            from = event.from.map(|state| state.as_str()),
            to = event.to.as_str(),
            reason = event.reason.as_ref().map(|reason| reason.as_str()),
            "callback"
        );
    }
}

/// Whether the durable store works.
pub struct StoreCheck(pub Arc<Engine>);

#[async_trait]
impl Check for StoreCheck {
    async fn check(&self) -> Result<(), BoxError> {
        Ok(self.0.check().await?)
    }
}

/// Whether a Redis works: `REDIS_CONNECTION`, `ORS_REDIS_STATUS`.
pub struct RedisCheck {
    redis: Redis,
    lately: Duration,
}

impl RedisCheck {
    /// An answer within `lately` says as much as a question; the interval of the checks is a good choice.
    pub fn new(redis: Redis, lately: Duration) -> Self {
        RedisCheck { redis, lately }
    }
}

#[async_trait]
impl Check for RedisCheck {
    async fn check(&self) -> Result<(), BoxError> {
        Ok(self.redis.check(self.lately).await?)
    }
}
