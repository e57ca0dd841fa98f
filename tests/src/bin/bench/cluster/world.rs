//! Private servers, and nodes on them.

use std::cell::Cell;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ges_tests::private::{Postgres, Redis};

use crate::machine;
use crate::server::{Server, Setup};

/// A Postgres, the Redis that nodes share, and the Redis of the voice platform; one of each for everything measured.
pub struct World {
    binary: PathBuf,
    folder: tempfile::TempDir,
    /// The truth. Forced writes are on.
    pub postgres: Postgres,
    /// What nodes may lose.
    pub hot: Redis,
    /// Where the stream is.
    pub voice: Redis,
    clusters: Cell<usize>,
}

/// A database of its own, empty Redis servers, and settings: what nodes are started on.
pub struct Cluster<'w> {
    /// The servers.
    pub world: &'w World,
    /// Its database.
    pub database: String,
    folder: PathBuf,
    settings: String,
    nodes: Cell<usize>,
}

/// Where a node finds the servers: themselves, or wires to them.
#[derive(Clone, Copy)]
pub struct Reach {
    /// Postgres.
    pub postgres: SocketAddr,
    /// The Redis that nodes share.
    pub hot: SocketAddr,
    /// The Redis of the voice platform.
    pub voice: SocketAddr,
}

impl World {
    /// Starts the servers.
    pub fn start(binary: &Path, folder: &Path) -> anyhow::Result<World> {
        Ok(World {
            binary: binary.to_owned(),
            folder: tempfile::Builder::new().prefix("ges-bench-").tempdir_in(folder)?,
            postgres: postgres(),
            hot: Redis::start(),
            voice: Redis::start(),
            clusters: Cell::new(0),
        })
    }

    /// Room for nodes that know nothing of the ones before.
    pub fn cluster(&self, settings: String) -> Cluster<'_> {
        let number = self.clusters.replace(self.clusters.get() + 1);
        for redis in [&self.hot, &self.voice] {
            redis.ask(&["FLUSHALL"]);
        }
        Cluster {
            world: self,
            database: self.postgres.fresh_database_name(),
            folder: self.folder.path().join(format!("cluster-{number}")),
            settings,
            nodes: Cell::new(0),
        }
    }

    /// Time all processes of the database have spent on a core, of those that still run.
    pub fn postgres_cpu(&self) -> Duration {
        self.postgres.processes().into_iter().filter_map(|process| machine::cpu_time(process).ok()).sum()
    }
}

/// The database server of every measurement, the peers' too.
pub fn postgres() -> Postgres {
    Postgres::options().with("shared_buffers", "512MB").with("max_wal_size", "4GB").start()
}

/// Whether the database server cleans up by itself. Its housekeeping is counted as transactions like anybody's, so it
/// rests while a node's own are counted.
pub fn keep_house(postgres: &Postgres, keep: bool) {
    postgres.ask("postgres", &format!("ALTER SYSTEM SET autovacuum = {keep}"));
    postgres.ask("postgres", "SELECT pg_reload_conf()");
}

impl Cluster<'_> {
    /// One more node, ready.
    pub fn node(&self) -> anyhow::Result<Server> {
        let world = self.world;
        self.node_over(Reach {
            postgres: world.postgres.address(),
            hot: world.hot.address(),
            voice: world.voice.address(),
        })
    }

    /// One more node that reaches the servers in this way, ready.
    pub fn node_over(&self, reach: Reach) -> anyhow::Result<Server> {
        let number = self.nodes.replace(self.nodes.get() + 1);
        let rest = format!(
            r#"
[storage]
kind = "postgres"
[storage.postgres]
hosts = "{postgres}"
database = "{database}"
user = "ges"
tls = "off"
[redis]
mode = "standalone"
nodes = "{hot}"
secret = "redis-secret-of-the-bench"
[orchestrator]
kind = "ors"
write_back_secret = "write-back-secret-of-the-bench"
[orchestrator.ors.redis]
mode = "standalone"
nodes = "{voice}"
"#,
            database = self.database,
            postgres = reach.postgres,
            hot = reach.hot,
            voice = reach.voice,
        );
        let folder = self.folder.join(format!("node-{number}"));
        Setup::configured(&self.world.binary, &folder, &self.settings, &rest)?.start()
    }

    /// What a query of its database answers, as a number.
    pub fn number(&self, sql: &str) -> f64 {
        let rows = self.world.postgres.ask(&self.database, sql);
        rows.first().and_then(|text| text.parse().ok()).unwrap_or(f64::NAN)
    }

    /// Bytes of all its tables, with indexes and what is stored out of line.
    pub fn stored_bytes(&self) -> f64 {
        self.number(
            "SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0) FROM pg_class c \
             JOIN pg_namespace n ON n.oid = c.relnamespace \
             WHERE c.relkind IN ('r', 'm') AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')",
        )
    }
}
