//! What only a socket shows: slow and oversize bodies, kept connections, a graceful stop.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use ges_core::engine::{Engine, Parts};
use ges_core::memory::MemoryStore;
use ges_core::system::{SystemClock, SystemIds};
use ges_core::testing::ScriptedOrchestrator;
use ges_http::{Access, Api, Body, Call, Exposure, Face, Limits, Reply, Router, Service};
use ges_server::listener::{Connections, Listener};
use hyper::Method;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;

struct Running {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    served: JoinHandle<usize>,
}

async fn run(limits: Limits, bounds: Connections) -> Running {
    run_with(service(limits), bounds).await
}

async fn run_with(service: Service, bounds: Connections) -> Running {
    let listener = Listener::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let address = listener.address();
    let (stop, stopped) = watch::channel(false);
    Running { address, stop, served: tokio::spawn(listener.serve(service, bounds, stopped)) }
}

/// A service with a route that counts the bytes it was sent, and one that takes its time.
fn service(limits: Limits) -> Service {
    let echo = |call: Call| async move { Reply::data(&call.body().len()) };
    let slow = |_: Call| async move {
        tokio::time::sleep(Duration::from_millis(300)).await;
        Reply::data(&"done")
    };
    let routes = Router::new()
        .reads(Method::POST, "/echo", Exposure::Api, Access::Open, echo)
        .and_then(|routes| routes.reads(Method::GET, "/slow", Exposure::Api, Access::Open, slow));
    serving(routes.unwrap(), limits)
}

fn serving(routes: Router, limits: Limits) -> Service {
    let clock = Arc::new(SystemClock);
    let telephony = Arc::new(ScriptedOrchestrator::new(clock.clone()));
    let parts = Parts::new(Arc::new(MemoryStore::default()), telephony, clock, Arc::new(SystemIds));
    let api = Api::builder(Arc::new(Engine::new(parts))).routes(routes).limits(Face::External, limits);
    api.build().unwrap().external()
}

/// Reads one response: its head, and as many body bytes as it announces.
async fn read_response(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let announced =
                head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap_or("0");
            if body.len() >= announced.parse().unwrap() {
                return text;
            }
        }
        let mut part = [0; 4096];
        match stream.read(&mut part).await.unwrap() {
            0 => return text,
            read => bytes.extend_from_slice(&part[..read]),
        }
    }
}

fn post(bytes: usize) -> String {
    format!(
        "POST /echo HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {bytes}\r\n\r\n"
    )
}

#[tokio::test]
async fn a_connection_serves_many_requests() {
    let running = run(Limits::EXTERNAL, Connections::default()).await;
    let mut stream = TcpStream::connect(running.address).await.unwrap();
    for _ in 0..3 {
        stream.write_all(format!("{}{{}}", post(2)).as_bytes()).await.unwrap();
        assert!(read_response(&mut stream).await.starts_with("HTTP/1.1 200 OK"));
        stream.write_all(b"GET /nowhere HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
        assert!(read_response(&mut stream).await.starts_with("HTTP/1.1 404 Not Found"));
    }
}

#[tokio::test]
async fn a_slow_body_is_refused_and_the_connection_closed() {
    let limits = Limits { body_time: Duration::from_millis(50), ..Limits::EXTERNAL };
    let running = run(limits, Connections::default()).await;
    let mut stream = TcpStream::connect(running.address).await.unwrap();
    stream.write_all(format!("{}{{\"a\"", post(100)).as_bytes()).await.unwrap();
    let answer = read_response(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 408 Request Timeout"), "{answer}");
    assert!(answer.contains("connection: close"), "{answer}");
    assert_eq!(stream.read(&mut [0; 1]).await.unwrap(), 0);
}

#[tokio::test]
async fn slow_headers_end_the_connection() {
    let bounds = Connections { header_time: Duration::from_millis(50), ..Connections::default() };
    let running = run(Limits::EXTERNAL, bounds).await;
    let mut stream = TcpStream::connect(running.address).await.unwrap();
    stream.write_all(b"GET /nowhere HTTP/1.1\r\nho").await.unwrap();
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).await.unwrap();
    assert!(!rest.starts_with(b"HTTP/1.1 2"));
}

#[tokio::test]
async fn an_oversize_body_is_answered_before_the_connection_is_closed() {
    let running = run(Limits::EXTERNAL, Connections::default()).await;
    for bytes in [512_001, 900_000] {
        let mut stream = TcpStream::connect(running.address).await.unwrap();
        stream.write_all(post(bytes).as_bytes()).await.unwrap();
        stream.write_all(&vec![b' '; bytes]).await.unwrap();
        let answer = read_response(&mut stream).await;
        assert!(answer.starts_with("HTTP/1.1 413 Payload Too Large"), "{bytes}: {answer}");
    }
}

#[tokio::test]
async fn a_stop_lets_running_requests_end_and_takes_no_new_ones() {
    let running = run(Limits::EXTERNAL, Connections::default()).await;
    let mut busy = TcpStream::connect(running.address).await.unwrap();
    let mut idle = TcpStream::connect(running.address).await.unwrap();
    // The answer to a first request proves that both connections are being served.
    for stream in [&mut busy, &mut idle] {
        stream.write_all(b"GET /nowhere HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
        read_response(stream).await;
    }
    busy.write_all(b"GET /slow HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    // The handler of /slow runs for 300 ms; the stop comes while it does.
    tokio::time::timeout(Duration::from_millis(100), busy.readable()).await.unwrap_err();
    running.stop.send(true).unwrap();
    assert!(read_response(&mut busy).await.starts_with("HTTP/1.1 200 OK"));
    assert_eq!(idle.read(&mut [0; 1]).await.unwrap(), 0);
    assert_eq!(running.served.await.unwrap(), 0);
    assert!(TcpStream::connect(running.address).await.is_err());
}

/// Tells that it is gone.
struct Gone(Arc<Notify>);

impl Drop for Gone {
    fn drop(&mut self) {
        self.0.notify_one();
    }
}

#[tokio::test]
async fn a_caller_that_hangs_up_ends_a_body_that_is_being_sent() {
    let gone = Arc::new(Notify::new());
    let noticed = gone.clone();
    let endless = move |_: Call| {
        let gone = Gone(noticed.clone());
        async move {
            let pieces = stream::repeat_with(move || {
                // Moves the guard into the stream.
                let _ = &gone;
                Ok(Bytes::from_static(&[b'x'; 4096]))
            });
            Ok(Reply::raw("text/plain", Body::stream(pieces)))
        }
    };
    let routes = Router::new().reads(Method::GET, "/endless", Exposure::Api, Access::Open, endless).unwrap();
    let running = run_with(serving(routes, Limits::EXTERNAL), Connections::default()).await;
    let mut stream = TcpStream::connect(running.address).await.unwrap();
    stream.write_all(b"GET /endless HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let mut head = [0; 64 * 1024];
    stream.read_exact(&mut head).await.unwrap();
    let head = String::from_utf8_lossy(&head).into_owned();
    assert!(
        head.starts_with("HTTP/1.1 200 OK") && head.contains("transfer-encoding: chunked"),
        "{head:.300}"
    );
    drop(stream);
    tokio::time::timeout(Duration::from_secs(10), gone.notified()).await.expect("nothing more is produced");
}
