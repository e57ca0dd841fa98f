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
    /// Zone names.
    pub zones: Arc<ZoneDatabase>,
    /// Hears of limits and of call-in requests.
    pub observer: Arc<dyn Observer>,
    /// The path everything stands under, such as `/callbacks`; empty at the root.
    pub prefix: String,
}

/// What handlers need that publish settings.
pub struct Publishing {
    /// Knows the tenants in force.
    pub engine: Arc<Engine>,
    /// Puts published settings into force.
    pub publisher: Arc<Publisher>,
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

/// The routes of the inside that every API has: those of the street, the GMS-compatible API and the registry of tenants.
///
/// # Errors
/// When a route is in the table already.
pub fn internal(router: Router, backend: &Arc<Backend>, prefix: &str) -> Result<Router, RouteMistake> {
    let router = engagement::routes(router, backend)?;
    let router = gms::routes(router, backend)?;
    let router = tenants::routes(router, backend)?;
    openapi::routes(router, prefix)
}

/// The routes that publish settings and put them into force.
///
/// # Errors
/// When a route is in the table already.
pub fn publishing(router: Router, publishing: &Arc<Publishing>) -> Result<Router, RouteMistake> {
    tenants::refreshing(settings::routes(router, publishing)?, publishing)
}

/// A handler that is given what it needs beside the call.
fn with<N, F, Fut>(needed: &Arc<N>, handler: F) -> impl Handler + 'static
where
    N: Send + Sync + 'static,
    F: Fn(Arc<N>, Call) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Reply, Problem>> + Send + 'static,
{
    let needed = needed.clone();
    move |call: Call| handler(needed.clone(), call)
}
