//! Reports to the server (`PUT /genesys/1/service/callback/{service}/{id}`).

use std::time::Duration;

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::CONTENT_TYPE;
use hyper::{Method, Request};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::json;

use super::Error;
use super::consumer::Attempt;

/// How long one report may take.
const LIMIT: Duration = Duration::from_secs(5);
/// A server that is away is tried again after so long, twice as long each time up to the last.
const PAUSES: [Duration; 2] = [Duration::from_millis(100), Duration::from_secs(5)];
/// So often; then the entry is left to be claimed.
const TRIES: u32 = 20;

/// Speaks to the server that appended the attempt.
pub struct WriteBack {
    http: Client<HttpConnector, Full<Bytes>>,
}

/// What the server makes of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Noted, or known already.
    Noted,
    /// The callback is over, or there is none: nobody is to be called.
    Over,
}

impl WriteBack {
    /// Over pooled connections.
    pub fn new() -> Self {
        WriteBack { http: Client::builder(TokioExecutor::new()).build_http() }
    }

    /// Reports step `number` of a session; again until the server has noted it. The same report twice changes nothing.
    pub async fn report(
        &self,
        attempt: &Attempt,
        number: u32,
        state: &str,
        reason: &str,
    ) -> Result<Answer, Error> {
        let mut pause = PAUSES[0];
        for _ in 0..TRIES {
            match tokio::time::timeout(LIMIT, self.put(attempt, number, state, reason)).await {
                Ok(Ok(status)) if (200..300).contains(&status) => return Ok(Answer::Noted),
                // 408 and 429 are no judgement; any other 4xx says that there is nothing to report on.
                Ok(Ok(status)) if (400..500).contains(&status) && !matches!(status, 408 | 429) => {
                    return Ok(Answer::Over);
                }
                // The server is away or in trouble, or its answer was lost.
                Ok(_) | Err(_) => {
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(PAUSES[1]);
                }
            }
        }
        Err("the server does not take the report of a session".into())
    }

    async fn put(&self, attempt: &Attempt, number: u32, state: &str, reason: &str) -> Result<u16, Error> {
        let body = json!({
            "_callback_state": state,
            "_callback_reason": reason,
            "_ors_session_id": attempt.session(),
            "_attempt": attempt.field("attempt"),
            "_seq": number,
        });
        let (base, service, id) =
            (attempt.field("gesUrl"), attempt.field("serviceName"), attempt.field("callbackId"));
        let request = Request::builder()
            .method(Method::PUT)
            .uri(format!(
                "{}/genesys/1/service/callback/{}/{id}",
                base.trim_end_matches('/'),
                segment(service)
            ))
            .header("ContactCenterId", attempt.field("tenantId"))
            .header(CONTENT_TYPE, "application/json")
            .body(Full::new(Bytes::from(body.to_string())))?;
        Ok(self.http.request(request).await?.status().as_u16())
    }
}

/// A name as one segment of a path.
fn segment(name: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    let encoded = |byte: u8| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    name.bytes().map(encoded).collect()
}
