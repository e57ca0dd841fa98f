//! What the server asks of telephony beyond its port: how it is configured and put together, wired, watched and stopped.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use ges_core::engine::Engine;
use ges_core::port::{Clock, Orchestrator, WaitTimes};
use ges_http::WriteBackKeys;
use ges_upstream::Observer;
use ges_upstream::client::HttpClient;
use secrecy::SecretString;

use super::{BuildError, TELEPHONY, one_of};
use crate::health::Check;
use crate::keys::{Key, Reader, Setting};

/// One kind of telephony, as `orchestrator.kind` names it.
pub(crate) struct TelephonyKind {
    /// Its name.
    pub name: &'static str,
    /// Its keys.
    pub keys: fn() -> Vec<&'static Key>,
    /// Whether its sessions get write-back tokens, which every node has to make alike.
    pub needs_tokens: bool,
    /// Reads its keys; none after a mistake, which is noted.
    pub read: fn(&mut Reader<'_>) -> Option<Arc<dyn TelephonyConfig>>,
}

impl Setting for &'static TelephonyKind {
    fn parse(text: &str) -> Option<Self> {
        TELEPHONY.iter().find(|kind| kind.name == text)
    }
    fn expected() -> String {
        one_of(TELEPHONY.iter().map(|kind| kind.name))
    }
}

/// Telephony as it is configured. `Debug` shows no secret.
pub trait TelephonyConfig: fmt::Debug + Send + Sync {
    /// Its kind, as `orchestrator.kind` names it.
    fn kind(&self) -> &'static str;

    /// How often live sessions are looked at; none when it cannot be asked.
    fn look_every(&self) -> Option<Duration> {
        None
    }

    /// Secrets of its configuration, each with its key: none of a sample is used where strangers can come in.
    fn secrets(&self) -> Vec<(&'static str, &SecretString)> {
        Vec::new()
    }

    /// Puts it together. Opens no connection.
    ///
    /// # Errors
    /// [`BuildError`] names the key that is wrong.
    fn build(&self, around: &Around) -> Result<Arc<dyn Telephony>, BuildError>;
}

/// What telephony is put together with.
pub struct Around {
    /// What neighbours are reached with.
    pub client: HttpClient,
    /// Where sessions write back to.
    pub ges_url: String,
    /// Makes their tokens.
    pub write_back: Arc<WriteBackKeys>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// What operators count.
    pub observer: Arc<dyn Observer>,
}

/// Telephony, put together.
pub trait Telephony: Send + Sync {
    /// Its port.
    fn orchestrator(&self) -> Arc<dyn Orchestrator>;

    /// Gives it what it needs when its sessions live in this process. Called once, before the first attempt.
    fn wire(&self, _engine: &Arc<Engine>, _waits: &Arc<dyn WaitTimes>) {}

    /// What is to be watched of it, under the name of its gauge.
    fn check(&self) -> Option<(&'static str, Arc<dyn Check>)> {
        None
    }

    /// Ends what it runs in this process.
    fn stop(&self) {}
}
