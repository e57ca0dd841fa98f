//! How the database is reached, and how long is waited for it.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use tokio_postgres::Config;
use tokio_postgres::config::TargetSessionAttrs;

use super::error::OpenError;

/// How the database is reached. The defaults fit a node with two cores.
///
/// ```
/// use ges_storage::postgres::{Options, Tls};
///
/// let mut options = Options::new("postgresql://ges:secret@db-1,db-2/ges?target_session_attrs=read-write")?;
/// options.tls = Tls::Verify;
/// assert!(!format!("{options:?}").contains("secret"));
/// # Ok::<(), ges_storage::postgres::OpenError>(())
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub struct Options {
    pub(super) config: Config,
    /// The schema everything lives in, named with at most fifty letters; made when it is missing. The functions of each
    /// release get a schema of their own beside it, `<schema>_api_<mark>`.
    pub schema: String,
    /// How the connection is protected.
    pub tls: Tls,
    /// Connections that read and lease, besides the two that write.
    pub connections: u32,
    /// Whether [`PostgresStore::open`](super::PostgresStore::open) migrates.
    pub migrate: bool,
    /// The longest wait for a new connection.
    pub connect_limit: Duration,
    /// The longest wait for the answer to a statement; the server gives it up then too.
    pub statement_limit: Duration,
    /// The longest wait for a free connection.
    pub pool_limit: Duration,
    /// How long a call waits for a database that is away, before it fails.
    pub away_limit: Duration,
    /// How long a batch with an unknown outcome is tried again.
    pub unknown_limit: Duration,
}

/// How the connection is protected.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Tls {
    /// Not at all.
    #[default]
    Off,
    /// TLS, with a certificate that one of the well-known authorities vouches for.
    Verify,
    /// TLS, with a certificate that an authority in this PEM file vouches for, and no other.
    Authority(PathBuf),
}

impl Options {
    /// From a connection string: a URL, or `key=value` pairs. Several hosts are tried in order; with
    /// `target_session_attrs=read-write` the one that takes writes is found, so a promoted standby is found by itself.
    /// `sslmode` is not taken from it: see [`Options::tls`].
    ///
    /// # Errors
    /// [`OpenError::Address`] when it cannot be understood; its content is not repeated.
    pub fn new(address: &str) -> Result<Self, OpenError> {
        Options::of(address.parse().map_err(|_| OpenError::Address)?)
    }

    /// From parts: hosts and ports, of which the one that takes writes is used, the database, who signs in, and with what.
    ///
    /// # Errors
    /// [`OpenError::Address`] without a server.
    pub fn of_servers(
        servers: impl IntoIterator<Item = (String, u16)>,
        database: &str,
        user: &str,
        password: Option<&str>,
    ) -> Result<Self, OpenError> {
        let mut config = Config::new();
        for (host, port) in servers {
            config.host(host).port(port);
        }
        config.dbname(database).user(user).target_session_attrs(TargetSessionAttrs::ReadWrite);
        if let Some(password) = password {
            config.password(password);
        }
        Options::of(config)
    }

    fn of(mut config: Config) -> Result<Self, OpenError> {
        if config.get_hosts().is_empty() {
            return Err(OpenError::Address);
        }
        if config.get_application_name().is_none() {
            config.application_name("ges");
        }
        config.keepalives_idle(Duration::from_secs(30));
        Ok(Options {
            config,
            schema: "ges".to_owned(),
            tls: Tls::Off,
            connections: 6,
            migrate: true,
            connect_limit: Duration::from_secs(2),
            statement_limit: Duration::from_secs(5),
            pool_limit: Duration::from_secs(1),
            away_limit: Duration::from_millis(200),
            unknown_limit: Duration::from_secs(2),
        })
    }

    /// The same in another schema.
    pub fn schema(self, schema: impl Into<String>) -> Self {
        Options { schema: schema.into(), ..self }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("hosts", &self.config.get_hosts())
            .field("ports", &self.config.get_ports())
            .field("database", &self.config.get_dbname())
            .field("schema", &self.schema)
            .field("tls", &self.tls)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_say_what_an_address_says_whatever_stands_in_them_and_the_password_is_not_shown() {
        let servers = [("db-1".to_owned(), 5433), ("::1".to_owned(), 5432)];
        let parts = Options::of_servers(servers, "it's", "a b", Some(r"quote' \ and space")).unwrap();
        let address = r"host=db-1,::1 port=5433,5432 dbname='it\'s' user='a b' password='quote\' \\ and space'
            target_session_attrs=read-write";
        assert_eq!(parts.config, Options::new(address).unwrap().config);
        assert!(!format!("{parts:?}").contains("quote"), "{parts:?}");
        assert!(Options::of_servers([], "ges", "ges", None).is_err());
    }
}
