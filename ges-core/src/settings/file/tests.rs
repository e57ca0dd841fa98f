use proptest::prelude::*;

use super::*;

const SAMPLE: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/samples/settings.toml"));

fn parse(text: &str) -> Result<SettingsFile, Faults> {
    SettingsFile::parse(text, &ZoneDatabase::embedded())
}

fn faults(text: &str) -> Vec<String> {
    parse(text).unwrap_err().list().iter().map(Fault::to_string).collect()
}

/// Every fault's line, section and field.
fn places(text: &str) -> Vec<String> {
    let faults = parse(text).unwrap_err();
    let line = |fault: &Fault| fault.line.map_or_else(|| "-".to_owned(), |line| line.to_string());
    faults.list().iter().map(|f| format!("{} {} {}", line(f), f.section, f.field)).collect()
}

#[test]
fn the_sample_is_read() {
    let file = parse(SAMPLE).unwrap_or_else(|faults| panic!("{faults}"));
    let acme = &file.tenants["acme"];
    assert_eq!(acme.name.as_deref(), Some("Acme Travel"));
    assert_eq!(acme.identity.api_keys.len(), 1);
    assert!(
        acme.identity.captcha.is_some() && acme.identity.statistics.is_some() && acme.identity.push.is_some()
    );
    let settings = acme.definitions.clone().resolve("acme".into(), 1).unwrap();
    let sales = &settings.services["Sales"];
    assert!(sales.immediate.enabled && sales.scheduled.enabled && sales.numbers.rule.is_some());
    assert_eq!((sales.scheduled.interval.minutes(), sales.scheduled.min_lead.as_secs()), (15, 1800));
    assert_eq!(sales.extra["_attach_udata"], "single_json");
    assert_eq!(settings.services["Night line"].hours, None);
    assert_eq!(settings.services["Support"].capacity_rule.as_deref(), Some("CAP_Support"));
    assert_eq!(settings.capacity_rules["pasted"].day(chrono::Weekday::Fri).total(), 1);
    assert_eq!(settings.capacity_rules["weekdays"].exceptions().len(), 1);
    assert_eq!(settings.call_in_groups["technical_help"].numbers().len(), 2);
    let office = &settings.hours["office"];
    for (at, open) in [
        ("2026-12-23T14:00:00Z", true),
        ("2026-12-24T17:00:00Z", true),
        ("2026-12-24T18:30:00Z", false),
        ("2026-12-25T15:00:00Z", false),
        ("2026-08-03T15:00:00Z", false),
        ("2026-02-01T06:30:00Z", true),
    ] {
        assert_eq!(office.is_open(at.parse().unwrap()), open, "{at}");
    }
    assert_eq!(file.tenants["globex"].definitions.services.len(), 1);
}

/// Each field of a service is in the sample or is read by a name that the table of options gives it.
#[test]
fn every_field_is_read_by_its_name_and_stands_for_its_published_option() {
    for option in crate::settings::ServiceOption::all().iter().filter(|option| option.field.is_some()) {
        let Some(field) = option.field else { continue };
        let unlike = match option.expected_in_file() {
            text if text.starts_with("true") => "false",
            text if text.contains("array") => "['x']",
            text if text.starts_with("a whole number of minutes, one of") => "60",
            text if text.starts_with("a whole number") => "7",
            text if text.contains("strict") => "'strict'",
            text if text.contains("USER") => "'USERORIGINATED'",
            text if text.contains("per_bucket") => "'per_bucket'",
            text if text.contains("buffer_only") => "'off'",
            text if text.starts_with("a country") => "'DE'",
            _ => "'x'",
        };
        let other = if option.absent == crate::settings::Absent::Default("false") { "true" } else { unlike };
        let text = format!(
            "[tenants.a.hours.x]\ntime_zone = 'UTC'\n[tenants.a.capacity.x]\n[tenants.a.numbers.x]\ncountries = ['US']\n\
             [tenants.a.services.S]\n{field} = {other}\n"
        );
        let file = parse(&text).unwrap_or_else(|faults| panic!("{field}: {faults}"));
        let service = &file.tenants["a"].definitions.services["S"];
        let written = crate::settings::write_service(service);
        assert_eq!(written.keys().collect::<Vec<_>>(), [option.key], "{field}");
    }
}

