//! What the servers themselves count.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::stream::Reader;
use super::world::World;

/// A look at the counters of all three servers.
pub struct Look {
    at: Instant,
    hot: u64,
    voice: u64,
    transactions: u64,
    calls: BTreeMap<String, u64>,
}

/// What was counted between two looks.
#[derive(Debug)]
pub struct Counted {
    /// How long that was.
    pub during: Duration,
    /// Commands of the Redis that nodes share.
    pub hot: u64,
    /// Commands of the voice platform's Redis, without those of its own reader.
    pub voice: u64,
    /// Transactions of all databases nodes use, the server's own housekeeping included.
    pub transactions: u64,
    /// Commands of both by name, what scripts call included.
    pub calls: BTreeMap<String, u64>,
}

/// Looks. The harness's own questions are not counted, nor what this reader asks.
pub fn look(world: &World, reader: Option<&Reader>) -> Look {
    let mut calls = BTreeMap::new();
    for redis in [&world.hot, &world.voice] {
        for (name, count) in redis.calls() {
            *calls.entry(name).or_default() += count;
        }
    }
    Look {
        at: Instant::now(),
        hot: world.hot.commands(),
        voice: world.voice.commands().saturating_sub(reader.map_or(0, Reader::asked)),
        transactions: world.postgres.statistics(),
        calls,
    }
}

impl Look {
    /// What was counted from this look to a later one.
    pub fn until(&self, later: &Look) -> Counted {
        let calls = later.calls.iter().filter_map(|(name, count)| {
            let before = self.calls.get(name).copied().unwrap_or(0);
            let more = count.saturating_sub(before);
            let ours = !matches!(name.as_str(), "info" | "xread" | "flushall");
            (more > 0 && ours).then(|| (name.clone(), more))
        });
        Counted {
            during: later.at - self.at,
            hot: later.hot.saturating_sub(self.hot),
            voice: later.voice.saturating_sub(self.voice),
            transactions: later.transactions.saturating_sub(self.transactions),
            calls: calls.collect(),
        }
    }
}

impl Counted {
    /// Commands of both Redis servers.
    pub fn commands(&self) -> u64 {
        self.hot + self.voice
    }

    /// So many of these per second.
    pub fn per_second(&self, count: u64) -> f64 {
        count as f64 / self.during.as_secs_f64()
    }

    /// The commands by name, the most frequent first.
    pub fn by_name(&self) -> String {
        let mut calls: Vec<_> = self.calls.iter().collect();
        calls.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
        calls.iter().map(|(name, count)| format!("{name} {count}")).collect::<Vec<_>>().join(", ")
    }
}
