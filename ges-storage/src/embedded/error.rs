//! What can go wrong when the file is opened or copied, each with what to do about it.

use std::io;
use std::path::PathBuf;

/// The file was not opened. Nothing in it was changed, a migration that had begun included.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// Another store, of this or of another process, has it open.
    #[error(
        "{} is in use by another process{}: stop that one, or give this one a folder of its own",
        path.display(),
        holder.map(|pid| format!(" (process {pid})")).unwrap_or_default()
    )]
    Locked {
        /// The file.
        path: PathBuf,
        /// Process id of who has it, if it could be told.
        holder: Option<u32>,
    },
    /// There is a file, but none that this store has made.
    #[error("{} is not a callback store and was left untouched: choose another folder or file name", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// It was made by a later release.
    #[error(
        "{} has schema version {found}, this release knows versions up to {known}: run a release at least as new as \
         the one that wrote it, or restore a backup made before the upgrade",
        path.display()
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its schema version.
        found: i64,
        /// The newest version known here.
        known: i64,
    },
    /// Its content contradicts itself.
    #[error(
        "{} is damaged ({what}): keep a copy of it, restore the last backup, or rescue what can be read with \
         `sqlite3 {} .recover`",
        path.display(),
        path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What was found; no data of records.
        what: String,
    },
    /// The folder or the file cannot be written or read.
    #[error("{} cannot be opened for writing: check that the folder exists, has space, and may be written", path.display())]
    Inaccessible {
        /// The folder or file.
        path: PathBuf,
        /// The system's answer.
        #[source]
        source: io::Error,
    },
    /// The database refuses for another reason, a full disk for instance.
    #[error("{} cannot be opened", path.display())]
    Database {
        /// The file.
        path: PathBuf,
        /// The database's answer.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// No backup was made; a file of that name was neither begun nor changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BackupError {
    /// A backup never replaces a file.
    #[error("{} exists already: choose a name that is free", path.display())]
    Exists {
        /// The name that was wanted.
        path: PathBuf,
    },
    /// The place cannot be written.
    #[error("{} cannot be written", path.display())]
    Inaccessible {
        /// The name that was wanted.
        path: PathBuf,
        /// The system's answer.
        #[source]
        source: io::Error,
    },
    /// The database failed to copy, because the disk is full for instance.
    #[error("the copy to {} failed", path.display())]
    Database {
        /// The name that was wanted.
        path: PathBuf,
        /// The database's answer.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// An export ended early.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// The store could not be read.
    #[error("the store cannot be read")]
    Database(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Who took the lines wants no more.
    #[error("the exported lines cannot be written")]
    Taker(#[source] io::Error),
}

impl ExportError {
    pub(super) fn database(error: rusqlite::Error) -> Self {
        ExportError::Database(Box::new(error))
    }
}
