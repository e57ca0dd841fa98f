use proptest::prelude::*;

use super::*;
use crate::settings::DEFAULTS_SECTION;

const SECTION: &str = "service.Sales";

fn options(pairs: &[(&str, &str)]) -> Options {
    pairs.iter().map(|(key, text)| ((*key).to_owned(), (*text).to_owned())).collect()
}

/// A row with everything without which it is refused, and more.
fn row(pairs: &[(&str, &str)]) -> Options {
    let needed = [
        ("_route_point", "8001"),
        ("_designer_workspace", "w"),
        ("_stream", "Live"),
        ("_business_hours_service", "Paris"),
    ];
    let mut row = options(&needed);
    row.extend(options(pairs));
    row
}

fn read(row: &Options) -> Result<CallbackService, Vec<Fault>> {
    read_service(SECTION, "Sales", row, &Options::new())
}

#[test]
fn q4_odd_limits_fall_back_to_the_default() {
    for (text, limit) in [("0", 0), ("-1", 6), ("", 6), ("abc", 6), (" 3 ", 3), ("1.5", 6)] {
        let service = read(&row(&[("_throttle_request_parameters_limit", text)])).unwrap();
        assert_eq!(service.limits.per_value_daily, limit, "Q4, value {text:?}");
    }
    let huge = read(&row(&[("max_queued_callbacks_per_service", "99999999999999999999999")])).unwrap();
    assert_eq!(huge.limits.active_max, u32::MAX);
}

#[test]
fn a_service_limit_beats_the_global_one_and_a_bad_one_falls_back_to_it() {
    let key = "_throttle_callbacks_per_service_1";
    let rows = [("7", "9", 7), ("", "9", 9), ("abc", "9", 9), ("-1", "abc", 500), ("", "0", 0)];
    for (own, global, accepted) in rows {
        let defaults = options(&[(key, global)]);
        let service = read_service(SECTION, "Sales", &row(&[(key, own)]), &defaults).unwrap();
        assert_eq!(service.limits.burst[0].0, accepted, "{own:?} over {global:?} in {DEFAULTS_SECTION}");
    }
}

#[test]
fn only_throttles_have_global_values() {
    let defaults = options(&[("_ttl", "7"), ("_route_point", "9")]);
    let service = read_service(SECTION, "Sales", &row(&[]), &defaults).unwrap();
    assert_eq!((service.ttl.as_secs(), service.route_point.as_str()), (86_400, "8001"));
    assert!(read_service(SECTION, "Sales", &Options::new(), &defaults).is_err());
}

#[test]
fn a_row_without_what_it_needs_is_refused_once_for_each_option() {
    let faults = read(&Options::new()).unwrap_err();
    let fields: Vec<&str> = faults.iter().map(|fault| fault.field.as_str()).collect();
    assert_eq!(fields, ["_route_point", "_designer_workspace", "_stream", "_business_hours_service"]);
    assert!(faults.iter().all(|fault| fault.section == SECTION && fault.problem == "is missing"));
    let mut by_application = row(&[("Callback Application", "App")]);
    by_application.remove("_designer_workspace");
    assert_eq!(read(&by_application).unwrap().application.as_deref(), Some("App"));
}

#[test]
fn every_bad_value_is_told_with_what_would_be_right() {
    let bad = row(&[
        ("_ttl", "0"),
        ("_request_time_bucket", "7"),
        ("_immediate_enabled", "perhaps"),
        ("_call_direction", "INWARDS"),
        ("_max_dial_attempts", "-3"),
        ("_dial_retry_timeout", "99999999999999999999999"),
        ("_route_point", "80\n01"),
        ("_default_country", "UK"),
        ("_min_time_before_callback", "20161"),
    ]);
    let told: Vec<String> = read(&bad).unwrap_err().iter().map(Fault::to_string).collect();
    let wanted = [
        "service.Sales, _route_point: has a line break or another control character; expected: text of at most 1024 \
         characters on one line",
        "service.Sales, _call_direction: is not known; expected: one of USERTERMINATED, USERORIGINATED",
        "service.Sales, _immediate_enabled: is neither true nor false; expected: true or false",
        "service.Sales, _min_time_before_callback: is out of range; expected: a whole number of minutes from 0 to 20160",
        "service.Sales, _request_time_bucket: is out of range; expected: a whole number of minutes, one of 5, 10, 15, \
         20, 30, 60, 120",
        "service.Sales, _ttl: is out of range; expected: a whole number of seconds from 1 to 31536000",
        "service.Sales, _max_dial_attempts: is not a whole number; expected: a whole number from 1 to 100",
        "service.Sales, _dial_retry_timeout: is out of range; expected: a whole number of seconds from 0 to 86400",
        "service.Sales, _default_country: names no country; expected: a country's two letters, such as US",
    ];
    assert_eq!(told, wanted);
}

