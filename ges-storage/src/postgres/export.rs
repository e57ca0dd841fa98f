//! Everything as JSON lines, in the form of the embedded store's.

use std::io;
use std::pin::pin;

use futures_util::TryStreamExt;
use ges_core::CallbackId;
use ges_core::port::StoreError;
use postgres_types::FromSql;
use tokio_postgres::{IsolationLevel, Row, Transaction};

use super::PostgresStore;
use super::failure::Failure;
use super::row;
use crate::record::{NotARecord, to_text};

/// An export ended early.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// The database could not be read.
    #[error("the database cannot be read")]
    Database(#[from] StoreError),
    /// Who took the lines wants no more.
    #[error("the exported lines cannot be written")]
    Taker(#[source] io::Error),
}

impl From<Failure> for ExportError {
    fn from(failure: Failure) -> Self {
        ExportError::Database(failure.into())
    }
}

/// Each kind of line. An export reads everything, so the planner may read in any way.
const CALLBACKS: &str =
    "SELECT id, record, whole_data(id, tenant, data) AS data FROM callback ORDER BY desired, id";
const CALL_INS: &str = "SELECT tenant, record FROM call_in ORDER BY created, id";
const SETTINGS: &str = "SELECT tenant, body FROM settings ORDER BY tenant";
const UNHURRIED: &str =
    "SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0; SET enable_seqscan = on";

impl PostgresStore {
    /// Hands out everything, as of one instant, as lines of JSON: `{"callback":…}`, `{"callIn":{"tenant":…,
    /// "request":…}}` and `{"settings":{"tenant":…,"published":…}}`, while the store is in use; answers how many. `take`
    /// is called on the task of the caller. The lines hold personal data.
    ///
    /// Meanwhile the database keeps what was deleted since, because the export still sees it.
    ///
    /// # Errors
    /// [`ExportError`] when the store cannot be read, or `take` fails.
    ///
    /// # Cancel safety
    /// May be dropped at any moment; the lines that were handed out are whole.
    pub async fn export(&self, mut take: impl FnMut(&str) -> io::Result<()>) -> Result<u64, ExportError> {
        let mut client = self.link.sessions.bare().await?;
        client.batch_execute(UNHURRIED).await.map_err(Failure::from)?;
        let snapshot = client.build_transaction().isolation_level(IsolationLevel::RepeatableRead);
        let snapshot = snapshot.read_only(true).start().await.map_err(Failure::from)?;
        let count = lines(&snapshot, CALLBACKS, callback, &mut take).await?
            + lines(&snapshot, CALL_INS, call_in, &mut take).await?
            + lines(&snapshot, SETTINGS, settings, &mut take).await?;
        snapshot.commit().await.map_err(Failure::from)?;
        Ok(count)
    }
}

async fn lines(
    snapshot: &Transaction<'_>,
    sql: &str,
    line: impl Fn(&Row) -> Result<String, ExportError>,
    take: &mut impl FnMut(&str) -> io::Result<()>,
) -> Result<u64, ExportError> {
    let none: [i32; 0] = [];
    let mut rows = pin!(snapshot.query_raw(sql, none).await.map_err(Failure::from)?);
    let mut count = 0;
    while let Some(row) = rows.try_next().await.map_err(Failure::from)? {
        take(&line(&row)?).map_err(ExportError::Taker)?;
        count += 1;
    }
    Ok(count)
}

fn callback(row: &Row) -> Result<String, ExportError> {
    let (record, data): (&str, &[u8]) = (column(row, "record")?, column(row, "data")?);
    let callback = row::callback(CallbackId(column(row, "id")?), record, data)?;
    let text = to_text(&callback).map_err(StoreError::unavailable)?;
    Ok(format!("{{\"callback\":{text}}}"))
}

fn call_in(row: &Row) -> Result<String, ExportError> {
    let (tenant, record): (&str, &str) = (column(row, "tenant")?, column(row, "record")?);
    Ok(format!("{{\"callIn\":{{\"tenant\":{},\"request\":{record}}}}}", quoted(tenant)?))
}

fn settings(row: &Row) -> Result<String, ExportError> {
    let (tenant, body): (&str, &str) = (column(row, "tenant")?, column(row, "body")?);
    Ok(format!("{{\"settings\":{{\"tenant\":{},\"published\":{body}}}}}", quoted(tenant)?))
}

fn column<'a, T: FromSql<'a>>(row: &'a Row, name: &str) -> Result<T, Failure> {
    Ok(row.try_get(name)?)
}

fn quoted(text: &str) -> Result<String, ExportError> {
    serde_json::to_string(text).map_err(|error| {
        let why = NotARecord::from(error);
        Failure::Unreadable { what: "the name of a tenant".to_owned(), why }.into()
    })
}
