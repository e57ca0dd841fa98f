//! Bodies that are produced while they are taken.

use std::io::Write;
use std::sync::Arc;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use futures_util::{StreamExt, stream};
use ges_http::{Access, Api, Body, BoxError, Call, Exposure, Reply, Router};
use http::{Method, Request};
use http_body::Body as _;
use http_body_util::{BodyExt, Full};
use tokio::sync::Semaphore;

use crate::fixture::engine;

/// Posts to a route that answers with the lines of its body, each when a permit is there; holds `lines` while it does.
async fn lines(body: &str, permits: &Arc<Semaphore>) -> http::Response<Body> {
    let permits = permits.clone();
    let answer = move |call: Call| {
        let permits = permits.clone();
        let lines: Vec<Bytes> =
            call.body().split(|byte| *byte == b'\n').map(Bytes::copy_from_slice).collect();
        async move {
            let pieces = stream::iter(lines).then(move |line| {
                let permits = permits.clone();
                async move {
                    permits.acquire().await?.forget();
                    if line.is_empty() { Err(BoxError::from("an empty line")) } else { Ok(line) }
                }
            });
            Ok(Reply::raw("text/plain", Body::stream(pieces)))
        }
    };
    let routes = Router::new().reads(Method::POST, "/lines", Exposure::Private, Access::Open, answer);
    let inside = Api::builder(engine()).routes(routes.unwrap()).build().unwrap().internal();
    let mut zipped = GzEncoder::new(Vec::new(), Compression::fast());
    zipped.write_all(body.as_bytes()).unwrap();
    let request = Request::post("/lines").header("content-encoding", "gzip");
    inside.handle(request.body(Full::from(zipped.finish().unwrap())).unwrap()).await
}

#[tokio::test]
async fn pieces_come_one_by_one_and_the_head_before_them() {
    let permits = Arc::new(Semaphore::new(0));
    let answer = lines("one\ntwo", &permits).await;
    assert_eq!(
        (answer.status().as_u16(), answer.headers()["content-type"].as_bytes()),
        (200, &b"text/plain"[..])
    );
    let mut body = answer.into_body();
    assert_eq!(body.size_hint().exact(), None);
    for piece in ["one", "two"] {
        permits.add_permits(1);
        assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), piece);
    }
    assert!(body.frame().await.is_none());
}

#[tokio::test]
async fn a_stream_that_fails_breaks_the_answer() {
    let permits = Arc::new(Semaphore::new(9));
    let body = lines("one\n\nthree", &permits).await.into_body();
    assert_eq!(body.collect().await.unwrap_err().to_string(), "an empty line");
}

#[tokio::test]
async fn what_is_left_is_not_produced_once_the_body_is_dropped() {
    let permits = Arc::new(Semaphore::new(1));
    let mut body = lines("one\ntwo\nthree", &permits).await.into_body();
    body.frame().await.unwrap().unwrap();
    let waiting = Arc::strong_count(&permits);
    drop(body);
    assert!(Arc::strong_count(&permits) < waiting, "the stream is gone");
    permits.add_permits(5);
    assert_eq!(permits.available_permits(), 5, "nothing takes one any more");
}
