//! The server on real sockets, over the memory store and a clock that stands still, with neighbours that do as told.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use async_trait::async_trait;
use ges_core::TenantId;
use ges_core::engine::{self, Engine};
use ges_core::ewt::Ewt;
use ges_core::memory::MemoryStore;
use ges_core::node::Publisher;
use ges_core::port::{Captcha, CaptchaVerdict, Clock, Statistic, Statistics, StatisticsError, Unavailable};
use ges_core::settings::SettingsFile;
use ges_core::system::SystemIds;
use ges_core::testing::{
    FixedWaits, ManualClock, RecordingListener, RecordingSignals, ScriptedOrchestrator, Unsteady,
};
use ges_core::zone::ZoneDatabase;
use ges_http::{Api, ErrorLog, WriteBackKeys};
use ges_server::identity::{KeyHash, LocalIdentities, Tenant};
use ges_server::listener::{Connections, Listener};
use ges_server::metrics::{Host, Metrics};
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use tokio::sync::watch;

use crate::client::{Answer, Request};
use crate::privacy;

/// The key of tenant `acme`.
pub const ACME: &str = "acme-secretkey-0123456789abcdef";
/// The key of tenant `globex`.
pub const GLOBEX: &str = "globex-secretkey-0123456789abcdef";
/// The key of tenant `guarded`, which demands CAPTCHA tokens.
pub const GUARDED: &str = "guarded-secretkey-0123456789abcdef";
/// A customer's number.
pub const NUMBER: &str = "+1 (519) 555-0123";
/// The path of the API.
pub const V3: &str = "/engagement/v3";

/// Everything a test can look at.
pub struct World {
    pub external: SocketAddr,
    pub internal: SocketAddr,
    pub clock: Arc<ManualClock>,
    pub waits: Arc<FixedWaits>,
    pub orchestrator: Arc<ScriptedOrchestrator>,
    pub statistics: Arc<CountedStatistics>,
    pub captcha: Arc<ScriptedCaptcha>,
    pub engine: Arc<Engine>,
    pub store: Arc<Unsteady<MemoryStore>>,
    pub metrics: Arc<Metrics>,
    pub errors: Arc<ErrorLog>,
    pub write_back: Arc<WriteBackKeys>,
    /// The table of the external listener: templates and the methods each takes.
    pub routes: Vec<(&'static str, String)>,
    stop: watch::Sender<bool>,
}

/// The runtime all servers of this process share.
pub fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| {
        tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .expect("threads start")
    })
}

fn zones() -> Arc<ZoneDatabase> {
    static ZONES: OnceLock<Arc<ZoneDatabase>> = OnceLock::new();
    ZONES.get_or_init(|| Arc::new(ZoneDatabase::embedded())).clone()
}

impl World {
    /// A fresh server at Tuesday 2031-03-04, 10:00 in New York.
    pub fn new() -> Self {
        privacy::watch();
        let clock = Arc::new(ManualClock::at(instant("2031-03-04T15:00:00Z")));
        let store = Arc::new(MemoryStore::default());
        let waits = Arc::new(FixedWaits::default());
        let orchestrator = Arc::new(ScriptedOrchestrator::new(clock.clone()));
        let captcha = Arc::new(ScriptedCaptcha::default());
        let statistics = Arc::new(CountedStatistics::default());
        let far = Arc::new(Unsteady::over(store.clone()));
        let engine = Arc::new(Engine::new(engine::Parts {
            callbacks: far.clone(),
            call_ins: store.clone(),
            orchestrator: orchestrator.clone(),
            waits: waits.clone(),
            windows: Arc::new(ges_core::in_process::LocalWindows::default()),
            captcha: captcha.clone(),
            clock: clock.clone(),
            ids: Arc::new(SystemIds),
            signals: Arc::new(RecordingSignals::default()),
            listener: Arc::new(RecordingListener::default()),
        }));
        let metrics = Arc::new(Metrics::new(Host::named("here"), &[]).unwrap());
        let publisher = Arc::new(Publisher::new(engine.clone(), store, zones()));
        let file = SettingsFile::parse(include_str!("settings.toml"), &zones()).unwrap();
        for (tenant, file) in &file.tenants {
            runtime().block_on(publisher.load(tenant, file.definitions.clone())).unwrap();
        }
        let write_back = Arc::new(WriteBackKeys::new("write-back secret of the test".into()));
        let identity = LocalIdentities::new(vec![
            tenant("acme", ACME, "https://*.acme.example"),
            tenant("globex", GLOBEX, "https://www.globex.example"),
            tenant("guarded", GUARDED, "https://www.guarded.example"),
        ]);
        let api = Api::builder(engine.clone())
            .identity(Arc::new(identity))
            .write_back(write_back.clone())
            .publisher(publisher)
            .statistics(statistics.clone())
            .zones(zones())
            .observer(metrics.clone())
            .build()
            .unwrap();
        let (stop, stopped) = watch::channel(false);
        let serve = |service| {
            let listener = runtime().block_on(Listener::bind(SocketAddr::from(([127, 0, 0, 1], 0)))).unwrap();
            let address = listener.address();
            runtime().spawn(listener.serve(service, Connections::default(), stopped.clone()));
            address
        };
        let (external, internal) = (serve(api.external()), serve(api.internal()));
        let (errors, routes) = (api.errors().clone(), api.external().templates().collect());
        World {
            external,
            internal,
            clock,
            waits,
            orchestrator,
            statistics,
            captcha,
            engine,
            store: far,
            metrics,
            errors,
            write_back,
            routes,
            stop,
        }
    }

