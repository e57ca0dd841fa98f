//! reCAPTCHA by Google's `siteverify`, or anything that speaks like it
//! ([callback-administration §8.2](ges_core::rules)).

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use ges_core::TenantId;
use ges_core::port::{Captcha, CaptchaVerdict, Unavailable};
use http_body_util::Full;
use hyper::header::CONTENT_TYPE;
use hyper::{Method, Request, Uri};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use crate::BoxError;
use crate::client::HttpClient;

const ANSWER_BYTES_MAX: usize = 16 * 1024;
/// Longer than any token; what is longer proves nothing and is not sent on.
const TOKEN_BYTES_MAX: usize = 8 * 1024;

/// Verifies a tenant's CAPTCHA tokens ([callback-administration §8.2](ges_core::rules)).
#[derive(Clone, Debug)]
pub struct CaptchaSecret {
    /// The secret of the site.
    pub secret: SecretString,
    /// Tokens scored below are rejected; 0 to 1, tokens without a score pass.
    pub score_min: f64,
}

/// Knows what each tenant demands.
pub trait CaptchaSecrets: Send + Sync {
    /// The tenant's secret; `None` when the tenant does not ask for proof.
    fn captcha(&self, tenant: &TenantId) -> Option<CaptchaSecret>;
}

/// Asks a verifier, with the secret of the tenant.
pub struct SiteVerify {
    client: HttpClient,
    url: Uri,
    timeout: Duration,
    secrets: Arc<dyn CaptchaSecrets>,
}

impl fmt::Debug for SiteVerify {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SiteVerify")
            .field("url", &self.url)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
struct Verified {
    success: bool,
    score: Option<f64>,
    #[serde(default, rename = "error-codes")]
    errors: Vec<String>,
}

/// The verifier answered without a verdict about the token.
#[derive(Debug, thiserror::Error)]
enum NoVerdict {
    #[error("the verifier answered {0}")]
    Status(hyper::StatusCode),
    #[error("the verifier refused this server's secret")]
    Secret,
}

impl SiteVerify {
    /// A verifier at this address, given up after `timeout`.
    pub fn new(client: HttpClient, url: Uri, timeout: Duration, secrets: Arc<dyn CaptchaSecrets>) -> Self {
        SiteVerify { client, url, timeout, secrets }
    }

    async fn ask(&self, secret: &str, token: &str) -> Result<Verified, BoxError> {
        let encoded = |text| utf8_percent_encode(text, NON_ALPHANUMERIC);
        let form = format!("secret={}&response={}", encoded(secret), encoded(token));
        let request = Request::builder()
            .method(Method::POST)
            .uri(self.url.clone())
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Full::new(Bytes::from(form)))?;
        let answer = self.client.send(request, self.timeout, ANSWER_BYTES_MAX).await?;
        if !answer.status.is_success() {
            return Err(NoVerdict::Status(answer.status).into());
        }
        let verified: Verified = serde_json::from_slice(&answer.body)?;
        // Our own mistake must not read as the caller's.
        if verified.errors.iter().any(|code| code.ends_with("-input-secret")) {
            return Err(NoVerdict::Secret.into());
        }
        Ok(verified)
    }
}

#[async_trait]
impl Captcha for SiteVerify {
    async fn verify(&self, tenant: &TenantId, token: Option<&str>) -> Result<CaptchaVerdict, Unavailable> {
        let Some(captcha) = self.secrets.captcha(tenant) else {
            return Ok(CaptchaVerdict::NotRequired);
        };
        let Some(token) = token.map(str::trim).filter(|token| !token.is_empty()) else {
            return Ok(CaptchaVerdict::Missing);
        };
        if token.len() > TOKEN_BYTES_MAX {
            return Ok(CaptchaVerdict::Rejected);
        }
        let verified = self.ask(captcha.secret.expose_secret(), token).await.map_err(Unavailable)?;
        let human = verified.success && verified.score.is_none_or(|score| score >= captcha.score_min);
        Ok(if human { CaptchaVerdict::Human } else { CaptchaVerdict::Rejected })
    }
}
