//! The composition root: the one file that names every adapter.

mod serve;
mod store;
mod watch;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use async_trait::async_trait;
use ges_core::callback::SessionUpdate;
use ges_core::engine::{Dispatcher, Engine, EngineError};
use ges_core::ewt::QueueEstimators;
use ges_core::port::{Clock, IdSource, Identity, Orchestrator, Signals, Statistics, WaitTimes};
use ges_core::settings::SettingsFile;
use ges_core::zone::ZoneDatabase;
use ges_core::{CallbackId, NodeId, ServiceName, TenantId};

use crate::chance::SystemIds;
use crate::clock::SystemClock;
use crate::config::{Config, OrchestratorKind};
use crate::errors::ErrorLog;
use crate::health::Health;
use crate::http::route::operations::{self, Operations};
use crate::http::route::{self, Api};
use crate::http::router::RouteMistake;
use crate::http::{Face, Limits, Parts, Router, Service, WriteBackKeys};
use crate::identity::LocalIdentities;
use crate::metrics::{Host, Metrics};
use crate::publisher::{NotPublished, Publisher};
use crate::statistics::StatisticsCache;
use crate::tenants::{self, Secrets};
use crate::upstream::captcha::SiteVerify;
use crate::upstream::client::HttpClient;
use crate::upstream::sandbox::{SandboxOrchestrator, WriteBack, WriteBackError};
use crate::upstream::statistics::{GwsStatistics, NoStatistics};
use crate::upstream::webhook::{Surroundings, WebhookOrchestrator};
use crate::worker::{Wakeup, Worker};
use crate::zones;

pub use serve::{Running, StartError};
pub use store::{StoreNotOpened, Stores};
use watch::Watching;

/// Everything a server consists of, wired and not yet serving.
pub struct App {
    config: Config,
    engine: Arc<Engine>,
    worker: Worker,
    sandbox: Option<SandboxOrchestrator>,
    stores: Stores,
    identities: Arc<LocalIdentities>,
    publisher: Arc<Publisher>,
    zones: Arc<ZoneDatabase>,
    health: Arc<Health>,
    metrics: Arc<Metrics>,
    external: Service,
    internal: Service,
    draining: Arc<AtomicBool>,
}

