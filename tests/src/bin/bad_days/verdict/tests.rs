//! A judge who finds nothing may be blind: each wrong is shown to him once, beside the same thing done right.

use super::*;

const DUE: i64 = 1_000_000;

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

fn entry(attempt: u32, millis: i64) -> Entry {
    Entry {
        callback: "a".to_owned(),
        attempt,
        service: "Soon".to_owned(),
        caller: Some(1),
        desired: Some(at(DUE)),
        at: at(millis),
    }
}

fn row(service: &str, state: &str, reason: &str) -> Row {
    let (service, state, reason) = (service.to_owned(), state.to_owned(), reason.to_owned());
    Row { service, caller: Some(1), desired: DUE, state, place: true, reason }
}

fn booked() -> Booked {
    let (wish, cancel) = (Wish::Soon, Done::No);
    let (at, desired) = (at(DUE - 5_000), Some(at(DUE)));
    Booked { caller: 1, wish, at, desired, perhaps_moved: false, moved_from: None, cancel }
}

fn found(judge: impl FnOnce(&mut Verdict)) -> Vec<&'static str> {
    let mut verdict = Verdict::default();
    judge(&mut verdict);
    assert_eq!(verdict.is_clean(), verdict.found.is_empty(), "whatever is found counts");
    verdict.found.into_keys().collect()
}

fn booking(booked: &Booked, row: Option<&Row>, entries: Option<&Vec<Entry>>) -> Vec<&'static str> {
    found(|verdict| verdict.judge_booked("a", booked, row, entries, &Pages::default()))
}

fn entries(entries: &[Entry], row: Option<&Row>, dead: &HashMap<String, Timestamp>) -> Vec<&'static str> {
    found(|verdict| verdict.judge_entries("a", entries, row, dead))
}

#[test]
fn a_booking_that_was_answered_is_there_and_was_called() {
    let (done, called) = (row("Soon", COMPLETED, "AGENT_CONNECTED"), vec![entry(1, DUE)]);
    assert!(booking(&booked(), Some(&done), Some(&called)).is_empty());
    assert_eq!(booking(&booked(), None, Some(&called)), ["lost"]);
    assert_eq!(booking(&booked(), Some(&done), None), ["never completed"]);
    let tight = Booked { wish: Wish::Tight, ..booked() };
    assert!(booking(&tight, Some(&row("Tight", "SCHEDULED", "")), None).is_empty(), "its day has not come");
}

#[test]
fn a_cancel_that_was_answered_counts() {
    let (done, called) = (row("Soon", COMPLETED, "AGENT_CONNECTED"), vec![entry(1, DUE)]);
    let gone = row("Soon", COMPLETED, "CANCELLED");
    let in_time = Booked { cancel: Done::At(at(DUE - 1)), ..booked() };
    assert!(booking(&in_time, Some(&gone), None).is_empty());
    assert_eq!(booking(&in_time, Some(&gone), Some(&called)), ["called after an answered cancel"]);
    assert_eq!(booking(&in_time, Some(&done), None), ["lost"]);
    let late = Booked { cancel: Done::At(at(DUE + 1)), ..booked() };
    assert!(booking(&late, Some(&gone), Some(&called)).is_empty(), "it was called before");
    let unsure = Booked { cancel: Done::Perhaps, ..booked() };
    assert!(booking(&unsure, Some(&gone), None).is_empty() && booking(&unsure, Some(&done), None).is_empty());
}

#[test]
fn a_move_that_was_answered_counts() {
    let (done, called) = (row("Soon", COMPLETED, "AGENT_CONNECTED"), vec![entry(1, DUE)]);
    let moved = Booked { desired: Some(at(DUE + 9)), ..booked() };
    assert_eq!(booking(&moved, Some(&done), Some(&called)), ["lost"]);
    let unsure = Booked { perhaps_moved: true, ..moved };
    assert!(booking(&unsure, Some(&done), Some(&called)).is_empty());
    let away = Booked { moved_from: Some((at(DUE), at(DUE - 1))), ..booked() };
    assert_eq!(booking(&away, Some(&done), Some(&called)), ["early"]);
}

#[test]
fn an_attempt_is_called_once_and_another_only_after_a_death() {
    let (known, nobody) = (row("Soon", COMPLETED, ""), HashMap::new());
    let died = HashMap::from([(session::name("a", 1), at(DUE + 50))]);
    assert!(entries(&[entry(1, DUE)], Some(&known), &nobody).is_empty());
    assert_eq!(entries(&[entry(1, DUE), entry(1, DUE)], Some(&known), &nobody), ["doubled"]);
    assert_eq!(entries(&[entry(1, DUE), entry(2, DUE + 99)], Some(&known), &nobody), ["doubled"]);
    assert!(entries(&[entry(1, DUE), entry(2, DUE + 99)], Some(&known), &died).is_empty());
    assert_eq!(entries(&[entry(1, DUE), entry(2, DUE + 9)], Some(&known), &died), ["doubled"]);
    assert_eq!(entries(&[entry(1, DUE), entry(3, DUE + 99)], Some(&known), &died), ["doubled"]);
    assert_eq!(entries(&[entry(1, DUE - 1)], Some(&known), &nobody), ["early"]);
    assert_eq!(entries(&[entry(1, DUE)], None, &nobody), ["invented"]);
}

#[test]
fn records_are_as_many_as_there_are_wishes_and_places() {
    let rows = |all: Vec<(&str, Row)>| {
        let rows = all.into_iter().map(|(id, row)| (id.to_owned(), row)).collect();
        found(|verdict| verdict.judge_rows(&rows, &Pages::default()))
    };
    let tight = |caller| Row { caller: Some(caller), ..row("Tight", "SCHEDULED", "") };
    assert!(rows(vec![("a", tight(1)), ("b", tight(2)), ("c", tight(3))]).is_empty());
    assert_eq!(rows(vec![("a", tight(1)), ("b", tight(2)), ("c", tight(3)), ("d", tight(4))]), ["oversold"]);
    assert_eq!(rows(vec![("a", tight(1)), ("b", tight(1))]), ["booked twice"]);
    assert_eq!(rows(vec![("a", row("Now", "QUEUED", ""))]), ["never completed"]);
    let refused = Pages { refused: [1].into(), ..Pages::default() };
    let rows = [("a".to_owned(), tight(1))].into();
    assert_eq!(found(|verdict| verdict.judge_rows(&rows, &refused)), ["invented"]);
}
