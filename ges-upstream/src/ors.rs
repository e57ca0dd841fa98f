//! ORS, the orchestrator of Genesys: attempts go to a Redis stream, sessions are spoken to over HTTP
//! ([callback-domain §8.2, §13](ges_core::rules)).
//!
//! Each attempt is appended by a script that looks for its key and appends in one step, so that a repeat finds the
//! first entry and a reader never sees a second one. What was appended is remembered beside the stream; when that
//! memory is lost before the session has reported, as in a failover, the entry is lost with it, and the attempt counts
//! as dead.

mod append;
mod batch;
mod fields;
mod nodes;
mod sessions;
mod voice;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use ges_core::port::{Clock, HandOverError, Handed, Look, Orchestrator, SessionKey, Submission, Unavailable};
use ges_core::{CallbackId, TenantId};

use self::append::{Append, Attempt, Remembered};
use self::batch::Batches;
use self::fields::Fields;
pub use self::fields::{FIELDS, FieldNames};
use self::nodes::Nodes;
pub use self::nodes::OrsNode;
use self::sessions::{Session, Sessions};
pub use self::voice::{APPEND, VoiceFailure, VoiceRedis};
use crate::Observer;
use crate::client::HttpClient;
use crate::entry::Entry;

/// Looks at sessions that have not reported are gathered for so long: they are in no hurry, and a thousand that wait in a
/// queue cost half a command a second.
const GATHERED: Duration = Duration::from_secs(2);

/// An attempt is remembered for so much longer than its callback may still be handed over.
const REMEMBERED_AFTER: Duration = Duration::from_secs(3600);

/// How ORS is reached.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct OrsOptions {
    /// The stream its readers read.
    pub stream: String,
    /// What they call our fields.
    pub fields: FieldNames,
    /// About how many entries the stream keeps; `None` leaves them to ORS, which knows what it has read.
    pub keep: Option<u64>,
    /// What the keys of attempts begin with.
    pub prefix: String,
    /// The nodes that answer for sessions; without any, sessions that have reported are neither looked at nor told.
    pub nodes: Vec<OrsNode>,
    /// Regions of nodes to be asked first, in this order.
    pub regions: Vec<String>,
    /// The event that tells a session that its callback is over.
    pub cancel_event: String,
    /// How often live sessions are looked at.
    pub look_every: Duration,
    /// Until a node of ORS is given up.
    pub timeout: Duration,
    /// Where sessions write back to.
    pub ges_url: String,
}

impl OrsOptions {
    /// The documented names and times; no node of ORS.
    pub fn new(ges_url: &str) -> Self {
        OrsOptions {
            stream: "NewCallbackStream".to_owned(),
            fields: FieldNames::new(),
            keep: None,
            prefix: "ges".to_owned(),
            nodes: Vec::new(),
            regions: Vec::new(),
            cancel_event: "callback.cancel".to_owned(),
            look_every: Duration::from_secs(60),
            timeout: Duration::from_secs(2),
            ges_url: ges_url.to_owned(),
        }
    }
}

/// A stream whose name would not let it and the keys of its attempts share a node of a cluster.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the name of the stream must be a plain word, or have one part in braces: {0:?}")]
pub struct BadStream(pub String);

/// Hands attempts to ORS.
pub struct OrsOrchestrator {
    append: Batches<Append>,
    remembered: Batches<Remembered>,
    sessions: Sessions,
    attempt_keys: String,
    fields: Fields,
    look_every: Duration,
    ges_url: String,
    clock: Arc<dyn Clock>,
}

impl fmt::Debug for OrsOrchestrator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OrsOrchestrator").field("look_every", &self.look_every).finish_non_exhaustive()
    }
}

impl OrsOrchestrator {
    /// Appends to the stream of `voice`, the Redis of the voice platform. Opens no connection.
    ///
    /// # Errors
    /// [`BadStream`].
    pub fn new(
        options: OrsOptions,
        voice: Arc<dyn VoiceRedis>,
        client: HttpClient,
        clock: Arc<dyn Clock>,
        observer: Arc<dyn Observer>,
    ) -> Result<Self, BadStream> {
        let attempt_keys = attempt_keys(&options.prefix, &options.stream)?;
        Ok(OrsOrchestrator {
            append: Batches::new(
                Append { voice: voice.clone(), stream: options.stream.into_bytes(), keep: options.keep },
                Duration::ZERO,
            ),
            remembered: Batches::new(Remembered { voice }, GATHERED),
            sessions: Sessions {
                client,
                nodes: Nodes::new(&options.nodes, &options.regions),
                timeout: options.timeout,
                cancel_event: options.cancel_event,
                observer,
            },
            attempt_keys,
            fields: Fields::named(&options.fields),
            look_every: options.look_every,
            ges_url: options.ges_url,
            clock,
        })
    }

