//! The Engagement API as this program needs it.

use std::time::Duration;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{Method, Request, StatusCode, Uri};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};

use crate::Error;

/// The longest answer read, bytes.
const ANSWER_MAX: usize = 1 << 20;

/// How long an answer may take; servers promise 9 s.
const PATIENCE: Duration = Duration::from_secs(15);

/// Speaks to one server with one key.
pub struct Client {
    http: legacy::Client<HttpConnector, Full<Bytes>>,
    base: String,
    key: HeaderValue,
}

/// What became of a wish.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Booked under this id.
    Booked(String),
    /// Refused, with the server's reason.
    Refused(String),
}

impl Client {
    /// A client of the server at `url`, such as `http://127.0.0.1:3005`.
    pub fn new(url: &str, key: &str) -> Result<Self, Error> {
        let uri: Uri = url.parse().map_err(|error| format!("--url {url}: {error}"))?;
        if uri.scheme_str() != Some("http") || uri.authority().is_none() {
            return Err(format!("--url {url}: an address such as http://127.0.0.1:3005 is right").into());
        }
        let mut key =
            HeaderValue::from_str(key).map_err(|_| "--key: text that fits into a header is right")?;
        key.set_sensitive(true);
        let http = legacy::Client::builder(TokioExecutor::new()).build_http();
        Ok(Client { http, base: format!("{}/engagement/v3", url.trim_end_matches('/')), key })
    }

    /// Whether the queue offers immediate and scheduled callbacks now.
    pub async fn offers(&self, queue: &str) -> Result<(bool, bool), Error> {
        let data = self.get(&format!("/callbacks/queue-status/{}", segment(queue))).await?;
        let offered = |name: &str| data.get(name).and_then(Value::as_bool).ok_or_else(|| strange(name));
        Ok((offered("offerImmediateCallback")?, offered("offerScheduledCallback")?))
    }

    /// The first free slot of the next two days.
    pub async fn first_slot(&self, service: &str) -> Result<Option<String>, Error> {
        let path = format!("/callbacks/availability/{}?numberOfDays=2&maxTimeSlots=1", segment(service));
        let data = self.get(&path).await?;
        let slots = data.get("slots").and_then(Value::as_array).ok_or_else(|| strange("slots"))?;
        Ok(slots.first().and_then(|slot| slot.get("utcTime")?.as_str()).map(str::to_owned))
    }

    /// Books a callback.
    pub async fn book(&self, service: &str, number: &str, desired: Option<&str>) -> Result<Wish, Error> {
        let mut body = json!({ "serviceName": service, "phoneNumber": number });
        if let (Some(desired), Some(members)) = (desired, body.as_object_mut()) {
            members.insert("desiredTime".to_owned(), desired.into());
        }
        let (status, answer) = self.ask(Method::POST, "/callbacks/create", Some(&body)).await?;
        match status {
            StatusCode::OK => {
                let id = answer.pointer("/data/id").and_then(Value::as_str);
                Ok(Wish::Booked(id.ok_or_else(|| strange("id"))?.to_owned()))
            }
            StatusCode::BAD_REQUEST | StatusCode::TOO_MANY_REQUESTS => {
                let reason = answer.pointer("/status/reason").and_then(Value::as_str);
                Ok(Wish::Refused(reason.map_or_else(|| status.as_u16().to_string(), str::to_owned)))
            }
            _ => Err(failed(status, "/callbacks/create", &answer)),
        }
    }

    /// The state of a callback, and its reason when it is over.
    pub async fn state(&self, id: &str) -> Result<(String, Option<String>), Error> {
        let (status, answer) =
            self.ask(Method::POST, "/callbacks/retrieve", Some(&json!({ "id": id }))).await?;
        if status != StatusCode::OK {
            return Err(failed(status, "/callbacks/retrieve", &answer));
        }
        let text = |name| answer.pointer(name).and_then(Value::as_str).map(str::to_owned);
        let state = text("/data/callbackState").ok_or_else(|| strange("callbackState"))?;
        Ok((state, text("/data/callbackReason")))
    }

    async fn get(&self, path: &str) -> Result<Value, Error> {
        let (status, mut answer) = self.ask(Method::GET, path, None).await?;
        if status != StatusCode::OK {
            return Err(failed(status, path, &answer));
        }
        Ok(answer.get_mut("data").map(Value::take).unwrap_or_default())
    }

    async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<(StatusCode, Value), Error> {
        let body = body.map(Value::to_string).unwrap_or_default();
        let request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.base))
            .header("x-api-key", self.key.clone())
            .header(CONTENT_TYPE, "application/json")
            .body(Full::new(Bytes::from(body)))?;
        let exchange = async {
            let response =
                self.http.request(request).await.map_err(|error| unreachable(&self.base, &error))?;
            let status = response.status();
            let body = Limited::new(response.into_body(), ANSWER_MAX).collect().await?.to_bytes();
            Ok((status, serde_json::from_slice(&body).unwrap_or_default()))
        };
        match tokio::time::timeout(PATIENCE, exchange).await {
            Ok(answer) => answer,
            Err(_) => Err(format!("{}: no answer within {} s", self.base, PATIENCE.as_secs()).into()),
        }
    }
}

fn unreachable(base: &str, error: &legacy::Error) -> Error {
    let mut text = format!("{base}: {error}");
    let mut source = std::error::Error::source(error);
    while let Some(error) = source {
        text += &format!(": {error}");
        source = error.source();
    }
    text.into()
}

fn failed(status: StatusCode, path: &str, answer: &Value) -> Error {
    let message = answer.pointer("/status/message").and_then(Value::as_str).unwrap_or("no message");
    format!("{path}: the server answered {status}: {message}").into()
}

fn strange(member: &str) -> Error {
    format!("the server's answer has no {member}; is this an Engagement API?").into()
}

/// A name as one segment of a path.
fn segment(name: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    name.bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_segment() {
        assert_eq!(segment("a b/c+d&é"), "a%20b%2Fc%2Bd%26%C3%A9");
    }

    #[test]
    fn an_address_that_cannot_be_used_is_told() {
        for wrong in ["", "localhost", "https://a", "http://", "a b"] {
            assert!(
                Client::new(wrong, "k").is_err_and(|error| error.to_string().starts_with("--url")),
                "{wrong}"
            );
        }
        assert!(Client::new("http://127.0.0.1:1", "a\nb").is_err());
    }
}
