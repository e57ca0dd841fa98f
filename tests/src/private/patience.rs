//! Waiting for a server to become what it promised.

use std::thread;
use std::time::{Duration, Instant};

/// Nothing a server does here takes longer on a machine that has other work.
const MOST: Duration = Duration::from_secs(60);

/// Asks again and again until there is an answer; panics with `what` and the last refusal when there is none for long.
pub fn until<T>(what: &str, mut ask: impl FnMut() -> Result<T, String>) -> T {
    let begun = Instant::now();
    loop {
        match ask() {
            Ok(answer) => return answer,
            Err(why) => assert!(begun.elapsed() < MOST, "{what}: not within {MOST:?}: {why}"),
        }
        thread::sleep(Duration::from_millis(5));
    }
}
