//! Sessions of ORS over HTTP.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use ges_core::port::{Look, Orchestrator, SessionKey};
use ges_core::testing::fixtures;
use ges_tests::private::Redis;
use ges_upstream::ors::{OrsNode, OrsOptions, OrsOrchestrator};
use http_body_util::Full;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

use crate::support::{ors_as, redis};

/// A node of ORS: what it answers by method and path, and what it was asked.
#[derive(Clone)]
struct Ors {
    address: SocketAddr,
    answers: Arc<Mutex<BTreeMap<String, (u16, &'static str)>>>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Ors {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let ors = Ors { address, answers: Arc::default(), asked: Arc::default() };
        let serving = ors.clone();
        tokio::spawn(async move {
            loop {
                let (socket, _) = listener.accept().await.unwrap();
                let ors = serving.clone();
                let answer = service_fn(move |request| {
                    let answer = ors.answer(&request);
                    async move { Ok::<_, Infallible>(answer) }
                });
                tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(socket), answer));
            }
        });
        ors
    }

    fn answer(&self, request: &Request<hyper::body::Incoming>) -> Response<Full<Bytes>> {
        let asked = format!("{} {}", request.method(), request.uri());
        self.asked.lock().unwrap().push(asked.clone());
        let (status, body) = self.answers.lock().unwrap().get(&asked).copied().unwrap_or((404, ""));
        Response::builder().status(status).body(Full::new(Bytes::from_static(body.as_bytes()))).unwrap()
    }

    fn answers(&self, asked: &str, status: u16, body: &'static str) {
        self.answers.lock().unwrap().insert(asked.to_owned(), (status, body));
    }

    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut *self.asked.lock().unwrap())
    }

    fn node(&self, region: &str) -> OrsNode {
        let url = format!("http://{}", self.address).parse().unwrap();
        OrsNode { url, region: Some(region.to_owned()) }
    }
}

fn nobody() -> OrsNode {
    OrsNode { url: "http://127.0.0.1:9".parse().unwrap(), region: None }
}

fn orchestrator(voice: &Redis, nodes: Vec<OrsNode>) -> OrsOrchestrator {
    let mut options = OrsOptions::new("http://ges:3050");
    options.nodes = nodes;
    options.regions = vec!["near".to_owned()];
    ors_as(options, redis(voice))
}

fn session(reference: &str) -> SessionKey {
    SessionKey {
        tenant: fixtures::tenant(),
        service: fixtures::service(),
        id: fixtures::id(1),
        attempt: 1,
        reference: Some(reference.to_owned()),
        reported: true,
    }
}

const PLACE: &str = "GET /scxml/session/s%2F1/request/check-queue-position";
const QUERY: &str = "GET /scxml/session/s%2F1/query";
const CANCEL: &str = "POST /scxml/session/s%2F1/event/callback.cancel?reason=CANCELLED";

#[tokio::test]
async fn a_session_is_looked_at_where_it_runs() {
    let voice = Redis::start();
    let (far, near) = (Ors::start().await, Ors::start().await);
    let ors = orchestrator(&voice, vec![far.node("far"), near.node("near")]);
    far.answers(PLACE, 200, r#"{"position": 3, "wait": "40"}"#);
    let running = Look::Running { position: Some(3), wait_secs: Some(40) };

    assert_eq!(ors.look(&session("s/1")).await.unwrap(), running);
    assert_eq!(near.asked(), [PLACE, QUERY], "the preferred region first");
    far.asked();
    let named = format!("s/1 @{}", far.address);
    assert_eq!(ors.look(&session(&named)).await.unwrap(), running);
    assert!(near.asked().is_empty(), "its own node, and no other");

    far.answers(PLACE, 500, "");
    far.answers(QUERY, 200, "<xml/>");
    let alive = Look::Running { position: None, wait_secs: None };
    assert_eq!(ors.look(&session(&named)).await.unwrap(), alive, "it lives and does not tell its place");
}

#[tokio::test]
async fn gone_is_who_is_known_nowhere_and_silence_is_no_death() {
    let voice = Redis::start();
    let (one, other) = (Ors::start().await, Ors::start().await);
    let both = orchestrator(&voice, vec![one.node("a"), other.node("b")]);
    assert_eq!(both.look(&session("s/1")).await.unwrap(), Look::Gone);
    let named = format!("s/1 @{}", one.address);
    assert_eq!(both.look(&session(&named)).await.unwrap(), Look::Gone, "its own node says so");
    assert_eq!(
        both.look(&session("1700000000000-0")).await.unwrap(),
        Look::Unknown,
        "an entry is no session"
    );

    let half = orchestrator(&voice, vec![one.node("a"), nobody()]);
    assert!(half.look(&session("s/1")).await.is_err(), "who does not answer may know it");
    assert!(half.look(&session("s/1")).await.is_err(), "nor when it rests after its failure");
    let own_is_away = orchestrator(&voice, vec![one.node("a"), nobody()]);
    assert!(own_is_away.look(&session("s/1 @127.0.0.1:9")).await.is_err());
}

#[tokio::test]
async fn a_session_is_told_that_its_callback_is_over() {
    let voice = Redis::start();
    let (one, other) = (Ors::start().await, Ors::start().await);
    let ors = orchestrator(&voice, vec![one.node("a"), other.node("b")]);
    ors.cancel(&session("s/1")).await.unwrap();
    assert_eq!(
        (one.asked(), other.asked()),
        (vec![CANCEL.to_owned()], vec![CANCEL.to_owned()]),
        "nobody has it"
    );
    one.answers(CANCEL, 200, "");
    ors.cancel(&session("s/1")).await.unwrap();
    one.answers(CANCEL, 503, "");
    assert!(ors.cancel(&session(&format!("s/1 @{}", one.address))).await.is_err(), "it is told again later");
    one.asked();
    other.asked();
    ors.cancel(&session("1700000000000-0")).await.unwrap();
    assert!(one.asked().is_empty() && other.asked().is_empty(), "who has not told its name cannot be told");
}
