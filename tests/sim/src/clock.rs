//! What a node takes for the time.
//!
//! A node either keeps the database's clock by what it learned from its answers, running on its own steady clock in
//! between, or trusts its own wall clock, which is off, drifts and jumps. The first is how many nodes run; the second
//! is what the port of the clock allows.

use ges_core::Timestamp;

use crate::executor::Millis;

/// How nodes know the time in one world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clocks {
    /// The database's, by offset.
    Shared,
    /// Everybody his own.
    Wall,
}

/// The clock of one process.
#[derive(Clone, Debug)]
pub struct NodeClock {
    clocks: Clocks,
    started: Millis,
    /// Parts per million by which the steady clock runs fast.
    drift: i64,
    /// Added to the steady clock; none before anything was learned.
    offset: Option<Millis>,
    /// When the offset was learned, by true time.
    learned: Millis,
    /// How far ahead it may have been before that.
    slack: Millis,
    /// The latest instant it showed, and when.
    shown: (Millis, Millis),
}

/// One use case reads the clock once and then acts; frozen in between, within so long.
const USE_CASE: Millis = 120_000;

impl NodeClock {
    /// The clock of a process that starts now; `skew` is how far its wall clock is off.
    pub fn new(clocks: Clocks, now: Millis, drift: i64, skew: Millis) -> Self {
        let offset = match clocks {
            Clocks::Shared => None,
            Clocks::Wall => Some(now + skew),
        };
        NodeClock { clocks, started: now, drift, offset, learned: now, slack: 0, shown: (0, 0) }
    }

    /// Milliseconds since the start, as the steady clock counts them.
    fn steady(&self, now: Millis) -> Millis {
        let passed = now - self.started;
        passed + passed * self.drift / 1_000_000
    }

    /// What it shows at a true instant. The database's clock is never shown going back; a wall clock that is set back
    /// goes back.
    pub fn shows(&mut self, now: Millis) -> Timestamp {
        let shows = self.steady(now) + self.offset.unwrap_or(self.started);
        let shows = match self.clocks {
            Clocks::Shared => shows.max(self.shown.0),
            Clocks::Wall => shows,
        };
        if shows >= self.shown.0 || now - self.shown.1 > USE_CASE {
            self.shown = (shows, now);
        }
        Timestamp::from_millis(shows)
    }

    /// The latest instant that a use case which runs now can have read.
    pub fn latest(&mut self, now: Millis) -> Timestamp {
        let shows = self.shows(now);
        shows.max(Timestamp::from_millis(self.shown.0))
    }

    /// An answer of the database told the time. Its way here counts as nothing, so the clock is never ahead.
    pub fn learn(&mut self, told: Millis, now: Millis) {
        if self.clocks == Clocks::Shared {
            self.slack = self.ahead_at_most(now).unwrap_or(0);
            self.offset = Some(told - self.steady(now));
            self.learned = now;
        }
    }

    /// Somebody sets the wall clock.
    pub fn jump(&mut self, by: Millis) {
        if self.clocks == Clocks::Wall {
            self.offset = self.offset.map(|offset| offset + by);
        }
    }

    /// How far it may be ahead of the truth at most, in milliseconds; `None` when nothing is promised.
    pub fn ahead_at_most(&self, now: Millis) -> Option<Millis> {
        match self.clocks {
            Clocks::Shared => {
                let age = now - self.learned;
                let drifted = (age * self.drift.max(0) + 999_999) / 1_000_000;
                Some(drifted.max(self.slack - age))
            }
            Clocks::Wall => None,
        }
    }
}
