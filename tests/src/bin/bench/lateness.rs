//! How late callbacks are handed over, and that none is early or twice.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ges_core::Timestamp;

use crate::client::percentile;

/// One hand-over.
#[derive(Debug)]
pub struct Arrival {
    /// Callback and attempt.
    pub key: String,
    /// When it was due.
    pub desired: Timestamp,
    /// When it came, in microseconds since 1970.
    pub at_us: i64,
}

/// What the arrivals show.
#[derive(Debug, Default)]
pub struct Lateness {
    /// How many were due.
    pub due: usize,
    /// How many came.
    pub came: usize,
    /// How many came more than once.
    pub twice: usize,
    /// How many came before their time.
    pub early: usize,
    /// Lateness, ascending, in microseconds.
    pub late_us: Vec<i64>,
}

impl Lateness {
    /// Of these arrivals, of so many that were due.
    pub fn of(due: usize, arrivals: &[Arrival]) -> Self {
        let distinct: BTreeSet<_> = arrivals.iter().map(|arrival| &arrival.key).collect();
        let mut late_us: Vec<_> =
            arrivals.iter().map(|arrival| arrival.at_us - arrival.desired.as_millis() * 1000).collect();
        late_us.sort_unstable();
        Lateness {
            due,
            came: distinct.len(),
            twice: arrivals.len() - distinct.len(),
            early: late_us.iter().take_while(|late| **late < 0).count(),
            late_us,
        }
    }

    /// In milliseconds.
    pub fn percentile_ms(&self, share: f64) -> f64 {
        percentile(&self.late_us, share).map_or(f64::NAN, |us| us as f64 / 1000.0)
    }

    /// In one line.
    pub fn line(&self) -> String {
        format!(
            "p50 {:.1} ms, p99 {:.1} ms, last {:.1} ms; {} early, {} twice, {} missing",
            self.percentile_ms(0.5),
            self.percentile_ms(0.99),
            self.percentile_ms(1.0),
            self.early,
            self.twice,
            self.due.saturating_sub(self.came)
        )
    }
}

/// 500 a second for ten seconds, from this instant on.
pub fn steady(from: Timestamp) -> Vec<Timestamp> {
    (0..5_000).map(|number| from + Duration::from_millis(2 * number)).collect()
}

/// 10,000 at this instant.
pub fn burst(at: Timestamp) -> Vec<Timestamp> {
    vec![at; 10_000]
}

/// A number of its own for every callback.
pub fn number(of: usize) -> String {
    format!("+1415{:07}", 2_000_000 + of)
}

/// The machine's clock in microseconds since 1970.
#[allow(clippy::disallowed_methods)] // this program is a host: it reads the clock the engine is measured by
pub fn now_us() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}

/// The same as the engine counts.
pub fn now() -> Timestamp {
    Timestamp::from_millis(now_us() / 1000)
}

/// Waits until so many have come and, after that, half a second for those that come twice; gives up half a minute after
/// the last was due.
pub async fn until_all(count: impl Fn() -> usize, wanted: usize, last: Timestamp) {
    while count() < wanted && now() < last + Duration::from_secs(30) {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
}
