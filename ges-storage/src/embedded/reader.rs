//! The threads that read: each with a connection of its own, so that reading and writing never wait for each other.

mod call_ins;
mod callbacks;
mod export;
mod query;

use std::sync::{Arc, Mutex, PoisonError};

use ges_core::port::StoreError;
use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

pub(super) use call_ins::{group, published, request, versions};
pub(super) use callbacks::{Unreadable, callback, leased, waiting};
pub(super) use export::export;
pub(super) use query::{Selection, page};

use super::failure::{Closed, Failure};

/// So many questions may wait before callers wait for room.
const QUEUE: usize = 1_024;

type Question = Box<dyn FnOnce(&Connection) + Send>;

/// The way to the reading threads.
pub(super) struct Readers {
    questions: mpsc::Sender<Question>,
}

impl Readers {
    /// The readers, and what each of their threads has to run. They end when the readers are dropped.
    pub fn new(connections: Vec<Connection>) -> (Self, Vec<impl FnOnce() + Send + 'static>) {
        let (questions, waiting) = mpsc::channel::<Question>(QUEUE);
        let waiting = Arc::new(Mutex::new(waiting));
        let run = |connection: Connection| {
            let waiting = Arc::clone(&waiting);
            move || {
                while let Some(question) = next(&waiting) {
                    question(&connection);
                }
            }
        };
        let threads = connections.into_iter().map(run).collect();
        (Readers { questions }, threads)
    }

    /// Has something read.
    pub async fn read<T: Send + 'static>(
        &self,
        what: impl FnOnce(&Connection) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        // Whoever asked may be gone.
        let question: Question = Box::new(move |connection| drop(reply.send(what(connection))));
        self.questions.send(question).await.map_err(|_| StoreError::unavailable(Closed))?;
        let answer = answer.await.map_err(|_| StoreError::unavailable(Closed))?;
        answer.map_err(StoreError::from)
    }
}

/// One thread waits at the door, the others for the door.
fn next(waiting: &Mutex<mpsc::Receiver<Question>>) -> Option<Question> {
    waiting.lock().unwrap_or_else(PoisonError::into_inner).blocking_recv()
}
