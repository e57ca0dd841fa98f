//! How the nodes answer, as their clients see it: who is worth asking, what failed, and since when it works again.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use ges_tests::chance::Chance;

/// How many clients wait for one node before others ask another one, as a balancer in front of them would.
const CROWD: usize = 4;
/// After so many answers in a row a node works again.
const STEADY: u32 = 3;

/// Where a node listens.
#[derive(Clone, Copy, Debug)]
pub struct Doors {
    /// For the street.
    pub external: SocketAddr,
    /// For the inside.
    pub internal: SocketAddr,
}

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The engine has decided, for or against.
    Answered,
    /// A failure in the documented envelope.
    Failed,
    /// The connection broke, or nothing came in time.
    Silent,
    /// Nobody listened.
    NotThere,
}

/// What the clients of all nodes know together.
pub struct Pulse {
    doors: Vec<Doors>,
    waiting: Vec<AtomicUsize>,
    seen: Mutex<Seen>,
}

struct Seen {
    /// Answers in a row, of each node, to requests sent since then.
    rows: Vec<u32>,
    since: Instant,
    failed: u64,
    silent: u64,
    last_failure: Option<Instant>,
    slowest: Duration,
}

/// What went wrong in a span of time.
#[derive(Clone, Copy, Debug, Default)]
pub struct Trouble {
    /// Requests that were answered with a failure.
    pub failed: u64,
    /// Requests whose answer never came.
    pub silent: u64,
    /// When the last of them was.
    pub last: Option<Instant>,
    /// The slowest answer of any kind.
    pub slowest: Duration,
}

impl Pulse {
    /// Nothing is known of these nodes.
    pub fn of(doors: Vec<Doors>) -> Self {
        let seen = Seen {
            rows: vec![0; doors.len()],
            since: Instant::now(),
            failed: 0,
            silent: 0,
            last_failure: None,
            slowest: Duration::ZERO,
        };
        Pulse { waiting: doors.iter().map(|_| AtomicUsize::new(0)).collect(), doors, seen: Mutex::new(seen) }
    }

    /// Where the nodes listen.
    pub fn doors(&self) -> &[Doors] {
        &self.doors
    }

    /// A node to ask.
    pub fn choose(&self, chance: &Chance) -> usize {
        let first = usize::try_from(chance.below(self.doors.len() as u64)).unwrap_or(0);
        let waiting =
            |node: usize| self.waiting.get(node).map_or(0, |waiting| waiting.load(Ordering::Relaxed));
        let all = (0..self.doors.len()).map(|step| (first + step) % self.doors.len());
        all.clone()
            .find(|node| waiting(*node) < CROWD)
            .or_else(|| all.min_by_key(|node| waiting(*node)))
            .unwrap_or(0)
    }

    /// Asks a node, and notes what became of it.
    pub fn ask<T>(&self, node: usize, ask: impl FnOnce() -> (Outcome, T)) -> T {
        let waiting = &self.waiting[node];
        waiting.fetch_add(1, Ordering::Relaxed);
        let sent = Instant::now();
        let (outcome, answer) = ask();
        waiting.fetch_sub(1, Ordering::Relaxed);
        let mut seen = self.seen();
        if sent >= seen.since {
            let row = &mut seen.rows[node];
            *row = if outcome == Outcome::Answered { *row + 1 } else { 0 };
        }
        match outcome {
            Outcome::Failed => seen.failed += 1,
            Outcome::Silent => seen.silent += 1,
            Outcome::Answered | Outcome::NotThere => {}
        }
        if matches!(outcome, Outcome::Failed | Outcome::Silent) {
            seen.last_failure = Some(Instant::now());
        }
        if matches!(outcome, Outcome::Answered | Outcome::Failed) {
            seen.slowest = seen.slowest.max(sent.elapsed());
        }
        answer
    }

    /// Forgets what was; a new span begins.
    pub fn begin(&self) {
        let mut seen = self.seen();
        seen.failed = 0;
        seen.silent = 0;
        seen.last_failure = None;
        seen.slowest = Duration::ZERO;
    }

    /// What went wrong since.
    pub fn trouble(&self) -> Trouble {
        let seen = self.seen();
        Trouble { failed: seen.failed, silent: seen.silent, last: seen.last_failure, slowest: seen.slowest }
    }

    /// From now on only answers to requests sent from now on make a node steady.
    pub fn ask_anew(&self) {
        let mut seen = self.seen();
        seen.since = Instant::now();
        seen.rows.fill(0);
    }

    /// Nodes that have not answered several requests in a row since [`Pulse::ask_anew`].
    pub fn unsteady(&self) -> Vec<usize> {
        let seen = self.seen();
        seen.rows.iter().enumerate().filter(|(_, row)| **row < STEADY).map(|(node, _)| node).collect()
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
