//! The neighbours: a webhook over a real socket, the sandbox under a clock that is moved, the CAPTCHA verifier.

#![allow(clippy::unwrap_used, reason = "a test may stop where it fails")]

mod contract;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use ges_core::callback::{
    Callback, Direction, Kind, OfferType, Override, Reason, Request, SessionState, SessionUpdate, State,
};
use ges_core::ewt::{AgentKey, Ewt, EwtMode, Observation};
use ges_core::port::{
    Captcha, CaptchaVerdict, HandOverError, Look, Orchestrator, SessionKey, Submission, Unavailable,
    WaitTimes,
};
use ges_core::settings::CallbackService;
use ges_core::testing::ManualClock;
use ges_core::time::Timestamp;
use ges_core::{CallbackId, ServiceName, TenantId};
use ges_upstream::captcha::{CaptchaSecret, CaptchaSecrets, SiteVerify};
use ges_upstream::client::HttpClient;
use ges_upstream::sandbox::{self, SandboxOrchestrator, WriteBack, WriteBackError};
use ges_upstream::webhook::{Surroundings, Webhook, WebhookOrchestrator};
use hmac::{Hmac, KeyInit, Mac};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use sha2::Sha256;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use uuid::Uuid;

const NUMBER: &str = "+49 30 123456";

fn submission(number: u128) -> Submission {
    let mut service = CallbackService::named("Sales Queue", "9001");
    service.dial.max_attempts = 2;
    let callback = Callback {
        id: CallbackId(Uuid::from_u128(number)),
        tenant: "alpha".into(),
        service: "Sales Queue".into(),
        version: 2,
        kind: Kind::Scheduled,
        created: Timestamp::from_secs(1_000),
        updated: Timestamp::from_secs(1_000),
        desired: Timestamp::from_secs(2_000),
        ttl: Duration::from_secs(86_400),
        settings_version: 1,
        request: Request {
            number: NUMBER.parse().unwrap(),
            offer_type: OfferType::Scheduled,
            language: "en-US".to_owned(),
            direction: Direction::UserTerminated,
            inbound_vq: None,
            offer_threshold_secs: None,
            channel: None,
            offer_timing: None,
            origination_ixn_id: None,
            overrides: Override { priority: Some(5), ..Override::default() },
            push_targets: Vec::new(),
            user_data: serde_json::from_str(r#"{"account":"A-7"}"#).unwrap(),
        }
        .into(),
        fingerprint: None,
        state: State::Scheduled,
        attempts: 1,
        outbox: Vec::new(),
    };
    Submission { callback, attempt: 1, service: Some(Arc::new(service)) }
}

/// A thousand seconds after the epoch.
fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::at(Timestamp::from_secs(1_000)))
}

fn session(submission: &Submission) -> SessionKey {
    SessionKey {
        tenant: submission.callback.tenant.clone(),
        service: submission.callback.service.clone(),
        id: submission.callback.id,
        attempt: submission.attempt,
        reference: None,
        reported: false,
    }
}

/// What a neighbour was sent.
struct Seen {
    headers: hyper::HeaderMap,
    body: Bytes,
}

/// A neighbour that answers with these statuses and bodies, one after the other.
async fn neighbour(answers: Vec<(u16, &'static str)>) -> (hyper::Uri, mpsc::UnboundedReceiver<Seen>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let uri = format!("http://{}/calls", listener.local_addr().unwrap()).parse().unwrap();
    let (tell, seen) = mpsc::unbounded_channel();
    let answers = Arc::new(Mutex::new(answers.into_iter()));
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let (tell, answers) = (tell.clone(), Arc::clone(&answers));
            let answer = service_fn(move |request: hyper::Request<Incoming>| {
                let (tell, answers) = (tell.clone(), Arc::clone(&answers));
                async move {
                    let (head, body) = request.into_parts();
                    let body = body.collect().await.unwrap().to_bytes();
                    tell.send(Seen { headers: head.headers, body }).unwrap();
                    let (status, text) = answers.lock().unwrap().next().unwrap();
                    hyper::Response::builder()
                        .status(status)
                        .header("location", "/elsewhere")
                        .body(Full::new(Bytes::from_static(text.as_bytes())))
                }
            });
            tokio::spawn(
                hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), answer),
            );
        }
    });
    (uri, seen)
}

