//! How a Redis is reached. Our own and that of the voice platform have the same keys, each under a prefix of its own.

use std::path::PathBuf;
use std::time::Duration;

use ges_storage::redis::{Address, Layout, Options, Password, Tls};
use secrecy::ExposeSecret;
use serde::Deserialize;

use crate::keys::{Given, Key, List, Node, Reader, Setting, Whole};

/// The keys of one Redis.
pub(super) struct Keys {
    pub mode: Key,
    pub nodes: Key,
    pub sentinel_master: Key,
    pub sentinel_password: Key,
    pub user: Key,
    pub password: Key,
    pub database: Key,
    pub timeout: Key,
    pub tls: Key,
    pub ca_file: Key,
    pub reject_unauthorized: Key,
    pub server_name: Key,
}

impl Keys {
    /// In the order of the documentation.
    pub fn all(&'static self) -> Vec<&'static Key> {
        vec![
            &self.mode,
            &self.nodes,
            &self.sentinel_master,
            &self.sentinel_password,
            &self.user,
            &self.password,
            &self.database,
            &self.timeout,
            &self.tls,
            &self.ca_file,
            &self.reject_unauthorized,
            &self.server_name,
        ]
    }
}

/// The same keys under a prefix of their own.
macro_rules! keys {
    ($prefix:literal, $mode:literal, $mode_meaning:literal) => {
        $crate::adapters::connection::Keys {
            mode: Key::new(concat!($prefix, ".mode"), $mode, $mode_meaning),
            nodes: Key::new(
                concat!($prefix, ".nodes"),
                "127.0.0.1",
                "With commas between them: the server, the Sentinels, or some nodes of the cluster (`host:port`, port 6379 or, of Sentinels, 26379 if not said).",
            ),
            sentinel_master: Key::new(
                concat!($prefix, ".sentinel_master"),
                "mymaster",
                "What the Sentinels call the primary.",
            ),
            sentinel_password: Key::secret(
                concat!($prefix, ".sentinel_password"),
                "With what to sign in at the Sentinels, if they ask.",
            ),
            user: Key::new(concat!($prefix, ".user"), "", "Who signs in (ACL); without it the default user."),
            password: Key::secret(concat!($prefix, ".password"), "With what."),
            database: Key::new(
                concat!($prefix, ".database"),
                "0",
                "The number of the database; there is only 0 in a cluster.",
            ),
            timeout: Key::new(
                concat!($prefix, ".timeout_ms"),
                "500",
                "Milliseconds until a call without answer is given up, connecting included.",
            ),
            tls: Key::new(concat!($prefix, ".tls"), "false", "Whether connections are encrypted."),
            ca_file: Key::new(
                concat!($prefix, ".ca_file"),
                "",
                "The authorities (PEM) that may vouch for the servers, and no others; without it the public ones.",
            ),
            reject_unauthorized: Key::new(
                concat!($prefix, ".reject_unauthorized"),
                "true",
                "Whether a server that cannot prove its name is refused.",
            ),
            server_name: Key::new(
                concat!($prefix, ".server_name"),
                "",
                "The name the servers have to prove, if it is not the host's.",
            ),
        }
    };
}
pub(super) use keys;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Off,
    Standalone,
    Sentinel,
    Cluster,
}

impl Setting for Mode {
    fn parse(text: &str) -> Option<Self> {
        match text {
            "off" => Some(Mode::Off),
            "standalone" => Some(Mode::Standalone),
            "sentinel" => Some(Mode::Sentinel),
            "cluster" => Some(Mode::Cluster),
            _ => None,
        }
    }
    fn expected() -> String {
        "off, standalone, sentinel or cluster".to_owned()
    }
}

/// The connection secret of the original's deployments. Its values come as texts or plainly.
#[derive(Default, Deserialize)]
pub(super) struct Original {
    password: Option<String>,
    port: Option<TextOr<u16>>,
    #[serde(rename = "rejectUnauthorized")]
    reject_unauthorized: Option<TextOr<bool>>,
    servername: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum TextOr<T> {
    Plain(T),
    Text(String),
}

impl<T: std::str::FromStr> TextOr<T> {
    fn value(self) -> Option<T> {
        match self {
            TextOr::Plain(value) => Some(value),
            TextOr::Text(text) => text.parse().ok(),
        }
    }
}

/// The outer `None` is a mistake that was noted; the inner one means that there is no Redis. `original` has a say where
/// the keys have none.
pub(super) fn read(reader: &mut Reader<'_>, keys: &Keys, original: Original) -> Option<Option<Options>> {
    let mode = reader.read::<Mode>(&keys.mode);
    let nodes = reader.read::<List<Node>>(&keys.nodes);
    let primary = reader.read::<String>(&keys.sentinel_master);
    let sentinel_password = reader.optional::<Given>(&keys.sentinel_password);
    let user = reader.optional::<String>(&keys.user);
    let password = reader.optional::<Given>(&keys.password);
    let database = reader.read::<Whole<0, 65_535>>(&keys.database);
    let timeout = reader.read::<Whole<10, 10_000>>(&keys.timeout);
    let tls = reader.read::<bool>(&keys.tls);
    let ca_file = reader.optional::<PathBuf>(&keys.ca_file);
    let reject = reader.read::<bool>(&keys.reject_unauthorized);
    let server_name = reader.optional::<String>(&keys.server_name);
    let mode = mode?;
    let usual = match mode {
        Mode::Sentinel => 26379,
        Mode::Off | Mode::Standalone | Mode::Cluster => original.port.and_then(TextOr::value).unwrap_or(6379),
    };
    let address = |node: Node| Address { host: node.host, port: node.port.unwrap_or(usual) };
    let mut nodes: Vec<Address> = nodes?.0.into_iter().map(address).collect();
    let layout = match mode {
        Mode::Off => return Some(None),
        Mode::Standalone if nodes.len() == 1 => Layout::Standalone(nodes.swap_remove(0)),
        Mode::Standalone => {
            let right = "a standalone Redis is one server; several are Sentinels or a cluster";
            reader.wrong(keys.nodes.name, None, right);
            return None;
        }
        Mode::Sentinel => Layout::Sentinel { sentinels: nodes, primary: primary? },
        Mode::Cluster => Layout::Cluster(nodes),
    };
    let secret = |Given(secret): Given| Password::from(secret.expose_secret());
    let mut options = Options::new(layout);
    options.login.user = user?;
    options.login.password = password?.map(secret).or(original.password.as_deref().map(Password::from));
    options.sentinel_login.password = sentinel_password?.map(secret);
    options.database = u16::try_from(database?.0).ok()?;
    options.answer_within = Duration::from_millis(timeout?.0);
    if tls? {
        let tls = options.tls.insert(Tls::default());
        tls.ca_file = ca_file?;
        tls.reject_unauthorized =
            reject? && original.reject_unauthorized.and_then(TextOr::value) != Some(false);
        tls.server_name = server_name?.or(original.servername);
    }
    Some(Some(options))
}
