use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::Timestamp;
use crate::user_data::UserData;

fn at(secs: i64) -> Timestamp {
    Timestamp::from_secs(secs)
}

fn spec(numbers: usize, codes: bool) -> CallInGroupSpec {
    CallInGroupSpec {
        name: "technical_help".into(),
        numbers: (0..numbers).map(|index| format!("+1519555{:04}", 100 + index)).collect(),
        codes,
        code_length: 4,
        expiry_secs: 30,
        allocation: Allocation::RoundRobin,
        enabled: true,
    }
}

fn group(numbers: usize, codes: bool) -> CallInGroup {
    spec(numbers, codes).try_into().unwrap()
}

fn caller(number: &str) -> Caller {
    Caller::new(number.parse().unwrap())
}

fn ask(id: u128, from: Option<&str>) -> CallInAsk {
    let (id, from) = (Uuid::from_u128(id), from.map(caller));
    CallInAsk { id, from, callback: None, user_data: UserData::default(), turn: 0 }
}

fn first(_: u64) -> u64 {
    0
}

fn call(called: ToNumber, from: Option<&str>, code: Option<&str>) -> InboundCall {
    let caller = from.map(|from| caller(from).comparison);
    InboundCall { called: called.comparison(), caller, code: code.map(str::to_owned), wrong_codes: 0 }
}

fn found(id: u128, by: RecognisedBy, ambiguous: bool) -> Match {
    Match::Found { id: Uuid::from_u128(id), by, ambiguous }
}

#[test]
fn a_request_gets_number_code_and_expiry() {
    let group = group(2, true);
    let request = allocate(&group, [], ask(1, Some("5195550123")), at(100), &mut first).unwrap();
    assert_eq!(request.to.with_plus(), "+15195550100");
    assert_eq!(request.code.unwrap().digits(), "1000");
    assert_eq!(request.expires_at, at(130));
    assert_eq!(request.purge_at(), at(130 + 14 * 86_400));
    let last = allocate(&group, [], ask(1, None), at(100), &mut |bound| bound - 1).unwrap();
    assert_eq!(last.code.unwrap().digits(), "9999");
}

#[test]
fn without_codes_a_number_and_caller_are_live_once() {
    let group = group(1, false);
    let one = allocate(&group, [], ask(1, Some("5195550001")), at(0), &mut first).unwrap();
    let refused =
        |live: &[CallInRequest], from, now| allocate(&group, live, ask(9, from), at(now), &mut first);
    let live = [one];
    assert_eq!(refused(&live, Some("(519) 555-0001"), 1), Err(CallInRefused::NoNumber), "same caller");
    assert_eq!(refused(&live, None, 1), Err(CallInRefused::NoNumber), "cannot have it to itself");
    assert!(refused(&live, Some("5195550002"), 1).is_ok(), "another caller");
    assert!(refused(&live, None, 30).is_ok(), "expired ignored");
    let exclusive = [allocate(&group, [], ask(2, None), at(0), &mut first).unwrap()];
    assert_eq!(
        refused(&exclusive, Some("5195550002"), 1),
        Err(CallInRefused::NoNumber),
        "reserved exclusively"
    );
    let matched = exclusive.map(|request| request.matched(at(1)).unwrap());
    assert!(refused(&matched, Some("5195550002"), 1).is_ok(), "a match frees the number");
}

#[test]
fn allocation_takes_turns_or_chance() {
    let group = group(3, false);
    let numbers = |turn| {
        let ask = CallInAsk { turn, ..ask(1, None) };
        allocate(&group, [], ask, at(0), &mut first).unwrap().to.with_plus()
    };
    assert_eq!([0, 1, 2, 3].map(numbers), ["+15195550100", "+15195550101", "+15195550102", "+15195550100"]);
    let busy = allocate(&group, [], ask(1, None), at(0), &mut first).unwrap();
    let next = allocate(&group, [&busy], ask(2, None), at(0), &mut first).unwrap();
    assert_eq!(next.to.with_plus(), "+15195550101", "the busy one is passed over");
    let random: CallInGroup =
        CallInGroupSpec { allocation: Allocation::Random, ..spec(3, false) }.try_into().unwrap();
    for draw in 0..3 {
        let given = allocate(&random, [], ask(1, None), at(0), &mut |_| draw).unwrap();
        assert_eq!(given.to, random.numbers()[draw as usize]);
    }
}

#[test]
fn refusals() {
    let off: CallInGroup = CallInGroupSpec { enabled: false, ..spec(1, false) }.try_into().unwrap();
    assert_eq!(allocate(&off, [], ask(1, None), at(0), &mut first), Err(CallInRefused::Disabled));
    let tied = |completed| CallInAsk {
        callback: Some(TiedCallback { id: Uuid::from_u128(7), completed }),
        ..ask(1, None)
    };
    let group = group(1, false);
    assert_eq!(allocate(&group, [], tied(true), at(0), &mut first), Err(CallInRefused::CallbackCompleted));
    let request = allocate(&group, [], tied(false), at(0), &mut first).unwrap();
    assert_eq!(request.callback_id, Some(Uuid::from_u128(7)));
}