/// Why a server cannot be put together.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the sources tell")]
pub enum BuildError {
    #[error("a metric stands twice")]
    Metrics(#[from] prometheus::Error),
    #[error("the route table contradicts itself")]
    Routes(#[from] RouteMistake),
    #[error("the store cannot be opened")]
    Store(#[from] StoreNotOpened),
    #[error(transparent)]
    Settings(#[from] SettingsRefused),
}

/// Why settings are not in force; the former ones stay.
#[derive(Debug, thiserror::Error)]
pub enum SettingsRefused {
    /// The file has faults.
    #[error("the settings file cannot be used:\n{0}")]
    Faults(#[from] ges_core::settings::Faults),
    /// Identities or secrets have.
    #[error("the settings file cannot be used: {0}")]
    Mistakes(#[from] crate::config::Mistakes),
    /// What is published contradicts the file.
    #[error("the settings of tenant {tenant} cannot be put into force: {source}")]
    Published {
        /// Whose.
        tenant: TenantId,
        /// Why.
        #[source]
        source: NotPublished,
    },
}

impl App {
    /// Builds everything over the stores; settings come with [`App::settings`]. Opens no connection.
    ///
    /// # Errors
    /// [`BuildError`].
    pub fn build(config: Config, stores: Stores, host: Host) -> Result<Self, BuildError> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let ids: Arc<dyn IdSource> = Arc::new(SystemIds);
        let zones = Arc::new(zones::newest(config.settings.zone_directory.as_deref()));
        let metrics = Arc::new(Metrics::new(host, &config.telemetry.tolerances)?);
        let health = Arc::new(Health::new(metrics.clone(), clock.clone())?);
        let identities = Arc::new(LocalIdentities::default());
        let write_back = Arc::new(WriteBackKeys::new(config.upstream.orchestrator.write_back_secret.clone()));
        let client = HttpClient::default();
        let waits: Arc<dyn WaitTimes> = Arc::new(QueueEstimators::default());
        let (orchestrator, sandbox) = orchestrator(&config, &client, &write_back, &clock, &metrics);
        let wakeup = Arc::new(Wakeup::default());
        let engine = Arc::new(Engine::new(ges_core::engine::Parts {
            callbacks: stores.callbacks.clone(),
            call_ins: stores.call_ins.clone(),
            orchestrator,
            waits: waits.clone(),
            captcha: Arc::new(SiteVerify::new(client.clone(), &config.upstream.captcha, identities.clone())),
            clock: clock.clone(),
            ids: ids.clone(),
            signals: wakeup.clone() as Arc<dyn Signals>,
            listener: Arc::new(Watching::new(metrics.clone())),
        }));
        if let Some(sandbox) = &sandbox {
            sandbox.wire(Arc::new(IntoEngine(engine.clone())), waits);
        }
        let node = NodeId::from(ids.uuid().to_string());
        let worker =
            Worker::new(engine.clone(), Dispatcher::new(engine.clone(), node), wakeup, metrics.clone());
        let publisher = Arc::new(Publisher::new(engine.clone(), stores.settings.clone(), zones.clone()));
        health.watch("DB_STATUS", true, Arc::new(watch::StoreCheck(engine.clone())))?;
        health.export_absent()?;

        let draining = Arc::new(AtomicBool::new(false));
        let errors = Arc::new(ErrorLog::default());
        let statistics = statistics(&config, client, &identities, &clock, &metrics);
        let api = Arc::new(Api {
            engine: engine.clone(),
            statistics: StatisticsCache::new(statistics, clock.clone()),
            publisher: publisher.clone(),
            zones: zones.clone(),
            metrics: metrics.clone(),
        });
        let shown = Arc::new(Operations {
            metrics: metrics.clone(),
            health: health.clone(),
            errors: errors.clone(),
            clock: clock.clone(),
            zones: zones.clone(),
            draining: draining.clone(),
        });
        let service = |face, router, limits: Limits| {
            Service::new(Parts {
                face,
                router,
                limits,
                identity: identities.clone() as Arc<dyn Identity>,
                write_back: write_back.clone(),
                clock: clock.clone(),
                ids: ids.clone(),
                metrics: metrics.clone(),
                errors: errors.clone(),
                draining: draining.clone(),
            })
        };
        let external = route::external(Router::new(), &api)?;
        let internal = operations::routes(route::internal(Router::new(), &api)?, &shown)?;
        let external = service(Face::External, external, config.http.external_limits);
        let internal = service(Face::Internal, internal, config.http.internal_limits);
        Ok(App {
            config,
            engine,
            worker,
            sandbox,
            stores,
            identities,
            publisher,
            zones,
            health,
            metrics,
            external,
            internal,
            draining,
        })
    }

    /// Counts log lines that could not be written.
    pub fn logging_failures(&self) -> prometheus::IntCounter {
        self.metrics.logging_failure.clone()
    }

    /// The engine, for hosts that want the server and more.
    pub fn engine(&self) -> &Arc<Engine> {
        &self.engine
    }

    /// The service behind the external listener, for calls without a socket.
    pub fn external(&self) -> &Service {
        &self.external
    }

    /// The service behind the internal listener.
    pub fn internal(&self) -> &Service {
        &self.internal
    }

    /// The time-zone data in use.
    pub fn zones(&self) -> &ZoneDatabase {
        &self.zones
    }

    /// What puts settings into force, now and when the file changes.
    pub fn settings(&self) -> SettingsLoader {
        SettingsLoader {
            engine: self.engine.clone(),
            identities: self.identities.clone(),
            publisher: self.publisher.clone(),
            zones: self.zones.clone(),
            open: !(self.config.http.external.ip().is_loopback()
                && self.config.http.internal.ip().is_loopback()),
        }
    }
}

/// Puts a settings file into force: tenants, their identities, and everything configured for them.
pub struct SettingsLoader {
    engine: Arc<Engine>,
    identities: Arc<LocalIdentities>,
    publisher: Arc<Publisher>,
    zones: Arc<ZoneDatabase>,
    /// Whether strangers can reach a listener.
    open: bool,
}

impl SettingsLoader {
    /// Reads the text of a settings file and puts it into force; tenants that are gone from it are taken out.
    ///
    /// # Errors
    /// Everything that is wrong with it at once; identities stay as they were, and so do the tenants not yet reached.
    pub async fn load(&self, text: &str) -> Result<(), SettingsRefused> {
        let file = SettingsFile::parse(text, &self.zones)?;
        let read_file = |path: &Path| std::fs::read_to_string(path);
        let variable = |name: &str| std::env::var(name).ok();
        let identities = tenants::identities(&file, &Secrets { read_file: &read_file, variable: &variable })?;
        if self.open {
            tenants::refuse_samples(&identities)?;
        }
        let gone: Vec<TenantId> =
            self.engine.tenants().into_iter().filter(|tenant| !file.tenants.contains_key(tenant)).collect();
        for (tenant, known) in file.tenants {
            let loaded = self.publisher.load(&tenant, known.definitions).await;
            loaded.map_err(|source| SettingsRefused::Published { tenant, source })?;
        }
        self.identities.replace(identities);
        gone.iter().for_each(|tenant| self.engine.forget(tenant));
        Ok(())
    }
}

/// Telephony, and the sandbox when it is that, because it has to be wired to the engine.
fn orchestrator(
    config: &Config,
    client: &HttpClient,
    write_back: &Arc<WriteBackKeys>,
    clock: &Arc<dyn Clock>,
    metrics: &Arc<Metrics>,
) -> (Arc<dyn Orchestrator>, Option<SandboxOrchestrator>) {
    let wanted = &config.upstream.orchestrator;
    match &wanted.kind {
        OrchestratorKind::Sandbox(options) => {
            let sandbox = SandboxOrchestrator::new(*options, clock.clone());
            (Arc::new(sandbox.clone()), Some(sandbox))
        }
        OrchestratorKind::Webhook(options) => {
            let around = Surroundings {
                client: client.clone(),
                ges_url: wanted.write_back_url.clone(),
                keys: write_back.clone(),
                clock: clock.clone(),
                metrics: metrics.clone(),
            };
            (Arc::new(WebhookOrchestrator::new(options, around)), None)
        }
    }
}

fn statistics(
    config: &Config,
    client: HttpClient,
    identities: &Arc<LocalIdentities>,
    clock: &Arc<dyn Clock>,
    metrics: &Arc<Metrics>,
) -> Arc<dyn Statistics> {
    let options = &config.upstream.statistics;
    match &options.url {
        None => Arc::new(NoStatistics),
        Some(url) => Arc::new(GwsStatistics::new(
            client,
            url.clone(),
            options.timeout,
            identities.clone(),
            clock.clone(),
            metrics.clone(),
        )),
    }
}

/// Sessions of the sandbox report straight into the engine.
struct IntoEngine(Arc<Engine>);

#[async_trait]
impl WriteBack for IntoEngine {
    async fn write_back(
        &self,
        tenant: &TenantId,
        _: &ServiceName,
        id: CallbackId,
        update: SessionUpdate,
    ) -> Result<(), WriteBackError> {
        match self.0.write_back(tenant, id, update).await {
            Ok(after) if after.is_unfinished() => Ok(()),
            // Over: by this very update, or by a cancel before it.
            Ok(_) | Err(EngineError::Refused(_)) => Err(WriteBackError::Refused),
            Err(error) => Err(WriteBackError::Unavailable(error.into())),
        }
    }
}