#[test]
fn every_mistake_is_told_with_its_line() {
    let text = "\
[tenants.a]
nmae = 'A'
[tenants.a.identity]
api_keys_sha256 = ['abc']
cors_origins = ['https://x.example/path']
[tenants.a.hours.office]
time_zone = 'Mars/Olympus'
days.monday = [{ open = '9', close = '10:00' }]
[tenants.a.capacity.c]
slot_minutes = 7
week.monday = { 0910 = 5 }
[tenants.a.numbers.n]
countries = []
blocked = [{ simple = '12x' }]
[tenants.a.call_in.g]
numbers = ['123']
[tenants.a.services.S]
interval_minutes = 7
immediate = 'yes'
hous = 'office'
ttl_seconds = -1
[tenants.a.published.'service.P']
_stream = 'x'
[other]
";
    let wanted = [
        "2 tenants.a nmae",
        "4 tenants.a.identity api_keys_sha256[0]",
        "5 tenants.a.identity cors_origins[0]",
        "7 tenants.a.hours.office time_zone",
        "8 tenants.a.hours.office days.monday[0].open",
        "10 tenants.a.capacity.c slot_minutes",
        "13 tenants.a.numbers.n countries",
        "14 tenants.a.numbers.n blocked[0]",
        "16 tenants.a.call_in.g numbers[0]",
        "18 tenants.a.services.S interval_minutes",
        "19 tenants.a.services.S immediate",
        "20 tenants.a.services.S hous",
        "21 tenants.a.services.S ttl_seconds",
        "22 tenants.a.published.service.P _business_hours_service",
        "22 tenants.a.published.service.P _designer_workspace",
        "22 tenants.a.published.service.P _route_point",
        "24  other",
    ];
    assert_eq!(places(text), wanted);
}

#[test]
fn all_misshapen_fields_of_one_item_are_told() {
    let text = "\
[tenants.a.hours.office]
tim_zone = 'UTC'
tags = 7
days.monday = [{ open = 9 }, { opn = '09:00', close = '10:00' }, { open = '09:00', close = true }]
special_days = [{ name = 'x', from = 2026-01-01 }]
";
    let wanted = [
        "1 tenants.a.hours.office time_zone",
        "2 tenants.a.hours.office tim_zone",
        "3 tenants.a.hours.office tags",
        "4 tenants.a.hours.office days.monday[0].open",
        "4 tenants.a.hours.office days.monday[1].opn",
        "4 tenants.a.hours.office days.monday[2].close",
        "5 tenants.a.hours.office special_days[0].from",
    ];
    assert_eq!(places(text), wanted);
    let told = faults("[tenants.a.hours.office]\ntime_zone = 7\n");
    assert_eq!(told, ["line 2: tenants.a.hours.office, time_zone: has the wrong type; expected: a string"]);
}

#[test]
fn references_are_told_where_they_stand() {
    let text = "\
[tenants.a.hours.office]
time_zone = 'UTC'
shared_special_days = ['xmas']
[tenants.a.services.S]
hours = 'office'
";
    assert_eq!(places(text), ["3 tenants.a.hours.office shared_special_days"]);
    let text = "\
[tenants.a.services.S]
hours = 'ofice'
capacity_rule = 'c'
number_rule = 'n'
[tenants.a.published.'service.P']
_route_point = 1
_stream = 'x'
_designer_workspace = 'x'
_business_hours_service = 'ofice'
[tenants.b.hours.ofice]
time_zone = 'UTC'
";
    let wanted = [
        "2 tenants.a.services.S hours",
        "3 tenants.a.services.S capacity_rule",
        "4 tenants.a.services.S number_rule",
        "9 tenants.a.published.service.P _business_hours_service",
    ];
    assert_eq!(places(text), wanted);
}

#[test]
fn a_shared_special_day_is_judged_once_where_it_stands() {
    let text = "\
[tenants.a.special_days.bad]
from = '02-30'
[tenants.a.hours.one]
time_zone = 'UTC'
shared_special_days = ['bad']
special_days = [{ from = '13-01' }]
[tenants.a.special_days.good]
from = '12-24'
[tenants.a.hours.two]
time_zone = 'UTC'
shared_special_days = ['good']
special_days = [{ from = '12-24' }, { from = '13-01' }]
";
    let wanted = [
        "2 tenants.a.special_days.bad from",
        "6 tenants.a.hours.one special_days[0].from",
        "12 tenants.a.hours.two special_days[1].from",
    ];
    assert_eq!(places(text), wanted);
}

