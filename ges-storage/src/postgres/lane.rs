//! One line of writers: a task takes all jobs that wait, has them done in one statement and one commit, and answers. So
//! many callers share one round trip and one wait for the disk, and a single one waits for nobody.

use std::future::Future;
use std::sync::{Arc, Weak};

use ges_core::port::StoreError;
use tokio::sync::{mpsc, oneshot};

use super::failure::{Failure, Said};
use super::link::{Link, Patience};
use super::session::Session;

/// So many jobs may wait before callers wait for room.
const QUEUE: usize = 4_096;
/// How often a batch that left jobs undone is done again before they are done one by one.
const ROUNDS: usize = 4;

/// A kind of work that can be done for many at once.
pub(super) trait Work: Send + Sync + 'static {
    type Job: Send + Sync;
    type Answer: Send;
    /// So many records are written in one statement.
    const BATCH: usize;

    /// How many records it is about.
    fn weight(job: &Self::Job) -> usize;

    /// Does them; all that are answered are durable then. `None` for a job that has to be asked again, because it
    /// stood in the way of another; a job that is alone is always answered. `again` tells that the same jobs may have
    /// been done before.
    fn run(
        session: &Session,
        jobs: &[&Self::Job],
        again: bool,
    ) -> impl Future<Output = Result<Vec<Option<Self::Answer>>, Failure>> + Send;
}

/// The way to the task.
pub(super) struct Lane<W: Work> {
    jobs: mpsc::Sender<Waiting<W>>,
    link: Arc<Link>,
}

impl<W: Work> Clone for Lane<W> {
    fn clone(&self) -> Self {
        Lane { jobs: self.jobs.clone(), link: self.link.clone() }
    }
}

struct Waiting<W: Work> {
    job: W::Job,
    reply: oneshot::Sender<Result<W::Answer, StoreError>>,
}

impl<W: Work> Lane<W> {
    /// Starts the task, which ends with the last lane.
    pub fn new(link: &Arc<Link>) -> Self {
        let (jobs, waiting) = mpsc::channel(QUEUE);
        let desk = Desk { link: Arc::downgrade(link), session: None };
        tokio::spawn(desk.serve(waiting));
        Lane { jobs, link: link.clone() }
    }

    /// Has the work done; the answer comes once it is durable.
    pub async fn run(&self, job: W::Job) -> Result<W::Answer, StoreError> {
        let closed = || StoreError::unavailable(Said::new("the store is closed"));
        self.link.ready().await?;
        let (reply, answer) = oneshot::channel();
        self.jobs.send(Waiting { job, reply }).await.map_err(|_| closed())?;
        // The desk took the job and is gone: it may have been done.
        answer.await.map_err(|_| StoreError::outcome_unknown(Said::new("the store was closed")))?
    }
}

/// Where the jobs are done.
struct Desk {
    link: Weak<Link>,
    session: Option<Session>,
}

impl Desk {
    async fn serve<W: Work>(mut self, mut waiting: mpsc::Receiver<Waiting<W>>) {
        while let Some(first) = waiting.recv().await {
            let mut weight = W::weight(&first.job);
            let mut jobs = vec![first];
            while weight < W::BATCH {
                let Ok(next) = waiting.try_recv() else { break };
                weight = weight.saturating_add(W::weight(&next.job));
                jobs.push(next);
            }
            let Some(link) = self.link.upgrade() else { return };
            self.do_all(&link, jobs).await;
        }
    }

    /// All at once; jobs that fail by themselves are done again one by one, so that nobody pays for another one's trouble.
    async fn do_all<W: Work>(&mut self, link: &Link, jobs: Vec<Waiting<W>>) {
        match self.try_all(link, jobs, false).await {
            (rest, Some(Failure::Refused(_) | Failure::Unreadable { .. }) | None) if rest.len() > 1 => {
                for one in rest {
                    let (rest, failure) = self.try_all(link, vec![one], true).await;
                    fail(rest, failure);
                }
            }
            (rest, failure) => fail(rest, failure),
        }
    }

    /// What is left undone, and why.
    async fn try_all<W: Work>(
        &mut self,
        link: &Link,
        mut jobs: Vec<Waiting<W>>,
        mut again: bool,
    ) -> (Vec<Waiting<W>>, Option<Failure>) {
        let mut patience = Patience::new(&link.options);
        let mut rounds = 0;
        let mut lost = false;
        // What was not begun is not begun while the database is away.
        if link.ready().await.is_err() {
            return (jobs, Some(Failure::Full(Said::new("the database is away"))));
        }
        while !jobs.is_empty() && rounds < ROUNDS {
            let failure = match self.session(link).await {
                Ok(session) => {
                    let asked: Vec<&W::Job> = jobs.iter().map(|one| &one.job).collect();
                    match W::run(session, &asked, again).await {
                        Ok(answers) => {
                            jobs = answer(jobs, answers);
                            rounds += 1;
                            continue;
                        }
                        Err(failure) => {
                            again = true;
                            lost |= matches!(failure, Failure::Lost(_));
                            failure
                        }
                    }
                }
                Err(failure) => failure,
            };
            match &failure {
                Failure::Lost(_) => {
                    self.session = None;
                    link.lost();
                }
                Failure::Crossed(_) => {}
                _ => return (jobs, Some(failure.after_loss(lost))),
            }
            if !patience.wait(link).await {
                return (jobs, Some(failure.after_loss(lost)));
            }
        }
        (jobs, None)
    }

    async fn session(&mut self, link: &Link) -> Result<&Session, Failure> {
        let usable = self.session.take().filter(|session| !session.is_spent());
        let session = match usable {
            Some(session) => session,
            None => link.sessions.open().await?,
        };
        Ok(self.session.insert(session))
    }
}

/// Answers those that have an answer, and gives the others back.
fn answer<W: Work>(jobs: Vec<Waiting<W>>, answers: Vec<Option<W::Answer>>) -> Vec<Waiting<W>> {
    let mut rest = Vec::new();
    for (one, answer) in jobs.into_iter().zip(answers) {
        match answer {
            // A caller that has gone away needs no answer.
            Some(answer) => drop(one.reply.send(Ok(answer))),
            None => rest.push(one),
        }
    }
    rest
}

fn fail<W: Work>(jobs: Vec<Waiting<W>>, failure: Option<Failure>) {
    let failure = failure.unwrap_or(Failure::Full(Said::new("too many want the same place")));
    let is_unknown = matches!(failure, Failure::Unknown(_));
    let mut failure = Some(failure);
    for one in jobs {
        // The first is told all, the others the outline.
        let outline = |what| {
            if is_unknown { Failure::Unknown(Said::new(what)) } else { Failure::Full(Said::new(what)) }
        };
        let failure = failure.take().unwrap_or_else(|| outline("the database did not take the batch"));
        drop(one.reply.send(Err(failure.into())));
    }
}
