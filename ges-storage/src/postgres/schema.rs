//! The tables, by version.

use refinery::Runner;
use tokio_postgres::Client;

use super::error::OpenError;
use super::failure::{Failure, Said};
use super::link::Link;

mod embedded {
    refinery::embed_migrations!("migrations/postgres");
}

/// Whoever migrates holds this lock; the number means nothing but this.
const LOCK: i64 = 0x6765_735f_6d69_6772;

/// The version this release needs.
fn known() -> u32 {
    let versions = embedded::migrations::runner().get_migrations().iter().map(|one| one.version()).max();
    versions.and_then(|version| u32::try_from(version).ok()).unwrap_or(0)
}

/// The version that is there, and the one that is needed.
pub(super) async fn versions(link: &Link) -> Result<(u32, u32), OpenError> {
    let client = bare(link).await?;
    Ok((found(&client, &link.options.schema).await?, known()))
}

/// Checks the version, and migrates when that was asked for.
pub(super) async fn prepare(link: &Link) -> Result<(), OpenError> {
    let (found, known) = versions(link).await?;
    if found > known {
        return Err(OpenError::Newer { found, known });
    }
    if found < known {
        if !link.options.migrate {
            return Err(OpenError::Older { found, known });
        }
        migrate(link).await?;
    }
    Ok(())
}

/// Brings the schema to the known version under a lock of the whole database: whoever comes second waits, and finds
/// nothing left to do.
pub(super) async fn migrate(link: &Link) -> Result<u32, OpenError> {
    let known = known();
    let mut client = bare(link).await?;
    let failed = |source: Box<dyn std::error::Error + Send + Sync>| OpenError::Migration { known, source };
    let refused = |error: tokio_postgres::Error| failed(Box::new(Said::of(&error)));
    // A migration of a large table takes as long as it takes.
    client.batch_execute("SET statement_timeout = 0; SET enable_seqscan = on").await.map_err(refused)?;
    client.execute("SELECT pg_advisory_lock($1)", &[&LOCK]).await.map_err(refused)?;
    let found = found(&client, &link.options.schema).await?;
    if found > known {
        return Err(OpenError::Newer { found, known });
    }
    if found < known {
        let schema = &link.options.schema;
        client.batch_execute(&format!("CREATE SCHEMA IF NOT EXISTS \"{schema}\"")).await.map_err(refused)?;
        let runner: Runner = embedded::migrations::runner();
        // All steps in one transaction: an interrupted migration has changed nothing.
        let migrated = runner.set_grouped(true).run_async(&mut client).await;
        migrated.map_err(|error| failed(Box::new(error)))?;
    }
    // The lock ends with the connection, which ends here.
    Ok(known)
}

async fn bare(link: &Link) -> Result<Client, OpenError> {
    link.sessions.bare().await.map_err(unreachable)
}

async fn found(client: &Client, schema: &str) -> Result<u32, OpenError> {
    let failed = |error: tokio_postgres::Error| unreachable(error.into());
    let encoding: String = client.query_one("SHOW server_encoding", &[]).await.map_err(failed)?.get(0);
    if encoding != "UTF8" {
        return Err(OpenError::Encoding { found: encoding });
    }
    let table = format!("\"{schema}\".refinery_schema_history");
    let there = client.query_one("SELECT to_regclass($1) IS NOT NULL", &[&table]).await.map_err(failed)?;
    if !there.get::<_, bool>(0) {
        return Ok(0);
    }
    let newest = "SELECT coalesce(max(version), 0)::int8 FROM refinery_schema_history";
    let version: i64 = client.query_one(newest, &[]).await.map_err(failed)?.get(0);
    Ok(u32::try_from(version).unwrap_or(u32::MAX))
}

fn unreachable(failure: Failure) -> OpenError {
    OpenError::Unreachable(Box::new(ges_core::port::StoreError::from(failure)))
}
