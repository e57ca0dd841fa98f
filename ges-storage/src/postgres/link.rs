//! The way to the database, and whether it is there.
//!
//! Two states: it answers, or it is away since some instant. A connection that is lost leads from the first to the
//! second; one task then knocks, ever more slowly up to once a second, and leads back. While it is away calls wait a
//! fraction of a second for its return and fail then.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use backon::{BackoffBuilder, ExponentialBuilder};
use bb8::{Pool, PooledConnection, RunError};
use ges_core::port::StoreError;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use tokio_postgres::Row;

use super::clock::{SharedClock, steady};
use super::error::OpenError;
use super::failure::{Failure, Said};
use super::names::Names;
use super::options::Options;
use super::session::{Say, Sessions, Value};

/// The connections of one store.
pub(super) struct Link {
    pub options: Options,
    pub clock: SharedClock,
    pub sessions: Sessions,
    pub names: Names,
    pool: Pool<Sessions>,
    away: watch::Sender<Option<Instant>>,
    /// Whether somebody is knocking without being sure.
    in_doubt: Arc<AtomicBool>,
    /// As long as this lives, somebody wants to know.
    _wanted: watch::Receiver<Option<Instant>>,
}

impl Link {
    pub fn new(options: Options) -> Result<Self, OpenError> {
        let clock = SharedClock::new();
        let sessions = Sessions::new(&options, clock.clone())?;
        let pool = Pool::builder()
            .max_size(options.connections.max(1))
            .connection_timeout(options.pool_limit)
            .test_on_check_out(false)
            .max_lifetime(None)
            .build_unchecked(sessions.clone());
        let (away, _wanted) = watch::channel(None);
        Ok(Link {
            options,
            clock,
            sessions,
            names: Names::default(),
            pool,
            away,
            in_doubt: Arc::default(),
            _wanted,
        })
    }

    /// Learns the server's time from a few quick answers.
    pub async fn learn(&self) -> Result<(), OpenError> {
        for _ in 0..4 {
            self.ask(Say::Clock, &[]).await.map_err(|error| OpenError::Unreachable(Box::new(error)))?;
        }
        Ok(())
    }

    pub fn away(&self) -> Option<Duration> {
        self.away.borrow().map(|since| since.elapsed())
    }

