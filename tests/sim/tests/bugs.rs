//! Every planted mistake is noticed, by the promise it breaks.

use ges_sim::{Bug, hunt_all};

/// No mistake may hide longer where the code is optimised; where it is not, the quick ones show that the checks look.
const SEEDS: u64 = if cfg!(debug_assertions) { 4 } else { 1000 };

/// So many must be noticed within that.
const AT_LEAST: usize = if cfg!(debug_assertions) { 20 } else { Bug::ALL.len() };

#[test]
fn every_planted_mistake_is_noticed() {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let found = hunt_all(SEEDS, threads);
    let mut caught = 0;
    for ((bug, breaks, expected), found) in Bug::ALL.iter().zip(&found) {
        let Some(violation) = found.as_ref().and_then(|(_, outcome)| outcome.violation.as_ref()) else {
            continue;
        };
        assert_eq!(violation.invariant, *expected, "{bug:?}: {breaks}: {violation:?}");
        caught += 1;
    }
    assert!(caught >= AT_LEAST, "{caught} of {} mistakes were noticed", Bug::ALL.len());
}
