//! The routes: handlers only translate and call the engine.

pub mod engagement;
pub mod gms;
pub mod openapi;
pub mod operations;
pub mod settings;
pub mod tenants;

use std::future::Future;
use std::sync::Arc;

use ges_core::engine::{Engine, EngineError};
use ges_core::node::Publisher;
use ges_core::zone::ZoneDatabase;

use crate::call::Call;
use crate::observer::Observer;
use crate::problem::{Dialect, Problem};
use crate::reply::Reply;
use crate::router::{Handler, RouteMistake, Router};
use crate::statistics::StatisticsCache;

/// What handlers reach behind the wire.
pub struct Backend {
    /// The callback engine.
    pub engine: Arc<Engine>,
    /// Reads statistics, with the cache in front.
    pub statistics: StatisticsCache,
    /// Puts published settings into force.
    pub publisher: Arc<Publisher>,
    /// Zone names.
    pub zones: Arc<ZoneDatabase>,
    /// Hears of limits and of call-in requests.
    pub observer: Arc<dyn Observer>,
}

impl Backend {
    /// An error as the Engagement API tells it, with its alarm counted.
    fn refused(&self, error: EngineError) -> Problem {
        self.count_alarm(&error);
        Problem::engine(error, Dialect::V3)
    }

    /// An error as the GMS-compatible API tells it, with its alarm counted.
    fn refused_gms(&self, error: EngineError) -> Problem {
        self.count_alarm(&error);
        Problem::engine(error, Dialect::Gms)
    }

    fn count_alarm(&self, error: &EngineError) {
        let EngineError::Refused(refused) = error else { return };
        if let Some(alarm) = refused.refusal.alarm() {
            self.observer.limit_reached(alarm);
        }
    }
}

/// The routes of the street: the nine operations and nothing else ([engagement-api-v3 §1.2](ges_core::rules)).
///
/// # Errors
/// When a route is in the table already.
pub fn external(router: Router, backend: &Arc<Backend>) -> Result<Router, RouteMistake> {
    engagement::routes(router, backend)
}

/// The routes of the inside: those of the street, the GMS-compatible API and the publication of settings.
///
/// # Errors
/// When a route is in the table already.
pub fn internal(router: Router, backend: &Arc<Backend>) -> Result<Router, RouteMistake> {
    let router = engagement::routes(router, backend)?;
    let router = gms::routes(router, backend)?;
    let router = settings::routes(router, backend)?;
    let router = tenants::routes(router, backend)?;
    openapi::routes(router)
}

/// A handler that is given the backend beside the call.
fn with<F, Fut>(backend: &Arc<Backend>, handler: F) -> impl Handler + 'static
where
    F: Fn(Arc<Backend>, Call) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Reply, Problem>> + Send + 'static,
{
    let backend = backend.clone();
    move |call: Call| handler(backend.clone(), call)
}