#[test]
fn a_name_or_key_or_number_has_one_owner() {
    let key = "ab".repeat(32);
    let text = format!(
        "[tenants.a.identity]\napi_keys_sha256 = ['{key}']\n[tenants.b.identity]\napi_keys_sha256 = ['{key}']\n\
         [tenants.c.call_in.one]\nnumbers = ['+15195550101']\n[tenants.c.call_in.two]\nnumbers = ['+15195550101']\n\
         [tenants.d.hours.H]\ntime_zone = 'UTC'\n\
         [tenants.d.published.'service.H']\n_service = 'office-hours'\n_timezone = 'UTC'\n"
    );
    let wanted =
        ["4 tenants.b.identity api_keys_sha256", "8 tenants.c.call_in.two numbers", "9 tenants.d.hours.H "];
    assert_eq!(places(&text), wanted);
}

#[test]
fn text_that_is_no_toml_is_told_by_line_and_nothing_else_is() {
    let told = places("[tenants.a\nname = 'x'\n[tenants.b]\nname = \n[other]\n");
    assert!(told.len() >= 2 && told.iter().all(|place| !place.contains("other")), "{told:?}");
    assert!(told[0].starts_with("1 "), "{told:?}");
    assert_eq!(places("tenants = 7"), ["1 tenants "]);
    assert_eq!(
        places("[tenants]\na = 7\n[tenants.b]\nservices = []"),
        ["2 tenants.a ", "4 tenants.b.services "]
    );
}

#[test]
fn no_value_is_repeated() {
    let secret = "15195550123";
    for text in [
        format!("[tenants.a.numbers.n]\ncountries = ['US']\nblocked = [{{ simple = {secret} }}]"),
        format!("[tenants.a.numbers.n]\ncountries = ['US']\nblocked = [{{ regex = '^({secret}' }}]"),
        format!("[tenants.a.numbers.n]\ncountries = ['US']\nblocked = ['{secret}']"),
        format!("[tenants.a.call_in.g]\nnumbers = [{secret}]"),
        format!("[tenants.a.call_in.g]\nnumbers = ['{secret}']"),
        format!("[tenants.a.identity]\napi_keys_sha256 = ['{secret}']"),
        format!("[tenants.a.identity]\ncaptcha = '{secret}'"),
        format!("[tenants.a.identity.captcha]\nsite_key = 'x'\nsecret = '{secret}'"),
        format!("[tenants.a.services.S]\nttl_seconds = '{secret}'"),
        format!("[tenants.a.services.S]\ndisplay_number = {secret}"),
    ] {
        let told = faults(&text).join("\n");
        assert!(!told.contains(secret), "{told}");
    }
    let identity = format!("{:?}", parse(SAMPLE).unwrap().tenants["acme"].identity);
    assert!(!identity.contains("9f86d0"), "{identity}");
}

#[test]
fn hashes_have_64_digits_in_either_case() {
    let hash: KeyHash = "0aF".repeat(22)[..64].parse().unwrap();
    assert_eq!(hash.as_bytes()[..3], [0x0a, 0xf0, 0xaf]);
    for text in ["", "0", &"0".repeat(63), &"0".repeat(65), &"g".repeat(64), &"é".repeat(32)] {
        assert_eq!(text.parse::<KeyHash>(), Err(NotAKeyHash), "{text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn any_text_is_read_or_refused(text in any::<String>()) {
        let _ = parse(&text);
    }

    /// The sample with something wrong anywhere in it.
    #[test]
    fn a_damaged_sample_is_read_or_refused(at in 0..SAMPLE.len(), cut in 0usize..40, put in "[\\[\\]{}='\"a0.\n]{0,3}") {
        let end = (at + cut).min(SAMPLE.len());
        let mut bytes = SAMPLE.as_bytes().to_vec();
        bytes.splice(at..end, put.bytes());
        let _ = parse(&String::from_utf8_lossy(&bytes));
    }
}
