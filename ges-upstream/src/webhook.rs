//! Any telephony that takes a post: `docs/webhook.md` is its contract.
//!
//! Each attempt is one signed `POST` with an idempotence key. Nothing is repeated here: whether and when to repeat is
//! the engine's decision, and the key makes it harmless.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use ges_core::port::{Clock, HandOverError, Handed, Look, Orchestrator, SessionKey, Submission, Unavailable};
use ges_core::{CallbackId, TenantId};
use hmac::{Hmac, KeyInit, Mac};
use http_body_util::Full;
use hyper::header::{CONTENT_TYPE, USER_AGENT};
use hyper::{Method, Request, StatusCode, Uri};
use percent_encoding::utf8_percent_encode;
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use sha2::Sha256;
use tokio::sync::Semaphore;

use crate::client::{Answer, HttpClient, NoAnswer};
use crate::entry::Entry;
use crate::{BoxError, Observer, SEGMENT};

/// An answer has nothing more to say than a reference.
const ANSWER_BYTES_MAX: usize = 16 * 1024;
/// A longer reference is cut off: it is stored with every record.
const REFERENCE_CHARS_MAX: usize = 256;

/// Makes the token with which the session of a callback reports.
pub type MintToken = Arc<dyn Fn(&TenantId, CallbackId) -> String + Send + Sync>;

/// Where and how attempts are posted.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Webhook {
    /// Where attempts are posted.
    pub url: Uri,
    /// Signs every post.
    pub secret: SecretString,
    /// Until a post is given up.
    pub timeout: Duration,
    /// Posts under way at once.
    pub concurrency: usize,
}

impl Webhook {
    /// Posts to this address, each signed with the secret; given up after 5 s, 64 under way at once.
    pub fn new(url: Uri, secret: impl Into<SecretString>) -> Self {
        Webhook { url, secret: secret.into(), timeout: Duration::from_secs(5), concurrency: 64 }
    }
}

/// Hands attempts over by HTTP POST.
pub struct WebhookOrchestrator {
    client: HttpClient,
    url: Uri,
    secret: SecretString,
    timeout: Duration,
    permits: Semaphore,
    ges_url: String,
    mint: MintToken,
    clock: Arc<dyn Clock>,
    observer: Arc<dyn Observer>,
}

impl fmt::Debug for WebhookOrchestrator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhookOrchestrator")
            .field("url", &self.url)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

/// What the adapter needs besides its configuration.
pub struct Surroundings {
    /// The common client.
    pub client: HttpClient,
    /// Where sessions write back to.
    pub ges_url: String,
    /// Makes the write-back tokens.
    pub mint: MintToken,
    /// The time of a signature.
    pub clock: Arc<dyn Clock>,
    /// Is told of what operators watch.
    pub observer: Arc<dyn Observer>,
}

impl fmt::Debug for Surroundings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Surroundings").field("ges_url", &self.ges_url).finish_non_exhaustive()
    }
}

#[derive(Serialize)]
#[serde(tag = "event")]
enum Message {
    #[serde(rename = "callback.start")]
    Start {
        #[serde(flatten)]
        entry: Box<Entry>,
        #[serde(rename = "writeBack")]
        write_back: WriteBackTo,
    },
    #[serde(rename = "callback.cancel", rename_all = "camelCase")]
    Cancel {
        callback_id: String,
        tenant_id: String,
        service_name: String,
        attempt: u32,
        #[serde(skip_serializing_if = "Option::is_none")]
        reference: Option<String>,
    },
}

#[derive(Serialize)]
struct WriteBackTo {
    url: String,
    token: String,
}

/// The telephony answered with a status that settles nothing good.
#[derive(Debug, thiserror::Error)]
#[error("the webhook answered {0}")]
struct Answered(StatusCode);

impl WebhookOrchestrator {
    /// A webhook as configured.
    pub fn new(config: Webhook, around: Surroundings) -> Self {
        WebhookOrchestrator {
            client: around.client,
            url: config.url,
            secret: config.secret,
            timeout: config.timeout,
            permits: Semaphore::new(config.concurrency.clamp(1, Semaphore::MAX_PERMITS)),
            ges_url: around.ges_url,
            mint: around.mint,
            clock: around.clock,
            observer: around.observer,
        }
    }

