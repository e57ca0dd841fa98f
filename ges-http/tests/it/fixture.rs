//! A service with two tenants and a few routes that show what a handler sees.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use ges_core::TenantId;
use ges_core::engine::{Engine, Parts};
use ges_core::memory::MemoryStore;
use ges_core::port::{Identity, StoreError};
use ges_core::testing::{ManualClock, ScriptedOrchestrator, SeededIds};
use ges_core::time::Timestamp;
use ges_http::{
    Access, Answered, Api, Call, ErrorLog, Exposure, Face, Limits, Observer, Reply, Router, Service,
    WriteBackKeys,
};
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use serde_json::{Value, json};
use tokio::sync::Notify;

/// The key of tenant `alpha`.
pub const ALPHA_KEY: &str = "alpha-key-0123456789";
/// The key of tenant `beta`.
pub const BETA_KEY: &str = "beta-key-9876543210";

/// A service and what it writes to.
pub struct World {
    pub api: Api,
    pub service: Service,
    pub heard: Arc<Heard>,
    pub errors: Arc<ErrorLog>,
    pub write_back: Arc<WriteBackKeys>,
    pub work: Arc<Work>,
}

/// Work of a handler that goes on when it is told.
#[derive(Default)]
pub struct Work {
    pub begun: Notify,
    pub go_on: Notify,
    pub done: Notify,
    pub dropped: Notify,
}

/// Tells that a handler's future is gone.
struct Gone(Arc<Work>);

impl Drop for Gone {
    fn drop(&mut self) {
        self.0.dropped.notify_one();
    }
}

pub fn world(face: Face) -> World {
    world_with(face, if face == Face::External { Limits::EXTERNAL } else { Limits::INTERNAL })
}

pub fn world_with(face: Face, limits: Limits) -> World {
    let heard = Arc::new(Heard::default());
    let write_back = Arc::new(WriteBackKeys::new("write-back secret".into()));
    let work = Arc::new(Work::default());
    let api = Api::builder(engine())
        .routes(router(&work))
        .limits(face, limits)
        .identity(Arc::new(Tenants))
        .write_back(write_back.clone())
        .observer(heard.clone())
        .build()
        .unwrap();
    let service = if face == Face::External { api.external() } else { api.internal() };
    World { errors: api.errors().clone(), api, service, heard, write_back, work }
}

/// An engine with no tenant, at the beginning of time.
pub fn engine() -> Arc<Engine> {
    let clock = Arc::new(ManualClock::at(Timestamp::from_millis(0)));
    let desk = Arc::new(ScriptedOrchestrator::new(clock.clone()));
    let store = Arc::new(MemoryStore::default());
    Arc::new(Engine::new(Parts::new(store, desk, clock, Arc::new(SeededIds::new(1)))))
}

/// Two tenants with a key and an origin each.
struct Tenants;

const TENANTS: [(&str, &str, &str); 2] =
    [("alpha", ALPHA_KEY, "https://a.alpha.example"), ("beta", BETA_KEY, "https://www.beta.example")];

#[async_trait]
impl Identity for Tenants {
    async fn tenant_of(&self, api_key: &str) -> Result<Option<TenantId>, StoreError> {
        Ok(TENANTS.iter().find(|(_, key, _)| *key == api_key).map(|(id, ..)| (*id).into()))
    }

    async fn exists(&self, tenant: &TenantId) -> Result<bool, StoreError> {
        Ok(TENANTS.iter().any(|(id, ..)| *id == tenant.as_str()))
    }

    async fn allows_origin(&self, tenant: Option<&TenantId>, origin: &str) -> Result<bool, StoreError> {
        let asked = |id: &str| tenant.is_none_or(|tenant| tenant.as_str() == id);
        Ok(TENANTS.iter().any(|(id, _, theirs)| asked(id) && *theirs == origin))
    }
}

