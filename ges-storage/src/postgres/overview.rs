//! What an operator asks: who is there, what is due, what is held.

use ges_core::Timestamp;
use ges_core::port::StoreError;
use tokio_postgres::Row;

use super::PostgresStore;
use super::failure::Failure;
use super::row::NEVER;

/// The nodes and their work, as of one instant.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Overview {
    /// The nodes of the registry, in the order in which they came.
    pub nodes: Vec<NodeSeen>,
    /// Records that need attention now and that nobody holds, counted up to [`Overview::DUE_MAX`].
    pub due: u64,
    /// The earliest instant at which a record that nobody holds needs attention; it may be past.
    pub next_due: Option<Timestamp>,
    /// Records that a node holds a lease of.
    pub leased: u64,
}

/// One node of the registry.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NodeSeen {
    /// What it calls itself, fresh at each start.
    pub name: String,
    /// When it joined.
    pub since: Timestamp,
    /// Whether it holds its seat; one that does not is gone, and nobody has noticed yet.
    pub is_there: bool,
}

const NODES: &str = "SELECT n.name, n.started, EXISTS (SELECT 1 FROM pg_locks l \
     WHERE l.relation = to_regclass(format('seat_%s', n.seat)) AND l.mode = 'RowExclusiveLock' AND l.granted) AS there \
     FROM node n ORDER BY n.started, n.seat";
const WORK: &str = "SELECT (SELECT count(*) FROM (SELECT 1 FROM due WHERE owner = '' AND due <= $1 LIMIT $2) known) AS due, \
     (SELECT min(due) FROM due WHERE owner = '') AS next_due, \
     (SELECT count(*) FROM due WHERE owner <> '' AND lease_until > $1) AS leased";

impl Overview {
    /// Beyond this the exact number tells nothing more.
    pub const DUE_MAX: u64 = 1_000_000;
}

impl PostgresStore {
    /// Who is there and what there is to do, at this instant of the store's clock. Two look-ups by index; for a person,
    /// not for a loop.
    ///
    /// # Errors
    /// When the database cannot be asked.
    ///
    /// # Cancel safety
    /// May be dropped at any moment.
    pub async fn overview(&self, now: Timestamp) -> Result<Overview, StoreError> {
        self.asked(now).await.map_err(StoreError::from)
    }

    async fn asked(&self, now: Timestamp) -> Result<Overview, Failure> {
        let client = self.link.sessions.bare().await?;
        let nodes: Vec<NodeSeen> =
            client.query(NODES, &[]).await?.iter().map(node).collect::<Result<_, tokio_postgres::Error>>()?;
        let most = i64::try_from(Overview::DUE_MAX).unwrap_or(i64::MAX);
        let work = client.query_one(WORK, &[&now.as_millis(), &most]).await?;
        let count = |name: &str| Ok::<_, tokio_postgres::Error>(work.try_get::<_, i64>(name)?.unsigned_abs());
        let next_due = work.try_get::<_, Option<i64>>("next_due")?.filter(|due| *due < NEVER);
        Ok(Overview {
            nodes,
            due: count("due")?,
            next_due: next_due.map(Timestamp::from_millis),
            leased: count("leased")?,
        })
    }
}

fn node(row: &Row) -> Result<NodeSeen, tokio_postgres::Error> {
    Ok(NodeSeen {
        name: row.try_get("name")?,
        since: Timestamp::from_millis(row.try_get("started")?),
        is_there: row.try_get("there")?,
    })
}
