//! The routes: handlers only translate and call the engine.

pub mod engagement;
pub mod gms;
pub mod openapi;
pub mod operations;
pub mod settings;
pub mod tenants;

use std::future::Future;
use std::sync::Arc;

use ges_core::engine::{Engine, EngineError, Refusal};
use ges_core::node::Publisher;
use ges_core::zone::ZoneDatabase;
use ges_core::{ServiceName, TenantId};

use crate::call::Call;
use crate::observer::{Limit, Observer};
use crate::problem::Problem;
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
    /// A refusal as the Engagement API tells it, with its alarm counted. `service` is the one that was to be booked.
    fn refused(&self, tenant: &TenantId, service: Option<&ServiceName>, error: EngineError) -> Problem {
        self.count_alarm(&error);
        Problem::engine(error, self.offers_scheduled(tenant, service))
    }

    /// A refusal as the GMS-compatible API tells it, with its alarm counted.
    fn refused_gms(&self, error: EngineError) -> Problem {
        self.count_alarm(&error);
        Problem::engine_gms(error)
    }

    /// Whether another time could be proposed at all ([callback-domain §6.4](ges_core::rules), step 8).
    fn offers_scheduled(&self, tenant: &TenantId, service: Option<&ServiceName>) -> bool {
        let Some(settings) = self.engine.settings(tenant) else { return false };
        let service = service.and_then(|name| settings.services.get(name));
        service.is_some_and(|service| service.scheduled.enabled)
    }

    /// One more for the alarm of an exceeded limit, once per refusal ([callback-domain §9.2](ges_core::rules)).
    fn count_alarm(&self, error: &EngineError) {
        let EngineError::Refused(refused) = error else { return };
        match &refused.refusal {
            Refusal::NumberQueued { .. } | Refusal::NumberThrottled { .. } => {
                self.observer.limit_reached(Limit::Number);
            }
            Refusal::ServiceThrottled { .. } => self.observer.limit_reached(Limit::Service),
            _ => {}
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
