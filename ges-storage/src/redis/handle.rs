//! One Redis, however it is laid out.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use ::redis::aio::PubSub;
use ::redis::{Cmd, ErrorKind, Value, cmd};

use super::answer::Answer;
use super::circuit::State;
use super::cluster::Cluster;
use super::dial::{Dialer, Target};
use super::failure::Failure;
use super::node::{Node, Trouble};
use super::options::{Layout, Misconfigured, Options};
use super::script::Script;

/// A Redis. Cheap to clone; connects when first asked, and again by itself whenever it has to.
#[derive(Clone)]
pub struct Redis(Arc<Inner>);

impl fmt::Debug for Redis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redis").finish_non_exhaustive()
    }
}

enum Inner {
    One(Node),
    Many(Cluster),
}

impl Redis {
    /// A Redis as described. Opens no connection.
    ///
    /// # Errors
    /// When the description contradicts itself, or the file of authorities cannot be read.
    pub fn new(options: Options) -> Result<Self, Misconfigured> {
        let layout = options.layout.clone();
        let dialer = Arc::new(Dialer::new(options)?);
        let inner = match layout {
            Layout::Standalone(address) => Inner::One(Node::new(dialer, Target::At(address))),
            Layout::Sentinel { .. } => Inner::One(Node::new(dialer, Target::Primary)),
            Layout::Cluster(seeds) => Inner::Many(Cluster::new(dialer, seeds)),
        };
        Ok(Redis(Arc::new(inner)))
    }

    /// Runs a script where its keys are. `keys` are not empty and share a hash tag.
    ///
    /// # Errors
    /// [`Failure`]; after a passing one the script may have run.
    ///
    /// # Cancel safety
    /// Dropped before it answers, the script may have run or not.
    pub async fn run<T: AsRef<[u8]> + Sync>(
        &self,
        script: &Script,
        keys: &[T],
        arguments: &[T],
    ) -> Result<Answer, Failure> {
        let key = keys.first().map(AsRef::as_ref).unwrap_or_default();
        let outcome = match self.tell(key, &script.by_digest(keys, arguments)).await {
            Err(Failure::Refused(code)) if code == "NOSCRIPT" => {
                self.tell(key, &script.in_full(keys, arguments)).await
            }
            outcome => outcome,
        };
        outcome.map(Answer::from)
    }

    /// Sends one command, its name and its arguments, to where `key` is.
    ///
    /// # Errors
    /// [`Failure`]; after a passing one the command may have run.
    ///
    /// # Cancel safety
    /// Dropped before it answers, the command may have run or not.
    pub async fn send(&self, key: &[u8], name: &str, arguments: &[&[u8]]) -> Result<Answer, Failure> {
        let mut command = cmd(name);
        arguments.iter().for_each(|argument| {
            command.arg(argument);
        });
        self.tell(key, &command).await.map(Answer::from)
    }

    async fn tell(&self, key: &[u8], command: &Cmd) -> Result<Value, Failure> {
        match &*self.0 {
            Inner::One(node) => node.send(command).await.map_err(failure),
            Inner::Many(cluster) => cluster.send(key, command).await,
        }
    }

    /// Tells everybody who listens to this channel.
    ///
    /// # Errors
    /// When no node takes it.
    ///
    /// # Cancel safety
    /// Dropped before it answers, it may have been told or not.
    pub async fn publish(&self, channel: &str, message: &[u8]) -> Result<(), Failure> {
        let mut command = cmd("PUBLISH");
        command.arg(channel).arg(message);
        self.anywhere(&command).await.map(drop)
    }

    /// A connection that listens to a channel.
    ///
    /// # Errors
    /// When no node can be listened to.
    pub(super) async fn listen(&self, channel: &str) -> Result<PubSub, Failure> {
        match &*self.0 {
            Inner::One(node) => node.listen(channel).await,
            Inner::Many(cluster) => {
                let mut failure = nobody();
                for node in cluster.any().await {
                    match node.listen(channel).await {
                        Ok(listening) => return Ok(listening),
                        Err(error) => failure = error,
                    }
                }
                Err(failure)
            }
        }
    }

    /// Whether it answers, as far as is known; a cluster only when every part of it does.
    pub fn state(&self) -> State {
        match &*self.0 {
            Inner::One(node) => node.circuit().state(),
            Inner::Many(cluster) => cluster.state(),
        }
    }

    /// Whether it works. Asks only when nobody had an answer within `lately`, so that a health check of a Redis in use
    /// costs nothing.
    ///
    /// # Errors
    /// Why it does not.
    ///
    /// # Cancel safety
    /// May be dropped at any moment.
    pub async fn check(&self, lately: Duration) -> Result<(), Failure> {
        let (last, settled) = match &*self.0 {
            Inner::One(node) => (node.circuit().last_answer(), true),
            Inner::Many(cluster) => (cluster.last_answer(), !cluster.is_stale()),
        };
        let fresh = last.is_some_and(|last| last.elapsed() < lately);
        if fresh && settled && self.state() == State::Up {
            return Ok(());
        }
        self.anywhere(&cmd("PING")).await?;
        match self.state() {
            State::Up => Ok(()),
            State::Away { .. } => Err(Failure::Away("a node of the cluster does not answer".to_owned())),
        }
    }

    async fn anywhere(&self, command: &Cmd) -> Result<Value, Failure> {
        match &*self.0 {
            Inner::One(node) => node.send(command).await.map_err(failure),
            Inner::Many(cluster) => {
                let mut last = nobody();
                for node in cluster.any().await {
                    match node.send(command).await {
                        Ok(value) => return Ok(value),
                        Err(trouble) => last = failure(trouble),
                    }
                }
                Err(last)
            }
        }
    }
}

fn nobody() -> Failure {
    Failure::Away("no node of the cluster is known".to_owned())
}

fn failure(trouble: Trouble) -> Failure {
    match trouble {
        Trouble::Failed(failure) => failure,
        // Only a node of a cluster says so: the server is one, and is used as if it stood alone.
        Trouble::Elsewhere { .. } => Failure::Refused(format!("{:?}: it is a cluster", ErrorKind::Client)),
    }
}