/// Writes down what an observer is told.
#[derive(Default)]
pub struct Heard {
    pub answered: Mutex<Vec<String>>,
    pub panics: Mutex<usize>,
    pub too_large: Mutex<usize>,
}

impl Observer for Heard {
    fn answered(&self, answered: &Answered<'_>) {
        let Answered { tenant, label, template, method, status, .. } = answered;
        let tenant = tenant.map_or("nobody", TenantId::as_str);
        let line = format!("{tenant} {method} {template} ({label}) {}", status.as_u16());
        self.answered.lock().unwrap().push(line);
    }

    fn panicked(&self) {
        *self.panics.lock().unwrap() += 1;
    }

    fn too_large(&self) {
        *self.too_large.lock().unwrap() += 1;
    }
}

fn router(work: &Arc<Work>) -> Router {
    let echo = |call: Call| async move {
        let body = call.json_object()?;
        Reply::data(
            &json!({ "tenant": call.tenant()?.as_str(), "members": body.len(), "bytes": call.body().len() }),
        )
    };
    let named = |call: Call| async move {
        Reply::data(
            &json!({ "name": call.param("name")?, "start": call.query("start"), "tenant": call.tenant()?.as_str() }),
        )
    };
    let session = |call: Call| async move { Reply::data(&call.tenant()?.as_str()) };
    let seen = |call: Call| async move { Reply::data(&call.headers().contains_key("ccid")) };
    let stuck = |_: Call| async move { std::future::pending().await };
    let panics = |_: Call| async move { panic!("a handler's bug") };
    let work = work.clone();
    let works = move |_: Call| {
        let work = work.clone();
        async move {
            let _gone = Gone(work.clone());
            work.begun.notify_one();
            work.go_on.notified().await;
            work.done.notify_one();
            Reply::data(&"worked")
        }
    };
    let (api, private) = (Exposure::Api, Exposure::Private);
    let enter = || {
        Router::new()
            .reads(Method::POST, "/engagement/v3/echo", api, Access::Tenant, echo)?
            .reads(Method::GET, "/engagement/v3/named/{name}", api, Access::Tenant, named)?
            .reads(Method::GET, "/engagement/v3/seen", api, Access::Tenant, seen)?
            .reads(Method::GET, "/engagement/v3/panics", api, Access::Open, panics)?
            .changes(Method::PUT, "/genesys/{id}", private, Access::Session, session)?
            .reads(Method::GET, "/stuck", private, Access::Open, stuck)?
            .reads(Method::GET, "/panics", private, Access::Open, panics)?
            .changes(Method::POST, "/panics/too", private, Access::Open, panics)?
            .changes(Method::GET, "/works", private, Access::Open, works.clone())?
            .reads(Method::POST, "/works", private, Access::Open, works)
    };
    enter().unwrap()
}

/// What came back.
pub struct Answer {
    pub status: StatusCode,
    pub head: Response<()>,
    pub body: Value,
}

impl World {
    pub async fn send(&self, request: Request<Full<Bytes>>) -> Answer {
        let (head, body) = self.service.handle(request).await.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let status = head.status;
        let body = if bytes.is_empty() { Value::Null } else { serde_json::from_slice(&bytes).unwrap() };
        Answer { status, head: Response::from_parts(head, ()), body }
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(request(Method::GET, path).header("x-api-key", ALPHA_KEY).body(Full::default()).unwrap())
            .await
    }

    pub async fn post(&self, body: impl Into<Bytes>) -> Answer {
        let request = request(Method::POST, "/engagement/v3/echo")
            .header("X-API-KEY", ALPHA_KEY)
            .header("content-type", "application/json; charset=utf-8");
        self.send(request.body(Full::new(body.into())).unwrap()).await
    }

    pub fn heard(&self, line: &str) -> bool {
        self.heard.answered.lock().unwrap().iter().any(|known| known == line)
    }
}

pub fn request(method: Method, path: &str) -> http::request::Builder {
    Request::builder().method(method).uri(path)
}
