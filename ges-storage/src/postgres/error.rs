//! What can go wrong when the store is opened, each with what to do about it.

use std::path::PathBuf;

/// The store was not opened. Nothing in the database was changed, a migration that had begun included.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The connection string cannot be understood.
    #[error(
        "the address of the database cannot be understood: postgresql://user:password@host:5432/database is expected"
    )]
    Address,
    /// The schema's name cannot be used.
    #[error(
        "the schema may be named with letters, digits and underscores only, not begin with a digit, and have 50 letters at \
         most"
    )]
    SchemaName,
    /// The authority's certificate cannot be read.
    #[error("{} holds no certificate in PEM form that can be read", path.display())]
    Authority {
        /// The file.
        path: PathBuf,
    },
    /// The database cannot be reached, or refuses.
    #[error(
        "the database cannot be used: check that it runs, its address, the user's rights and the password"
    )]
    Unreachable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The database cannot hold every text.
    #[error("the database is encoded in {found}, UTF8 is needed: make it with ENCODING 'UTF8'")]
    Encoding {
        /// Its encoding.
        found: String,
    },
    /// A later release has taken something away that this one needs.
    #[error(
        "the schema has version {found} and takes releases that know version {floor} at least, this one knows {known}: \
         run a later release, or restore a backup made before the upgrade"
    )]
    Beyond {
        /// The version that is there.
        found: u32,
        /// The oldest version a release may know.
        floor: u32,
        /// The version known here.
        known: u32,
    },
    /// The schema is missing or of an earlier release, and migrating was not asked for.
    #[error("the schema has version {found}, this release needs {known}: run `ges-server migrate`")]
    Older {
        /// The version that is there; 0 when there is none.
        found: u32,
        /// The version that is needed.
        known: u32,
    },
    /// The functions of this release are missing, and migrating was not asked for.
    #[error("the functions of this release are not installed in the database: run `ges-server migrate`")]
    Functions,
    /// The migration failed.
    #[error("the schema could not be brought to version {known}")]
    Migration {
        /// The version that was wanted.
        known: u32,
        /// Why not.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}
