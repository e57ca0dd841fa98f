//! The durable store of many nodes: PostgreSQL 11 or later, which alone decides.
//!
//! - **Durable**: an answer is given after the commit. Concurrent bookings, and concurrent changes, of a node share one
//!   statement, one round trip and one commit.
//! - **Decided in one place**: a booking or change is judged under the row lock of its service, by one function of the
//!   database, so no lock is ever held while a client is waited for; a node that freezes stops nobody.
//! - **Bounded**: every wait has a limit. While the database is away, calls fail within a fraction of a second, and go on
//!   by themselves when it is back. A batch whose outcome is unknown is done again, which changes nothing if it was done.
//!
//! It needs a tokio runtime, a connection per session (no pooler that shares sessions between transactions), and a
//! schema of its own in the database. Tables, failures and sizes are described in `docs/storage.md`.

mod api;
mod book;
mod change;
mod clock;
mod error;
mod export;
mod failure;
mod guards;
mod lane;
mod leases;
mod link;
mod names;
mod options;
mod overview;
mod peers;
mod ports;
mod query;
mod read;
mod row;
mod schema;
mod session;
mod tls;
mod words;

use std::fmt;
use std::sync::Arc;

pub use clock::SharedClock;
pub use error::OpenError;
pub use export::ExportError;
pub use options::{Options, Tls};
pub use overview::{NodeSeen, Overview};
pub use peers::Peers;
pub use schema::SchemaVersions;

use book::Books;
use change::Changes;
use ges_core::NodeId;
use lane::Lane;
use link::Link;

/// Remembers callbacks, call-in requests and settings in one schema of a PostgreSQL database.
///
/// Cheap to clone; all clones share the connections. They are closed when the last one is dropped.
///
/// # Cancel safety
/// A future of one of the ports may be dropped at any moment. What was asked for is then done or not, as after an answer
/// that was lost; it is never done in part, and no connection is left in a state that others would notice.
#[derive(Clone)]
pub struct PostgresStore {
    link: Arc<Link>,
    books: Lane<Books>,
    changes: Lane<Changes>,
}

impl PostgresStore {
    /// Connects, checks the schema, and migrates it first when [`Options::migrate`] says so. Any number of nodes may do
    /// so at once.
    ///
    /// # Errors
    /// [`OpenError`] says what is wrong, and what to do.
    ///
    /// # Cancel safety
    /// May be dropped at any moment: a migration that was broken off has changed nothing, or all of it.
    pub async fn open(options: Options) -> Result<Self, OpenError> {
        let link = Arc::new(Link::new(options)?);
        schema::prepare(&link).await?;
        link.learn().await?;
        let (books, changes) = (Lane::new(&link), Lane::new(&link));
        Ok(PostgresStore { link, books, changes })
    }

    /// Brings the schema to the version of this release unless it is newer, installs the functions of this release, and
    /// answers the version that is there then. Safe to run from many places at once; harmless when there is nothing to do.
    ///
    /// # Errors
    /// [`OpenError`]; a migration that failed has changed nothing.
    ///
    /// # Cancel safety
    /// May be dropped at any moment: a migration that was broken off has changed nothing, or all of it.
    pub async fn migrate(options: Options) -> Result<u32, OpenError> {
        schema::migrate(&Link::new(options)?).await
    }

    /// The version of the schema that is there, and what this release makes of it.
    ///
    /// # Errors
    /// [`OpenError`] when the database cannot be asked.
    ///
    /// # Cancel safety
    /// May be dropped at any moment.
    pub async fn schema_versions(options: Options) -> Result<SchemaVersions, OpenError> {
        schema::versions(&Link::new(options)?).await
    }

    /// Watches the other nodes of this database under the name `node`, which must be the one it leases under.
    pub fn peers(&self, node: NodeId) -> Peers {
        Peers::new(self.link.clone(), node)
    }

    /// The server's clock, as this node knows it.
    pub fn clock(&self) -> SharedClock {
        self.link.clock.clone()
    }

    /// Since when the database is away; `None` while it answers.
    pub fn away(&self) -> Option<std::time::Duration> {
        self.link.away()
    }
}

impl fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresStore").field("options", &self.link.options).finish_non_exhaustive()
    }
}
