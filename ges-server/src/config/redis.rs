//! Keys of a Redis: our own, and that of the voice platform, which have the same shape.

use std::path::PathBuf;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::postgres::Authorities;
use crate::keys::{Given, Key, List, Node, Reader, Secret, Setting, Whole};

/// The keys of one Redis.
struct Keys {
    mode: Key,
    nodes: Key,
    sentinel_master: Key,
    sentinel_password: Key,
    user: Key,
    password: Key,
    database: Key,
    timeout: Key,
    tls: Key,
    ca_file: Key,
    reject_unauthorized: Key,
    server_name: Key,
}

/// The same keys under a prefix of their own.
macro_rules! keys {
    ($prefix:literal, $mode:literal, $mode_meaning:literal) => {
        Keys {
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

const OWN: Keys = keys!(
    "redis",
    "off",
    "Redis for what nodes share and may lose: `off`, `standalone`, `sentinel` or `cluster`. Without it nodes count requests each for itself, and what a hanging node holds is taken over within a minute instead of seconds."
);
const VOICE: Keys = keys!(
    "orchestrator.ors.redis",
    "standalone",
    "The voice platform's Redis: `standalone`, `sentinel` or `cluster`."
);

const PREFIX: Key = Key::new("redis.prefix", "ges", "Begins every key and channel; the same on all nodes.");
const SECRET: Key = Key::secret(
    "redis.secret",
    "Personal data in keys is hashed with it. The same on all nodes; required unless the mode is `off`. Also the variable `REDIS_CACHEKEY` or `REDIS-CACHEKEY`.",
)
.also(&["REDIS_CACHEKEY", "REDIS-CACHEKEY"]);
const CONNECTION: Key = Key::secret(
    "orchestrator.ors.redis.connection",
    "The original's connection secret: JSON with `password`, `port`, `rejectUnauthorized` and `servername`, each of which counts where its own key is not set. Also the variable `voice_redis_ors_stream` or `voice-redis-ors-stream`.",
)
.also(&["voice_redis_ors_stream", "voice-redis-ors-stream"]);

pub(super) const OWN_KEYS: &[&Key] = &[
    &OWN.mode,
    &OWN.nodes,
    &OWN.sentinel_master,
    &OWN.sentinel_password,
    &OWN.user,
    &OWN.password,
    &OWN.database,
    &OWN.timeout,
    &OWN.tls,
    &OWN.ca_file,
    &OWN.reject_unauthorized,
    &OWN.server_name,
    &PREFIX,
    &SECRET,
];
pub(super) const VOICE_KEYS: &[&Key] = &[
    &VOICE.mode,
    &VOICE.nodes,
    &VOICE.sentinel_master,
    &VOICE.sentinel_password,
    &VOICE.user,
    &VOICE.password,
    &VOICE.database,
    &VOICE.timeout,
    &VOICE.tls,
    &VOICE.ca_file,
    &VOICE.reject_unauthorized,
    &VOICE.server_name,
    &CONNECTION,
];

/// How to reach a Redis.
#[derive(Clone, Debug)]
pub struct Connection {
    /// Of what kind it is, and where.
    pub servers: Servers,
    /// Who signs in.
    pub user: Option<String>,
    /// With what.
    pub password: Option<SecretString>,
    /// The number of the database.
    pub database: u16,
    /// Until a call without answer is given up.
    pub timeout: Duration,
    /// Encryption, if there is any.
    pub tls: Option<RedisTls>,
}

/// The kinds of Redis, with hosts and ports.
#[derive(Clone, Debug)]
pub enum Servers {
    /// One server.
    Standalone((String, u16)),
    /// Sentinels, who know which server is the primary.
    Sentinel {
        /// Them.
        sentinels: Vec<(String, u16)>,
        /// What they call the primary.
        master: String,
        /// With what to sign in there.
        password: Option<SecretString>,
    },
    /// Some nodes of a cluster.
    Cluster(Vec<(String, u16)>),
}

/// How connections to a Redis are encrypted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedisTls {
    /// Who vouches for the servers.
    pub authorities: Authorities,
    /// Whether a server that cannot prove its name is refused.
    pub reject_unauthorized: bool,
    /// The name the servers have to prove.
    pub server_name: Option<String>,
}

/// The Redis of our own.
#[derive(Clone, Debug)]
pub struct Redis {
    /// How to reach it.
    pub connection: Connection,
    /// Begins every key and channel.
    pub prefix: String,
    /// Hashes personal data in keys.
    pub secret: SecretString,
}

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
struct Original {
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

impl Redis {
    /// The outer `None` is a mistake that was noted, the inner one means that there is no Redis.
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Option<Redis>> {
        let connection = Connection::read(reader, &OWN, Original::default());
        let prefix = reader.read::<String>(&PREFIX);
        let Some(connection) = connection? else { return Some(None) };
        let secret = reader.read::<Secret>(&SECRET);
        Some(Some(Redis { connection, prefix: prefix?, secret: secret?.0 }))
    }
}

impl Connection {
    /// That of the voice platform.
    pub(super) fn read_voice(reader: &mut Reader<'_>) -> Option<Connection> {
        let original = match reader.optional::<Given>(&CONNECTION)? {
            None => Original::default(),
            Some(Given(text)) => match serde_json::from_str(text.expose_secret()) {
                Ok(original) => original,
                Err(_) => {
                    reader.wrong(CONNECTION.name, None, "expected a JSON object of the original's form");
                    return None;
                }
            },
        };
        let connection = Connection::read(reader, &VOICE, original)?;
        if connection.is_none() {
            reader.wrong(VOICE.mode.name, Some("off".to_owned()), "expected standalone, sentinel or cluster");
        }
        connection
    }

    fn read(reader: &mut Reader<'_>, keys: &Keys, original: Original) -> Option<Option<Connection>> {
        let mode = reader.read::<Mode>(&keys.mode);
        let nodes = reader.read::<List<Node>>(&keys.nodes);
        let master = reader.read::<String>(&keys.sentinel_master);
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
            Mode::Off | Mode::Standalone | Mode::Cluster => {
                original.port.and_then(TextOr::value).unwrap_or(6379)
            }
        };
        let mut nodes: Vec<_> =
            nodes?.0.into_iter().map(|node| (node.host, node.port.unwrap_or(usual))).collect();
        let servers = match mode {
            Mode::Off => return Some(None),
            Mode::Standalone if nodes.len() == 1 => Servers::Standalone(nodes.swap_remove(0)),
            Mode::Standalone => {
                let right = "a standalone Redis is one server; several are Sentinels or a cluster";
                reader.wrong(keys.nodes.name, None, right);
                return None;
            }
            Mode::Sentinel => Servers::Sentinel {
                sentinels: nodes,
                master: master?,
                password: sentinel_password?.map(|password| password.0),
            },
            Mode::Cluster => Servers::Cluster(nodes),
        };
        let reject_unauthorized =
            reject? && original.reject_unauthorized.and_then(TextOr::value) != Some(false);
        let tls = tls?.then_some(RedisTls {
            authorities: Authorities::of(ca_file?),
            reject_unauthorized,
            server_name: server_name?.or(original.servername),
        });
        let password = password?.map(|password| password.0).or(original.password.map(SecretString::from));
        Some(Some(Connection {
            servers,
            user: user?,
            password,
            database: u16::try_from(database?.0).ok()?,
            timeout: Duration::from_millis(timeout?.0),
            tls,
        }))
    }
}
