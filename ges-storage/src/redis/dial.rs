//! Opens connections: to an address, or to whoever is the primary.

use std::sync::atomic::{AtomicUsize, Ordering};

use ::redis::aio::{MultiplexedConnection, PubSub};
use ::redis::{AsyncConnectionConfig, Cmd, RedisConnectionInfo, Value, cmd};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::failure::Failure;
use super::options::{Address, Layout, Login, Misconfigured, Options};
use super::tls;

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// Knows how to connect.
pub(super) struct Dialer {
    options: Options,
    tls: Option<TlsConnector>,
    /// The Sentinel that answered last is asked first.
    sentinel: AtomicUsize,
}

/// Whom to connect to.
#[derive(Clone, Debug)]
pub(super) enum Target {
    /// This server.
    At(Address),
    /// The server that is the primary when the connection is made.
    Primary,
}

impl Dialer {
    pub fn new(options: Options) -> Result<Self, Misconfigured> {
        let none = match &options.layout {
            Layout::Standalone(_) => false,
            Layout::Sentinel { sentinels, .. } => sentinels.is_empty(),
            Layout::Cluster(nodes) => nodes.is_empty(),
        };
        if none {
            return Err(Misconfigured::NoNode);
        }
        let tls = options.tls.as_ref().map(tls::connector).transpose()?;
        Ok(Dialer { options, tls, sentinel: AtomicUsize::new(0) })
    }

    pub fn options(&self) -> &Options {
        &self.options
    }

    /// A connection that is logged in and, for [`Target::Primary`], leads to a server that says it is one.
    pub async fn connection(&self, target: &Target) -> Result<MultiplexedConnection, Failure> {
        self.in_time(async {
            let Target::At(address) = target else {
                let address = self.primary().await?;
                let mut connection = self.open(&address, &self.options.login, self.options.database).await?;
                return match ask(&mut connection, &cmd("ROLE")).await? {
                    Value::Array(role) if role.first().and_then(text).as_deref() == Some("master") => {
                        Ok(connection)
                    }
                    _ => Err(Failure::Away("the primary is not one any more".to_owned())),
                };
            };
            let database =
                if matches!(self.options.layout, Layout::Cluster(_)) { 0 } else { self.options.database };
            self.open(address, &self.options.login, database).await
        })
        .await
    }

    /// A connection that listens to a channel.
    pub async fn subscription(&self, target: &Target, channel: &str) -> Result<PubSub, Failure> {
        self.in_time(async {
            let address = match target {
                Target::At(address) => address.clone(),
                Target::Primary => self.primary().await?,
            };
            let stream = self.stream(&address).await?;
            let mut listening = PubSub::new(&settings(&self.options.login, 0), stream).await?;
            listening.subscribe(channel).await?;
            Ok(listening)
        })
        .await
    }

    /// The address of the primary, as the first Sentinel says that answers.
    async fn primary(&self) -> Result<Address, Failure> {
        let Layout::Sentinel { sentinels, primary } = &self.options.layout else {
            return Err(Failure::Away("there are no Sentinels".to_owned()));
        };
        let first = self.sentinel.load(Ordering::Relaxed);
        let mut failure = Failure::Away("no Sentinel answers".to_owned());
        // All of them must have been asked before the time of the call is over.
        let each = self.options.answer_within / u32::try_from(sentinels.len() + 1).unwrap_or(u32::MAX);
        for step in 0..sentinels.len() {
            let index = (first + step) % sentinels.len();
            let asked = timeout(each, self.ask_sentinel(&sentinels[index], primary)).await;
            match asked.unwrap_or(Err(Failure::Late(each))) {
                Ok(address) => {
                    self.sentinel.store(index, Ordering::Relaxed);
                    return Ok(address);
                }
                Err(error) => failure = error,
            }
        }
        Err(failure)
    }

    async fn ask_sentinel(&self, sentinel: &Address, primary: &str) -> Result<Address, Failure> {
        let mut connection = self.open(sentinel, &self.options.sentinel_login, 0).await?;
        let mut question = cmd("SENTINEL");
        question.arg("get-master-addr-by-name").arg(primary);
        let Value::Array(told) = ask(&mut connection, &question).await? else {
            return Err(Failure::Away("the Sentinels know no primary of this name".to_owned()));
        };
        let (host, port) = (told.first().and_then(text), told.get(1).and_then(text));
        let port = port.and_then(|port| port.parse().ok());
        host.zip(port).map(|(host, port)| Address { host, port }).ok_or_else(Failure::unexpected)
    }

    async fn open(
        &self,
        address: &Address,
        login: &Login,
        database: u16,
    ) -> Result<MultiplexedConnection, Failure> {
        let stream = self.stream(address).await?;
        // The limit of the whole call stands above; two would only disagree.
        let config = AsyncConnectionConfig::new().set_response_timeout(None).set_connection_timeout(None);
        let opened =
            MultiplexedConnection::new_with_config(&settings(login, database), stream, config).await?;
        let (connection, driver) = opened;
        // Ends with the last copy of the connection.
        tokio::spawn(driver);
        Ok(connection)
    }

    async fn stream(&self, address: &Address) -> Result<Box<dyn Stream>, Failure> {
        let away = |error: std::io::Error| Failure::Away(error.to_string());
        let plain = TcpStream::connect((address.host.as_str(), address.port)).await.map_err(away)?;
        plain.set_nodelay(true).map_err(away)?;
        let Some(connector) = &self.tls else { return Ok(Box::new(plain)) };
        let named = self.options.tls.as_ref().and_then(|tls| tls.server_name.as_deref());
        let name = tls::server_name(named.unwrap_or(&address.host))
            .map_err(|error| Failure::Away(error.to_string()))?;
        Ok(Box::new(connector.connect(name, plain).await.map_err(away)?))
    }

    async fn in_time<T>(&self, work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
        let limit = self.options.answer_within;
        timeout(limit, work).await.unwrap_or(Err(Failure::Late(limit)))
    }
}

/// What a connection says first. The name of the library is not among it: it costs two commands and tells nothing.
fn settings(login: &Login, database: u16) -> RedisConnectionInfo {
    let mut settings = RedisConnectionInfo::default().set_skip_set_lib_name().set_db(database.into());
    if let Some(password) = &login.password {
        settings = settings.set_password(password.reveal());
        if let Some(user) = &login.user {
            settings = settings.set_username(user);
        }
    }
    settings
}

async fn ask(connection: &mut MultiplexedConnection, question: &Cmd) -> Result<Value, Failure> {
    Ok(question.query_async(connection).await?)
}

/// A text in an answer.
pub(super) fn text(value: &Value) -> Option<String> {
    match value {
        Value::BulkString(bytes) => String::from_utf8(bytes.clone()).ok(),
        Value::SimpleString(text) => Some(text.clone()),
        _ => None,
    }
}