    /// One for each (callback id, attempt) of a tenant; names of tenants may hold anything.
    fn attempt_key(&self, tenant: &TenantId, id: CallbackId, attempt: u32) -> Vec<u8> {
        format!("{}{}:{attempt}:{tenant}", self.attempt_keys, id.0.as_simple()).into_bytes()
    }
}

#[async_trait]
impl Orchestrator for OrsOrchestrator {
    async fn submit(&self, submission: &Submission) -> Result<Handed, HandOverError> {
        let callback = &submission.callback;
        let left = callback.expires_at().since(self.clock.now());
        let attempt = Attempt {
            key: self.attempt_key(&callback.tenant, callback.id, submission.attempt),
            remember: left + REMEMBERED_AFTER,
            fields: self.fields.of(Entry::of(submission, &self.ges_url)),
        };
        match self.append.ask(attempt).await {
            Ok(entry) => Ok(Handed { reference: Some(entry) }),
            Err(away @ VoiceFailure::Away(_)) => Err(HandOverError::Unavailable(away.into())),
            Err(refused @ VoiceFailure::Refused(_)) => Err(HandOverError::Refused(refused.into())),
        }
    }

    async fn look(&self, session: &SessionKey) -> Result<Look, Unavailable> {
        if !session.reported {
            let key = self.attempt_key(&session.tenant, session.id, session.attempt);
            let remembered = self.remembered.ask(key).await.map_err(|failure| Unavailable(failure.into()))?;
            return Ok(if remembered { Look::Unknown } else { Look::Gone });
        }
        match session.reference.as_deref().and_then(Session::read) {
            Some(session) if !self.sessions.nodes.is_empty() => self.sessions.look(&session).await,
            // It has not told its name, or nobody can be asked.
            _ => Ok(Look::Unknown),
        }
    }

    async fn place(&self, session: &SessionKey) -> Result<Look, Unavailable> {
        // One that has not reported has no name yet, and what is remembered of it tells no place.
        if session.reported { self.look(session).await } else { Ok(Look::Unknown) }
    }

    async fn cancel(&self, session: &SessionKey) -> Result<(), Unavailable> {
        match session.reference.as_deref().and_then(Session::read) {
            Some(session) if !self.sessions.nodes.is_empty() => self.sessions.cancel(&session).await,
            // A session without a name cannot be told; it learns of the end by its first report, which is refused.
            _ => Ok(()),
        }
    }

    fn look_every(&self) -> Option<Duration> {
        Some(self.look_every)
    }
}

/// What the keys of attempts begin with: in a cluster they must be where the stream is.
fn attempt_keys(prefix: &str, stream: &str) -> Result<String, BadStream> {
    let keys = format!("{prefix}:attempt:{{{}}}:", hashed(stream));
    let together = hashed(&keys) == hashed(stream);
    if stream.is_empty() || prefix.contains(['{', '}']) || !together {
        return Err(BadStream(stream.to_owned()));
    }
    Ok(keys)
}

/// The part of a key that decides its slot in a cluster: what stands in its first braces, or all of it.
fn hashed(key: &str) -> &str {
    let inside = key.split_once('{').and_then(|(_, rest)| rest.split_once('}')).map(|(inside, _)| inside);
    inside.filter(|inside| !inside.is_empty()).unwrap_or(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_are_where_their_stream_is() {
        assert_eq!(attempt_keys("ges", "NewCallbackStream").unwrap(), "ges:attempt:{NewCallbackStream}:");
        assert_eq!(attempt_keys("ges", "{ors}:new").unwrap(), "ges:attempt:{ors}:");
        for bad in ["", "a}b", "}", "{}x}"] {
            assert!(attempt_keys("ges", bad).is_err(), "{bad}");
        }
    }
}
