//! The worked examples of [callback-domain §23.1 and §23.2](crate::rules), by their numbers.

use std::time::Duration;

use super::OfficeHours;
use crate::zone::ZoneDatabase;
use crate::{Interval, Timestamp};

/// The calendars of [callback-domain §23.1](crate::rules).
pub(crate) fn calendar(name: &str) -> OfficeHours {
    if name == "NY-OFFICE" {
        return OfficeHours::from_designer_json(NY_OFFICE, &ZoneDatabase::embedded()).unwrap();
    }
    let new_york = "America/New_York";
    let all_day = "Mon-Sun 00:00-24:00";
    let (zone, hours) = match name {
        "NY-WEEKEND-NIGHT" => (new_york, vec!["Fri-Sat 22:00-06:00"]),
        "NY-NIGHTLY" => (new_york, vec!["Mon-Sun 22:00-06:00"]),
        "NY-247" => (new_york, vec![all_day]),
        "NY-SUNFRI" => (new_york, vec!["Sun-Fri 00:00-24:00"]),
        "NY-SAT-0130" => (new_york, vec!["Sat 18:00-01:30"]),
        "NY-SAT-0230" => (new_york, vec!["Sat 18:00-02:30"]),
        "NY-SUN-0230" => (new_york, vec!["Sun 02:30-10:00"]),
        "NY-WRAP" => (new_york, vec!["Sat-Mon 10:00-16:00"]),
        "NY-0930" => (new_york, vec!["Mon-Fri 09:30-17:30"]),
        "PARIS-SPLIT" => {
            ("Europe/Paris", vec!["Mon-Fri 09:00-12:00", "Mon-Fri 13:00-18:00", "Sat 09:00-12:00"])
        }
        "LONDON-247" => ("Europe/London", vec![all_day]),
        "SYDNEY-DAY" => ("Australia/Sydney", vec!["Mon-Sun 08:00-20:00"]),
        "SYDNEY-247" => ("Australia/Sydney", vec![all_day]),
        "LORDHOWE-247" => ("Australia/Lord_Howe", vec![all_day]),
        "SANTIAGO-247" => ("America/Santiago", vec![all_day]),
        "KOLKATA-DAY" => ("Asia/Kolkata", vec!["Mon-Sun 09:00-18:00"]),
        "KATHMANDU-DAY" => ("Asia/Kathmandu", vec!["Mon-Sun 09:00-18:00"]),
        "TOKYO-2H" => ("Asia/Tokyo", vec!["Mon-Sun 09:00-11:00"]),
        _ => panic!("no calendar {name}"),
    };
    let holiday = (name == "NY-NIGHTLY").then(|| ("_holiday1".to_owned(), "2026-12-25"));
    let regular = hours.into_iter().enumerate().map(|(n, hours)| (format!("_bh_regular{n}"), hours));
    let zone = [("_timezone".to_owned(), zone)];
    OfficeHours::from_gms(regular.chain(zone).chain(holiday), &ZoneDatabase::embedded()).unwrap()
}

const NY_OFFICE: &str = r#"{
    "time_zone": "America/New_York",
    "days": {
        "monday": [{ "open": "09:00", "close": "17:00" }],
        "tuesday": [{ "open": "09:00", "close": "17:00" }],
        "wednesday": [{ "open": "09:00", "close": "17:00" }],
        "thursday": [{ "open": "09:00", "close": "17:00" }],
        "friday": [{ "open": "09:00", "close": "17:00" }]
    },
    "special_days": [
        { "from": "2026-12-24", "hours": [{ "open": "09:00", "close": "13:00" }] },
        { "from": "2026-12-25" }
    ]
}"#;

