//! The plainest server of the same kind: hyper reads a request and answers a fixed text. What ours is slower than this
//! is its own work; what this is slower than the network is hyper's, the kernel's and the client's.

use std::convert::Infallible;
use std::net::SocketAddr;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

/// Answers for ever; the first line on standard output is the address.
#[allow(clippy::print_stdout)] // it is how the parent learns the port
pub fn serve() -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_io().build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await?;
        println!("{}", listener.local_addr()?);
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service_fn(echo)));
        }
    })
}

async fn echo(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    const TEXT: &[u8] = br#"{"status":{"code":0,"message":"Successful","corrId":"00000000-0000-0000-0000-000000000000"},"data":{"id":"00000000-0000-0000-0000-000000000000"}}"#;
    let _ = request.into_body().collect().await;
    let mut response = Response::new(Full::new(Bytes::from_static(TEXT)));
    response
        .headers_mut()
        .insert("content-type", hyper::header::HeaderValue::from_static("application/json"));
    Ok(response)
}
