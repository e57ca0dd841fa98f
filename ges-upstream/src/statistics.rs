//! Statistics of GWS ([engagement-api-v3 §3.9](ges_core::rules); [callback-domain §15.1, §16.4](ges_core::rules)).

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use ges_core::TenantId;
use ges_core::port::{Clock, Statistic, Statistics, StatisticsError};
use ges_core::time::Timestamp;
use http_body_util::Full;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use hyper::{Method, Request, StatusCode, Uri};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use crate::client::{Answer, HttpClient};
use crate::{BoxError, Observer};

const ANSWER_BYTES_MAX: usize = 8 * 1024 * 1024;
const TOKEN_BYTES_MAX: usize = 64 * 1024;
/// A token is not used in its last minute, so that it does not end on the way.
const TOKEN_MARGIN: Duration = Duration::from_secs(60);

/// A tenant's credentials for GWS ([callback-administration §8.3](ges_core::rules)).
#[derive(Clone, Debug)]
pub struct StatisticsCredentials {
    /// The OAuth client.
    pub client_id: String,
    /// Its secret.
    pub client_secret: SecretString,
}

/// Knows the credentials of each tenant.
pub trait StatisticsLogins: Send + Sync {
    /// The tenant's credentials; `None` when it has stored none.
    fn statistics(&self, tenant: &TenantId) -> Option<StatisticsCredentials>;
}

/// Reads statistics from GWS with the credentials of each tenant.
pub struct GwsStatistics {
    client: HttpClient,
    base: Uri,
    timeout: Duration,
    logins: Arc<dyn StatisticsLogins>,
    clock: Arc<dyn Clock>,
    observer: Arc<dyn Observer>,
    tokens: Mutex<HashMap<TenantId, Token>>,
}

impl fmt::Debug for GwsStatistics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GwsStatistics")
            .field("base", &self.base)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

#[derive(Clone)]
struct Token {
    value: SecretString,
    client_id: String,
    until: Timestamp,
}

#[derive(Debug, thiserror::Error)]
#[error("GWS answered {0}")]
struct Answered(StatusCode);