const OPENING: [(&str, &str, &str, u64); 36] = [
    ("H1", "NY-OFFICE", "2026-01-12T15:00:00Z", 25200),
    ("H2", "NY-OFFICE", "2026-01-12T14:00:00Z", 28800),
    ("H3", "NY-OFFICE", "2026-01-12T13:59:59Z", 0),
    ("H4", "NY-OFFICE", "2026-01-12T21:59:59Z", 1),
    ("H5", "NY-OFFICE", "2026-01-12T22:00:00Z", 0),
    ("H6", "NY-OFFICE", "2026-07-15T14:30:00Z", 23400),
    ("H7", "NY-OFFICE", "2026-12-24T17:30:00Z", 1800),
    ("H8", "NY-OFFICE", "2026-12-24T18:30:00Z", 0),
    ("H9", "NY-OFFICE", "2026-12-25T15:00:00Z", 0),
    ("H10", "NY-WEEKEND-NIGHT", "2026-01-17T04:00:00Z", 25200),
    ("H11", "NY-WEEKEND-NIGHT", "2026-01-17T08:00:00Z", 10800),
    ("H12", "NY-WEEKEND-NIGHT", "2026-01-16T10:00:00Z", 0),
    ("H13", "NY-WEEKEND-NIGHT", "2026-01-18T11:00:00Z", 0),
    ("H14", "NY-WEEKEND-NIGHT", "2026-03-08T03:00:00Z", 25200),
    ("H15", "NY-WEEKEND-NIGHT", "2026-11-01T02:00:00Z", 32400),
    ("H16, O14", "NY-WEEKEND-NIGHT", "2026-11-01T05:30:00Z", 19800),
    ("H17, O15, O16", "NY-WEEKEND-NIGHT", "2026-11-01T06:30:00Z", 16200),
    ("H18", "NY-SAT-0130", "2026-10-31T22:00:00Z", 27000),
    ("H19", "NY-SAT-0130", "2026-11-01T05:45:00Z", 0),
    ("H20", "NY-SAT-0130", "2026-11-01T06:10:00Z", 1200),
    ("H21", "NY-SAT-0230", "2026-03-07T23:00:00Z", 28800),
    ("H22", "NY-SUN-0230", "2026-03-08T07:00:00Z", 25200),
    ("H23", "NY-SUN-0230", "2026-03-08T06:59:59Z", 0),
    ("H24", "NY-NIGHTLY", "2026-12-25T04:00:00Z", 3600),
    ("H25", "NY-NIGHTLY", "2026-12-25T07:00:00Z", 0),
    ("H26", "NY-NIGHTLY", "2026-12-26T07:00:00Z", 0),
    ("H27", "NY-NIGHTLY", "2026-12-27T03:30:00Z", 27000),
    ("H28", "NY-SUNFRI", "2026-03-08T05:00:00Z", 514800),
    ("H29", "NY-SUNFRI", "2026-11-01T04:00:00Z", 522000),
    ("H30", "NY-WRAP", "2026-02-08T20:00:00Z", 3600),
    ("H31", "NY-WRAP", "2026-02-10T20:00:00Z", 0),
    ("H32", "PARIS-SPLIT", "2026-02-03T10:59:00Z", 60),
    ("H33", "PARIS-SPLIT", "2026-02-03T11:30:00Z", 0),
    ("H34", "PARIS-SPLIT", "2026-02-03T12:00:00Z", 18000),
    ("H35", "LONDON-247", "2026-05-01T00:00:00Z", 1209600),
    ("H36", "SYDNEY-DAY", "2026-10-03T21:00:00Z", 43200),
];

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// Around an instant, and as far ahead as `open_for` needs.
fn window(around: Timestamp) -> Interval {
    let day = Duration::from_secs(86_400);
    Interval::new(around - 8 * day, around + 15 * day)
}

#[test]
fn opening_and_open_for() {
    for (row, name, instant, open_for) in OPENING {
        let (hours, instant) = (calendar(name), at(instant));
        assert_eq!(hours.is_open(instant), open_for > 0, "{row}");
        assert_eq!(hours.open_for(instant).as_secs(), open_for, "{row}");
        let spans = hours.open_spans(window(instant));
        assert_eq!(spans.is_open(instant), open_for > 0, "{row}, compiled");
        assert_eq!(spans.open_for(instant).as_secs(), open_for, "{row}, compiled");
    }
}

