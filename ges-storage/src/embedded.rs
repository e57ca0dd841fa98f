//! The durable store of a single process: one SQLite file on a local disk.
//!
//! - **Durable**: an answer is given after the data has been forced to the disk, so it survives `kill -9` and power
//!   loss. All jobs that wait are written together and share one wait for the disk.
//! - **Quick**: places, tallies, leases and the next wake are answered from memory; one thread writes, a few read, and
//!   none runs when there is nothing to do. No executor is blocked, none is needed.
//! - **Careful**: one process at a time has the file; one that is not ours, newer than we know, or contradicts itself
//!   is refused with a word about what to do ([`OpenError`]).
//!
//! It never shares the file with another process, keeps leases beyond a restart, or lives on a network file system,
//! where neither locks nor forced writes can be relied on. Tables, failures and sizes are described in
//! `docs/storage.md`.

mod backup;
mod error;
mod failure;
mod file;
mod indexes;
mod options;
mod ports;
mod reader;
mod row;
mod schema;
mod writer;

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, RwLock};
use std::thread::{self, JoinHandle};

use tokio::sync::oneshot;

pub use error::{BackupError, ExportError, OpenError};
pub use options::{Check, Options};

use file::Place;
use indexes::Indexes;
use reader::Readers;
use writer::Writer;

/// Remembers callbacks, call-in requests and settings in one file.
///
/// # Cancel safety
/// A future of one of the ports may be dropped at any moment: what was handed to the writing thread is done all the same,
/// what was not is not done.
///
/// Dropping the store writes what was asked for, folds the log into the file and waits for its threads; it takes some
/// milliseconds.
pub struct EmbeddedStore {
    place: Arc<Place>,
    options: Options,
    indexes: Arc<RwLock<Indexes>>,
    /// Gone only while being dropped, like the writer.
    readers: Option<Readers>,
    writer: Option<Writer>,
    reading: Vec<JoinHandle<()>>,
    writing: Vec<JoinHandle<()>>,
}

impl EmbeddedStore {
    /// Opens the store, or makes a new one.
    ///
    /// `path` is a folder, in which the file is called `ges.db`, or the file itself; a name without an extension that
    /// does not exist yet is taken for a folder, which is made. Beside the file stand, while it is open, its log
    /// (`-wal`, `-shm`) and the lock (`-lock`).
    ///
    /// Blocks until the file has been read: some tenths of a second for 100,000 records.
    ///
    /// # Errors
    /// [`OpenError`] says what is wrong with the file or the folder, and what to do.
    pub fn open(path: impl AsRef<Path>, options: Options) -> Result<Self, OpenError> {
        let place = Arc::new(Place::take(path.as_ref())?);
        let fault = |error| place.fault(error);
        let mut connection = place.writer(&options).map_err(fault)?;
        let version = schema::version(&connection, &place)?;
        let wanted = match options.check {
            Check::Always => true,
            Check::AfterUncleanStop => place.unclean,
            Check::Never => false,
        };
        if wanted && let Some(what) = schema::contradiction(&connection).map_err(fault)? {
            return Err(OpenError::Damaged { path: place.path.clone(), what });
        }
        schema::migrate(&mut connection, version).map_err(fault)?;
        let epoch = schema::next_epoch(&connection).map_err(fault)?;
        let indexes = Arc::new(RwLock::new(Indexes::load(&connection, epoch).map_err(fault)?));
        let readers = (0..options.readers.clamp(1, 16)).map(|_| place.reader(&options));
        let readers = readers.collect::<Result<Vec<_>, _>>().map_err(fault)?;

        let (readers, reading) = Readers::new(readers);
        let (writer, writing) = Writer::new(connection, Arc::clone(&place), Arc::clone(&indexes));
        let mut store = EmbeddedStore {
            place,
            options,
            indexes,
            readers: Some(readers),
            writer: Some(writer),
            reading: Vec::new(),
            writing: Vec::new(),
        };
        for run in reading {
            let thread = store.start("ges-store-read", run)?;
            store.reading.push(thread);
        }
        let thread = store.start("ges-store-write", writing)?;
        store.writing.push(thread);
        Ok(store)
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.place.path
    }

    /// Writes a copy of everything, as of one instant, to a new file, while the store is in use. The copy is a store
    /// of its own: to restore it, open it, or put it in the place of the lost file.
    ///
    /// Meanwhile the log grows by what is written, because the copy needs the old state.
    ///
    /// # Errors
    /// [`BackupError`]; then there is no file of that name.
    ///
    /// # Cancel safety
    /// Dropping the future ends the waiting: the copy is made all the same, on a thread of its own.
    pub async fn backup(&self, to: impl Into<PathBuf>) -> Result<(), BackupError> {
        let to = to.into();
        let path = to.clone();
        let copied = self.aside(move |place, _| backup::backup(place, &to)).await;
        copied.unwrap_or_else(|source| Err(BackupError::Inaccessible { path, source }))
    }

    /// Hands out everything, as of one instant, as lines of JSON: `{"callback":…}`, `{"callIn":{"tenant":…,
    /// "request":…}}` and `{"settings":{"tenant":…,"published":…}}`, while the store is in use; answers how many.
    /// `take` is called on a thread of its own. The lines hold personal data.
    ///
    /// # Errors
    /// [`ExportError`] when the store cannot be read, or `take` fails.
    ///
    /// # Cancel safety
    /// Dropping the future ends the waiting: `take` is called with the rest all the same.
    pub async fn export(
        &self,
        take: impl FnMut(&str) -> io::Result<()> + Send + 'static,
    ) -> Result<u64, ExportError> {
        let exported = self.aside(move |place, options| {
            let connection = place.reader(options).map_err(ExportError::database)?;
            reader::export(&connection, take)
        });
        exported.await.unwrap_or_else(|source| Err(ExportError::Taker(source)))
    }

    /// Does something long on a thread of its own, which may outlive the store and keeps the file locked meanwhile.
    async fn aside<T: Send + 'static>(
        &self,
        what: impl FnOnce(&Place, &Options) -> T + Send + 'static,
    ) -> io::Result<T> {
        let (reply, answer) = oneshot::channel();
        let (place, options) = (Arc::clone(&self.place), self.options.clone());
        let run = move || drop(reply.send(what(&place, &options)));
        thread::Builder::new().name("ges-store-copy".to_owned()).spawn(run)?;
        answer.await.map_err(io::Error::other)
    }

    fn start(&self, name: &str, run: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, OpenError> {
        let thread = thread::Builder::new().name(name.to_owned()).spawn(run);
        thread.map_err(|source| OpenError::Inaccessible { path: self.place.path.clone(), source })
    }
}

impl Drop for EmbeddedStore {
    fn drop(&mut self) {
        // One after the other: the connection that is closed alone, the writer's, folds the log into the file. A thread
        // that panicked has nothing more to say.
        drop(self.readers.take());
        self.reading.drain(..).for_each(|thread| drop(thread.join()));
        drop(self.writer.take());
        self.writing.drain(..).for_each(|thread| drop(thread.join()));
    }
}

impl fmt::Debug for EmbeddedStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EmbeddedStore").field("path", &self.place.path).finish_non_exhaustive()
    }
}
