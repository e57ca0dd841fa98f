//! Stores that break their promises: the contract suite, as a harness runs it that overrides nothing, names each.

mod wrong;

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use ges_core::testing::contract::{CASES, run_case};
use pollster::block_on;
use wrong::Fault;

fn breaks(fault: Fault, case: &str) -> bool {
    catch_unwind(AssertUnwindSafe(|| block_on(run_case(case, &fault)))).is_err()
}

/// The cases that a store with this fault breaks.
fn broken(fault: Fault) -> BTreeSet<&'static str> {
    CASES.iter().map(|case| case.name).filter(|case| breaks(fault, case)).collect()
}

#[test]
fn a_store_without_a_fault_breaks_nothing() {
    assert_eq!(broken(Fault::None), BTreeSet::new());
}

#[test]
fn check_unlock_act_is_seen_by_the_cases_that_do_many_things_at_once() {
    let broken = broken(Fault::ChecksThenActs);
    assert!(!broken.is_empty(), "threads tell");
    // One after the other it does everything right: nothing but threads can tell.
    let alone = broken.iter().find(|case| !case.starts_with("concurrency::"));
    assert_eq!(alone, None);
}

#[test]
fn a_lost_write_is_seen() {
    assert!(breaks(
        Fault::LosesTheLastOfABatch,
        "change::changes_of_one_record_in_a_batch_follow_each_other"
    ));
}

#[test]
fn a_write_that_comes_too_late_is_seen() {
    assert!(breaks(Fault::AnswersBeforeItWrites, "change::a_change_replaces_the_record"));
}

#[test]
fn a_record_leased_twice_is_seen() {
    assert!(breaks(Fault::LeasesTwice, "lease::a_leased_record_is_skipped_until_its_lease_expires"));
}

#[test]
fn a_refusal_that_leaves_something_behind_is_seen() {
    assert!(breaks(Fault::WritesWhatItRefuses, "book::a_refusal_changes_nothing"));
}

#[test]
fn a_repeat_that_is_taken_for_new_is_seen() {
    assert!(breaks(Fault::AcceptsRepeats, "book::the_same_id_again_inserts_nothing"));
}