    async fn post(&self, message: &Message, key: String) -> Result<Answer, BoxError> {
        let body = serde_json::to_vec(message)?;
        // Waiting for a permit counts against the same limit as the post itself, so that a call always ends in time.
        let sent = async {
            let _permit = self.permits.acquire().await?;
            let at = self.clock.now().as_secs();
            let request = Request::builder()
                .method(Method::POST)
                .uri(self.url.clone())
                .header(CONTENT_TYPE, "application/json")
                .header(USER_AGENT, concat!("ges/", env!("CARGO_PKG_VERSION")))
                .header("idempotency-key", key)
                .header("ges-signature", signature(&self.secret, at, &body))
                .body(Full::new(Bytes::from(body)))?;
            match self.client.send(request, self.timeout, ANSWER_BYTES_MAX).await {
                Err(error) => {
                    if matches!(error, NoAnswer::Unresolved(_)) {
                        self.observer.unresolved();
                    }
                    Err(BoxError::from(error))
                }
                Ok(answer) => Ok(answer),
            }
        };
        let late = |_| BoxError::from(NoAnswer::Late(self.timeout));
        tokio::time::timeout(self.timeout, sent).await.map_err(late)?
    }
}

#[async_trait]
impl Orchestrator for WebhookOrchestrator {
    async fn submit(&self, submission: &Submission) -> Result<Handed, HandOverError> {
        let callback = &submission.callback;
        let message = Message::Start {
            entry: Box::new(Entry::of(submission, &self.ges_url)),
            write_back: WriteBackTo {
                url: write_back_url(&self.ges_url, callback.service.as_str(), &callback.id.to_string()),
                token: (self.mint)(&callback.tenant, callback.id),
            },
        };
        let key = format!("{}:{}", callback.id, submission.attempt);
        let answer = self.post(&message, key).await.map_err(HandOverError::Unavailable)?;
        let status = answer.status;
        if status.is_success() {
            return Ok(Handed { reference: reference(&answer.body) });
        }
        let error = Box::new(Answered(status));
        // 408 and 425 say, like 429, that the same post may be taken later; a redirect is a wrong address.
        let passing = status.is_server_error() || matches!(status.as_u16(), 408 | 425 | 429);
        Err(if passing { HandOverError::Unavailable(error) } else { HandOverError::Refused(error) })
    }

    async fn look(&self, _: &SessionKey) -> Result<Look, Unavailable> {
        Ok(Look::Unknown)
    }

    async fn cancel(&self, session: &SessionKey) -> Result<(), Unavailable> {
        let message = Message::Cancel {
            callback_id: session.id.to_string(),
            tenant_id: session.tenant.to_string(),
            service_name: session.service.to_string(),
            attempt: session.attempt,
            reference: session.reference.clone(),
        };
        let key = format!("{}:{}:cancel", session.id, session.attempt);
        let status = self.post(&message, key).await.map_err(Unavailable)?.status;
        // 404 and 410: there is no such session, which counts as told.
        if status.is_success() || matches!(status.as_u16(), 404 | 410) {
            return Ok(());
        }
        Err(Unavailable(Box::new(Answered(status))))
    }
}

/// `t=<unix seconds>,v1=<hex HMAC-SHA-256 of "<t>.<body>">`.
fn signature(secret: &SecretString, at: i64, body: &[u8]) -> String {
    // Cannot fail: HMAC takes a key of any length.
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes())
        .expect("HMAC takes a key of any length");
    mac.update(format!("{at}.").as_bytes());
    mac.update(body);
    let hex: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("t={at},v1={hex}")
}

fn write_back_url(base: &str, service: &str, id: &str) -> String {
    format!("{base}/genesys/1/service/callback/{}/{id}", utf8_percent_encode(service, SEGMENT))
}

/// `reference` of a JSON answer, if there is one; anything else is no reference.
fn reference(body: &[u8]) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Taken {
        reference: Option<String>,
    }
    let taken: Taken = serde_json::from_slice(body).ok()?;
    let text: String = taken.reference?.chars().take(REFERENCE_CHARS_MAX).collect();
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_the_documented_one() {
        // printf '1700000000.{"a":1}' | openssl dgst -sha256 -hmac sample-webhook-secret
        assert_eq!(
            signature(&"sample-webhook-secret".into(), 1_700_000_000, b"{\"a\":1}"),
            "t=1700000000,v1=1660b60f93692d9c70dce64d0cb6bb249525a0bd8c94d725164e042c161093e9"
        );
    }

    #[test]
    fn names_of_services_are_one_segment_of_the_url() {
        assert_eq!(
            write_back_url("http://h", "a b/c", "1"),
            "http://h/genesys/1/service/callback/a%20b%2Fc/1"
        );
    }

    #[test]
    fn only_a_reference_is_a_reference() {
        assert_eq!(reference(br#"{"reference":"s-1"}"#).as_deref(), Some("s-1"));
        for nothing in ["", "ok", "{}", r#"{"reference":""}"#, r#"{"reference":7}"#, "[]"] {
            assert_eq!(reference(nothing.as_bytes()), None, "{nothing}");
        }
    }
}
