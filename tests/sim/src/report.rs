//! Many seeds on all cores, and what to tell of them.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::bugs::Bug;
use crate::faults::Kind;
use crate::run::{Outcome, run};

/// So many broken seeds are kept and told of.
const TOLD: usize = 5;

/// What many seeds showed together.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    /// How many ran.
    pub seeds: u64,
    /// Simulated milliseconds.
    pub simulated: i64,
    /// Callbacks booked.
    pub callbacks: u64,
    /// Sessions started.
    pub sessions: u64,
    /// Events at the ports.
    pub events: u64,
    /// How often nodes asked the store for what is due.
    pub looks: u64,
    /// Faults by kind.
    pub faults: BTreeMap<Kind, u64>,
    /// How many broke a promise.
    pub broken: u64,
    /// The first of them.
    pub violations: Vec<Outcome>,
}

impl Summary {
    fn add(&mut self, outcome: Outcome) {
        self.seeds += 1;
        self.simulated += outcome.simulated;
        self.callbacks += outcome.callbacks;
        self.sessions += outcome.sessions;
        self.events += outcome.events;
        self.looks += outcome.looks;
        for (kind, count) in &outcome.faults {
            *self.faults.entry(*kind).or_default() += count;
        }
        if outcome.violation.is_some() {
            self.broken += 1;
            self.violations.push(outcome);
            self.violations.sort_by_key(|outcome| outcome.seed);
            self.violations.truncate(TOLD);
        }
    }

    /// The table, and what broke in words.
    #[allow(clippy::cast_precision_loss, reason = "for reading")]
    pub fn words(&self, seconds: f64) -> String {
        let mut text = String::new();
        let mut line = |what: &str, value: String| {
            // Writing to a text cannot fail.
            let _ = writeln!(text, "{what:<34} {value:>14}");
        };
        line("seeds", self.seeds.to_string());
        line("seeds per second", format!("{:.0}", self.seeds as f64 / seconds));
        line("simulated hours", format!("{:.0}", self.simulated as f64 / 3_600_000.0));
        line("callbacks", self.callbacks.to_string());
        line("sessions", self.sessions.to_string());
        line("events at the ports", self.events.to_string());
        line("looks for what is due", self.looks.to_string());
        line("faults", self.faults.values().sum::<u64>().to_string());
        for kind in Kind::ALL {
            let count = self.faults.get(&kind).copied().unwrap_or(0);
            line(&format!("  {}", kind.word()), count.to_string());
        }
        line("broken promises", self.broken.to_string());
        for outcome in &self.violations {
            let _ = writeln!(text, "\n{}", outcome.words());
        }
        text
    }
}

impl Outcome {
    /// One seed in words: what broke, and the last events before it.
    pub fn words(&self) -> String {
        match &self.violation {
            None => format!("seed {}: every promise kept", self.seed),
            Some(broken) => format!(
                "seed {}: {}: {}\n{:.3} s into the run; the last events:\n{}",
                self.seed,
                broken.invariant,
                broken.what,
                std::time::Duration::from_millis((broken.at - self.start).unsigned_abs()).as_secs_f64(),
                self.words
            ),
        }
    }
}

/// Runs seeds on so many threads.
pub fn run_many(from: u64, seeds: u64, threads: usize, bug: Option<Bug>) -> Summary {
    let (next, summary) = (AtomicU64::new(0), Mutex::new(Summary::default()));
    std::thread::scope(|scope| {
        for _ in 0..threads.max(1) {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    if index >= seeds {
                        return;
                    }
                    let outcome = run(from + index, bug);
                    summary.lock().unwrap_or_else(std::sync::PoisonError::into_inner).add(outcome);
                }
            });
        }
    });
    summary.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// The first seed from `from` on that shows the mistake, and how many were needed; `None` within `most`.
pub fn hunt(bug: Bug, from: u64, most: u64) -> Option<(u64, Outcome)> {
    (0..most)
        .map(|index| (index + 1, run(from + index, Some(bug))))
        .find(|(_, outcome)| outcome.violation.is_some())
}

/// Hunts every planted mistake; the outcomes in the order of [`Bug::ALL`].
pub fn hunt_all(most: u64, threads: usize) -> Vec<Option<(u64, Outcome)>> {
    let found: Vec<Mutex<Option<(u64, Outcome)>>> = Bug::ALL.iter().map(|_| Mutex::default()).collect();
    let (next, stopped) = (AtomicU64::new(0), AtomicBool::new(false));
    std::thread::scope(|scope| {
        for _ in 0..threads.max(1) {
            scope.spawn(|| {
                while !stopped.load(Ordering::Relaxed) {
                    let index = usize::try_from(next.fetch_add(1, Ordering::Relaxed)).unwrap_or(usize::MAX);
                    let Some((bug, ..)) = Bug::ALL.get(index) else { return };
                    let hunted = hunt(*bug, 1, most);
                    *found[index].lock().unwrap_or_else(std::sync::PoisonError::into_inner) = hunted;
                }
            });
        }
    });
    found.into_iter().map(|one| one.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner)).collect()
}
