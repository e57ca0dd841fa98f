//! The composition root: puts the ports together, whatever adapters stand behind them.

mod serve;
mod watch;

use std::path::Path;
use std::sync::Arc;

use ges_core::engine::{Engine, NobodyListens};
use ges_core::node::{Node, NotPublished, Publisher};
use ges_core::port::{IdSource, Peers};
use ges_core::settings::SettingsFile;
use ges_core::zone::ZoneDatabase;
use ges_core::{NodeId, TenantId};
use ges_http::{Api, ApiMistake, Face, WriteBackKeys};
use ges_upstream::client::HttpClient;

use crate::adapters::BuildError;
use crate::adapters::redis::Hot;
use crate::adapters::store::Stores;
use crate::adapters::telephony::{Around, Telephony};
use crate::config::Config;
use crate::health::Health;
use crate::identity::LocalIdentities;
use crate::metrics::{Host, Metrics};
use crate::tenants::{self, Secrets};
use crate::zones;
use ges_core::system::{SystemIds, TokioRuntime};

pub use serve::{Running, StartError};
use watch::{DispatchCheck, StoreCheck, Watching};

/// Everything a server consists of, wired and not yet serving.
pub struct App {
    config: Config,
    engine: Arc<Engine>,
    node: Joining,
    dispatching: Arc<DispatchCheck>,
    telephony: Arc<dyn Telephony>,
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

/// Why settings are not in force; the former ones stay.
#[derive(Debug, thiserror::Error)]
pub enum SettingsRefused {
    /// The file has faults.
    #[error("the settings file cannot be used:\n{0}")]
    Faults(#[from] ges_core::settings::Faults),
    /// Identities or secrets have.
    #[error("the settings file cannot be used: {0}")]
    Mistakes(#[from] crate::keys::Mistakes),
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
        let metrics = Arc::new(Metrics::new(host, &config.telemetry.tolerances).map_err(twice)?);
        let health = Arc::new(Health::new(metrics.clone(), clock.clone()).map_err(twice)?);
        let identities = Arc::new(LocalIdentities::default());
        let write_back = Arc::new(WriteBackKeys::new(config.upstream.orchestrator.write_back_secret.clone()));
        let client = HttpClient::new(&config.upstream.outgoing).map_err(BuildError::of("outgoing"))?;
        let name = NodeId::from(ids.uuid().to_string());
        let hot = Hot::new(config.redis.as_ref(), &name)?;
        let telephony = config.upstream.orchestrator.telephony.build(&Around {
            client: client.clone(),
            ges_url: config.upstream.orchestrator.write_back_url.clone(),
            write_back: write_back.clone(),
            clock: clock.clone(),
            observer: metrics.clone(),
        })?;
        let watching = Arc::new(Watching::new(metrics.clone()));
        let engine = Arc::new(Engine::new(ges_core::engine::Parts {
            callbacks: stores.callbacks.clone(),
            call_ins: stores.call_ins.clone(),
            orchestrator: telephony.orchestrator(),
            waits: hot.waits.clone(),
            windows: hot.windows,
            captcha: config.upstream.captcha.build(&client, identities.clone()),
            clock: clock.clone(),
            ids: ids.clone(),
            signals: Arc::new(NobodyListens),
            listener: watching.clone(),
        }));
        telephony.wire(&engine, &hot.waits);
        let is_alone = hot.presence.is_none();
        let peers = stores.store.peers(&name, hot.presence);
        if peers.is_some() && is_alone {
            tracing::warn!(
                "redis.mode = off: each node counts requests by itself, and what a node holds that hangs is taken over \
                 within a minute"
            );
        }
        let mut publisher = Publisher::new(engine.clone(), stores.settings.clone(), zones.clone());
        if let Some(peers) = &peers {
            publisher = publisher.announcing(peers.clone());
        }
        let publisher = Arc::new(publisher);
        let dispatching = Arc::new(DispatchCheck::default());
        health.watch("DISPATCH", false, dispatching.clone()).map_err(twice)?;
        let store_check = Arc::new(StoreCheck(engine.clone()));
        health.watch_sparingly("DB_STATUS", true, store_check, stores.store.check_holds()).map_err(twice)?;
        let shared = hot.check.map(|check| ("REDIS_CONNECTION", check));
        for (name, check) in shared.into_iter().chain(telephony.check()) {
            health.watch(name, false, check).map_err(twice)?;
        }
        health.export_absent().map_err(twice)?;

        let statistics =
            config.upstream.statistics.build(&client, identities.clone(), &clock, metrics.clone());
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
            .build()
            .map_err(contradicting)?;
        let node = Joining { name, peers, watching };
        Ok(App {
            config,
            engine,
            node,
            dispatching,
            telephony,
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

fn twice(source: prometheus::Error) -> BuildError {
    BuildError { key: "the table of metrics", source: source.into() }
}

fn contradicting(source: ApiMistake) -> BuildError {
    BuildError { key: "the API", source: source.into() }
}
