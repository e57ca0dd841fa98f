//! What these tests share: handles, requests of windows, and waiting for a thing to become true.

use std::sync::Arc;
use std::time::Duration;

use ges_core::port::{HandOverError, Handed, Orchestrator, Submission};
use ges_core::system::SystemClock;
use ges_core::testing::fixtures;
use ges_core::throttle::{Lasting, WindowKey, WindowKind, WindowRequest};
use ges_core::{CallbackId, Timestamp};
use ges_server::adapters::ors::Voice;
use ges_storage::redis::{Options, Redis};
use ges_tests::private;
use ges_upstream::client::HttpClient;
use ges_upstream::ors::{OrsOptions, OrsOrchestrator};

/// Longer than anything here takes; whoever waits for so long waits for nothing.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// A handle on a server of the harness.
pub fn redis(server: &private::Redis) -> Redis {
    at(&server.url())
}

/// A handle by URL. It waits for long, so that a busy machine looks like no outage.
pub fn at(url: &str) -> Redis {
    let mut options = Options::from_url(url).unwrap();
    options.answer_within = PATIENCE;
    Redis::new(options).unwrap()
}

/// A handle that notices an outage soon.
pub fn impatient(url: &str) -> Redis {
    Redis::new(Options::from_url(url).unwrap()).unwrap()
}

/// Waits until it is so.
pub async fn until(what: &str, mut so: impl AsyncFnMut() -> bool) {
    let waited = tokio::time::timeout(PATIENCE, async {
        while !so().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    });
    assert!(waited.await.is_ok(), "waited in vain until {what}");
}

/// The wall clock, which Redis' own expiry goes by.
pub fn now() -> Timestamp {
    use ges_core::port::Clock as _;
    SystemClock.now()
}

/// A window of the service.
pub fn burst(index: u8, limit: u32, ms: u64) -> WindowRequest {
    let key = WindowKey::new("acme", "sales", WindowKind::Burst(index), "");
    WindowRequest { key, limit, lasting: Lasting::For(Duration::from_millis(ms)) }
}

/// A window of the tenant.
pub fn of_tenant(limit: u32, ms: u64) -> WindowRequest {
    let key = WindowKey::new("acme", "", WindowKind::Tenant, "");
    WindowRequest { key, limit, lasting: Lasting::For(Duration::from_millis(ms)) }
}

/// A window of a value.
pub fn daily(value: &str, limit: u32, ends: Timestamp) -> WindowRequest {
    let kind = WindowKind::Daily { parameter: "_customer_number".into() };
    let key = WindowKey::new("acme", "sales", kind, value);
    WindowRequest { key, limit, lasting: Lasting::Until(ends) }
}

/// An orchestrator that appends to the default stream of `voice`.
pub fn ors(voice: Redis) -> OrsOrchestrator {
    ors_as(OrsOptions::new("http://ges:3050"), voice)
}

/// The same with options.
pub fn ors_as(options: OrsOptions, voice: Redis) -> OrsOrchestrator {
    let (voice, clock) = (Arc::new(Voice::new(voice)), Arc::new(SystemClock));
    OrsOrchestrator::new(options, voice, HttpClient::default(), clock, Arc::new(())).unwrap()
}

/// Attempt `attempt` of callback `number`, due now.
pub fn submission(number: u64, attempt: u32) -> Submission {
    let callback = fixtures::scheduled(number, now());
    Submission { callback, attempt, service: None }
}

/// Its id as it stands in the stream.
pub fn id(number: u64) -> CallbackId {
    fixtures::id(number)
}

/// Hands over until it is taken, as the engine does.
pub async fn submit_until_taken(ors: &impl Orchestrator, submission: &Submission) -> Handed {
    loop {
        match ors.submit(submission).await {
            Ok(handed) => return handed,
            Err(HandOverError::Unavailable(_)) => tokio::time::sleep(Duration::from_millis(20)).await,
            Err(HandOverError::Refused(error)) => panic!("refused: {error}"),
        }
    }
}

/// (callback id, attempt) of every entry in the stream, in order.
pub fn entries(server: &private::Redis) -> Vec<(String, String)> {
    let reply = server.ask(&["XRANGE", "NewCallbackStream", "-", "+"]);
    let field = |entry: &private::Reply, name: &str| {
        let fields = entry.list()[1].list();
        fields.chunks(2).find(|pair| pair[0].text() == name).map(|pair| pair[1].text()).unwrap_or_default()
    };
    reply.list().iter().map(|entry| (field(entry, "callbackId"), field(entry, "attempt"))).collect()
}
