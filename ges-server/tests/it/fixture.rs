//! A service with two tenants and a few routes that show what a handler sees.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use bytes::Bytes;
use ges_server::chance::SystemIds;
use ges_server::clock::SystemClock;
use ges_server::errors::ErrorLog;
use ges_server::http::{Access, Call, Exposure, Face, Limits, Parts, Reply, Router, Service, WriteBackKeys};
use ges_server::identity::{KeyHash, LocalIdentities, Tenant};
use ges_server::metrics::{Host, Metrics};
use http_body_util::{BodyExt, Full};
use hyper::{Method, Request, Response, StatusCode};
use serde_json::{Value, json};

/// The key of tenant `alpha`.
pub const ALPHA_KEY: &str = "alpha-key-0123456789";
/// The key of tenant `beta`.
pub const BETA_KEY: &str = "beta-key-9876543210";

/// A service and what it writes to.
pub struct World {
    pub service: Service,
    pub metrics: Arc<Metrics>,
    pub errors: Arc<ErrorLog>,
    pub write_back: Arc<WriteBackKeys>,
}

pub fn world(face: Face) -> World {
    world_with(face, if face == Face::External { Limits::EXTERNAL } else { Limits::INTERNAL })
}

pub fn world_with(face: Face, limits: Limits) -> World {
    let metrics = Arc::new(Metrics::new(Host::named("here"), &[]).unwrap());
    let errors = Arc::new(ErrorLog::default());
    let write_back = Arc::new(WriteBackKeys::new("write-back secret".into()));
    let service = Service::new(Parts {
        face,
        router: router(),
        limits,
        identity: Arc::new(LocalIdentities::new(vec![
            tenant("alpha", ALPHA_KEY, "https://*.alpha.example"),
            tenant("beta", BETA_KEY, "https://www.beta.example"),
        ])),
        write_back: Arc::clone(&write_back),
        clock: Arc::new(SystemClock),
        ids: Arc::new(SystemIds),
        metrics: Arc::clone(&metrics),
        errors: Arc::clone(&errors),
        draining: Arc::new(AtomicBool::new(false)),
    });
    World { service, metrics, errors, write_back }
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

fn router() -> Router {
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
    let slow = |_: Call| async move {
        tokio::time::sleep(Duration::from_millis(300)).await;
        Reply::data(&"done")
    };
    let stuck = |_: Call| async move { std::future::pending().await };
    let panics = |_: Call| async move { panic!("a handler's bug") };
    let api = Exposure::Api;
    Router::new()
        .route(Method::POST, "/engagement/v3/echo", api, Access::Tenant, echo)
        .and_then(|r| r.route(Method::GET, "/engagement/v3/named/{name}", api, Access::Tenant, named))
        .and_then(|r| r.route(Method::GET, "/engagement/v3/seen", api, Access::Tenant, seen))
        .and_then(|r| r.route(Method::PUT, "/genesys/{id}", Exposure::Private, Access::Session, session))
        .and_then(|r| r.route(Method::GET, "/slow", Exposure::Private, Access::Open, slow))
        .and_then(|r| r.route(Method::GET, "/stuck", Exposure::Private, Access::Open, stuck))
        .and_then(|r| r.route(Method::GET, "/panics", Exposure::Private, Access::Open, panics))
        .unwrap()
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

    pub fn metric(&self, line: &str) -> bool {
        String::from_utf8(self.metrics.text().unwrap()).unwrap().lines().any(|known| known.starts_with(line))
    }
}

pub fn request(method: Method, path: &str) -> hyper::http::request::Builder {
    Request::builder().method(method).uri(path)
}
