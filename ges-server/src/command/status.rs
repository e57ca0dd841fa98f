//! How the store and the nodes are, in a few lines for a person and a status for a script.

use std::fmt;
use std::time::Duration;

use ges_core::Timestamp;
use ges_core::port::Clock;
use ges_storage::embedded::{self, EmbeddedStore};
use ges_storage::postgres::{self, Overview, PostgresStore};

use crate::app::{StoreNotOpened, postgres_options};
use crate::config::{Postgres, Storage};

/// What is overdue for longer is falling behind ([callback-domain §8.1](ges_core::rules)).
const LAG: Duration = Duration::from_secs(60);

/// What was found.
#[derive(Debug)]
pub enum Status {
    /// Nothing is kept, so there is nothing to ask.
    Memory,
    /// The files of this machine: the process that has them, if one has.
    Embedded {
        /// Whether a process has them open.
        in_use: bool,
        /// Which, if that could be told.
        process: Option<u32>,
    },
    /// The database that nodes share.
    Postgres {
        /// The version of the schema that is there, 0 for none.
        schema: u32,
        /// The version this release needs.
        known: u32,
        /// Nodes and work; none when there is no schema that could be asked.
        overview: Option<Overview>,
        /// The database's time.
        now: Timestamp,
    },
}

/// Asks the store. Changes nothing, and never migrates.
///
/// # Errors
/// When it cannot be asked.
pub async fn of(storage: &Storage) -> Result<Status, StoreNotOpened> {
    match storage {
        Storage::Memory => Ok(Status::Memory),
        Storage::Embedded(directory) => match EmbeddedStore::open(directory, embedded::Options::default()) {
            Ok(_) => Ok(Status::Embedded { in_use: false, process: None }),
            Err(embedded::OpenError::Locked { holder, .. }) => {
                Ok(Status::Embedded { in_use: true, process: holder })
            }
            Err(source) => Err(StoreNotOpened::Embedded { directory: directory.clone(), source }),
        },
        Storage::Postgres(wanted) => Ok(of_postgres(wanted).await?),
    }
}

async fn of_postgres(wanted: &Postgres) -> Result<Status, postgres::OpenError> {
    let mut options = postgres_options(wanted)?;
    options.migrate = false;
    let versions = PostgresStore::schema_versions(options.clone()).await?;
    let (schema, known) = (versions.found, versions.known);
    if versions.is_older() || versions.is_beyond() {
        return Ok(Status::Postgres { schema, known, overview: None, now: Timestamp::from_millis(0) });
    }
    let store = PostgresStore::open(options).await?;
    let now = store.clock().now();
    let overview = store.overview(now).await;
    let overview = overview.map_err(|error| postgres::OpenError::Unreachable(error.into()))?;
    Ok(Status::Postgres { schema, known, overview: Some(overview), now })
}

impl Status {
    /// Whether nobody needs to look.
    pub fn is_well(&self) -> bool {
        match self {
            Status::Memory => true,
            Status::Embedded { in_use, .. } => *in_use,
            Status::Postgres { overview: None, .. } => false,
            Status::Postgres { overview: Some(overview), now, .. } => {
                overview.nodes.iter().any(|node| node.is_there) && lag(overview, *now) <= LAG
            }
        }
    }
}

/// How long what should have been looked at first has been waiting.
fn lag(overview: &Overview, now: Timestamp) -> Duration {
    overview.next_due.map_or(Duration::ZERO, |due| now.since(due))
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Status::Memory => writeln!(f, "mode    memory: nothing outlives the process"),
            Status::Embedded { in_use: false, .. } => {
                writeln!(f, "mode    embedded\nnode    none has the store open")
            }
            Status::Embedded { process, .. } => {
                let process = process.map_or_else(String::new, |process| format!(", process {process}"));
                writeln!(f, "mode    embedded\nnode    one has the store open{process}")
            }
            Status::Postgres { schema, known, overview, now } => {
                writeln!(f, "mode    postgres\nschema  {schema} (this release needs {known})")?;
                let Some(overview) = overview else {
                    return writeln!(
                        f,
                        "nodes   not asked: `ges-server migrate`, or another release, is needed"
                    );
                };
                let there = overview.nodes.iter().filter(|node| node.is_there).count();
                writeln!(f, "nodes   {there}")?;
                for node in &overview.nodes {
                    let gone = if node.is_there { "" } else { ", gone" };
                    writeln!(f, "        {}, since {}{gone}", node.name, node.since)?;
                }
                let next = overview.next_due.map_or_else(|| "never".to_owned(), |due| due.to_string());
                writeln!(f, "leased  {}", overview.leased)?;
                writeln!(f, "due     {} now, next {next}", overview.due)?;
                writeln!(f, "lag     {} s", lag(overview, *now).as_secs())
            }
        }
    }
}
