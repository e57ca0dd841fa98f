//! The contract of orchestrators, kept by the webhook with a receiver that keeps its part, and by the sandbox.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use ges_core::callback::SessionUpdate;
use ges_core::port::Orchestrator;
use ges_core::testing::FixedWaits;
use ges_core::testing::contract::Missing;
use ges_core::testing::contract::orchestrator::{OrchestratorUnderTest, Telephony, run_all};
use ges_core::{CallbackId, ServiceName, TenantId};
use ges_upstream::sandbox::{self, SandboxOrchestrator, WriteBack, WriteBackError};
use ges_upstream::webhook::WebhookOrchestrator;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::{clock, webhook};

/// Far longer than any limit here.
const PATIENCE: Duration = Duration::from_secs(60);

struct Webhook;

/// Telephony behind a webhook: one session for each idempotence key.
#[derive(Default)]
struct Receiver {
    sessions: Mutex<BTreeMap<String, (CallbackId, u32)>>,
    silent: AtomicBool,
}

struct Posted {
    orchestrator: WebhookOrchestrator,
    receiver: Arc<Receiver>,
}

impl Receiver {
    async fn take(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        if self.silent.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
        let key = request.headers()["idempotency-key"].to_str().unwrap().to_owned();
        let body = request.into_body().collect().await.unwrap().to_bytes();
        let body: Value = serde_json::from_slice(&body).unwrap();
        let (id, attempt) = (body["callbackId"].as_str().unwrap(), body["attempt"].as_u64().unwrap());
        let session = (id.parse().unwrap(), u32::try_from(attempt).unwrap());
        let mut sessions = self.sessions.lock().unwrap();
        let status = match body["event"].as_str().unwrap() {
            "callback.start" => {
                sessions.entry(key.clone()).or_insert(session);
                200
            }
            _ if sessions.values().any(|known| *known == session) => 204,
            _ => 404,
        };
        let answer = json!({ "reference": key }).to_string();
        Response::builder().status(status).body(Full::new(Bytes::from(answer))).unwrap()
    }
}

#[async_trait]
impl OrchestratorUnderTest for Webhook {
    async fn fresh(&self) -> Box<dyn Telephony> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/calls", listener.local_addr().unwrap()).parse().unwrap();
        let receiver = Arc::new(Receiver::default());
        let shared = receiver.clone();
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let receiver = shared.clone();
                let answer = service_fn(move |request| {
                    let receiver = receiver.clone();
                    async move { Ok::<_, std::convert::Infallible>(receiver.take(request).await) }
                });
                let connection = hyper::server::conn::http1::Builder::new();
                tokio::spawn(connection.serve_connection(TokioIo::new(stream), answer));
            }
        });
        Box::new(Posted { orchestrator: webhook(url), receiver })
    }
}

#[async_trait]
impl Telephony for Posted {
    fn orchestrator(&self) -> &dyn Orchestrator {
        &self.orchestrator
    }
    async fn sessions(&self) -> Vec<(CallbackId, u32)> {
        self.receiver.sessions.lock().unwrap().values().copied().collect()
    }
    async fn fall_silent(&self) -> bool {
        self.receiver.silent.store(true, Ordering::SeqCst);
        true
    }
    async fn ends_in_time(&self, call: BoxFuture<'_, ()>) -> bool {
        tokio::time::timeout(PATIENCE, call).await.is_ok()
    }
}

#[tokio::test]
async fn the_webhook_keeps_the_contract_of_orchestrators() {
    run_all(&Webhook).await.assert_complete();
}

struct Sandbox;

struct Played {
    orchestrator: SandboxOrchestrator,
    begun: Arc<Begun>,
}

/// The sessions that have begun to report.
#[derive(Default)]
struct Begun(Mutex<Vec<(CallbackId, u32)>>);

#[async_trait]
impl WriteBack for Begun {
    async fn write_back(
        &self,
        _: &TenantId,
        _: &ServiceName,
        id: CallbackId,
        update: SessionUpdate,
    ) -> Result<(), WriteBackError> {
        if update.sequence == Some(1) {
            self.0.lock().unwrap().push((id, update.attempt.unwrap()));
        }
        Ok(())
    }
}

#[async_trait]
impl OrchestratorUnderTest for Sandbox {
    async fn fresh(&self) -> Box<dyn Telephony> {
        let orchestrator = SandboxOrchestrator::new(sandbox::Config::default(), clock());
        let begun = Arc::new(Begun::default());
        orchestrator.wire(begun.clone(), Arc::new(FixedWaits::default()));
        Box::new(Played { orchestrator, begun })
    }
}

#[async_trait]
impl Telephony for Played {
    fn orchestrator(&self) -> &dyn Orchestrator {
        &self.orchestrator
    }
    async fn sessions(&self) -> Vec<(CallbackId, u32)> {
        // The clock stands still until nothing is left to do at this instant: every session has begun then.
        tokio::time::sleep(Duration::from_millis(1)).await;
        self.begun.0.lock().unwrap().clone()
    }
    async fn ends_in_time(&self, call: BoxFuture<'_, ()>) -> bool {
        tokio::time::timeout(PATIENCE, call).await.is_ok()
    }
}

#[tokio::test(start_paused = true)]
async fn the_sandbox_keeps_the_contract_of_orchestrators() {
    // It plays telephony itself.
    run_all(&Sandbox).await.assert_missing(&[Missing::Silence]);
}