#[test]
fn the_last_free_code_is_found() {
    let group = group(1, true);
    let mut live = Vec::new();
    for id in 0..9000u32 {
        // Every code but 5555 is taken, then 5555 itself.
        let code = 1000 + if id < 4555 { id } else { id + 1 };
        let request = allocate(&group, [], ask(id.into(), None), at(0), &mut first).unwrap();
        let code = if code < 10_000 { code } else { 5555 };
        live.push(CallInRequest { code: Some(code.to_string().parse().unwrap()), ..request });
    }
    let last = allocate(&group, &live[..8999], ask(1, None), at(0), &mut |_| 0).unwrap();
    assert_eq!(last.code.unwrap().digits(), "5555");
    assert_eq!(allocate(&group, &live, ask(1, None), at(0), &mut first), Err(CallInRefused::NoNumber));
}

#[test]
fn the_code_decides_where_there_is_one() {
    let group = group(1, true);
    let one = allocate(&group, [], ask(1, Some("5195550001")), at(0), &mut first).unwrap();
    let two = allocate(&group, [&one], ask(2, Some("5195550002")), at(0), &mut first).unwrap();
    let to = one.to;
    let live = [one.clone(), two];
    let matched = |code, wrong_codes, now| {
        let call = InboundCall { wrong_codes, ..call(to, Some("5195550001"), code) };
        match_inbound(&live, &call, at(now))
    };
    assert_eq!(matched(Some("1001"), 0, 1), found(2, RecognisedBy::Code, false), "whoever calls");
    assert_eq!(matched(None, 0, 1), Match::AskCode, "the caller's number alone does not do");
    assert_eq!(matched(Some("9999"), 0, 1), Match::WrongCode { stop: false });
    assert_eq!(matched(Some("abc"), 1, 1), Match::WrongCode { stop: false });
    assert_eq!(matched(Some("9999"), 2, 1), Match::WrongCode { stop: true }, "the third");
    assert_eq!(matched(Some("1001"), 3, 1), Match::WrongCode { stop: true }, "no fourth try");
    assert_eq!(matched(Some("1001"), 0, 30), Match::Nothing, "expired");
    let used = [one.matched(at(1)).unwrap(), live[1].clone()];
    assert_eq!(
        match_inbound(&used, &call(to, None, Some("1000")), at(2)),
        Match::WrongCode { stop: false },
        "a second call with the same code"
    );
}

#[test]
fn without_codes_the_caller_decides_then_the_number_called() {
    let group = group(2, false);
    let one = allocate(&group, [], ask(1, Some("+1 519 555 0001")), at(0), &mut first).unwrap();
    let two = allocate(&group, [&one], ask(2, Some("15195550002")), at(1), &mut first).unwrap();
    let to = one.to;
    assert_eq!(two.to, to);
    let live = [two, one];
    let matched = |from| match_inbound(&live, &call(to, from, None), at(2));
    assert_eq!(matched(Some("+15195550002")), found(2, RecognisedBy::Caller, false));
    assert_eq!(matched(Some("15195550009")), found(1, RecognisedBy::Called, true), "the oldest, flagged");
    assert_eq!(matched(None), found(1, RecognisedBy::Called, true), "number withheld");
    let only = match_inbound(&live[..1], &call(to, Some("15195550009"), Some("12")), at(2));
    assert_eq!(only, found(2, RecognisedBy::Called, false), "the single live one; its code means nothing");
    let elsewhere = call(group.numbers()[1], Some("+15195550002"), None);
    assert_eq!(match_inbound(&live, &elsewhere, at(2)), Match::Nothing);
}

#[test]
fn a_request_ends_once() {
    let request = allocate(&group(1, false), [], ask(1, None), at(0), &mut first).unwrap();
    assert_eq!(request.clone().expired(at(29)).state, CallInState::Waiting);
    assert_eq!(request.clone().expired(at(30)).state, CallInState::Expired(at(30)));
    assert_eq!(request.clone().matched(at(30)), Err(NotWaiting { state: "EXPIRED" }));
    let cancelled = request.clone().cancelled(at(5)).unwrap();
    assert_eq!(cancelled.clone().matched(at(6)), Err(NotWaiting { state: "CANCELLED" }));
    assert_eq!(cancelled.clone().expired(at(60)), cancelled);
    let matched = request.matched(at(5)).unwrap();
    assert_eq!(matched.matched(at(6)), Err(NotWaiting { state: "MATCHED" }));
}

