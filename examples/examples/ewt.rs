//! An office without a routing server estimates its own waits: the estimator is told what happens on the
//! floor.
//!
//! `cargo run --example ewt`

use ges_core::Timestamp;
use ges_core::ewt::{AgentKey, CallKey, Estimate, EwtEstimator, EwtMode, Joining, LikelyWait, Observation};

/// A morning with three agents, and what a caller would be told at four instants of it.
fn morning() -> String {
    let nine = Timestamp::from_secs(1_768_208_400); // 2026-01-12, 09:00 UTC
    let at = |secs: u64| nine + std::time::Duration::from_secs(secs);
    let mut queue = EwtEstimator::default();
    let mut told = String::new();
    let mut ask = |queue: &EwtEstimator, secs: u64| {
        let Estimate { ewt, position, likely } = queue.estimate(at(secs), Joining::default());
        let range = |likely: LikelyWait| format!(" ({} to {} s)", likely.low_secs, likely.high_secs);
        let range = likely.map(range).unwrap_or_default();
        let mode2 = queue.mode(EwtMode::Mode2, at(secs), Joining::default());
        told += &format!("{secs:4} s  place {position}  wait: {ewt}{range}  mode2: {mode2}\n");
    };
    ask(&queue, 0);
    for n in 0..3 {
        queue.observe(at(n), Observation::entered(CallKey(n)));
        queue.observe(at(n), Observation::Answered { call: CallKey(n), agent: Some(AgentKey(n)) });
    }
    queue.observe(at(200), Observation::Finished { call: CallKey(0) });
    ask(&queue, 210);
    (10..14).for_each(|n| queue.observe(at(220), Observation::entered(CallKey(n))));
    queue.observe(at(220), Observation::Answered { call: CallKey(10), agent: Some(AgentKey(0)) });
    ask(&queue, 240);
    queue.observe(at(250), Observation::Abandoned { call: CallKey(11) });
    ask(&queue, 260);
    told
}

#[allow(clippy::print_stdout)] // printing is what it is for
fn main() {
    print!("{}", morning());
}

#[cfg(test)]
#[test]
fn the_morning_is_told() {
    let expected = "   0 s  place 1  wait: nothing has passed through the queue yet  \
mode2: nothing has passed through the queue yet
 210 s  place 1  wait: 0 s (0 to 33 s)  mode2: 67 s
 240 s  place 4  wait: 114 s (30 to 307 s)  mode2: 267 s
 260 s  place 3  wait: 87 s (26 to 252 s)  mode2: 200 s
";
    assert_eq!(morning(), expected);
}