fn webhook(url: hyper::Uri) -> WebhookOrchestrator {
    let mut config = Webhook::new(url, "the webhook's secret");
    config.timeout = Duration::from_secs(2);
    config.concurrency = 2;
    let around = Surroundings {
        client: HttpClient::default(),
        ges_url: "http://ges:3050".to_owned(),
        mint: Arc::new(|tenant, id| format!("{tenant} may report on {id}")),
        clock: clock(),
        observer: Arc::new(()),
    };
    WebhookOrchestrator::new(config, around)
}

#[tokio::test]
async fn a_webhook_gets_one_signed_post_with_a_key_and_a_way_back() {
    let (url, mut seen) = neighbour(vec![(200, r#"{"reference":"call-9"}"#)]).await;
    let submission = submission(7);
    let handed = webhook(url).submit(&submission).await.unwrap();
    assert_eq!(handed.reference.as_deref(), Some("call-9"));
    let seen = seen.recv().await.unwrap();
    let id = submission.callback.id;
    assert_eq!(seen.headers["idempotency-key"], format!("{id}:1"));
    let signed = seen.headers["ges-signature"].to_str().unwrap();
    let (t, v1) = signed.strip_prefix("t=").unwrap().split_once(",v1=").unwrap();
    let mut mac = Hmac::<Sha256>::new_from_slice(b"the webhook's secret").unwrap();
    mac.update(&[t.as_bytes(), b".", &seen.body].concat());
    let right: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!((t, v1), ("1000", &*right));
    let body: Value = serde_json::from_slice(&seen.body).unwrap();
    for (name, value) in [
        ("event", "callback.start"),
        ("callbackId", &id.to_string()),
        ("tenantId", "alpha"),
        ("serviceName", "Sales Queue"),
        ("type", "SCHEDULED"),
        ("phoneNumber", NUMBER),
        ("routePoint", "9001"),
        ("desiredTime", "1970-01-01T00:33:20.000Z"),
    ] {
        assert_eq!(body[name], value, "{name}");
    }
    assert_eq!((&body["attempt"], &body["priority"]), (&1.into(), &5.into()));
    assert_eq!(body["params"]["userData"]["account"], "A-7");
    let back = &body["writeBack"];
    assert_eq!(back["url"], format!("http://ges:3050/genesys/1/service/callback/Sales%20Queue/{id}"));
    assert_eq!(back["token"], format!("alpha may report on {id}"));
}

#[tokio::test]
async fn statuses_tell_refusal_from_absence_and_redirects_are_not_followed() {
    let statuses = [400, 404, 409, 422, 302, 500, 503, 429];
    let (url, mut seen) = neighbour(statuses.map(|status| (status, "")).to_vec()).await;
    let webhook = webhook(url);
    for status in statuses {
        let outcome = webhook.submit(&submission(7)).await;
        let refused = matches!(outcome, Err(HandOverError::Refused(_)));
        let unavailable = matches!(outcome, Err(HandOverError::Unavailable(_)));
        let away = status >= 500 || status == 429;
        assert_eq!((refused, unavailable), (!away, away), "{status}");
        seen.recv().await.unwrap();
    }
    assert!(seen.try_recv().is_err(), "each attempt is one post");
}

#[tokio::test]
async fn nobody_there_and_an_endless_answer_are_absence() {
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let nobody = webhook(format!("http://{closed}/").parse().unwrap()).submit(&submission(7)).await;
    assert!(matches!(nobody, Err(HandOverError::Unavailable(_))));
    let endless: &'static str = Box::leak("x".repeat(20_000).into_boxed_str());
    let (url, _seen) = neighbour(vec![(200, endless)]).await;
    let outcome = webhook(url).submit(&submission(7)).await;
    let Err(HandOverError::Unavailable(error)) = outcome else { panic!("{outcome:?}") };
    assert!(!format!("{error} {error:?}").contains("123456"), "no personal data in errors");
}

#[tokio::test]
async fn a_session_that_does_not_exist_counts_as_told() {
    let (url, mut seen) = neighbour(vec![(204, ""), (404, ""), (500, "")]).await;
    let webhook = webhook(url);
    let key = session(&submission(7));
    assert!(webhook.cancel(&key).await.is_ok());
    assert!(webhook.cancel(&key).await.is_ok());
    assert!(webhook.cancel(&key).await.is_err());
    let body: Value = serde_json::from_slice(&seen.recv().await.unwrap().body).unwrap();
    assert_eq!(body["event"], "callback.cancel");
    assert_eq!(body["attempt"], 1);
}

#[tokio::test]
async fn captcha_tells_apart_human_rejected_missing_and_our_own_mistake() {
    let (url, mut seen) = neighbour(vec![
        (200, r#"{"success":true,"score":0.9}"#),
        (200, r#"{"success":true,"score":0.1}"#),
        (200, r#"{"success":false,"error-codes":["invalid-input-response"]}"#),
        (200, r#"{"success":false,"error-codes":["invalid-input-secret"]}"#),
        (500, ""),
    ])
    .await;
    let verifier = SiteVerify::new(HttpClient::default(), url, Duration::from_secs(2), Arc::new(OneAsks));
    let tenant = TenantId::from("asks");
    let verify = |token| verifier.verify(&tenant, token);
    assert_eq!(verify(None).await.unwrap(), CaptchaVerdict::Missing);
    assert_eq!(verify(Some(" ")).await.unwrap(), CaptchaVerdict::Missing);
    assert_eq!(verify(Some("t&1")).await.unwrap(), CaptchaVerdict::Human);
    assert_eq!(&seen.recv().await.unwrap().body[..], b"secret=s%26cret&response=t%261");
    assert_eq!(verify(Some("t")).await.unwrap(), CaptchaVerdict::Rejected);
    assert_eq!(verify(Some("t")).await.unwrap(), CaptchaVerdict::Rejected);
    assert!(verify(Some("t")).await.is_err());
    assert!(verify(Some("t")).await.is_err());
    let other = verifier.verify(&"does not ask".into(), None).await.unwrap();
    assert_eq!(other, CaptchaVerdict::NotRequired);
}

/// The tenant `asks` demands proof, and no other.
struct OneAsks;

impl CaptchaSecrets for OneAsks {
    fn captcha(&self, tenant: &TenantId) -> Option<CaptchaSecret> {
        (tenant.as_str() == "asks").then(|| CaptchaSecret { secret: "s&cret".into(), score_min: 0.5 })
    }
}

/// Hears what sessions report and what queues show.
struct Ears {
    updates: mpsc::UnboundedSender<(CallbackId, SessionUpdate)>,
    observations: mpsc::UnboundedSender<Observation>,
}

#[async_trait]
impl WriteBack for Ears {
    async fn write_back(
        &self,
        _: &TenantId,
        _: &ServiceName,
        id: CallbackId,
        update: SessionUpdate,
    ) -> Result<(), WriteBackError> {
        self.updates.send((id, update)).map_err(|_| WriteBackError::Refused)
    }
}

#[async_trait]
impl WaitTimes for Ears {
    async fn wait(
        &self,
        _: &TenantId,
        _: &ServiceName,
        _: EwtMode,
        _: Timestamp,
    ) -> Result<Ewt, Unavailable> {
        Err(Unavailable("not asked".into()))
    }
    fn observe(&self, _: &TenantId, _: &ServiceName, _: Timestamp, observation: Observation) {
        let _ = self.observations.send(observation);
    }
}

struct Stage {
    sandbox: SandboxOrchestrator,
    updates: mpsc::UnboundedReceiver<(CallbackId, SessionUpdate)>,
    observations: mpsc::UnboundedReceiver<Observation>,
}

fn stage(agents: u32, answer_percent: u64, busy_percent: u64) -> Stage {
    let mut config = sandbox::Config::default();
    config.agents = agents;
    config.answer_percent = answer_percent;
    config.busy_percent = busy_percent;
    let sandbox = SandboxOrchestrator::new(config, clock());
    let (tell_update, updates) = mpsc::unbounded_channel();
    let (tell_observation, observations) = mpsc::unbounded_channel();
    let ears = Arc::new(Ears { updates: tell_update, observations: tell_observation });
    sandbox.wire(Arc::clone(&ears) as Arc<dyn WriteBack>, ears);
    Stage { sandbox, updates, observations }
}

async fn states(stage: &mut Stage) -> Vec<SessionState> {
    let mut states = Vec::new();
    loop {
        let (_, update) = stage.updates.recv().await.unwrap();
        assert_eq!(update.sequence, Some(states.len() as u64 + 1));
        states.push(update.state);
        if matches!(states.last(), Some(SessionState::Completed(_))) {
            return states;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_answered_call_goes_through_every_state_within_seconds() {
    use SessionState::{Completed, Processing, Queued, Routing};
    let mut stage = stage(1, 100, 0);
    let begun = tokio::time::Instant::now();
    let submission = submission(7);
    stage.sandbox.submit(&submission).await.unwrap();
    stage.sandbox.submit(&submission).await.unwrap();
    assert_eq!(states(&mut stage).await, [Queued, Routing, Processing, Completed(Reason::AGENT_CONNECTED)]);
    assert_eq!(begun.elapsed(), Duration::from_millis(3_500));
    tokio::task::yield_now().await;
    assert_eq!(stage.sandbox.look(&session(&submission)).await.unwrap(), Look::Gone);
    assert!(stage.updates.try_recv().is_err(), "a repeated hand-over starts nothing");
}

#[tokio::test(start_paused = true)]
async fn nobody_reached_in_any_dial_attempt_ends_so() {
    use SessionState::{Completed, Queued, Routing};
    let mut stage = stage(1, 0, 100);
    stage.sandbox.submit(&submission(7)).await.unwrap();
    let end = Completed(Reason::FAIL_CALL_TO_CUSTOMER);
    assert_eq!(states(&mut stage).await, [Queued, Routing, Queued, Routing, end]);
}

#[tokio::test(start_paused = true)]
async fn callers_wait_in_order_for_agents_and_a_cancelled_one_leaves_the_queue() {
    let mut stage = stage(0, 100, 0);
    let all = [submission(1), submission(2), submission(3)];
    for submission in &all {
        stage.sandbox.submit(submission).await.unwrap();
        stage.updates.recv().await.unwrap();
    }
    let place = |position| Look::Running { position: Some(position), wait_secs: None };
    for (position, submission) in (1..).zip(&all) {
        assert_eq!(stage.sandbox.look(&session(submission)).await.unwrap(), place(position));
    }
    stage.sandbox.cancel(&session(&all[0])).await.unwrap();
    stage.sandbox.cancel(&session(&all[0])).await.unwrap();
    tokio::task::yield_now().await;
    assert_eq!(stage.sandbox.look(&session(&all[0])).await.unwrap(), Look::Gone);
    assert_eq!(stage.sandbox.look(&session(&all[2])).await.unwrap(), place(2));
}

#[tokio::test(start_paused = true)]
async fn agents_log_in_with_the_first_call_and_once() {
    let mut stage = stage(2, 100, 0);
    for number in [7, 8] {
        stage.sandbox.submit(&submission(number)).await.unwrap();
        stage.updates.recv().await.unwrap();
    }
    for agent in [0, 1].map(AgentKey) {
        assert_eq!(stage.observations.try_recv().unwrap(), Observation::LoggedIn { agent });
    }
    assert!(stage.observations.try_recv().is_err());
}
