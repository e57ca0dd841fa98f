//! Keys of the Postgres store.

use std::path::PathBuf;
use std::time::Duration;

use crate::keys::{Given, Key, List, Node, Reader, Setting, Whole};
use secrecy::SecretString;

const URL: Key = Key::secret(
    "storage.postgres.url",
    "Everything in one, such as `postgres://user:password@host1,host2/ges?target_session_attrs=read-write`, instead of hosts, database, user and password.",
);
const HOSTS: Key = Key::new(
    "storage.postgres.hosts",
    "127.0.0.1",
    "Servers (`host:port`, port 5432 if not said) with commas between them; the one that takes writes is used.",
);
const DATABASE: Key = Key::new("storage.postgres.database", "ges", "Its name.");
const USER: Key = Key::new("storage.postgres.user", "ges", "Who signs in.");
const PASSWORD: Key = Key::secret("storage.postgres.password", "With what.");
const SCHEMA: Key = Key::new(
    "storage.postgres.schema",
    "ges",
    "The schema of that database in which everything lives; made when it is missing.",
);
const TLS: Key = Key::new(
    "storage.postgres.tls",
    "verify",
    "`verify` (the server proves its name) or `off` (on this machine, or inside a network that is trusted).",
);
const CA_FILE: Key = Key::new(
    "storage.postgres.ca_file",
    "",
    "The authorities (PEM) that may vouch for the server, and no others; without it the public ones.",
);
const POOL_MAX: Key = Key::new(
    "storage.postgres.pool_max",
    "6",
    "Connections that read and lease, besides the few that write and watch.",
);
const STATEMENT_TIMEOUT: Key = Key::new(
    "storage.postgres.statement_timeout_ms",
    "5000",
    "Milliseconds until a statement is given up by the server.",
);
const MIGRATE: Key = Key::new(
    "storage.postgres.migrate",
    "true",
    "Whether a start brings the schema to its version; otherwise `ges-server migrate` has to.",
);

pub(super) const KEYS: &[&Key] = &[
    &URL,
    &HOSTS,
    &DATABASE,
    &USER,
    &PASSWORD,
    &SCHEMA,
    &TLS,
    &CA_FILE,
    &POOL_MAX,
    &STATEMENT_TIMEOUT,
    &MIGRATE,
];

/// The Postgres store, which any number of nodes share.
#[derive(Clone, Debug)]
pub struct Postgres {
    /// How to reach it.
    pub server: Server,
    /// Where in the database everything lives.
    pub schema: String,
    /// The server proves its name; by these authorities, if they are named.
    pub tls: Option<Authorities>,
    /// Connections that read and lease.
    pub pool_max: u32,
    /// Until a statement is given up.
    pub statement_timeout: Duration,
    /// Whether a start brings the schema to its version.
    pub migrate: bool,
}

/// How to reach a Postgres.
#[derive(Clone, Debug)]
pub enum Server {
    /// By an address that says everything.
    Url(SecretString),
    /// By its parts.
    Parts {
        /// Servers, of which one takes writes.
        hosts: Vec<Node>,
        /// The database.
        database: String,
        /// Who signs in.
        user: String,
        /// With what.
        password: Option<SecretString>,
    },
}

/// Who vouches for a neighbour's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Authorities {
    /// Those everybody trusts.
    Public,
    /// Those of this file alone.
    File(PathBuf),
}

impl Authorities {
    /// Those of the file, if there is one.
    pub fn of(file: Option<PathBuf>) -> Self {
        file.map_or(Authorities::Public, Authorities::File)
    }
}

enum Tls {
    Verify,
    Off,
}

impl Setting for Tls {
    fn parse(text: &str) -> Option<Self> {
        match text {
            "verify" => Some(Tls::Verify),
            "off" => Some(Tls::Off),
            _ => None,
        }
    }
    fn expected() -> String {
        "verify or off".to_owned()
    }
}

impl Postgres {
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Postgres> {
        let url = reader.optional::<Given>(&URL);
        let hosts = reader.read::<List<Node>>(&HOSTS);
        let database = reader.read::<String>(&DATABASE);
        let user = reader.read::<String>(&USER);
        let password = reader.optional::<Given>(&PASSWORD);
        let schema = reader.read::<String>(&SCHEMA);
        let tls = reader.read::<Tls>(&TLS);
        let ca_file = reader.optional::<PathBuf>(&CA_FILE);
        let pool_max = reader.read::<Whole<1, 1_000>>(&POOL_MAX);
        let statement_timeout = reader.read::<Whole<100, 600_000>>(&STATEMENT_TIMEOUT);
        let migrate = reader.read::<bool>(&MIGRATE);
        let server = match url? {
            Some(Given(url)) => Server::Url(url),
            None => Server::Parts {
                hosts: hosts?.0,
                database: database?,
                user: user?,
                password: password?.map(|password| password.0),
            },
        };
        let authorities = Authorities::of(ca_file?);
        Some(Postgres {
            server,
            schema: schema?,
            tls: match tls? {
                Tls::Verify => Some(authorities),
                Tls::Off => None,
            },
            pool_max: u32::try_from(pool_max?.0).ok()?,
            statement_timeout: Duration::from_millis(statement_timeout?.0),
            migrate: migrate?,
        })
    }
}
