//! What an API is made of, most of which a host need not care about.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use ges_core::engine::Engine;
use ges_core::node::Publisher;
use ges_core::port::{Identity, Statistics};
use ges_core::zone::ZoneDatabase;

use super::Api;
use super::defaults::{NoStatistics, TenantsInForce};
use crate::access::WriteBackKeys;
use crate::changes::Changes;
use crate::errors::ErrorLog;
use crate::face::Face;
use crate::limits::Limits;
use crate::observer::Observer;
use crate::prefix::Prefix;
use crate::route::operations::Operations;
use crate::route::{self, Backend, Publishing};
use crate::router::{RouteMistake, Router};
use crate::service::{Service, Shared, Side};
use crate::statistics::StatisticsCache;
use crate::vitals::Vitals;

/// An [`Api`] that is being put together. Each method says what stands where it is not called. The time and the ids are
/// those of the engine.
#[must_use = "nothing is there before `build`"]
pub struct ApiBuilder {
    engine: Arc<Engine>,
    prefix: String,
    external: Limits,
    internal: Limits,
    routes: Router,
    identity: Option<Arc<dyn Identity>>,
    write_back: Option<Arc<WriteBackKeys>>,
    publisher: Option<Arc<Publisher>>,
    statistics: Arc<dyn Statistics>,
    zones: Option<Arc<ZoneDatabase>>,
    observer: Arc<dyn Observer>,
    vitals: Option<Arc<dyn Vitals>>,
}

/// Why an API cannot be put together. Every one is a mistake in the program that mounts it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ApiMistake {
    /// A route of the host contradicts another of its own or one of the API.
    #[error(transparent)]
    Route(#[from] RouteMistake),
    /// The path it is to be mounted under is none.
    #[error("{0:?} is no prefix of paths; one like /callbacks is, with no slash at its end")]
    Prefix(String),
}

impl ApiBuilder {
    pub(super) fn new(engine: Arc<Engine>) -> Self {
        ApiBuilder {
            engine,
            prefix: String::new(),
            external: Limits::EXTERNAL,
            internal: Limits::INTERNAL,
            routes: Router::new(),
            identity: None,
            write_back: None,
            publisher: None,
            statistics: Arc::new(NoStatistics),
            zones: None,
            observer: Arc::new(()),
            vitals: None,
        }
    }

    /// The path everything stands under, such as `/callbacks`; none otherwise. A request elsewhere is answered with 404, and
    /// the OpenAPI document says where the API is. Logs and counters name paths without it. Addresses at which others
    /// reach the API, such as `ges_url` of a webhook, have to contain it. The `_url` of a record contains it.
    pub fn under(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// The bounds of one side; [`Limits::EXTERNAL`] and [`Limits::INTERNAL`] otherwise.
    pub fn limits(mut self, face: Face, limits: Limits) -> Self {
        match face {
            Face::External => self.external = limits,
            Face::Internal => self.internal = limits,
        }
        self
    }

    /// Who knows API keys, tenants and the origins of browsers. Otherwise tenants in force are known by their names and
    /// there are no keys, so that nobody gets in from the street.
    pub fn identity(mut self, identity: Arc<dyn Identity>) -> Self {
        self.identity = Some(identity);
        self
    }

    /// What mints and checks the tokens by which sessions write back. Otherwise every token is refused, and sessions name
    /// their tenant as everybody inside does.
    pub fn write_back(mut self, keys: Arc<WriteBackKeys>) -> Self {
        self.write_back = Some(keys);
        self
    }

    /// Puts published settings into force. Without one there are no routes that publish or refresh settings.
    pub fn publisher(mut self, publisher: Arc<Publisher>) -> Self {
        self.publisher = Some(publisher);
        self
    }

    /// Reads statistics. Otherwise nobody has credentials for them, and a question for any is answered with 401.
    pub fn statistics(mut self, statistics: Arc<dyn Statistics>) -> Self {
        self.statistics = statistics;
        self
    }

    /// Knows the zones that callers name. Otherwise those that are compiled in.
    pub fn zones(mut self, zones: Arc<ZoneDatabase>) -> Self {
        self.zones = Some(zones);
        self
    }

    /// Hears of every request. Otherwise nobody does.
    pub fn observer(mut self, observer: Arc<dyn Observer>) -> Self {
        self.observer = observer;
        self
    }

    /// Answers `/metrics` and `/ges/v1/health`, which only the host can. Without it these paths are not there.
    pub fn vitals(mut self, vitals: Arc<dyn Vitals>) -> Self {
        self.vitals = Some(vitals);
        self
    }

    /// Routes of the host's own, with the same admission, limits, envelope and counters as those of the API. Those of
    /// [`Exposure::Api`](crate::Exposure::Api) stand on both sides, the others inside only.
    pub fn routes(mut self, routes: Router) -> Self {
        self.routes = routes;
        self
    }

    /// Puts it together.
    ///
    /// # Errors
    /// [`ApiMistake`].
    pub fn build(self) -> Result<Api, ApiMistake> {
        let prefix = Prefix::read(&self.prefix).ok_or(ApiMistake::Prefix(self.prefix))?;
        let (clock, ids) = (self.engine.clock(), self.engine.ids());
        let zones = self.zones.unwrap_or_else(|| Arc::new(ZoneDatabase::embedded()));
        let errors = Arc::new(ErrorLog::default());
        let stopping = Arc::new(AtomicBool::new(false));
        let backend = Arc::new(Backend {
            engine: self.engine.clone(),
            statistics: StatisticsCache::new(self.statistics, clock.clone()),
            zones: zones.clone(),
            observer: self.observer.clone(),
            prefix: prefix.as_str().to_owned(),
        });
        let operations = Operations {
            vitals: self.vitals,
            errors: errors.clone(),
            clock: clock.clone(),
            zones,
            stopping: stopping.clone(),
        };
        let external = route::external(self.routes.public()?, &backend)?;
        let mut internal = route::internal(self.routes, &backend, prefix.as_str())?;
        internal = route::operations::routes(internal, &Arc::new(operations))?;
        if let Some(publisher) = self.publisher {
            internal = route::publishing(
                internal,
                &Arc::new(Publishing { engine: self.engine.clone(), publisher }),
            )?;
        }
        let shared = Arc::new(Shared {
            prefix,
            identity: self.identity.unwrap_or_else(|| Arc::new(TenantsInForce(self.engine))),
            write_back: self.write_back,
            clock,
            ids,
            observer: self.observer,
            errors,
            changes: Changes::default(),
        });
        let side = |face, router, limits| Service::new(Side { face, router, limits }, shared.clone());
        Ok(Api {
            external: side(Face::External, external, self.external),
            internal: side(Face::Internal, internal, self.internal),
            shared,
            stopping,
        })
    }
}
