//! A piece of work and who waits for it.

use ges_core::port::StoreError;
use tokio::sync::oneshot;

use super::Write;
use crate::embedded::failure::{Closed, Failure};

/// Something to be done inside a transaction. It may be done again after a transaction that failed.
pub(in crate::embedded) trait Work: Send + 'static {
    type Answer: Send + 'static;

    /// How many records it writes, roughly.
    fn weight(&self) -> usize {
        1
    }

    fn run(&self, write: &mut Write<'_>) -> Result<Self::Answer, Failure>;
}

/// Work of whatever kind, as the writing thread sees it.
pub(super) trait Job: Send {
    fn weight(&self) -> usize;
    /// Does it and keeps the answer until it is durable.
    fn run(&mut self, write: &mut Write<'_>) -> Result<(), Failure>;
    /// Its transaction is durable.
    fn answer(self: Box<Self>);
    /// Its transaction has failed.
    fn fail(self: Box<Self>, failure: Failure);
}

pub(super) struct Typed<W: Work> {
    work: W,
    answer: Option<W::Answer>,
    reply: oneshot::Sender<Result<W::Answer, StoreError>>,
}

impl<W: Work> Typed<W> {
    pub fn new(work: W, reply: oneshot::Sender<Result<W::Answer, StoreError>>) -> Self {
        Typed { work, answer: None, reply }
    }
}

impl<W: Work> Job for Typed<W> {
    fn weight(&self) -> usize {
        self.work.weight()
    }

    fn run(&mut self, write: &mut Write<'_>) -> Result<(), Failure> {
        self.answer = Some(self.work.run(write)?);
        Ok(())
    }

    fn answer(self: Box<Self>) {
        // Whoever asked may be gone; what was asked for is done all the same.
        let _ = self.reply.send(self.answer.ok_or_else(|| StoreError::unavailable(Closed)));
    }

    fn fail(self: Box<Self>, failure: Failure) {
        let _ = self.reply.send(Err(failure.into()));
    }
}

/// Writes as much as a booking does, to see whether writing works. What it writes differs each time, because pages that
/// would not change are not written.
pub(in crate::embedded) struct Check;

impl Work for Check {
    type Answer = ();

    fn run(&self, write: &mut Write<'_>) -> Result<(), Failure> {
        write.execute("UPDATE probe SET filling = randomblob(32768)", ())?;
        Ok(())
    }
}
