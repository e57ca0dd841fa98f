//! The composition root: the one file that names every adapter.

mod hot;
mod nodes;
mod serve;
mod store;
mod telephony;
mod voice;
mod watch;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use ges_core::engine::{Engine, NobodyListens};
use ges_core::node::{Node, NotPublished, Publisher};
use ges_core::port::{Captcha, Clock, IdSource, Peers, Statistics};
use ges_core::settings::SettingsFile;
use ges_core::zone::ZoneDatabase;
use ges_core::{NodeId, TenantId};
use ges_http::{Api, ApiMistake, Face, WriteBackKeys};
use ges_upstream::captcha::SiteVerify;
use ges_upstream::client::{ClientMistake, HttpClient};
use ges_upstream::ors::BadStream;
use ges_upstream::sandbox::SandboxOrchestrator;
use ges_upstream::statistics::{GwsStatistics, NoStatistics};

use crate::config::Config;
use crate::health::Health;
use crate::identity::LocalIdentities;
use crate::metrics::{Host, Metrics};
use crate::tenants::{self, Secrets};
use crate::zones;
use ges_core::system::{SystemIds, TokioRuntime};

use hot::Hot;
use nodes::Neighbours;
pub use serve::{Running, StartError};
pub use store::{StoreKind, StoreNotOpened, Stores, options as postgres_options};
use telephony::{IntoEngine, Telephony};
pub use voice::Voice;
use watch::{DispatchCheck, RedisCheck, Watching};

/// How long a good answer of a store that is shared holds: each costs it a transaction.
const SHARED_STORE_HOLDS: Duration = Duration::from_secs(30);

/// Everything a server consists of, wired and not yet serving.
pub struct App {
    config: Config,
    engine: Arc<Engine>,
    node: Joining,
    dispatching: Arc<DispatchCheck>,
    sandbox: Option<SandboxOrchestrator>,
    stores: Stores,
    identities: Arc<LocalIdentities>,
    publisher: Arc<Publisher>,
    zones: Arc<ZoneDatabase>,
    health: Arc<Health>,
    metrics: Arc<Metrics>,
    api: Api,
}

/// The node of this process, not yet started.
struct Joining {
    name: NodeId,
    peers: Option<Arc<dyn Peers>>,
    watching: Arc<Watching>,
}

impl Joining {
    fn start(self, engine: &Arc<Engine>, publisher: &Publisher) -> Node {
        let node =
            Node::builder(engine.clone(), TokioRuntime::current()).named(self.name).observer(self.watching);
        match self.peers {
            Some(peers) => node.peers(peers).publications(publisher.publications().clone()).start(),
            None => node.start(),
        }
    }
}

/// Why a server cannot be put together.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the sources tell")]
pub enum BuildError {
    #[error("a metric stands twice")]
    Metrics(#[from] prometheus::Error),
    #[error("the API contradicts itself")]
    Api(#[from] ApiMistake),
    #[error("the store cannot be opened")]
    Store(#[from] StoreNotOpened),
    #[error(transparent)]
    Settings(#[from] SettingsRefused),
    #[error("{key} cannot be used: {source}")]
    Redis { key: &'static str, source: ges_storage::redis::Misconfigured },
    #[error("orchestrator.ors.stream cannot be used")]
    Stream(#[from] BadStream),
    #[error("outgoing HTTPS cannot be used")]
    Outgoing(#[from] ClientMistake),
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
        let clock = stores.clock.clone();
        let ids: Arc<dyn IdSource> = Arc::new(SystemIds);
        let zones = Arc::new(zones::newest(config.settings.zone_directory.as_deref()));
        let metrics = Arc::new(Metrics::new(host, &config.telemetry.tolerances)?);
        let health = Arc::new(Health::new(metrics.clone(), clock.clone())?);
        let identities = Arc::new(LocalIdentities::default());
        let write_back = Arc::new(WriteBackKeys::new(config.upstream.orchestrator.write_back_secret.clone()));
        let client = HttpClient::new(&config.upstream.outgoing)?;
        let name = NodeId::from(ids.uuid().to_string());
        let hot = Hot::new(config.redis.as_ref(), &name)?;
        let Telephony { orchestrator, sandbox, voice } =
            Telephony::new(&config, &client, &write_back, &clock, &metrics)?;
        let watching = Arc::new(Watching::new(metrics.clone()));
        let engine = Arc::new(Engine::new(ges_core::engine::Parts {
            callbacks: stores.callbacks.clone(),
            call_ins: stores.call_ins.clone(),
            orchestrator,
            waits: hot.waits.clone(),
            windows: hot.windows,
            captcha: captcha(&config, &client, &identities),
            clock: clock.clone(),
            ids: ids.clone(),
            signals: Arc::new(NobodyListens),
            listener: watching.clone(),
        }));
        if let Some(sandbox) = &sandbox {
            sandbox.wire(Arc::new(IntoEngine(engine.clone())), hot.waits);
        }
        let peers = match &stores.kind {
            StoreKind::Memory | StoreKind::Embedded(_) => None,
            StoreKind::Postgres(store) => {
                if hot.presence.is_none() {
                    tracing::warn!(
                        "redis.mode = off: each node counts requests by itself, and what a node holds that hangs is \
                         taken over within a minute"
                    );
                }
                let seats = store.peers(name.clone());
                Some(Arc::new(Neighbours { seats, presence: hot.presence }) as Arc<dyn Peers>)
            }
        };
        let mut publisher = Publisher::new(engine.clone(), stores.settings.clone(), zones.clone());
        if let Some(peers) = &peers {
            publisher = publisher.announcing(peers.clone());
        }
        let publisher = Arc::new(publisher);
        let dispatching = Arc::new(DispatchCheck::default());
        health.watch("DISPATCH", false, dispatching.clone())?;
        let store_check = Arc::new(watch::StoreCheck(engine.clone()));
        let holds = if peers.is_some() { SHARED_STORE_HOLDS } else { Duration::ZERO };
        health.watch_sparingly("DB_STATUS", true, store_check, holds)?;
        // Whoever is in use is not asked, and whoever is not is asked as seldom as the store.
        for (name, redis) in [("REDIS_CONNECTION", hot.redis), ("ORS_REDIS_STATUS", voice)] {
            if let Some(redis) = redis {
                health.watch(name, false, Arc::new(RedisCheck::new(redis, SHARED_STORE_HOLDS)))?;
            }
        }
        health.export_absent()?;

        let statistics = statistics(&config, client, &identities, &clock, &metrics);
        let api = Api::builder(engine.clone())
            .limits(Face::External, config.http.external_limits)
            .limits(Face::Internal, config.http.internal_limits)
            .identity(identities.clone())
            .write_back(write_back)
            .publisher(publisher.clone())
            .statistics(statistics)
            .zones(zones.clone())
            .observer(metrics.clone())
            .vitals(health.clone())
            .build()?;
        let node = Joining { name, peers, watching };
        Ok(App {
            config,
            engine,
            node,
            dispatching,
            sandbox,
            stores,
            identities,
            publisher,
            zones,
            health,
            metrics,
            api,
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

    /// What both listeners answer with, for calls without a socket.
    pub fn api(&self) -> &Api {
        &self.api
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

fn captcha(config: &Config, client: &HttpClient, identities: &Arc<LocalIdentities>) -> Arc<dyn Captcha> {
    let options = &config.upstream.captcha;
    Arc::new(SiteVerify::new(client.clone(), options.url.clone(), options.timeout, identities.clone()))
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
