//! The store in a Postgres that any number of nodes share.

mod neighbours;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use ges_core::port::{Clock, Peers};
use ges_core::{NodeId, Timestamp};
use ges_storage::postgres::{OpenError, Options, Overview, PostgresStore, Tls};
use ges_storage::redis::Presence;
use secrecy::{ExposeSecret, SecretString};

use self::neighbours::Neighbours;
use super::store::{Migrated, Status, Store, StoreConfig, StoreFailure, StoreKind, Stores, Take};
use crate::keys::{Given, Key, List, Node, Reader, Setting, Whole};

const NAME: &str = "postgres";

pub(super) const KIND: StoreKind = StoreKind { name: NAME, keys: || KEYS.to_vec(), read };

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

const KEYS: &[&Key] = &[
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

/// What is overdue for longer is falling behind ([callback-domain §8.1](ges_core::rules)).
const LAG: Duration = Duration::from_secs(60);

/// A good answer to a health check holds for so long, since each costs the database a transaction.
const CHECK_HOLDS: Duration = Duration::from_secs(30);

/// Whether the server proves its name.
enum Proof {
    Verify,
    Off,
}

impl Setting for Proof {
    fn parse(text: &str) -> Option<Self> {
        match text {
            "verify" => Some(Proof::Verify),
            "off" => Some(Proof::Off),
            _ => None,
        }
    }
    fn expected() -> String {
        "verify or off".to_owned()
    }
}

fn read(reader: &mut Reader<'_>) -> Option<Arc<dyn StoreConfig>> {
    let url = reader.optional::<Given>(&URL);
    let hosts = reader.read::<List<Node>>(&HOSTS);
    let database = reader.read::<String>(&DATABASE);
    let user = reader.read::<String>(&USER);
    let password = reader.optional::<Given>(&PASSWORD);
    let schema = reader.read::<String>(&SCHEMA);
    let proof = reader.read::<Proof>(&TLS);
    let ca_file = reader.optional::<PathBuf>(&CA_FILE);
    let pool_max = reader.read::<Whole<1, 1_000>>(&POOL_MAX);
    let statement_timeout = reader.read::<Whole<100, 600_000>>(&STATEMENT_TIMEOUT);
    let migrate = reader.read::<bool>(&MIGRATE);
    let password = password?.map(|Given(password)| password);
    let (key, options) = match url? {
        Some(Given(url)) => (&URL, Options::new(url.expose_secret())),
        None => {
            let servers = hosts?.0.into_iter().map(|node| (node.host, node.port.unwrap_or(5432)));
            let secret = password.as_ref().map(ExposeSecret::expose_secret);
            (&HOSTS, Options::of_servers(servers, &database?, &user?, secret))
        }
    };
    let mut options = match options {
        Ok(options) => options.schema(schema?),
        Err(error) => {
            reader.wrong(key.name, None, error.to_string());
            return None;
        }
    };
    options.tls = match (proof?, ca_file?) {
        (Proof::Off, _) => Tls::Off,
        (Proof::Verify, None) => Tls::Verify,
        (Proof::Verify, Some(authorities)) => Tls::Authority(authorities),
    };
    options.connections = u32::try_from(pool_max?.0).ok()?;
    options.statement_limit = Duration::from_millis(statement_timeout?.0);
    options.migrate = migrate?;
    Some(Arc::new(Postgres { options, password }))
}

/// How the database is reached.
#[derive(Debug)]
struct Postgres {
    options: Options,
    /// Unless an address says everything.
    password: Option<SecretString>,
}

fn unusable(error: OpenError) -> StoreFailure {
    let may_pass = matches!(error, OpenError::Unreachable(_));
    StoreFailure::Unusable { place: "storage.postgres".to_owned(), may_pass, source: error.into() }
}

#[async_trait]
impl StoreConfig for Postgres {
    fn kind(&self) -> &'static str {
        NAME
    }

    fn secrets(&self) -> Vec<(&'static str, &SecretString)> {
        self.password.iter().map(|password| (PASSWORD.name, password)).collect()
    }

    async fn open(&self) -> Result<Stores, StoreFailure> {
        let store = PostgresStore::open(self.options.clone()).await.map_err(unusable)?;
        let clock = Arc::new(store.clock());
        Ok(Stores::of(Arc::new(store), clock))
    }

    /// Somebody has to look when there is no schema that can be asked, no node, or when work falls behind.
    async fn status(&self) -> Result<Status, StoreFailure> {
        let mut options = self.options.clone();
        options.migrate = false;
        let versions = PostgresStore::schema_versions(options.clone()).await.map_err(unusable)?;
        let schema = format!("schema  {} (this release needs {})", versions.found, versions.known);
        if versions.is_older() || versions.is_beyond() {
            let nodes = "nodes   not asked: `ges-server migrate`, or another release, is needed";
            return Ok(Status { text: format!("mode    {NAME}\n{schema}\n{nodes}\n"), is_well: false });
        }
        let store = PostgresStore::open(options).await.map_err(unusable)?;
        let now = store.clock().now();
        let overview = store.overview(now).await.map_err(StoreFailure::failed)?;
        let lag = overview.next_due.map_or(Duration::ZERO, |due| now.since(due));
        let is_well = overview.nodes.iter().any(|node| node.is_there) && lag <= LAG;
        let text = format!("mode    {NAME}\n{schema}\n{}lag     {} s\n", told(&overview), lag.as_secs());
        Ok(Status { text, is_well })
    }

    async fn migrate(&self) -> Result<Migrated, StoreFailure> {
        let from = PostgresStore::schema_versions(self.options.clone()).await.map_err(unusable)?.found;
        let to = PostgresStore::migrate(self.options.clone()).await.map_err(unusable)?;
        Ok(Migrated { from, to })
    }
}

/// Nodes and work, in lines.
fn told(overview: &Overview) -> String {
    let mut lines = vec![format!("nodes   {}", overview.nodes.iter().filter(|node| node.is_there).count())];
    lines.extend(overview.nodes.iter().map(|node| {
        let gone = if node.is_there { "" } else { ", gone" };
        format!("        {}, since {}{gone}", node.name, node.since)
    }));
    let next = overview.next_due.as_ref().map_or_else(|| "never".to_owned(), Timestamp::to_string);
    lines.push(format!("leased  {}", overview.leased));
    lines.push(format!("due     {} now, next {next}\n", overview.due));
    lines.join("\n")
}

#[async_trait]
impl Store for PostgresStore {
    fn kind(&self) -> &'static str {
        NAME
    }

    fn peers(&self, node: &NodeId, presence: Option<Arc<Presence>>) -> Option<Arc<dyn Peers>> {
        Some(Arc::new(Neighbours { seats: self.peers(node.clone()), presence }))
    }

    fn check_holds(&self) -> Duration {
        CHECK_HOLDS
    }

    async fn backup(&self, _: &std::path::Path) -> Result<(), StoreFailure> {
        let instead = "the database has its own tools: pg_dump for a copy as of one instant, or a base backup with \
             archived logs to go back to any instant; `ges-server export` prints it as JSON";
        Err(StoreFailure::unable(NAME, "backup", instead))
    }

    async fn export(&self, take: Take) -> Result<u64, StoreFailure> {
        self.export(take).await.map_err(StoreFailure::failed)
    }
}
