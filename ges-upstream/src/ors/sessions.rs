//! Sessions of ORS over HTTP ([callback-domain §13.2](ges_core::rules)): whether they live, their place in the queue,
//! and their end.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use ges_core::port::{Look, NODE_OF_SESSION, Unavailable};
use http_body_util::Full;
use hyper::header::{CONTENT_LENGTH, USER_AGENT};
use hyper::{Method, Request, StatusCode};
use percent_encoding::utf8_percent_encode;
use serde_json::Value;

use super::nodes::{Node, Nodes};
use crate::client::{Answer, HttpClient, NoAnswer};
use crate::{BoxError, Observer, SEGMENT};

/// What a session has to say is short.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// Speaks to sessions.
pub(super) struct Sessions {
    pub client: HttpClient,
    pub nodes: Nodes,
    pub timeout: Duration,
    pub cancel_event: String,
    pub observer: Arc<dyn Observer>,
}

/// A session by its own name, and the node it said it runs on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Session<'r> {
    id: &'r str,
    node: Option<&'r str>,
}

/// ORS answered, and the answer settles nothing.
#[derive(Debug, thiserror::Error)]
#[error("ORS answered {0}")]
struct Answered(StatusCode);

/// No node of ORS is configured or answers.
#[derive(Debug, thiserror::Error)]
#[error("no node of ORS answers for the session")]
struct NoNode;

impl<'r> Session<'r> {
    /// A session as its reference names it: `<id>` or `<id> @<node>`. `None` for the id of an entry in the stream, which
    /// stands there until the session reports.
    pub fn read(reference: &'r str) -> Option<Self> {
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        if reference.split_once('-').is_some_and(|(ms, seq)| digits(ms) && digits(seq)) {
            return None;
        }
        Some(match reference.split_once(NODE_OF_SESSION) {
            Some((id, node)) => Session { id, node: Some(node) },
            None => Session { id: reference, node: None },
        })
    }
}

impl Sessions {
    /// Looks at a session. Gone only when its own node says so or, where that is not known, all nodes do: a node that
    /// does not answer is no death.
    pub async fn look(&self, session: &Session<'_>) -> Result<Look, Unavailable> {
        let own = self.own(session);
        let mut absent = 0;
        let mut last: BoxError = NoNode.into();
        for node in self.nodes.order(own.as_ref()) {
            match self.look_at(&node, session).await {
                Ok(Some(look)) => return Ok(look),
                Ok(None) if own.as_ref().is_some_and(|own| Arc::ptr_eq(own, &node)) => return Ok(Look::Gone),
                Ok(None) => absent += 1,
                Err(error) => last = error,
            }
        }
        let all_say_so = own.is_none() && absent == self.nodes.len() && !self.nodes.is_empty();
        if all_say_so { Ok(Look::Gone) } else { Err(Unavailable(last)) }
    }

    /// Tells a session that its callback is over. One that does not exist counts as told.
    pub async fn cancel(&self, session: &Session<'_>) -> Result<(), Unavailable> {
        let own = self.own(session);
        let event = utf8_percent_encode(&self.cancel_event, SEGMENT);
        let path = format!("event/{event}?reason=CANCELLED");
        let mut absent = 0;
        let mut last: BoxError = NoNode.into();
        for node in self.nodes.order(own.as_ref()) {
            match self.ask(&node, Method::POST, session, &path).await.map(|answer| answer.status) {
                Ok(status) if status.is_success() => return Ok(()),
                Ok(StatusCode::NOT_FOUND) => {
                    absent += 1;
                    if own.as_ref().is_some_and(|own| Arc::ptr_eq(own, &node)) {
                        return Ok(());
                    }
                }
                Ok(status) => last = Answered(status).into(),
                Err(error) => last = error,
            }
        }
        let nobody_has_it = own.is_none() && absent == self.nodes.len() && !self.nodes.is_empty();
        if nobody_has_it { Ok(()) } else { Err(Unavailable(last)) }
    }

    fn own(&self, session: &Session<'_>) -> Option<Arc<Node>> {
        session.node.and_then(|name| self.nodes.named(name))
    }

    /// `None` when the node knows no such session.
    async fn look_at(&self, node: &Node, session: &Session<'_>) -> Result<Option<Look>, BoxError> {
        // A session that tells its place lives; one that has nothing to say about it may live as well.
        if let Ok(answer) = self.ask(node, Method::GET, session, "request/check-queue-position").await
            && answer.status.is_success()
            && let Some((position, wait_secs)) = place(&answer.body)
        {
            return Ok(Some(Look::Running { position: Some(position), wait_secs }));
        }
        match self.ask(node, Method::GET, session, "query").await?.status {
            status if status.is_success() => Ok(Some(Look::Running { position: None, wait_secs: None })),
            StatusCode::NOT_FOUND => Ok(None),
            status => Err(Answered(status).into()),
        }
    }

    async fn ask(
        &self,
        node: &Node,
        method: Method,
        session: &Session<'_>,
        what: &str,
    ) -> Result<Answer, BoxError> {
        let id = utf8_percent_encode(session.id, SEGMENT);
        let request = Request::builder()
            .method(method)
            .uri(format!("{}/scxml/session/{id}/{what}", node.base()))
            .header(USER_AGENT, concat!("ges/", env!("CARGO_PKG_VERSION")))
            .header(CONTENT_LENGTH, 0)
            .body(Full::new(Bytes::new()))?;
        match self.client.send(request, self.timeout, ANSWER_BYTES_MAX).await {
            // A node in trouble answers 5xx; whatever else it says, it is there.
            Ok(answer) => {
                if answer.status.is_server_error() {
                    node.rest.failed()
                } else {
                    node.rest.answered()
                }
                Ok(answer)
            }
            Err(error) => {
                if matches!(error, NoAnswer::Unresolved(_)) {
                    self.observer.unresolved();
                }
                node.rest.failed();
                Err(error.into())
            }
        }
    }
}

/// Position and wait of an answer to `check-queue-position`, by the names known to be in use; numbers may be texts.
fn place(body: &[u8]) -> Option<(u64, Option<u64>)> {
    let answer: Value = serde_json::from_slice(body).ok()?;
    let number = |names: &[&str]| {
        names.iter().find_map(|name| match answer.get(name)? {
            Value::Number(number) => number.as_u64(),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        })
    };
    let position = number(&["position", "pos", "wpos", "_position"]).filter(|position| *position > 0)?;
    Some((position, number(&["wait", "ewt", "estimatedWaitTime", "estimated-wait-time", "_ewt"])))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_name_sessions_or_entries() {
        let read = |text| Session::read(text).map(|session| (session.id, session.node));
        assert_eq!(read("00FAVB2O"), Some(("00FAVB2O", None)));
        assert_eq!(read("s @ors-1:9098"), Some(("s", Some("ors-1:9098"))));
        assert_eq!(read("call@host"), Some(("call@host", None)));
        assert_eq!(read("1700000000000-0"), None, "an entry is no session");
        assert_eq!(read("1700000000000-x"), Some(("1700000000000-x", None)));
    }

    #[test]
    fn places_are_read_by_their_known_names() {
        assert_eq!(place(br#"{"position":3,"wait":40}"#), Some((3, Some(40))));
        assert_eq!(place(br#"{"pos":"2","ewt":"15"}"#), Some((2, Some(15))));
        assert_eq!(place(br#"{"position":1}"#), Some((1, None)));
        for nothing in [&b""[..], b"{}", b"[]", b"7", br#"{"position":0}"#, br#"{"position":-1}"#, b"ok"] {
            assert_eq!(place(nothing), None);
        }
    }
}
