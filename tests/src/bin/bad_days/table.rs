//! What is printed.

use std::collections::BTreeMap;
use std::time::Duration;

use super::fault::Kind;
use super::ledger::Ledger;
use super::run::Happened;
use super::verdict::{NEVER, Verdict};

/// Requests in the worst moments of an outage still get their answer within this.
pub const ANSWER_MAX: Duration = Duration::from_secs(3);
/// The same while whoever is asked is silent instead of gone, which only time can tell.
const SILENCE_MAX: Duration = Duration::from_secs(6);
/// How many examples of each fault of ours are shown.
const EXAMPLES: usize = 5;

#[derive(Default)]
struct Line {
    times: usize,
    failed: u64,
    silent: u64,
    recovery: Duration,
    slowest: Duration,
}

/// The table of faults, and what was found.
#[allow(clippy::print_stdout, reason = "the tables are what the run is for")]
pub fn print(happened: &[Happened], verdict: &Verdict, ledger: &Ledger, lasted: Duration) {
    let mut lines: BTreeMap<Kind, Line> = BTreeMap::new();
    for fault in happened {
        let line = lines.entry(fault.kind).or_default();
        line.times += 1;
        line.failed += fault.trouble.failed;
        line.silent += fault.trouble.silent;
        line.recovery = line.recovery.max(fault.recovery());
        line.slowest = line.slowest.max(fault.trouble.slowest);
    }
    println!("\n| fault | times | failed | no answer | requests fine after | slowest answer | latest call |");
    println!("|---|---:|---:|---:|---:|---:|---:|");
    for (kind, line) in &lines {
        let latest = verdict.latest.get(kind).map_or("–".to_owned(), |millis| format!("{millis} ms"));
        println!(
            "| {kind} | {} | {} | {} | {} ms | {} ms | {latest} |",
            line.times,
            line.failed,
            line.silent,
            line.recovery.as_millis(),
            line.slowest.as_millis(),
        );
    }
    println!(
        "\n*failed*: answered 500 in the documented envelope. *No answer*: connection broken, or nothing within 7 s, \
         as at a node that is killed or frozen. *Requests fine after*: the last of either, from the end of an outage, \
         otherwise from the fault. *Latest call*: the longest wait of a callback that fell due in a fault, from when \
         it was due and possible."
    );
    let pages = ledger.pages();
    let at = |percent: usize| {
        let last = verdict.lateness.len().saturating_sub(1);
        verdict.lateness.get(last * percent / 100).copied().unwrap_or(0)
    };
    println!("\n| what | count |\n|---|---:|");
    for (what, count) in [
        ("faults", happened.len()),
        ("bookings acknowledged", pages.booked.len()),
        ("bookings without an answer or failed", pages.open.len()),
        ("refused, slot full", pages.refused.len()),
        ("cancels acknowledged", pages.cancels.try_into().unwrap_or(0)),
        ("moves acknowledged", pages.moves.try_into().unwrap_or(0)),
        ("records", verdict.rows),
        ("entries in the stream", verdict.entries),
        ("sessions that died and were started anew", verdict.died),
        ("questions about sessions", verdict.asked.try_into().unwrap_or(0)),
        ("write-backs acknowledged", pages.write_backs.try_into().unwrap_or(0)),
        ("sessions that wrote back everything twice", pages.repeated.try_into().unwrap_or(0)),
        ("sessions that wrote back out of order", pages.out_of_order.try_into().unwrap_or(0)),
    ] {
        println!("| {what} | {count} |");
    }
    for what in NEVER {
        println!("| **{what}** | **{}** |", verdict.count(what));
    }
    println!(
        "\nCalls after they were due, all days: median {} ms, p99 {} ms, latest {} ms. The run took {} s.",
        at(50),
        at(99),
        at(100),
        lasted.as_secs()
    );
    if !verdict.late.is_empty() {
        println!("{} calls were late by more than 5 s; the latest of each fault:", verdict.late.len());
    }
    for kind in verdict.latest.keys() {
        let of_kind = || verdict.late.iter().filter(|(_, of, _)| of == kind);
        if let Some((late, _, call)) = of_kind().next() {
            println!("{kind}: {} calls, the latest by {late} ms: {call}", of_kind().count());
        }
    }
    for (what, examples) in &verdict.found {
        for example in examples.iter().take(EXAMPLES) {
            println!("{what}: {example}");
        }
    }
}

/// What fell short of the promises about time and failures, though nothing was lost.
pub fn shortcomings(happened: &[Happened]) -> Vec<String> {
    let mut found = Vec::new();
    for fault in happened {
        let failed = fault.trouble.failed + fault.trouble.silent;
        if fault.kind.is_harmless() && failed > 0 {
            found.push(format!("{}: {failed} requests failed, and none should", fault.kind));
        }
        let most = if fault.kind.is_silence() { SILENCE_MAX } else { ANSWER_MAX };
        if fault.kind.leaves_nodes_alone() && fault.trouble.slowest > most {
            found.push(format!("{}: an answer took {:?}", fault.kind, fault.trouble.slowest));
        }
    }
    found
}
