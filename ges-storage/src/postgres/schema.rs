//! The tables, by version, and which releases may work with them.
//!
//! A schema is either as this release knows it, or older and migrated, or newer. Newer ones are used as they are: a
//! migration only adds, so what this release reads and writes is still there. One that must take something away raises
//! the floor of the schema, and releases that know less are refused from then on.

use refinery::Runner;
use tokio_postgres::Client;

use super::api;
use super::error::OpenError;
use super::failure::{Failure, Said};
use super::link::Link;

mod embedded {
    refinery::embed_migrations!("migrations/postgres");
}

/// Whoever migrates holds this lock; the number means nothing but this.
const LOCK: i64 = 0x6765_735f_6d69_6772;

/// Versions of the tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SchemaVersions {
    /// The version that is there; 0 when there is none.
    pub found: u32,
    /// Releases that know less than this version may not work with what is there.
    pub floor: u32,
    /// The version this release knows.
    pub known: u32,
}

impl SchemaVersions {
    /// Whether it has to be migrated before this release can work with it.
    pub fn is_older(&self) -> bool {
        self.found < self.known
    }

    /// Whether this release may not work with it.
    pub fn is_beyond(&self) -> bool {
        self.floor > self.known
    }

    fn allowed(self) -> Result<Self, OpenError> {
        let SchemaVersions { found, floor, known } = self;
        if self.is_beyond() { Err(OpenError::Beyond { found, floor, known }) } else { Ok(self) }
    }
}

/// The version this release needs.
fn known() -> u32 {
    let versions = embedded::migrations::runner().get_migrations().iter().map(|one| one.version()).max();
    versions.and_then(|version| u32::try_from(version).ok()).unwrap_or(0)
}

/// The versions of what is there.
pub(super) async fn versions(link: &Link) -> Result<SchemaVersions, OpenError> {
    found(&bare(link).await?, &link.options.schema).await
}

/// Checks the versions, and migrates when that was asked for.
pub(super) async fn prepare(link: &Link) -> Result<(), OpenError> {
    let client = bare(link).await?;
    let versions = found(&client, &link.options.schema).await?.allowed()?;
    let installed = !versions.is_older()
        && api::is_installed(&client, &link.options.schema)
            .await
            .map_err(|error| unreachable(error.into()))?;
    drop(client);
    if installed {
        return Ok(());
    }
    if link.options.migrate {
        return migrate(link).await.map(drop);
    }
    let SchemaVersions { found, known, .. } = versions;
    Err(if found < known { OpenError::Older { found, known } } else { OpenError::Functions })
}

/// Brings the schema to the known version, unless it is newer, and installs the functions of this release, under a lock
/// of the whole database: whoever comes second waits, and finds nothing left to do. Answers the version that is there
/// then.
pub(super) async fn migrate(link: &Link) -> Result<u32, OpenError> {
    let known = known();
    let schema = &link.options.schema;
    let mut client = bare(link).await?;
    let failed = |source: Box<dyn std::error::Error + Send + Sync>| OpenError::Migration { known, source };
    let refused = |error: tokio_postgres::Error| failed(Box::new(Said::of(&error)));
    // A migration of a large table takes as long as it takes, and makes tables in their own schema.
    let setting =
        format!("SET statement_timeout = 0; SET enable_seqscan = on; SET search_path = \"{schema}\"");
    client.batch_execute(&setting).await.map_err(refused)?;
    client.execute("SELECT pg_advisory_lock($1)", &[&LOCK]).await.map_err(refused)?;
    let versions = found(&client, schema).await?.allowed()?;
    if versions.is_older() {
        client.batch_execute(&format!("CREATE SCHEMA IF NOT EXISTS \"{schema}\"")).await.map_err(refused)?;
        let runner: Runner = embedded::migrations::runner();
        // All steps in one transaction: an interrupted migration has changed nothing.
        let migrated = runner.set_grouped(true).run_async(&mut client).await;
        migrated.map_err(|error| failed(Box::new(error)))?;
    }
    if !api::is_installed(&client, schema).await.map_err(refused)? {
        api::install(&mut client, schema, known).await.map_err(refused)?;
    }
    // The lock ends with the connection, which ends here.
    Ok(versions.found.max(known))
}

async fn bare(link: &Link) -> Result<Client, OpenError> {
    link.sessions.bare().await.map_err(unreachable)
}

async fn found(client: &Client, schema: &str) -> Result<SchemaVersions, OpenError> {
    let failed = |error: tokio_postgres::Error| unreachable(error.into());
    let known = known();
    let encoding: String = client.query_one("SHOW server_encoding", &[]).await.map_err(failed)?.get(0);
    if encoding != "UTF8" {
        return Err(OpenError::Encoding { found: encoding });
    }
    let table = format!("\"{schema}\".refinery_schema_history");
    let there = client.query_one("SELECT to_regclass($1) IS NOT NULL", &[&table]).await.map_err(failed)?;
    if !there.get::<_, bool>(0) {
        return Ok(SchemaVersions { found: 0, floor: 0, known });
    }
    let newest = format!("SELECT coalesce(max(version), 0)::int8 FROM {table}");
    let version: i64 = client.query_one(&newest, &[]).await.map_err(failed)?.get(0);
    let found = u32::try_from(version).unwrap_or(u32::MAX);
    if found == 0 {
        return Ok(SchemaVersions { found, floor: 0, known });
    }
    let lowest = format!("SELECT version FROM \"{schema}\".schema_floor");
    let floor: i32 = client.query_one(&lowest, &[]).await.map_err(failed)?.get(0);
    Ok(SchemaVersions { found, floor: u32::try_from(floor).unwrap_or(0), known })
}

fn unreachable(failure: Failure) -> OpenError {
    OpenError::Unreachable(Box::new(ges_core::port::StoreError::from(failure)))
}
