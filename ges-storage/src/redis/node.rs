//! One server: a pool of multiplexed connections, and whether it is worth asking.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ::redis::aio::{MultiplexedConnection, PubSub};
use ::redis::{Cmd, ErrorKind, Pipeline, RedisError, ServerErrorKind, Value};
use bb8_redis::bb8::{self, ErrorSink, ManageConnection, Pool};
use tokio::sync::watch;
use tokio::time::timeout;

use super::circuit::Circuit;
use super::dial::{Dialer, Target};
use super::failure::Failure;
use super::options::Address;

/// One connection carries everybody's calls at once; a second only helps while the first is being made anew.
const CONNECTIONS: u32 = 1;

const BROKEN_OFF: &str = "the connection is broken off";

/// One server.
pub(super) struct Node {
    pool: Pool<Connections>,
    connections: Connections,
    circuit: Circuit,
    said: watch::Sender<Option<Failure>>,
    limit: Duration,
}

/// A call that has no result here.
pub(super) enum Trouble {
    /// In a cluster, another node answers for this key: for good, or for this call alone.
    Elsewhere {
        address: Address,
        only_now: bool,
    },
    Failed(Failure),
}

impl From<Failure> for Trouble {
    fn from(failure: Failure) -> Self {
        Trouble::Failed(failure)
    }
}

#[derive(Clone)]
struct Connections {
    dialer: Arc<Dialer>,
    target: Target,
}

#[derive(Clone)]
struct Connection {
    inner: MultiplexedConnection,
    /// Set by whoever finds it broken; the pool then makes another.
    broken: Arc<AtomicBool>,
    /// Whether it has answered before.
    proven: Arc<AtomicBool>,
}

impl ManageConnection for Connections {
    type Connection = Connection;
    type Error = Failure;

    async fn connect(&self) -> Result<Connection, Failure> {
        let inner = self.dialer.connection(&self.target).await?;
        Ok(Connection { inner, broken: Arc::default(), proven: Arc::default() })
    }

    async fn is_valid(&self, connection: &mut Connection) -> Result<(), Failure> {
        // Asking the server would double every call.
        if self.has_broken(connection) { Err(Failure::Away(BROKEN_OFF.to_owned())) } else { Ok(()) }
    }

    fn has_broken(&self, connection: &mut Connection) -> bool {
        connection.broken.load(Ordering::Relaxed)
    }
}

/// Passes on why a connection could not be made, which the pool would keep to itself until a time limit.
#[derive(Clone, Debug)]
struct Sink(watch::Sender<Option<Failure>>);

impl ErrorSink<Failure> for Sink {
    fn sink(&self, failure: Failure) {
        // That an old connection is broken is no reason why a new one cannot be made.
        if failure != Failure::Away(BROKEN_OFF.to_owned()) {
            self.0.send_replace(Some(failure));
        }
    }

    fn boxed_clone(&self) -> Box<dyn ErrorSink<Failure>> {
        Box::new(self.clone())
    }
}

impl Node {
    /// Connects when first asked.
    pub fn new(dialer: Arc<Dialer>, target: Target) -> Self {
        let limit = dialer.options().answer_within;
        let said = watch::Sender::new(None);
        let connections = Connections { dialer, target };
        let pool = Pool::builder()
            .max_size(CONNECTIONS)
            .max_lifetime(None)
            .idle_timeout(None)
            .connection_timeout(limit)
            .retry_connection(false)
            .error_sink(Box::new(Sink(said.clone())))
            .build_unchecked(connections.clone());
        Node { pool, connections, circuit: Circuit::new(), said, limit }
    }

    pub fn circuit(&self) -> &Circuit {
        &self.circuit
    }

    /// Sends one command; ends within the time limit of a call, and at once while the server is known to be away.
    pub async fn send(&self, command: &Cmd) -> Result<Value, Trouble> {
        self.exchange(Call::Plain(command)).await
    }

    /// The same in the middle of a move of the key between two nodes of a cluster.
    pub async fn send_asking(&self, command: &Cmd) -> Result<Value, Trouble> {
        let mut both = Pipeline::with_capacity(2);
        both.cmd("ASKING").ignore().add_command(command.clone());
        let answered = self.exchange(Call::Asking(&both)).await?;
        match answered {
            Value::Array(mut answers) if answers.len() == 1 => Ok(answers.remove(0)),
            other => Ok(other),
        }
    }

