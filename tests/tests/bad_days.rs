//! The bad days in short: one fault of each kind, two nodes, a small load. The long run is `ges-bad-days` itself.
#![allow(clippy::unwrap_used, reason = "a test fails by a panic that says what broke")]

use std::process::Command;

#[test]
fn one_fault_of_each_kind_breaks_no_promise() {
    let run = Command::new(env!("CARGO_BIN_EXE_ges-bad-days")).arg("--short").status().unwrap();
    assert!(run.success(), "what was broken is in the tables above: {run}");
}