#[test]
fn next_opening() {
    let rows = [
        ("H37", "NY-OFFICE", "2026-12-25T15:00:00Z", Some("2026-12-28T14:00:00Z")),
        ("H38", "NY-WRAP", "2026-02-10T20:00:00Z", Some("2026-02-14T15:00:00Z")),
        ("open already", "NY-OFFICE", "2026-01-12T15:00:00.007Z", Some("2026-01-12T15:00:00.007Z")),
    ];
    for (row, name, asked, wanted) in rows {
        let (hours, asked, wanted) = (calendar(name), at(asked), wanted.map(at));
        assert_eq!(hours.next_open(asked), wanted, "{row}");
        assert_eq!(hours.open_spans(window(asked)).next_open(asked), wanted, "{row}, compiled");
    }
}

#[test]
fn next_opening_is_sought_400_days_ahead() {
    let once = [("_timezone", "UTC"), ("_bh_add1", "2027-06-01 00:00-00:01")];
    let hours = OfficeHours::from_gms(once, &ZoneDatabase::embedded()).unwrap();
    let opening = at("2027-06-01T00:00:00Z");
    let days = |days: u64| Duration::from_secs(days * 86_400);
    assert_eq!(hours.next_open(opening - days(399)), Some(opening));
    assert_eq!(hours.next_open(opening - days(400)), None);
    assert_eq!(hours.next_open(opening + days(1)), None);
}

#[test]
fn where_a_period_began() {
    let rows = [
        ("H7", "NY-OFFICE", "2026-12-24T17:30:00Z", Some("2026-12-24T14:00:00Z")),
        ("H8", "NY-OFFICE", "2026-12-24T18:30:00Z", None),
        ("H11", "NY-WEEKEND-NIGHT", "2026-01-17T08:00:00Z", Some("2026-01-17T03:00:00Z")),
        ("H17", "NY-WEEKEND-NIGHT", "2026-11-01T06:30:00Z", Some("2026-11-01T02:00:00Z")),
        ("H20", "NY-SAT-0130", "2026-11-01T06:10:00Z", Some("2026-11-01T06:00:00Z")),
        ("H22", "NY-SUN-0230", "2026-03-08T08:00:00Z", Some("2026-03-08T07:00:00Z")),
        ("H28", "NY-SUNFRI", "2026-03-13T05:00:00Z", Some("2026-03-08T05:00:00Z")),
        ("400 days back", "NY-247", "2026-03-13T05:00:00Z", Some("2025-02-06T05:00:00Z")),
    ];
    for (row, name, asked, wanted) in rows {
        let hours = calendar(name);
        assert_eq!(hours.period_start(at(asked)), wanted.map(at), "{row}");
    }
}

#[test]
fn an_office_without_hours_of_its_own_never_closes() {
    let zone = ZoneDatabase::embedded().zone("Europe/London").unwrap();
    let always = OfficeHours::always(zone);
    assert_eq!(always, calendar("LONDON-247"));
    let everything = window(at("2026-03-29T01:00:00Z"));
    assert_eq!(always.open_spans(everything).as_slice(), [everything]);
}

#[test]
fn the_ends_of_time_do_not_panic() {
    let hours = calendar("NY-OFFICE");
    for end in [Timestamp::MIN, Timestamp::MAX] {
        let _ = (hours.is_open(end), hours.open_for(end), hours.next_open(end), hours.period_start(end));
    }
    let always = calendar("SYDNEY-247");
    assert!(always.is_open(Timestamp::MIN) && always.period_start(Timestamp::MIN).is_some());
    let backwards = Interval::new(at("2026-02-01T00:00:00Z"), at("2026-01-01T00:00:00Z"));
    assert!(always.open_spans(backwards).as_slice().is_empty());
}
