//! The telephony orchestrator: it runs the session that calls the customer.

use std::error::Error;
use std::time::Duration;

use async_trait::async_trait;

use crate::callback::Callback;
use crate::id::{CallbackId, ServiceName, TenantId};
use crate::settings::CallbackService;
use std::sync::Arc;

/// Starts, looks at and ends sessions.
#[async_trait]
pub trait Orchestrator: Send + Sync {
    /// Takes one attempt. The key (callback id, attempt) makes repeats harmless: the orchestrator starts at most one
    /// session per key. Must end by itself within a bounded time.
    ///
    /// # Cancel safety
    /// Dropped, the attempt may have been taken, or may still be. The same key again starts no second session, so the
    /// engine hands over again what it dropped.
    async fn submit(&self, submission: &Submission) -> Result<Handed, HandOverError>;

    /// Looks whether a session lives. Nobody waits for the answer, so it may be asked together with others a little later.
    ///
    /// # Cancel safety
    /// May be dropped at any moment: a look changes nothing.
    async fn look(&self, session: &SessionKey) -> Result<Look, Unavailable>;

    /// Looks where a session stands in its queue, for somebody who waits for the answer. The same as
    /// [`Orchestrator::look`] unless told otherwise.
    ///
    /// # Cancel safety
    /// As for [`Orchestrator::look`].
    async fn place(&self, session: &SessionKey) -> Result<Look, Unavailable> {
        self.look(session).await
    }

    /// Tells a session that its callback is over. A session that does not exist counts as told.
    ///
    /// # Cancel safety
    /// Dropped, the session may have been told, or may still be. It may be told again.
    async fn cancel(&self, session: &SessionKey) -> Result<(), Unavailable>;

    /// How often live sessions should be looked at; `None` when this orchestrator cannot be asked.
    fn look_every(&self) -> Option<Duration> {
        None
    }
}

/// One attempt to be handed over.
#[derive(Clone, Debug)]
pub struct Submission {
    /// The record, as committed with the attempt.
    pub callback: Callback,
    /// The attempt number.
    pub attempt: u32,
    /// The settings of its service as they are now; `None` when the service was removed since.
    pub service: Option<Arc<CallbackService>>,
}

/// The orchestrator has taken the attempt.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Handed {
    /// Its name for the session or entry, if it gave one.
    pub reference: Option<String>,
}

/// Names one session.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SessionKey {
    /// Whose.
    pub tenant: TenantId,
    /// Of which service.
    pub service: ServiceName,
    /// Of which callback.
    pub id: CallbackId,
    /// Of which attempt.
    pub attempt: u32,
    /// The orchestrator's own name for it, if known.
    pub reference: Option<String>,
    /// Whether the session has reported since it was handed over. Told with a look only.
    pub reported: bool,
}

/// In the reference of a session, stands between its own name and the node it said it runs on. No name of a session has
/// a space in it.
pub const NODE_OF_SESSION: &str = " @";

/// What a look at a session showed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// It runs; position (1-based) and wait in seconds if it knows them.
    Running {
        /// Place in the queue, 1-based.
        position: Option<u64>,
        /// Expected wait in seconds.
        wait_secs: Option<u64>,
    },
    /// There is no such session.
    Gone,
    /// It cannot be told.
    Unknown,
}

/// Why an attempt was not taken.
#[derive(Debug, thiserror::Error)]
pub enum HandOverError {
    /// It is there and refuses this attempt.
    #[error("the orchestrator refused the hand-over")]
    Refused(#[source] Box<dyn Error + Send + Sync>),
    /// It cannot be reached, or the outcome is unknown.
    #[error("the orchestrator cannot be reached")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
}

/// A neighbour cannot be reached. Says nothing about what it holds.
#[derive(Debug, thiserror::Error)]
#[error("cannot be reached")]
pub struct Unavailable(#[source] pub Box<dyn Error + Send + Sync>);
