//! Killed in the midst of work, again and again: what was acknowledged is there, and every count equals the records.

use std::collections::BTreeMap;
use std::env;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use ges_core::callback::{Callback, CancelledBy, Event};
use ges_core::port::{Booked, CallbackStore, Guard, IdSource};
use ges_core::slots::PlaceGuard;
use ges_core::testing::SeededIds;
use ges_core::testing::fixtures::{after, at, booking, change, guarded, id, scheduled, tenant};
use ges_core::{CallbackId, Interval, Timestamp};

use super::support::{all, assert_indexes_equal_records, folder, open, wait};

/// Set in the process that is to be killed.
const HOME: &str = "GES_CRASH_HOME";
/// The first record of that process.
const FIRST: &str = "GES_CRASH_FIRST";
const ROUNDS: u64 = 50;
const THREADS: u64 = 16;
/// Places in each slot of five minutes.
const LIMIT: u32 = 40;

#[test]
fn whatever_was_acknowledged_survives_a_kill() {
    let home = folder();
    let chance = SeededIds::new(20_260_112);
    let mut acknowledged = BTreeMap::<CallbackId, u64>::new();
    for round in 0..ROUNDS {
        for (number, version) in killed_after(home.path(), round * 1_000_000, 1 + chance.below(400)) {
            let known = acknowledged.entry(id(number)).or_default();
            *known = version.max(*known);
        }
        let store = open(home.path());
        let records: BTreeMap<_, _> = all(&store).into_iter().map(|record| (record.id, record)).collect();
        for (id, version) in &acknowledged {
            let found = records.get(id).map_or(0, |record| record.version);
            assert!(
                found >= *version,
                "round {round}: {id} was acknowledged in version {version}, found {found}"
            );
        }
        assert_indexes_equal_records(&store);
        assert_no_slot_is_oversold(records.values());
    }
    assert!(acknowledged.len() > 1_000, "only {} bookings were acknowledged", acknowledged.len());
}

fn assert_no_slot_is_oversold<'a>(records: impl Iterator<Item = &'a Callback>) {
    let mut slots = BTreeMap::<i64, u32>::new();
    for record in records.filter(|record| record.holds_place()) {
        *slots.entry(record.desired.as_secs() / 300).or_default() += 1;
    }
    for (slot, held) in slots {
        assert!(held <= LIMIT, "slot {slot} holds {held}");
    }
}

/// Starts a process that books and cancels, kills it after so many acknowledgements, and answers those that got out.
fn killed_after(home: &Path, first: u64, count: u64) -> Vec<(u64, u64)> {
    let mut child = Command::new(env::current_exe().expect("this program"))
        .args(["--exact", "crash::a_process_under_load", "--nocapture", "--test-threads=1"])
        .env(HOME, home)
        .env(FIRST, first.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .expect("a second process");
    let output = child.stdout.take().expect("its output");
    let mut acknowledged = Vec::new();
    let mut killed = false;
    for line in BufReader::new(output).lines() {
        let line = line.expect("a line");
        let mut words = line.split(' ');
        // A line cut off by the kill has no end mark.
        let (Some("ack"), Some(number), Some(version), Some(".")) =
            (words.next(), words.next(), words.next(), words.next())
        else {
            continue;
        };
        acknowledged.push((number.parse().expect("a number"), version.parse().expect("a version")));
        if acknowledged.len() as u64 == count {
            child.kill().expect("kill");
            killed = true;
        }
    }
    let status = child.wait().expect("its end");
    assert!(killed && !status.success(), "it ended by itself after {} of {count}", acknowledged.len());
    acknowledged
}

/// Not a test of its own: what the killed process does.
#[test]
fn a_process_under_load() {
    let (Some(home), Ok(first)) = (env::var_os(HOME), env::var(FIRST)) else { return };
    let store = open(Path::new(&home));
    let next = AtomicU64::new(first.parse().expect("a number"));
    write_line("");
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                loop {
                    book_and_perhaps_cancel(&store, next.fetch_add(1, Ordering::Relaxed));
                }
            });
        }
    });
}

fn book_and_perhaps_cancel(store: &dyn CallbackStore, number: u64) {
    // Some three hundred slots of the day, so that they fill up in the end.
    let record =
        scheduled(number % 10_000, at("00:00") + Duration::from_secs(number.wrapping_mul(7_919) % 86_400));
    let record = Callback { id: id(number), tenant: tenant(), ..record };
    let slot = Timestamp::from_secs(record.desired.as_secs() / 300 * 300);
    let range = Interval::new(slot, slot + Duration::from_secs(300));
    let guard = Guard::Places(PlaceGuard { range, limit: LIMIT });
    let booked = wait(store.book(guarded(booking(&record), [guard]))).expect("book");
    if booked != Booked::Accepted {
        return;
    }
    write_line(&format!("ack {number} 1 ."));
    if number.is_multiple_of(3) {
        let cancelled = after(&record, &Event::Cancel { by: CancelledBy::Client }, at("08:00"));
        assert_eq!(wait(store.change(vec![change(&record, &cancelled)])).expect("change"), [Ok(())]);
        write_line(&format!("ack {number} 2 ."));
    }
}

/// One write for each line, so that lines of different threads do not mix.
fn write_line(text: &str) {
    let mut out = std::io::stdout().lock();
    // The reader may be gone, and this process soon is too.
    let _ = out.write_all(format!("{text}\n").as_bytes()).and_then(|()| out.flush());
}