    /// A connection of its own that listens to a channel.
    pub async fn listen(&self, channel: &str) -> Result<PubSub, Failure> {
        self.connections.dialer.subscription(&self.connections.target, channel).await
    }

    async fn exchange(&self, call: Call<'_>) -> Result<Value, Trouble> {
        if !self.circuit.may_try() {
            return Err(Failure::Away("it did not answer a moment ago".to_owned()).into());
        }
        let mut used = None;
        let outcome = match timeout(self.limit, self.asked(call, &mut used)).await {
            Ok(outcome) => outcome,
            Err(_) => Err(Failure::Late(self.limit).into()),
        };
        match &outcome {
            // The call is at fault, or the key is elsewhere: the server is there.
            Ok(_) | Err(Trouble::Elsewhere { .. } | Trouble::Failed(Failure::Refused(_))) => {
                self.circuit.answered()
            }
            Err(Trouble::Failed(Failure::Away(code))) if is_of_the_moment(code) => self.circuit.answered(),
            Err(Trouble::Failed(Failure::Away(_) | Failure::Late(_))) => {
                // A demoted primary answers on the old connection for ever, so that one is given up as well.
                if let Some(connection) = used {
                    connection.broken.store(true, Ordering::Relaxed);
                }
                self.circuit.failed();
            }
        }
        outcome
    }

    /// Asks; once more on a new connection when an old one turns out to have been closed meanwhile, as after a restart.
    async fn asked(&self, call: Call<'_>, used: &mut Option<Connection>) -> Result<Value, Trouble> {
        loop {
            let mut connection = self.connection().await?;
            *used = Some(connection.clone());
            match call.through(&mut connection.inner).await {
                Ok(value) => {
                    connection.proven.store(true, Ordering::Relaxed);
                    return Ok(value);
                }
                Err(error) if error.is_connection_dropped() && connection.proven.load(Ordering::Relaxed) => {
                    connection.broken.store(true, Ordering::Relaxed);
                }
                Err(error) => return Err(trouble(error, self)),
            }
        }
    }

    /// A copy of the connection; the pool has its own back at once, so that calls share it.
    async fn connection(&self) -> Result<Connection, Failure> {
        let mut said = self.said.subscribe();
        tokio::select! {
            biased;
            got = self.pool.get() => match got {
                Ok(connection) => Ok(connection.clone()),
                Err(bb8::RunError::User(failure)) => Err(failure),
                Err(bb8::RunError::TimedOut) => Err(Failure::Late(self.limit)),
            },
            Ok(()) = said.changed() => {
                let why = said.borrow().clone();
                Err(why.unwrap_or(Failure::Late(self.limit)))
            }
        }
    }
}

/// What is sent.
#[derive(Clone, Copy)]
enum Call<'c> {
    Plain(&'c Cmd),
    Asking(&'c Pipeline),
}

impl Call<'_> {
    async fn through(self, connection: &mut MultiplexedConnection) -> Result<Value, RedisError> {
        match self {
            Call::Plain(command) => command.query_async(connection).await,
            Call::Asking(both) => both.query_async(connection).await,
        }
    }
}

/// Conditions in which a server answers at once, and other calls well.
fn is_of_the_moment(code: &str) -> bool {
    matches!(code, "TRYAGAIN" | "OOM" | "MISCONF" | "NOREPLICAS" | "BUSY")
}

fn trouble(error: RedisError, node: &Node) -> Trouble {
    let moved = error.kind() == ErrorKind::Server(ServerErrorKind::Moved);
    match error.redirect_node().map(|(address, _)| address.parse::<Address>()) {
        Some(Ok(address)) => Trouble::Elsewhere { address, only_now: !moved },
        // A node that does not know its own address leaves the host out.
        Some(Err(_)) => {
            let port = error.redirect_node().and_then(|(address, _)| address.strip_prefix(':')?.parse().ok());
            match (&node.connections.target, port) {
                (Target::At(here), Some(port)) => Trouble::Elsewhere {
                    address: Address { host: here.host.clone(), port },
                    only_now: !moved,
                },
                _ => Failure::from(error).into(),
            }
        }
        None => Failure::from(error).into(),
    }
}
