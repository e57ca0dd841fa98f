//! The whole of it as one value: what is reached from the street, and what from the inside.

mod builder;
mod defaults;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use ges_core::engine::Engine;

use crate::errors::ErrorLog;
use crate::service::{Service, Shared};

pub use builder::{ApiBuilder, ApiMistake};

/// The wire of one engine: the Engagement API v3, the GMS-compatible API and operations. Cheap to clone.
///
/// ```
/// # use std::sync::Arc;
/// # use ges_core::engine::Engine;
/// use ges_http::Api;
///
/// # fn mount(engine: Arc<Engine>) -> Result<(), ges_http::ApiMistake> {
/// let api = Api::builder(engine).under("/callbacks").build()?;
/// let inside = api.internal(); // a tower service; hand it to hyper, axum or what the host listens with
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Api {
    external: Service,
    internal: Service,
    shared: Arc<Shared>,
    stopping: Arc<AtomicBool>,
}

impl Api {
    /// Begins one over this engine. Everything else has a default.
    pub fn builder(engine: Arc<Engine>) -> ApiBuilder {
        ApiBuilder::new(engine)
    }

    /// For the street: the nine operations of the Engagement API and nothing else
    /// ([engagement-api-v3 §1.2](ges_core::rules)). Callers need an API key.
    pub fn external(&self) -> Service {
        self.external.clone()
    }

    /// For the inside: the Engagement API, the GMS-compatible API and operations. Callers are trusted to name their tenant,
    /// so whoever can reach it can do everything: nothing of it belongs on the street.
    pub fn internal(&self) -> Service {
        self.internal.clone()
    }

    /// Requests that failed lately.
    pub fn errors(&self) -> &Arc<ErrorLog> {
        &self.shared.errors
    }

    /// From now on `/ges/v1/health` answers 503, so that balancers send nothing more. Requests are still answered.
    pub fn stopping(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    /// Waits until no change is under way, whether or not its caller is still there. To be awaited when nothing comes in
    /// any more, and before the node and the stores are ended: then no booking is cut off in the middle.
    ///
    /// It has no limit of its own: a change takes as long as the store it writes to.
    ///
    /// # Cancel safety
    /// May be dropped at any moment.
    pub async fn drained(&self) {
        self.shared.changes.drained().await;
    }

    /// How many changes are under way.
    pub fn under_way(&self) -> usize {
        self.shared.changes.under_way()
    }
}
