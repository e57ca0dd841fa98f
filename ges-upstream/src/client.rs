//! One HTTP client for all neighbours: bounded in time and size, following no redirects; own certificate authorities and
//! a proxy where they are needed.

mod options;
mod way;

use std::fmt;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt, Full};
use hyper::header::HeaderMap;
use hyper::{Request, StatusCode};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::time::timeout;

use crate::BoxError;
pub use options::{ClientMistake, ClientOptions, Proxy};
use way::Way;

/// An answer of a neighbour.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Its status; a redirect is an answer like any other.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body, whole.
    pub body: Bytes,
}

/// Why there is no answer. Whether the neighbour has seen the request is unknown.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NoAnswer {
    /// Nothing came within the time limit.
    #[error("no answer within {0:?}")]
    Late(Duration),
    /// The connection could not be made, or broke.
    #[error("the connection failed")]
    Broken(#[source] BoxError),
    /// The name could not be resolved.
    #[error("the name could not be resolved")]
    Unresolved(#[source] BoxError),
    /// The answer is larger than anything this neighbour has to say.
    #[error("the answer has more than {0} bytes")]
    TooLarge(usize),
}

/// Sends requests over pooled connections. Cheap to clone.
#[derive(Clone)]
pub struct HttpClient {
    client: Client<HttpsConnector<Way>, Full<Bytes>>,
}

impl Default for HttpClient {
    fn default() -> Self {
        // Cannot fail: without own authorities and without a proxy there is nothing to be mistaken about.
        HttpClient::new(&ClientOptions::default()).expect("the public authorities can be used")
    }
}

impl fmt::Debug for HttpClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpClient").finish_non_exhaustive()
    }
}

impl HttpClient {
    /// A client without open connections.
    ///
    /// # Errors
    /// [`ClientMistake`] says what would be right.
    pub fn new(options: &ClientOptions) -> Result<Self, ClientMistake> {
        let tls = options::tls(options)?;
        let way = Way::new(&tls, options.proxy.as_ref())?;
        let https = HttpsConnectorBuilder::new()
            .with_tls_config(tls)
            .https_or_http()
            .enable_http1()
            .wrap_connector(way);
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(Duration::from_secs(30))
            // More than are used at once by default; fewer would close and open connections all through a burst.
            .pool_max_idle_per_host(128)
            .build(https);
        Ok(HttpClient { client })
    }

    /// Sends a request and reads the whole answer, both within `limit`, the body up to `bytes_max`.
    ///
    /// # Errors
    /// When there is no whole answer.
    ///
    /// # Cancel safety
    /// Dropped before it ends, the exchange is broken off; whether the neighbour has seen the request is unknown.
    pub async fn send(
        &self,
        request: Request<Full<Bytes>>,
        limit: Duration,
        bytes_max: usize,
    ) -> Result<Answer, NoAnswer> {
        timeout(limit, self.exchange(request, bytes_max)).await.unwrap_or(Err(NoAnswer::Late(limit)))
    }

    async fn exchange(&self, request: Request<Full<Bytes>>, bytes_max: usize) -> Result<Answer, NoAnswer> {
        let (head, mut incoming) = match self.client.request(request).await {
            Ok(response) => response.into_parts(),
            Err(error) if is_resolution(&error) => return Err(NoAnswer::Unresolved(error.into())),
            Err(error) => return Err(NoAnswer::Broken(error.into())),
        };
        let mut body = BytesMut::new();
        while let Some(frame) = incoming.frame().await {
            let Ok(data) = frame.map_err(|error| NoAnswer::Broken(error.into()))?.into_data() else {
                continue;
            };
            if body.len() + data.len() > bytes_max {
                return Err(NoAnswer::TooLarge(bytes_max));
            }
            body.extend_from_slice(&data);
        }
        Ok(Answer { status: head.status, headers: head.headers, body: body.freeze() })
    }
}

/// The connector tells a failed look-up only by its text.
fn is_resolution(error: &dyn std::error::Error) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if error.to_string().starts_with("dns error") {
            return true;
        }
        next = error.source();
    }
    false
}