    /// The rows of one statement that changes nothing when it is done twice.
    pub async fn ask(&self, say: Say, values: &[Value<'_>]) -> Result<Vec<Row>, StoreError> {
        self.persist(say, values, Twice::Harmless).await
    }

    /// The same for a statement whose last parameter says whether an earlier try may have been done.
    pub async fn ask_or_find_done(&self, say: Say, values: &[Value<'_>]) -> Result<Vec<Row>, StoreError> {
        self.persist(say, values, Twice::Told).await
    }

    /// The same for a statement that is not asked again once it may have been done.
    pub async fn ask_once(&self, say: Say, values: &[Value<'_>]) -> Result<Vec<Row>, StoreError> {
        self.persist(say, values, Twice::Never).await
    }

    async fn persist(&self, say: Say, values: &[Value<'_>], twice: Twice) -> Result<Vec<Row>, StoreError> {
        let mut patience = Patience::new(&self.options);
        let mut again = false;
        self.ready().await?;
        loop {
            let (failure, asked) = match self.session().await {
                Ok(session) => {
                    let flag: [Value<'_>; 1] = [&again];
                    let flag = if twice == Twice::Told { &flag[..] } else { &[] };
                    let told: Vec<Value<'_>> = values.iter().chain(flag).copied().collect();
                    match session.rows(say, &told).await {
                        Ok(rows) => return Ok(rows),
                        Err(failure) => (failure, true),
                    }
                }
                Err(failure) => (failure, false),
            };
            match &failure {
                Failure::Lost(_) => {
                    self.lost();
                    again |= asked;
                }
                Failure::Crossed(_) => {}
                Failure::Unknown(_) | Failure::Full(_) | Failure::Refused(_) | Failure::Unreadable { .. } => {
                    return Err(failure.after_loss(again).into());
                }
            }
            if again && twice == Twice::Never || !patience.wait(self).await {
                return Err(failure.after_loss(again).into());
            }
        }
    }

    /// A connection that was not known to be of no use a moment ago.
    async fn session(&self) -> Result<PooledConnection<'_, Sessions>, Failure> {
        loop {
            match self.pool.get().await {
                // The pool keeps those that were closed while nobody used them; given back, it drops them.
                Ok(session) if session.is_spent() => {}
                Ok(session) => return Ok(session),
                Err(RunError::User(failure)) => return Err(failure),
                Err(RunError::TimedOut) => {
                    // Busy, or not there: whoever knocks finds out.
                    self.knock();
                    return Err(Failure::Full(Said::new("no connection to the database is free")));
                }
            }
        }
    }

    /// Waits a moment for a database that is away.
    ///
    /// # Errors
    /// When it stays away.
    pub async fn ready(&self) -> Result<(), StoreError> {
        if self.away.borrow().is_none() || self.returned(self.options.away_limit).await {
            return Ok(());
        }
        Err(StoreError::unavailable(Said::new("the database is away")))
    }

    /// Whether it answers within that time.
    pub async fn returned(&self, limit: Duration) -> bool {
        let mut away = self.away.subscribe();
        timeout(limit, away.wait_for(Option::is_none)).await.is_ok_and(|answers| answers.is_ok())
    }

    /// A connection was lost: the database is away until somebody reaches it. What is known by heart may be outdated.
    pub fn lost(&self) {
        self.names.forget();
        let changed = self.away.send_if_modified(|away| {
            let is_news = away.is_none();
            away.get_or_insert_with(steady);
            is_news
        });
        if changed {
            self.seek(false);
        }
    }

    /// Looks whether it is there, without having reason to believe otherwise.
    fn knock(&self) {
        if self.away.borrow().is_none() && !self.in_doubt.swap(true, Ordering::Relaxed) {
            self.seek(true);
        }
    }

    /// Knocks until the database answers; with `in_doubt`, it is away only once the first knock is not answered.
    fn seek(&self, mut in_doubt: bool) {
        let (sessions, away, doubt) = (self.sessions.clone(), self.away.clone(), self.in_doubt.clone());
        tokio::spawn(async move {
            let mut pauses = pauses();
            loop {
                let reached = tokio::select! {
                    // Nobody is left who could be told.
                    () = away.closed() => return,
                    reached = sessions.open() => reached,
                };
                if in_doubt {
                    doubt.store(false, Ordering::Relaxed);
                }
                if reached.is_ok() {
                    if !in_doubt {
                        away.send_replace(None);
                    }
                    return;
                }
                if in_doubt {
                    in_doubt = false;
                    if !away.send_if_modified(|away| away.replace(steady()).is_none()) {
                        return;
                    }
                }
                sleep(pauses.next().unwrap_or(Duration::from_secs(1))).await;
            }
        });
    }
}

fn pauses() -> impl Iterator<Item = Duration> + Send {
    ExponentialBuilder::default()
        .with_min_delay(Duration::from_millis(20))
        .with_max_delay(Duration::from_secs(1))
        .without_max_times()
        .with_jitter()
        .build()
}

/// What it means to do a statement twice.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Twice {
    Harmless,
    /// The statement is told that it may be the second time.
    Told,
    /// The first may still be at work when the second is asked.
    Never,
}

/// How long something is tried again.
pub(super) struct Patience {
    until: Option<Instant>,
    limit: Duration,
    /// Nobody waits longer, however late the first failure came.
    latest: Instant,
    pauses: Box<dyn Iterator<Item = Duration> + Send>,
}

impl Patience {
    /// So long after the first failure as an outcome may be unknown, and altogether no longer than one statement may take:
    /// whoever has waited so long for a server that is silent is told.
    pub fn new(options: &Options) -> Self {
        let limit = options.unknown_limit;
        let latest = steady() + limit.max(options.statement_limit);
        let pauses = ExponentialBuilder::default()
            .with_min_delay(Duration::from_millis(2))
            .with_max_delay(Duration::from_millis(200))
            .without_max_times()
            .with_jitter()
            .build();
        Patience { until: None, limit, latest, pauses: Box::new(pauses) }
    }

    /// Waits until it makes sense to try again; `false` when it has been tried long enough.
    pub async fn wait(&mut self, link: &Link) -> bool {
        let now = steady();
        let until = *self.until.get_or_insert((now + self.limit).min(self.latest));
        let left = until.saturating_duration_since(now);
        if left.is_zero() {
            return false;
        }
        sleep(self.pauses.next().unwrap_or_default().min(left)).await;
        link.returned(left).await
    }
}
