//! Where a Redis is, and how it is spoken to.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use ::redis::{ConnectionAddr, IntoConnectionInfo as _};

/// How a Redis is reached. Redis 6 or later.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Options {
    /// One server, a primary watched by Sentinels, or a cluster.
    pub layout: Layout,
    /// Who we are to Redis.
    pub login: Login,
    /// Who we are to the Sentinels; without a password they are not asked to log us in.
    pub sentinel_login: Login,
    /// The database number; 0 in a cluster.
    pub database: u16,
    /// Encrypted connections, to the Sentinels too; `None` for plain ones.
    pub tls: Option<Tls>,
    /// Until a call without answer is given up, connecting included. 500 ms.
    pub answer_within: Duration,
}

/// The three ways a Redis may be laid out.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Layout {
    /// One server.
    Standalone(Address),
    /// A primary with replicas; whoever the Sentinels call the primary is used.
    Sentinel {
        /// The Sentinels; one that answers is enough.
        sentinels: Vec<Address>,
        /// The name they know the primary by.
        primary: String,
    },
    /// A cluster; the nodes named are where its layout is learned.
    Cluster(Vec<Address>),
}

/// Host and port.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Address {
    /// Name, or address without brackets.
    pub host: String,
    /// TCP port.
    pub port: u16,
}

/// An ACL user, or the password alone for the default user.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Login {
    /// The user; `None` for the default one.
    pub user: Option<String>,
    /// Its password; `None` does not log in.
    pub password: Option<Password>,
}

/// A password. `Debug` does not show it.
#[derive(Clone)]
pub struct Password(String);

/// How an encrypted connection is checked.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Tls {
    /// Certificates of the authorities to trust, PEM; the public ones when `None`.
    pub ca_file: Option<PathBuf>,
    /// `false` takes any certificate: encrypted, and open to whoever stands in between.
    pub reject_unauthorized: bool,
    /// The name the certificate must bear, when it is not the host's.
    pub server_name: Option<String>,
}

impl Options {
    /// How a call's time is limited unless told otherwise.
    pub const ANSWER_WITHIN: Duration = Duration::from_millis(500);

    /// Plain, without login.
    pub fn new(layout: Layout) -> Self {
        Options {
            layout,
            login: Login::default(),
            sentinel_login: Login::default(),
            database: 0,
            tls: None,
            answer_within: Self::ANSWER_WITHIN,
        }
    }

    /// One server by its URL: `redis://user:password@host:port/database`, `rediss://` for TLS.
    ///
    /// # Errors
    /// When it is none.
    pub fn from_url(url: &str) -> Result<Self, Misconfigured> {
        let told = url.into_connection_info().map_err(|_| Misconfigured::Url)?;
        let (host, port, tls) = match told.addr() {
            ConnectionAddr::Tcp(host, port) => (host, *port, None),
            ConnectionAddr::TcpTls { host, port, insecure, .. } => {
                (host, *port, Some(Tls { reject_unauthorized: !insecure, ..Tls::default() }))
            }
            _ => return Err(Misconfigured::Url),
        };
        let settings = told.redis_settings();
        Ok(Options {
            login: Login {
                user: settings.username().map(str::to_owned),
                password: settings.password().map(Password::from),
            },
            database: u16::try_from(settings.db()).map_err(|_| Misconfigured::Url)?,
            tls,
            ..Options::new(Layout::Standalone(Address { host: host.clone(), port }))
        })
    }
}

impl Default for Tls {
    /// Public authorities, everything checked.
    fn default() -> Self {
        Tls { ca_file: None, reject_unauthorized: true, server_name: None }
    }
}

impl Password {
    pub(super) fn reveal(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Password {
    fn from(text: &str) -> Self {
        Password(text.to_owned())
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

impl FromStr for Address {
    type Err = Misconfigured;
    /// `host:port`, an IPv6 address with or without brackets.
    fn from_str(text: &str) -> Result<Self, Misconfigured> {
        let wrong = || Misconfigured::Address(text.to_owned());
        let (host, port) = text.rsplit_once(':').ok_or_else(wrong)?;
        let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        let port = port.parse().map_err(|_| wrong())?;
        if host.is_empty() { Err(wrong()) } else { Ok(Address { host: host.to_owned(), port }) }
    }
}

/// Why a Redis cannot be used as described.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Misconfigured {
    /// The URL is none of a Redis. It may hold a password, so it is not shown.
    #[error("not the URL of a Redis: redis://user:password@host:port/database is expected")]
    Url,
    /// Not an address.
    #[error("not an address: host:port is expected, not {0:?}")]
    Address(String),
    /// No node named.
    #[error("no node is named")]
    NoNode,
    /// The file of authorities cannot be used.
    #[error("the certificates in {file} cannot be used: {problem}")]
    Authorities {
        /// Which file.
        file: String,
        /// Why.
        problem: String,
    },
    /// Not a name a certificate can bear.
    #[error("not a server name: {0:?}")]
    ServerName(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_read_and_passwords_stay_hidden() {
        let options = Options::from_url("rediss://me:s%20cret@db.example:6380/3").unwrap();
        assert_eq!(options.layout, Layout::Standalone("db.example:6380".parse().unwrap()));
        assert_eq!((options.login.user.as_deref(), options.database), (Some("me"), 3));
        assert_eq!(options.login.password.as_ref().unwrap().reveal(), "s cret");
        assert!(options.tls.as_ref().is_some_and(|tls| tls.reject_unauthorized));
        assert!(!format!("{options:?}").contains("cret"));
        for wrong in ["", "http://h", "redis+unix:///x", "redis://h/x"] {
            assert!(Options::from_url(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn addresses_are_host_and_port() {
        let read = |text: &str| text.parse::<Address>().map(|address| address.to_string()).ok();
        assert_eq!(read("h:1").as_deref(), Some("h:1"));
        assert_eq!(read("[::1]:6379").as_deref(), Some("[::1]:6379"));
        assert_eq!(read("::1:6379").as_deref(), Some("[::1]:6379"));
        for wrong in ["", "h", ":1", "h:", "h:x", "h:70000"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