    /// A request to the street with the key of `acme`.
    pub fn request(&self, method: &str, path: &str) -> Request {
        Request::new(self.external, method, &format!("{V3}{path}")).header("x-api-key", ACME)
    }

    /// A GET of the Engagement API, as `acme`.
    pub fn get(&self, path: &str) -> Answer {
        self.request("GET", path).send()
    }

    /// A POST of the Engagement API, as `acme`.
    pub fn post(&self, path: &str, body: Value) -> Answer {
        self.request("POST", path).json(&body).send()
    }

    /// A create, as `acme`.
    pub fn create(&self, body: Value) -> Answer {
        self.post("/callbacks/create", body)
    }

    /// Books at a service and answers the id.
    pub fn booked(&self, service: &str, desired: Option<&str>) -> String {
        let mut body = json!({ "serviceName": service, "phoneNumber": NUMBER });
        if let Some(desired) = desired {
            body["desiredTime"] = desired.into();
        }
        let answer = self.create(body);
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.data()["id"].as_str().unwrap().to_owned()
    }

    /// What retrieve shows.
    pub fn retrieved(&self, id: &str) -> Value {
        let answer = self.post("/callbacks/retrieve", json!({ "id": id }));
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.data().clone()
    }

    /// The slots of an availability question.
    pub fn slots(&self, path: &str) -> Vec<Value> {
        let answer = self.get(&format!("/callbacks/availability/{path}"));
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.data()["slots"].as_array().unwrap().clone()
    }

    /// A request to the inside, in the name of `acme`.
    pub fn inside(&self, method: &str, path: &str) -> Request {
        Request::new(self.internal, method, path).header("ContactCenterId", "acme")
    }

    /// From now on a queue of `acme` has this wait.
    pub fn wait(&self, queue: &str, wait: Ewt) {
        self.waits.set(&"acme".into(), &queue.into(), wait);
    }

    /// The value of a counter in the metrics' text.
    pub fn counter(&self, name: &str) -> f64 {
        let text = String::from_utf8(self.metrics.text().unwrap()).unwrap();
        let lines = text.lines().filter(|line| line.starts_with(name) && !line.starts_with('#'));
        lines.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum()
    }

    /// The record as stored.
    pub fn stored(&self, id: &str) -> ges_core::Callback {
        runtime().block_on(self.engine.retrieve(&"acme".into(), id.parse().unwrap())).unwrap().callback
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = self.stop.send(true);
        if !std::thread::panicking() {
            privacy::look(self);
        }
    }
}

/// An instant from its text.
pub fn instant(text: &str) -> ges_core::Timestamp {
    text.parse().unwrap()
}

fn tenant(id: &str, key: &str, origin: &str) -> Tenant {
    Tenant {
        id: id.into(),
        name: id.to_owned(),
        keys: vec![KeyHash::of(key)],
        origins: vec![origin.parse().unwrap()],
        captcha: None,
        statistics: None,
    }
}

/// Demands tokens of tenant `guarded`; the right one is `captchatoken-human`.
#[derive(Default)]
pub struct ScriptedCaptcha {
    pub away: AtomicBool,
}

#[async_trait]
impl Captcha for ScriptedCaptcha {
    async fn verify(&self, tenant: &TenantId, token: Option<&str>) -> Result<CaptchaVerdict, Unavailable> {
        if tenant.as_str() != "guarded" {
            return Ok(CaptchaVerdict::NotRequired);
        }
        if self.away.load(Ordering::SeqCst) {
            return Err(Unavailable("the verifier is away".into()));
        }
        Ok(match token {
            None => CaptchaVerdict::Missing,
            Some("captchatoken-human") => CaptchaVerdict::Human,
            Some(_) => CaptchaVerdict::Rejected,
        })
    }
}

/// Answers every question with its number, and counts them; fails as told.
#[derive(Default)]
pub struct CountedStatistics {
    pub asked: AtomicUsize,
    pub no_credentials: AtomicBool,
    pub away: AtomicBool,
    by_tenant: Mutex<BTreeMap<TenantId, usize>>,
}

impl CountedStatistics {
    /// How often a tenant's question came through.
    pub fn asked_by(&self, tenant: &str) -> usize {
        self.by_tenant.lock().unwrap().get(tenant).copied().unwrap_or(0)
    }
}

#[async_trait]
impl Statistics for CountedStatistics {
    async fn read(&self, tenant: &TenantId, wanted: &[Statistic]) -> Result<Value, StatisticsError> {
        if self.no_credentials.load(Ordering::SeqCst) {
            return Err(StatisticsError::Credentials);
        }
        if self.away.load(Ordering::SeqCst) {
            return Err(StatisticsError::Unavailable("the service is away".into()));
        }
        *self.by_tenant.lock().unwrap().entry(tenant.clone()).or_default() += 1;
        let value = self.asked.fetch_add(1, Ordering::SeqCst);
        let answers = wanted.iter().map(|wanted| {
            json!({
                "name": wanted.name, "objectId": wanted.object_id, "objectType": wanted.object_type,
                "timestamp": 1_930_402_800, "value": value,
            })
        });
        Ok(json!({ "statistics": answers.collect::<Vec<_>>() }))
    }
}

/// The clock as the engine sees it.
pub fn now(world: &World) -> ges_core::Timestamp {
    world.clock.now()
}
