//! The one thread that writes: it takes all jobs that wait, writes them in one transaction, and answers when that is
//! on the disk. So many callers share one wait for the disk, and a single one waits for nobody.

mod book;
mod call_ins;
mod change;
mod guards;
mod job;
mod log;
mod purge;
mod settings;
mod write;

use std::sync::{Arc, RwLock};

use ges_core::port::StoreError;
use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

pub(super) use book::Book;
pub(super) use call_ins::{ChangeCallIns, PurgeCallIns};
pub(super) use change::ChangeAll;
pub(super) use job::{Check, Work};
use job::{Job, Typed};
use log::Log;
pub(super) use purge::Purge;
pub(super) use settings::Publish;
pub(super) use write::Write;

use super::failure::{Closed, Failure};
use super::file::Place;
use super::indexes::{Batch, Indexes};

/// So many jobs may wait before callers wait for room.
const QUEUE: usize = 1_024;
/// So many records are written in one transaction before its callers are answered.
const BATCH: usize = 1_024;

/// The way to the writing thread.
pub(super) struct Writer {
    jobs: mpsc::Sender<Box<dyn Job>>,
}

impl Writer {
    /// The writer, and what its thread has to run. It ends when the writer is dropped and all jobs are done.
    pub fn new(
        connection: Connection,
        place: Arc<Place>,
        indexes: Arc<RwLock<Indexes>>,
    ) -> (Self, impl FnOnce() + Send + 'static) {
        let (jobs, waiting) = mpsc::channel(QUEUE);
        let run = move || {
            let mut connection = connection;
            let log = Log::watch(&mut connection, &place);
            Desk { log, connection, indexes }.serve(waiting);
        };
        (Writer { jobs }, run)
    }

    /// Has the work done; the answer comes once it is durable.
    pub async fn run<W: Work>(&self, work: W) -> Result<W::Answer, StoreError> {
        let (reply, answer) = oneshot::channel();
        let job = Box::new(Typed::new(work, reply));
        self.jobs.send(job).await.map_err(|_| StoreError::unavailable(Closed))?;
        // The thread took the job and is gone: it may have been done.
        answer.await.map_err(|_| StoreError::outcome_unknown(Closed))?
    }
}

/// Where the jobs are done.
struct Desk {
    // Dropped before the connection, which folds the rest of the log into the file when it closes as the last one.
    log: Log,
    connection: Connection,
    indexes: Arc<RwLock<Indexes>>,
}

impl Desk {
    fn serve(mut self, mut waiting: mpsc::Receiver<Box<dyn Job>>) {
        while let Some(first) = waiting.blocking_recv() {
            let mut weight = first.weight();
            let mut jobs = vec![first];
            while weight < BATCH {
                let Ok(next) = waiting.try_recv() else { break };
                weight = weight.saturating_add(next.weight());
                jobs.push(next);
            }
            self.do_all(jobs);
            self.log.keep_short(&self.connection);
        }
    }

    /// All in one transaction; if that fails, each in one of its own, so that nobody pays for another one's trouble.
    fn do_all(&mut self, mut jobs: Vec<Box<dyn Job>>) {
        match self.transact(&mut jobs) {
            Ok(()) => jobs.into_iter().for_each(|job| job.answer()),
            Err(_) if jobs.len() > 1 => jobs.into_iter().for_each(|job| self.do_all(vec![job])),
            Err(failure) => {
                if let Some(job) = jobs.pop() {
                    job.fail(failure);
                }
            }
        }
    }

    fn transact(&mut self, jobs: &mut [Box<dyn Job>]) -> Result<(), Failure> {
        let mut batch = Batch::default();
        let written = self.write(jobs, &mut batch);
        match &written {
            Ok(()) => batch.apply(&self.indexes),
            Err(_) => {
                batch.forget(&self.indexes);
                if !self.connection.is_autocommit() {
                    // When even this fails the connection is of no use; the next transaction will tell.
                    let _ = self.connection.execute_batch("ROLLBACK");
                }
            }
        }
        written
    }

    fn write(&self, jobs: &mut [Box<dyn Job>], batch: &mut Batch) -> Result<(), Failure> {
        self.connection.prepare_cached("BEGIN IMMEDIATE")?.execute(())?;
        for job in jobs {
            job.run(&mut Write::new(&self.connection, &self.indexes, batch))?;
        }
        self.connection.prepare_cached("COMMIT")?.execute(())?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::embedded::options::Options;
    use crate::embedded::schema;

    /// Enters a tenant, and then perhaps fails.
    struct Enter(&'static str, bool);

    impl Work for Enter {
        type Answer = i64;

        fn run(&self, write: &mut Write<'_>) -> Result<i64, Failure> {
            write.execute("INSERT INTO tenant (name) VALUES (?1)", [self.0])?;
            if self.1 {
                write.execute("INSERT INTO tenant (name) VALUES (?1)", [self.0])?;
            }
            let count = write.first("SELECT count(*) FROM tenant", (), |row| row.get(0))?;
            Ok(count.unwrap_or(0))
        }
    }

    #[test]
    fn a_job_that_fails_takes_no_other_with_it() {
        let home = tempfile::tempdir().unwrap();
        let place = Place::take(home.path()).unwrap();
        let mut connection = place.writer(&Options::default()).unwrap();
        schema::migrate(&mut connection, 0).unwrap();
        let log = Log::watch(&mut connection, &place);
        let mut desk = Desk { log, connection, indexes: Arc::default() };

        let (mut jobs, mut answers) = (Vec::<Box<dyn Job>>::new(), Vec::new());
        for (name, fails) in [("acme", false), ("globex", true), ("initech", false)] {
            let (reply, answer) = oneshot::channel();
            jobs.push(Box::new(Typed::new(Enter(name, fails), reply)));
            answers.push(answer);
        }
        desk.do_all(jobs);
        let answers = answers.into_iter().map(|answer| answer.blocking_recv().unwrap().ok());
        assert_eq!(answers.collect::<Vec<_>>(), [Some(1), None, Some(2)]);
    }
}