impl GwsStatistics {
    /// GWS at this base address.
    pub fn new(
        client: HttpClient,
        base: Uri,
        timeout: Duration,
        logins: Arc<dyn StatisticsLogins>,
        clock: Arc<dyn Clock>,
        observer: Arc<dyn Observer>,
    ) -> Self {
        GwsStatistics { client, base, timeout, logins, clock, observer, tokens: Mutex::default() }
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base.to_string().trim_end_matches('/'))
    }

    async fn send(&self, request: Request<Full<Bytes>>, bytes_max: usize) -> Result<Answer, StatisticsError> {
        let sent = self.client.send(request, self.timeout, bytes_max).await;
        let answer = sent.map_err(|error| self.failed(error))?;
        if answer.status.is_server_error() {
            return Err(self.failed(Answered(answer.status)));
        }
        Ok(answer)
    }

    fn failed(&self, error: impl Into<BoxError>) -> StatisticsError {
        self.observer.statistics_failed();
        StatisticsError::Unavailable(error.into())
    }

    fn refused(&self) -> StatisticsError {
        self.observer.statistics_refused();
        StatisticsError::Credentials
    }

    /// The tenant's token, kept until shortly before it ends.
    async fn token(
        &self,
        tenant: &TenantId,
        credentials: &StatisticsCredentials,
        fresh: bool,
    ) -> Result<SecretString, StatisticsError> {
        let now = self.clock.now();
        if !fresh {
            let tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
            let kept = tokens.get(tenant);
            if let Some(token) =
                kept.filter(|kept| kept.until > now && kept.client_id == credentials.client_id)
            {
                return Ok(token.value.clone());
            }
        }
        let pair = format!("{}:{}", credentials.client_id, credentials.client_secret.expose_secret());
        let mut basic = HeaderValue::from_str(&format!("Basic {}", BASE64.encode(pair)))
            .map_err(|error| StatisticsError::Unavailable(error.into()))?;
        basic.set_sensitive(true);
        let request = Request::builder()
            .method(Method::POST)
            .uri(self.url("/auth/v3/oauth/token"))
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(AUTHORIZATION, basic)
            .body(Full::new(Bytes::from_static(b"grant_type=client_credentials&scope=*")))
            .map_err(|error| StatisticsError::Unavailable(error.into()))?;
        let answer = self.send(request, TOKEN_BYTES_MAX).await?;
        if !answer.status.is_success() {
            return Err(self.refused());
        }
        #[derive(serde::Deserialize)]
        struct Granted {
            access_token: SecretString,
            #[serde(default)]
            expires_in: u64,
        }
        let granted: Granted = serde_json::from_slice(&answer.body).map_err(|error| self.failed(error))?;
        let lasting = Duration::from_secs(granted.expires_in).saturating_sub(TOKEN_MARGIN);
        let token = Token {
            value: granted.access_token.clone(),
            client_id: credentials.client_id.clone(),
            until: now + lasting,
        };
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner).insert(tenant.clone(), token);
        Ok(granted.access_token)
    }

    async fn ask(&self, token: &SecretString, body: &[u8]) -> Result<Answer, StatisticsError> {
        let unusable = |error: BoxError| StatisticsError::Unavailable(error);
        let mut bearer = HeaderValue::from_str(&format!("Bearer {}", token.expose_secret()))
            .map_err(|error| unusable(error.into()))?;
        bearer.set_sensitive(true);
        let request = Request::builder()
            .method(Method::POST)
            .uri(self.url("/statistics/v3/operations/get-statistic-ex"))
            .header(CONTENT_TYPE, "application/json")
            .header(AUTHORIZATION, bearer)
            .body(Full::new(Bytes::copy_from_slice(body)))
            .map_err(|error| unusable(error.into()))?;
        self.send(request, ANSWER_BYTES_MAX).await
    }
}

#[async_trait]
impl Statistics for GwsStatistics {
    async fn read(&self, tenant: &TenantId, wanted: &[Statistic]) -> Result<Value, StatisticsError> {
        let Some(credentials) = self.logins.statistics(tenant) else {
            return Err(self.refused());
        };
        let wanted: Vec<Value> = wanted.iter().map(asked).collect();
        let body = json!({ "data": { "statistics": wanted } }).to_string();
        let token = self.token(tenant, &credentials, false).await?;
        let mut answer = self.ask(&token, body.as_bytes()).await?;
        if answer.status == StatusCode::UNAUTHORIZED {
            // A token can be revoked before its time; a fresh one tells that apart from wrong credentials.
            let token = self.token(tenant, &credentials, true).await?;
            answer = self.ask(&token, body.as_bytes()).await?;
        }
        match answer.status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(self.refused()),
            status if !status.is_success() => Err(self.failed(Answered(status))),
            _ => {
                let mut whole: Value =
                    serde_json::from_slice(&answer.body).map_err(|error| self.failed(error))?;
                match whole.get_mut("data").map(Value::take) {
                    Some(data @ Value::Object(_)) => Ok(data),
                    _ => Err(self.failed(NoData)),
                }
            }
        }
    }
}

/// One statistic as GWS reads it.
fn asked(wanted: &Statistic) -> Value {
    let mut asked =
        json!({ "name": wanted.name, "objectId": wanted.object_id, "objectType": wanted.object_type });
    if let Some(id) = &wanted.statistic_id {
        asked["statisticId"] = id.as_str().into();
    }
    asked
}

#[derive(Debug, thiserror::Error)]
#[error("the answer of GWS has no data object")]
struct NoData;

/// Used when no statistics service is configured: nobody has credentials for it.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoStatistics;

#[async_trait]
impl Statistics for NoStatistics {
    async fn read(&self, _: &TenantId, _: &[Statistic]) -> Result<Value, StatisticsError> {
        Err(StatisticsError::Credentials)
    }
}
