//! Keeps the write-ahead log short without making a booking wait for it.
//!
//! When the log has grown, a second thread copies its pages into the file while the writer goes on. What the writer
//! added meanwhile it copies itself, which is little; then the log begins anew. When nothing is written nothing runs.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

use rusqlite::Connection;
use rusqlite::hooks::Wal;

use crate::embedded::file::Place;

/// Pages in the log at which it is copied: 16 MiB.
const PAGES: i32 = 4_096;

/// What is known of the log.
pub(super) struct Log {
    /// Pages in it, as of the last commit.
    pages: Arc<AtomicI32>,
    /// It is copied when it has so many.
    copy_at: i32,
    stage: Stage,
    done: Arc<AtomicBool>,
    copier: Option<(SyncSender<()>, JoinHandle<()>)>,
}

#[derive(PartialEq)]
enum Stage {
    Growing,
    BeingCopied,
}

impl Log {
    /// Begins to watch the log of this connection. Without a second thread the writer copies alone.
    pub fn watch(connection: &mut Connection, place: &Place) -> Self {
        let pages = Arc::new(AtomicI32::new(0));
        let seen = Arc::clone(&pages);
        // Without the hook the log would be copied only when the store is closed; that is slower, not wrong.
        let _ = connection.wal_hook(Some(move |_: &mut Wal, pages| {
            seen.store(pages, Ordering::Relaxed);
            Ok(())
        }));
        let done = Arc::new(AtomicBool::new(false));
        let copier = place.aside().ok().and_then(|aside| start(aside, Arc::clone(&done)));
        Log { pages, copy_at: PAGES, stage: Stage::Growing, done, copier }
    }

    /// Called by the writer after each transaction.
    pub fn keep_short(&mut self, connection: &Connection) {
        let pages = self.pages.load(Ordering::Relaxed);
        match self.stage {
            Stage::Growing if pages < self.copy_at => {}
            Stage::Growing => match &self.copier {
                Some((start, _)) if start.try_send(()).is_ok() => self.stage = Stage::BeingCopied,
                _ => self.copy_the_rest(connection, pages),
            },
            Stage::BeingCopied => {
                if self.done.swap(false, Ordering::Acquire) {
                    self.copy_the_rest(connection, pages);
                    self.stage = Stage::Growing;
                }
            }
        }
    }

    /// With all of it copied, the next transaction begins the log anew. While somebody still reads an old state, which
    /// a backup may do for minutes, it cannot, and is tried again later.
    fn copy_the_rest(&mut self, connection: &Connection, pages: i32) {
        let all_copied = matches!(copy(connection), Ok((logged, copied)) if logged == copied);
        self.copy_at = if all_copied { PAGES } else { pages.saturating_add(PAGES) };
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        if let Some((start, thread)) = self.copier.take() {
            drop(start);
            // It has nothing to tell: what it did not copy is copied at the next opening.
            let _ = thread.join();
        }
    }
}

fn start(connection: Connection, done: Arc<AtomicBool>) -> Option<(SyncSender<()>, JoinHandle<()>)> {
    let (start, started) = sync_channel::<()>(1);
    let copying = move || {
        while started.recv().is_ok() {
            // A failure, on a full disk for instance, leaves the pages in the log, where they are as safe.
            let _ = copy(&connection);
            done.store(true, Ordering::Release);
        }
    };
    let thread = thread::Builder::new().name("ges-store-log".to_owned()).spawn(copying).ok()?;
    Some((start, thread))
}

/// Copies what can be copied without waiting for anybody: pages in the log, and how many of them are in the file now.
fn copy(connection: &Connection) -> rusqlite::Result<(i64, i64)> {
    connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", (), |row| Ok((row.get(1)?, row.get(2)?)))
}
