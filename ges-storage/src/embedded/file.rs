//! The file on the disk: whose it is, who has it open, and how a connection to it is made.

use std::ffi::OsString;
use std::fs::{self, File, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::error::OpenError;
use super::failure::is_damage;
use super::options::Options;

/// Says in the file's header that it is ours: "gesC".
pub(super) const APPLICATION_ID: i32 = 0x6765_7343;
/// The file's name when only a folder is given.
const NAME: &str = "ges.db";
/// The log is cut back to this size when it begins anew.
const LOG_BYTES_KEPT: u32 = 32 << 20;
/// How long a connection waits for another one of this process.
const PATIENCE_MS: u32 = 5_000;

/// Where the store is, and the lock that makes it ours until dropped.
#[derive(Debug)]
pub(super) struct Place {
    pub path: PathBuf,
    /// Whether the last process that had it open did not close it.
    pub unclean: bool,
    _lock: Lock,
}

impl Place {
    /// Finds or makes the folder, takes the lock, and looks at the header.
    pub fn take(given: &Path) -> Result<Self, OpenError> {
        let inaccessible = |path: &Path, source| OpenError::Inaccessible { path: path.to_owned(), source };
        let path = file_of(given);
        let folder = folder_of(&path);
        fs::create_dir_all(folder).map_err(|error| inaccessible(folder, error))?;
        let lock = lock(&path)?;
        let fault = |error| inaccessible(&path, error);
        let log = length(&beside(&path, "-wal")).map_err(fault)?;
        if length(&path).map_err(fault)? == 0 {
            if log > 0 {
                let what = "it is empty, but its log is not".to_owned();
                return Err(OpenError::Damaged { path, what });
            }
        } else if !is_ours(&path).map_err(fault)? {
            return Err(OpenError::Foreign { path });
        }
        Ok(Place { path, unclean: log > 0, _lock: lock })
    }

    /// A connection that writes; it makes the file if there is none yet.
    pub fn writer(&self, options: &Options) -> Result<Connection, rusqlite::Error> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.path, flags)?;
        prepare(&connection, options.cache_kib.max(64))?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        let fresh: i64 = connection.pragma_query_value(None, "page_count", |row| row.get(0))?;
        if fresh == 0 {
            // The very first write: whatever happens later, the file says whose it is.
            connection.pragma_update(None, "application_id", APPLICATION_ID)?;
        }
        connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
        connection.pragma_update_and_check(None, "journal_size_limit", LOG_BYTES_KEPT, |_| Ok(()))?;
        // The writer decides itself when the log is folded into the file.
        connection.pragma_update_and_check(None, "wal_autocheckpoint", 0, |_| Ok(()))?;
        // Removed records are overwritten where that costs no extra write: they are personal data.
        connection.pragma_update_and_check(None, "secure_delete", "FAST", |_| Ok(()))?;
        if let Some(bytes) = options.max_bytes {
            let page: i64 = connection.pragma_query_value(None, "page_size", |row| row.get(0))?;
            let pages = i64::try_from(bytes).unwrap_or(i64::MAX) / page.max(1);
            connection.pragma_update_and_check(None, "max_page_count", pages.max(1), |_| Ok(()))?;
        }
        if fresh == 0 {
            File::open(folder_of(&self.path)).and_then(|folder| folder.sync_all()).map_err(cannot_open)?;
        }
        Ok(connection)
    }

    /// A connection that only reads.
    pub fn reader(&self, options: &Options) -> Result<Connection, rusqlite::Error> {
        let connection = self.connect()?;
        prepare(&connection, (options.cache_kib / 4).max(64))?;
        connection.pragma_update(None, "query_only", true)?;
        Ok(connection)
    }

    /// A connection for copying, the log into the file or the file to another; it keeps next to nothing in memory.
    pub fn aside(&self) -> Result<Connection, rusqlite::Error> {
        let connection = self.connect()?;
        prepare(&connection, 64)?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        Ok(connection)
    }

    fn connect(&self) -> Result<Connection, rusqlite::Error> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        Connection::open_with_flags(&self.path, flags)
    }

    /// What a failed statement means while opening.
    pub fn fault(&self, error: rusqlite::Error) -> OpenError {
        let path = self.path.clone();
        if is_damage(&error) {
            OpenError::Damaged { path, what: error.to_string() }
        } else {
            OpenError::Database { path, source: Box::new(error) }
        }
    }
}

fn prepare(connection: &Connection, cache_kib: u32) -> Result<(), rusqlite::Error> {
    connection.busy_timeout(std::time::Duration::from_millis(PATIENCE_MS.into()))?;
    connection.pragma_update(None, "cache_size", -i64::from(cache_kib))?;
    connection.pragma_update_and_check(None, "mmap_size", 0, |_| Ok(()))?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.set_prepared_statement_cache_capacity(64);
    // Otherwise a statement whose LIMIT is a parameter is compiled anew each time its value may have changed.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(())
}

fn cannot_open(source: io::Error) -> rusqlite::Error {
    rusqlite::Error::ToSqlConversionFailure(Box::new(source))
}

/// The file meant by a path: in a folder, the file has a name of its own.
fn file_of(given: &Path) -> PathBuf {
    let folder = given.is_dir() || (!given.exists() && given.extension().is_none());
    if folder { given.join(NAME) } else { given.to_owned() }
}

pub(super) fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// The path with something put behind the file's name.
pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    name.into()
}

fn length(path: &Path) -> io::Result<u64> {
    match fs::metadata(path) {
        Ok(known) => Ok(known.len()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
        Err(error) => Err(error),
    }
}

/// The file is ours. The operating system gives the lock up when the process ends, however it ends.
#[derive(Debug)]
struct Lock(File);

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing is not enough: a process that is just being started has the same open file for a moment. If it fails,
        // the lock goes a moment later.
        let _ = self.0.unlock();
    }
}

fn lock(path: &Path) -> Result<Lock, OpenError> {
    let lock_path = beside(path, "-lock");
    let inaccessible = |source| OpenError::Inaccessible { path: lock_path.clone(), source };
    let open = File::options().read(true).write(true).create(true).truncate(false).open(&lock_path);
    let mut lock = open.map_err(inaccessible)?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut text = String::new();
            let holder = lock.read_to_string(&mut text).ok().and_then(|_| text.trim().parse().ok());
            return Err(OpenError::Locked { path: path.to_owned(), holder });
        }
        Err(TryLockError::Error(error)) => return Err(inaccessible(error)),
    }
    // Who holds it is a courtesy to the operator; on a full disk the lock is as good without.
    let _ =
        lock.set_len(0).and_then(|()| lock.rewind()).and_then(|()| write!(lock, "{}", std::process::id()));
    Ok(Lock(lock))
}

/// Reads the header: the magic at its start, the application's number at byte 68.
fn is_ours(path: &Path) -> io::Result<bool> {
    let mut header = [0_u8; 72];
    let mut file = File::open(path)?;
    match file.read_exact(&mut header) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(false),
        Err(error) => return Err(error),
    }
    Ok(header.starts_with(b"SQLite format 3\0") && header.ends_with(&APPLICATION_ID.to_be_bytes()))
}
