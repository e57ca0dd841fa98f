//! What only a socket shows: slow and oversize bodies, kept connections, a graceful stop.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use ges_core::system::{SystemClock, SystemIds};
use ges_http::errors::ErrorLog;
use ges_http::{Access, Call, Exposure, Face, Limits, Parts, Reply, Router, Service, WriteBackKeys};
use ges_server::identity::LocalIdentities;
use ges_server::listener::{Connections, Listener};
use hyper::Method;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::JoinHandle;

struct Running {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    served: JoinHandle<usize>,
}

async fn run(limits: Limits, bounds: Connections) -> Running {
    let listener = Listener::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let address = listener.address();
    let (stop, stopped) = watch::channel(false);
    Running { address, stop, served: tokio::spawn(listener.serve(service(limits), bounds, stopped)) }
}

/// A service with a route that counts the bytes it was sent, and one that takes its time.
fn service(limits: Limits) -> Service {
    let echo = |call: Call| async move { Reply::data(&call.body().len()) };
    let slow = |_: Call| async move {
        tokio::time::sleep(Duration::from_millis(300)).await;
        Reply::data(&"done")
    };
    let router = Router::new()
        .route(Method::POST, "/echo", Exposure::Private, Access::Open, echo)
        .and_then(|router| router.route(Method::GET, "/slow", Exposure::Private, Access::Open, slow));
    Service::new(Parts {
        face: Face::External,
        router: router.unwrap(),
        limits,
        identity: Arc::new(LocalIdentities::default()),
        write_back: Arc::new(WriteBackKeys::new("write-back secret".into())),
        clock: Arc::new(SystemClock),
        ids: Arc::new(SystemIds),
        observer: Arc::new(()),
        errors: Arc::new(ErrorLog::default()),
        draining: Arc::new(AtomicBool::new(false)),
    })
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
