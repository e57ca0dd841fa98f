//! The reference consumer of `examples/`: each attempt once, whatever is repeated and whoever dies.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use ges_core::port::Orchestrator;
use ges_tests::private::Redis;
use ges_upstream::ors::OrsOptions;
use http_body_util::{BodyExt, Full};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

use crate::example::consumer::Consumer;
use crate::support::{id, ors_as, redis, submission};

/// The server sessions report to: notes every report, and answers as it is told.
#[derive(Clone, Default)]
struct Server {
    reports: Arc<Mutex<Vec<String>>>,
    /// Answers to come, before all are 200.
    answers: Arc<Mutex<Vec<u16>>>,
}

impl Server {
    async fn start() -> (Self, String) {
        let server = Server::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let serving = server.clone();
        tokio::spawn(async move {
            loop {
                let (socket, _) = listener.accept().await.unwrap();
                let server = serving.clone();
                let answer = service_fn(move |request| {
                    let server = server.clone();
                    async move { Ok::<_, Infallible>(server.note(request).await) }
                });
                tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(socket), answer));
            }
        });
        (server, url)
    }

    async fn note(&self, request: Request<hyper::body::Incoming>) -> Response<Full<Bytes>> {
        let path = request.uri().path().to_owned();
        let tenant = request.headers()["contactcenterid"].to_str().unwrap().to_owned();
        let body = request.into_body().collect().await.unwrap().to_bytes();
        let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
        let text = |name: &str| body[name].to_string().replace('"', "");
        let report =
            format!("{path} {tenant} {} {} {}", text("_attempt"), text("_seq"), text("_callback_state"));
        self.reports.lock().unwrap().push(report);
        let status = self.answers.lock().unwrap().pop().unwrap_or(200);
        Response::builder().status(status).body(Full::default()).unwrap()
    }

    fn reports(&self) -> Vec<String> {
        std::mem::take(&mut *self.reports.lock().unwrap())
    }
}

async fn joins(voice: &Redis, name: &str, claim_after: Duration) -> Consumer {
    Consumer::join(&voice.url(), "NewCallbackStream", "ors", name, claim_after).await.unwrap()
}

/// Everything there is to do, as the program prints it.
async fn works(consumer: &mut Consumer) -> Vec<String> {
    let mut printed = Vec::new();
    loop {
        let taken = consumer.take().await.unwrap();
        if taken.is_empty() {
            return printed;
        }
        for attempt in taken {
            printed.push(consumer.finish(attempt).await.unwrap().to_string());
        }
    }
}

const LONG: Duration = Duration::from_secs(3600);

#[tokio::test]
async fn each_attempt_is_run_once_and_reported() {
    let voice = Redis::start();
    let (server, url) = Server::start().await;
    let ors = ors_as(OrsOptions::new(&url), redis(&voice));
    ors.submit(&submission(1, 1)).await.unwrap();
    ors.submit(&submission(1, 1)).await.unwrap();
    ors.submit(&submission(2, 3)).await.unwrap();
    let mut one = joins(&voice, "one", LONG).await;
    let (first, second) = (id(1), id(2));
    assert_eq!(
        works(&mut one).await,
        [
            format!("{first} attempt 1: an agent was connected"),
            format!("{second} attempt 3: an agent was connected"),
        ]
    );
    let path = format!("/genesys/1/service/callback/support/{first} acme 1");
    let reports = server.reports();
    assert_eq!(reports.len(), 8);
    assert_eq!(
        reports[..4],
        ["1 QUEUED", "2 ROUTING", "3 PROCESSING", "4 COMPLETED"].map(|step| format!("{path} {step}"))
    );
    assert_eq!(
        voice.ask(&["XPENDING", "NewCallbackStream", "ors"]).list()[0].text(),
        "0",
        "nothing is left open"
    );

    // An entry that comes once more, as a reader must expect.
    let fields = ["callbackId", &first.to_string(), "attempt", "1", "gesUrl", &url].map(str::to_owned);
    let mut append = vec!["XADD", "NewCallbackStream", "*"];
    append.extend(fields.iter().map(String::as_str));
    voice.ask(&append);
    voice.ask(&["XADD", "NewCallbackStream", "*", "of", "another"]);
    let printed = works(&mut one).await;
    assert_eq!(printed[0], format!("{first} attempt 1: was done before"));
    assert!(printed[1].ends_with("names no callback"), "{printed:?}");
    assert!(server.reports().is_empty(), "nobody is called twice");
}

#[tokio::test]
async fn what_a_dead_member_left_is_claimed() {
    let voice = Redis::start();
    let (server, url) = Server::start().await;
    let ors = ors_as(OrsOptions::new(&url), redis(&voice));
    for number in 1..=3 {
        ors.submit(&submission(number, 1)).await.unwrap();
    }
    let mut dead = joins(&voice, "dead", LONG).await;
    let taken = dead.take().await.unwrap();
    assert_eq!(taken.len(), 3);
    // It finishes one, and dies with two on its desk.
    dead.finish(taken.into_iter().next().unwrap()).await.unwrap();
    drop(dead);
    server.reports();

    let mut patient = joins(&voice, "patient", LONG).await;
    assert!(works(&mut patient).await.is_empty(), "it may still be alive");
    let mut heir = joins(&voice, "heir", Duration::from_millis(1)).await;
    assert_eq!(
        works(&mut heir).await,
        [2, 3].map(|number| format!("{} attempt 1: an agent was connected", id(number)))
    );
    assert_eq!(server.reports().len(), 8);
    assert!(works(&mut heir).await.is_empty());
}

#[tokio::test]
async fn a_report_is_repeated_until_it_is_taken_and_a_cancelled_callback_is_not_called() {
    let voice = Redis::start();
    let (server, url) = Server::start().await;
    let ors = ors_as(OrsOptions::new(&url), redis(&voice));
    ors.submit(&submission(1, 1)).await.unwrap();
    *server.answers.lock().unwrap() = vec![400, 503, 500];
    let mut one = joins(&voice, "one", LONG).await;
    assert_eq!(
        works(&mut one).await,
        [format!("{} attempt 1: was over before an agent was connected", id(1))]
    );
    let reports = server.reports();
    assert_eq!(reports.len(), 3);
    assert!(reports.iter().all(|report| report.ends_with("1 QUEUED")), "{reports:?}");
}