#[test]
fn booleans_and_choices_are_read_in_every_spelling() {
    for (text, wanted) in [("true", true), ("TRUE", true), (" Yes ", true), ("1", true), ("on", true)]
        .into_iter()
        .chain([("false", false), ("No", false), ("0", false), ("off", false), ("", false)])
    {
        let service = read(&row(&[("_immediate_enabled", text)])).unwrap();
        assert_eq!(service.immediate.enabled, wanted, "{text:?}");
    }
    let strict = read(&row(&[("_enable_in_queue_checking", "Strict")])).unwrap();
    assert_eq!(strict.limits.in_queue, crate::throttle::InQueueCheck::One);
    let names = read(&row(&[("_ges_preferred_regions", r#"["east", "west"]"#)])).unwrap();
    assert_eq!(names.regions, ["east", "west"]);
}

#[test]
fn column_headings_are_other_names_of_options() {
    let columns = options(&[
        ("Routing Point", "8001"),
        ("Callback Application", "App"),
        ("Application Stream", "Development"),
        ("Business Hours", "service.Paris"),
        ("Callback TTL (seconds)", "60"),
        ("Push Notification Threshold (minutes)", "5"),
        ("Call Display Number", "100"),
        ("Callback Display Name", "Acme"),
        ("Dial Prefix", "+"),
    ]);
    let service = read(&columns).unwrap();
    assert_eq!(service.ttl.as_secs(), 60);
    assert_eq!(service.push.upcoming_below.map(|below| below.as_secs()), Some(300));
    assert_eq!(service.hours.as_deref(), Some("Paris"));
    assert_eq!(service.dial_prefix, "+");
    assert!(service.extra.is_empty());
    let both = read(&row(&[("_ttl", "60"), ("Callback TTL (seconds)", "70")])).unwrap_err();
    assert_eq!(both.len(), 1);
    assert!(both[0].problem.contains("differs"), "{}", both[0]);
}

/// The default that is documented for an option is the one that holds without it.
#[test]
fn every_documented_default_is_the_true_one() {
    let absent = read(&row(&[])).unwrap();
    for option in ServiceOption::all() {
        match option.absent {
            Absent::Default(text) => {
                assert_eq!(read(&row(&[(option.key, text)])).as_ref(), Ok(&absent), "{}", option.key);
                assert_eq!(read(&row(&[(option.key, "")])).as_ref(), Ok(&absent), "{} empty", option.key);
                assert!(option.field.is_some(), "{} has no field", option.key);
            }
            Absent::Unset(_) => {
                assert!(matches!(option.write(&absent).as_deref(), None | Some("[]")), "{}", option.key);
            }
            Absent::RowRefused { .. } => {
                let mut row = row(&[]);
                row.remove(option.key);
                assert!(read(&row).is_err(), "{}", option.key);
            }
            Absent::NotRead => assert!(option.field.is_none(), "{}", option.key),
        }
    }
}

#[test]
fn names_in_the_table_of_options_are_unique() {
    let mut names: Vec<&str> = ServiceOption::all()
        .iter()
        .flat_map(|option| [Some(option.key), option.column, option.field])
        .flatten()
        .collect();
    let all = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), all);
}

/// Texts of which many are usable, for any option.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        (0u32..200_000).prop_map(|number| number.to_string()),
        prop_oneof![
            Just("5"),
            Just("15"),
            Just("true"),
            Just("FALSE"),
            Just("strict"),
            Just("USERORIGINATED")
        ]
        .prop_map(str::to_owned),
        prop_oneof![Just("a, b"), Just("[]"), Just("[\"x\"]"), Just("service.A"), Just("-1"), Just("DE")]
            .prop_map(str::to_owned),
        "\\PC{0,12}",
        any::<String>(),
    ]
}

fn any_row() -> impl Strategy<Value = Options> {
    let known = (0..ServiceOption::all().len()).prop_map(|index| ServiceOption::all()[index].key.to_owned());
    let key = prop_oneof![8 => known, 1 => "_[a-z]{1,8}"];
    proptest::collection::btree_map(key, text(), 0..20)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// Whatever is published is read or refused, and what is read is written and read back the same.
    #[test]
    fn what_is_read_is_read_back(extra in any_row()) {
        let mut row = row(&[]);
        row.extend(extra);
        if let Ok(service) = read(&row) {
            prop_assert_eq!(read(&write_service(&service)), Ok(service));
        }
    }

    /// Every option by itself, so that most values are accepted.
    #[test]
    fn each_option_is_read_back(index in 0..ServiceOption::all().len(), text in text()) {
        let option = &ServiceOption::all()[index];
        if let Ok(service) = read(&row(&[(option.key, &text)])) {
            prop_assert_eq!(read(&write_service(&service)), Ok(service), "{}", option.key);
        }
    }

    #[test]
    fn unknown_options_survive(unknown in proptest::collection::btree_map("_x[a-z]{1,8}", any::<String>(), 1..5)) {
        let mut row = row(&[("_hold_enabled", " kept as it is ")]);
        row.extend(unknown.clone());
        let service = read(&row).unwrap();
        prop_assert_eq!(service.extra.len(), unknown.len() + 1);
        let written = write_service(&service);
        for (key, text) in unknown {
            prop_assert_eq!(written.get(&key), Some(&text));
        }
        prop_assert_eq!(written["_hold_enabled"].as_str(), " kept as it is ");
    }
}
