//! Outgoing HTTPS with an authority of one's own, straight and through a proxy that opens tunnels.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by a panic that says what broke")]

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use ges_tests::private::Certificates;
use ges_upstream::client::{ClientOptions, HttpClient, NoAnswer, Proxy};
use http_body_util::Full;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

const HOST: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// A neighbour that says `here` over TLS.
async fn neighbour(certificates: &Certificates) -> u16 {
    let (certificate, key) = certificates.issue(HOST);
    let chain = vec![CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap()];
    let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
    let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind((HOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                // A client that does not trust us hangs up here.
                let Ok(stream) = acceptor.accept(stream).await else { return };
                let answer = service_fn(|_| async {
                    Ok::<_, Infallible>(Response::new(Full::new(Bytes::from_static(b"here"))))
                });
                let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), answer).await;
            });
        }
    });
    port
}

/// A proxy that opens tunnels for those who log in as `ges` with `secret`, and tells where to.
async fn proxy() -> (SocketAddr, mpsc::UnboundedReceiver<String>) {
    let listener = TcpListener::bind((HOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let (tell, told) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(tunnel(stream, tell.clone()));
        }
    });
    (address, told)
}

async fn tunnel(mut client: TcpStream, tell: mpsc::UnboundedSender<String>) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(client.read_u8().await.unwrap());
    }
    let head = String::from_utf8(head).unwrap().to_ascii_lowercase();
    let to = head.strip_prefix("connect ").and_then(|rest| rest.split(' ').next()).unwrap().to_owned();
    // `ges:secret`
    if !head.contains("proxy-authorization: basic z2vzonnly3jlda==\r\n") {
        client.write_all(b"HTTP/1.1 407 Login\r\n\r\n").await.unwrap();
        return;
    }
    tell.send(to.clone()).unwrap();
    let mut server = TcpStream::connect(to).await.unwrap();
    client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
    let _ = copy_bidirectional(&mut client, &mut server).await;
}

async fn ask(options: &ClientOptions, port: u16) -> Result<Bytes, NoAnswer> {
    let request = Request::get(format!("https://localhost:{port}/")).body(Full::default()).unwrap();
    let client = HttpClient::new(options).unwrap();
    client.send(request, Duration::from_secs(30), 100).await.map(|answer| answer.body)
}

#[tokio::test]
async fn an_authority_of_ones_own_is_trusted_and_nobody_elses() {
    let (ours, theirs) = (Certificates::new(), Certificates::new());
    let (friend, stranger) = (neighbour(&ours).await, neighbour(&theirs).await);
    let mut options = ClientOptions::default();
    assert!(ask(&options, friend).await.is_err(), "no public authority vouches for it");
    options.authorities = Some(ours.authority_text());
    assert_eq!(ask(&options, friend).await.unwrap(), "here");
    assert!(ask(&options, stranger).await.is_err());
}

#[tokio::test]
async fn https_goes_through_the_proxy_unless_the_host_is_spared() {
    let certificates = Certificates::new();
    let port = neighbour(&certificates).await;
    let (address, mut told) = proxy().await;
    let mut proxy = Proxy::new(format!("http://{address}").parse().unwrap());
    let mut options = ClientOptions::default();
    options.authorities = Some(certificates.authority_text());
    options.proxy = Some(proxy.clone());
    let refused = ask(&options, port).await.unwrap_err();
    assert!(matches!(refused, NoAnswer::Broken(_)), "{refused:?}: the proxy asks for a login");

    proxy.login = Some(("ges".to_owned(), "secret".into()));
    options.proxy = Some(proxy.clone());
    assert_eq!(ask(&options, port).await.unwrap(), "here");
    assert_eq!(told.recv().await.unwrap(), format!("localhost:{port}"));

    proxy.except = vec!["localhost".to_owned()];
    options.proxy = Some(proxy);
    assert_eq!(ask(&options, port).await.unwrap(), "here");
    assert!(told.try_recv().is_err(), "it was reached straight");
}
