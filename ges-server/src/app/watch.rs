//! What metrics, logs and health learn from the engine and its node.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use ges_core::callback::{Happening, LifecycleEvent};
use ges_core::engine::Engine;
use ges_core::node::Node;
use ges_core::port::{Gone, Listener, Notice, Observer};
use ges_http::BoxError;

use crate::health::Check;
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

impl Observer for Watching {
    fn noticed(&self, notice: &Notice<'_>) {
        match notice {
            Notice::Late { .. } => self.metrics.monitor_lagging.inc(),
            Notice::Failed(work, error) => {
                let (work, cause) = (work.as_str(), chain(*error));
                tracing::error!(work, %error, cause, "the store failed; it is asked again");
            }
            Notice::Panicked(work) => {
                self.metrics.uncaught.inc();
                tracing::error!(work = work.as_str(), "a piece of work ended in a panic; the node goes on");
            }
            Notice::Joined(node) => tracing::info!(%node, "a node has come"),
            Notice::Gone(node, Gone::Left) => tracing::info!(%node, "a node has left"),
            Notice::Gone(node, Gone::Certain) => {
                tracing::warn!(%node, "a node is gone: it let go of its seat")
            }
            Notice::Gone(node, Gone::Suspected) => {
                tracing::warn!(%node, "a node is gone: it has fallen silent")
            }
            Notice::TookOver { node, leases, lasted } => {
                let took_ms = lasted.as_millis();
                tracing::warn!(%node, leases, took_ms, "took over from a node that is gone");
            }
            Notice::Purged(removed) => tracing::info!(removed, "records past their retention were removed"),
            Notice::InForce(tenants) => tracing::info!(tenants, "what another node published is in force"),
            Notice::Unusable { tenant, version, why } => {
                let cause = chain(*why);
                tracing::error!(%tenant, version, error = %why, cause, "what another node published cannot be used here");
            }
            other => tracing::debug!(notice = ?other, "the node noticed something"),
        }
    }
}

/// What lies behind an error, outermost first.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// A node whose look is overdue by more than this cannot keep its promises.
const OVERDUE_MAX: Duration = Duration::from_secs(30);

/// Whether the node looks for what is due: `DISPATCH`.
#[derive(Default)]
pub struct DispatchCheck(OnceLock<Arc<Node>>);

impl DispatchCheck {
    /// The node to be watched; until then there is none, and nothing is wrong with it.
    pub fn watch(&self, node: Arc<Node>) {
        let _ = self.0.set(node);
    }
}

#[async_trait]
impl Check for DispatchCheck {
    async fn check(&self) -> Result<(), BoxError> {
        let Some(facts) = self.0.get().map(|node| node.facts()) else { return Ok(()) };
        if facts.look_overdue <= OVERDUE_MAX {
            return Ok(());
        }
        let secs = facts.look_overdue.as_secs();
        Err(format!("a look for what is due has been overdue for {secs} s").into())
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