#[test]
fn a_record_survives_json() {
    let user_data = serde_json::from_str(r#"{"email":"a@b"}"#).unwrap();
    let ask = CallInAsk { user_data, ..ask(1, Some("519 555 0123")) };
    let request = allocate(&group(1, true), [], ask, at(100), &mut first).unwrap();
    for state in [request.clone(), request.clone().matched(at(101)).unwrap(), request.expired(at(200))] {
        let json = serde_json::to_value(&state).unwrap();
        assert_eq!(json["state"], state.state.name());
        assert_eq!(json["code"], "1000");
        assert_eq!(serde_json::from_value::<CallInRequest>(json).unwrap(), state);
    }
}

#[test]
fn a_group_reports_all_problems_at_once() {
    use CallInGroupProblem as Problem;
    let wrong = CallInGroupSpec {
        name: "a b".into(),
        numbers: ["+15195550100", "15195550101", "+15195550100", "+1 519"].map(str::to_owned).into(),
        code_length: 10,
        expiry_secs: 9,
        ..spec(1, true)
    };
    let invalid = CallInGroup::try_from(wrong).unwrap_err();
    let expected = [
        Problem::Name,
        Problem::Number { index: 1 },
        Problem::Twice { index: 2 },
        Problem::Number { index: 3 },
        Problem::CodeLength { digits: 10 },
        Problem::Expiry { secs: 9 },
    ];
    assert_eq!(invalid.problems, expected);
    let shown = invalid.to_string();
    assert!(shown.starts_with("call-in group \"a b\": name: ") && !shown.contains("519"), "{shown}");
    for (numbers, good) in [(0, false), (1, true), (100, true), (101, false)] {
        assert_eq!(CallInGroup::try_from(spec(numbers, true)).is_ok(), good, "{numbers} numbers");
    }
    let same = [group(1, false), group(2, true)];
    let shared = shared_numbers(&same);
    assert_eq!(shared, [(same[0].numbers()[0], "technical_help", "technical_help")]);
}

#[test]
fn numbers_and_codes_do_not_show() {
    let request =
        allocate(&group(1, true), [], ask(1, Some("4169671234")), at(0), &mut |_| 8765 - 1000).unwrap();
    let call = InboundCall { wrong_codes: 0, ..call(request.to, Some("4169671234"), Some("8765")) };
    let shown = format!("{request:?} {call:?}");
    for secret in ["8765", "4169671234", "5195550100"] {
        assert!(!shown.contains(secret), "{shown}");
    }
    let wrong = serde_json::from_str::<AccessCode>("\"876x5\"").unwrap_err().to_string();
    assert!(!wrong.contains("876"), "{wrong}");
    for text in ["", "123", "0123", "1234567890", "+1234", "12 34"] {
        assert!(text.parse::<AccessCode>().is_err(), "{text:?}");
    }
}

proptest! {
    /// Codes are unique among the live requests of a number; callers without codes are live once; a match consumes;
    /// nothing dead is matched.
    #[test]
    fn live_requests_can_be_told_apart(
        steps in prop::collection::vec((0i64..20, any::<bool>(), 0u32..4, any::<u64>(), any::<bool>()), 1..40),
        codes: bool,
        numbers in 1usize..3,
    ) {
        let group = group(numbers, codes);
        let mut requests: Vec<CallInRequest> = Vec::new();
        let mut now = 0;
        for (index, (pause, incoming, who, draw, withheld)) in steps.into_iter().enumerate() {
            now += pause;
            let from = format!("1416967000{who}");
            let from = (!withheld).then_some(from.as_str());
            // A narrow chance makes draws collide.
            let mut chance = |bound: u64| draw % bound.min(2);
            if incoming {
                let to = group.numbers()[index % numbers];
                let code = requests.get(index / 2).and_then(|request| request.code).map(|code| code.digits());
                let outcome = match_inbound(&requests, &call(to, from, code.as_deref()), at(now));
                if let Match::Found { id, ambiguous, by } = outcome {
                    let found = requests.iter().position(|request| request.id == id).unwrap();
                    prop_assert!(requests[found].is_live(at(now)));
                    prop_assert_eq!(requests[found].to, to);
                    prop_assert!(!ambiguous || by == RecognisedBy::Called, "codes and callers are live once");
                    requests[found] = requests[found].clone().matched(at(now)).unwrap();
                    let again = match_inbound(&requests, &call(to, from, code.as_deref()), at(now));
                    let twice = matches!(again, Match::Found { id: same, .. } if same == id);
                    prop_assert!(!twice);
                }
            } else if let Ok(request) = allocate(&group, &requests, ask(index as u128, from), at(now), &mut chance) {
                requests.push(request);
            }
            let live: Vec<_> = requests.iter().filter(|request| request.is_live(at(now))).collect();
            let caller = |request: &CallInRequest| request.from.as_ref().map(|from| from.comparison);
            for (place, one) in live.iter().enumerate() {
                prop_assert_eq!(one.code.is_some(), codes);
                for other in live.iter().skip(place + 1).filter(|other| other.to == one.to) {
                    if codes {
                        prop_assert_ne!(one.code, other.code);
                    } else {
                        prop_assert!(caller(one).is_some() && caller(other).is_some());
                        prop_assert_ne!(caller(one), caller(other));
                    }
                }
            }
        }
    }
}
