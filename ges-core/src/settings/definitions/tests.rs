use super::*;

fn sections(pairs: &[(&str, &[(&str, &str)])]) -> BTreeMap<String, Options> {
    let text = |text: &&str| (*text).to_owned();
    pairs
        .iter()
        .map(|(name, options)| {
            (text(name), options.iter().map(|(key, value)| (text(key), text(value))).collect())
        })
        .collect()
}

const PARIS: (&str, &[(&str, &str)]) =
    ("service.Paris", &[("_service", "office-hours"), ("_timezone", "Europe/Paris"), ("_ttl", "30")]);
const WEEK: (&str, &[(&str, &str)]) =
    ("service.Week", &[("_service", "capacity"), ("_capacity_1", r#"{"1":{"0900":2}}"#)]);
const SALES: (&str, &[(&str, &str)]) = (
    "service.Sales",
    &[
        ("_route_point", "8001"),
        ("_designer_workspace", "w"),
        ("_stream", "Live"),
        ("_business_hours_service", "Paris"),
        ("_capacity_service", "service.Week"),
    ],
);

fn read(pairs: &[(&str, &[(&str, &str)])]) -> Result<TenantSettings, Faults> {
    let definitions = Definitions::from_sections(&sections(pairs), &ZoneDatabase::embedded())?;
    definitions.resolve("acme".into(), 7)
}

fn told(faults: Faults) -> Vec<String> {
    faults.list().iter().map(|fault| format!("{} {}", fault.section, fault.field)).collect()
}

#[test]
fn sections_of_each_kind_become_settings() {
    let other: (&str, &[(&str, &str)]) = ("service.Chat", &[("_service", "chat")]);
    let settings = read(&[PARIS, WEEK, SALES, other, ("log", &[("verbose", "all")])]).unwrap();
    assert_eq!((settings.tenant.as_str(), settings.version), ("acme", 7));
    assert_eq!(settings.services.keys().map(ServiceName::as_str).collect::<Vec<_>>(), ["Sales"]);
    assert_eq!(settings.hours["Paris"].zone().name(), "Europe/Paris");
    assert_eq!(settings.capacity_rules["Week"].day(chrono::Weekday::Mon).total(), 2);
}

#[test]
fn references_that_lead_nowhere_are_told_with_the_names_there_are() {
    let faults = read(&[WEEK, SALES]).unwrap_err();
    assert_eq!(told(faults), ["service.Sales _business_hours_service"]);
    let faults = read(&[("service.Rome", PARIS.1), SALES]).unwrap_err();
    assert_eq!(faults.list()[0].expected, "one of Rome");
    assert_eq!(told(faults), ["service.Sales _business_hours_service", "service.Sales _capacity_service"]);
}

#[test]
fn every_section_is_read_before_anything_is_refused() {
    let faults = read(&[
        ("service.A", &[("_ttl", "x"), ("_route_point", "1"), ("_stream", "s")]),
        ("service.B", &[("_service", "office-hours"), ("_bh_regular1", "Mon")]),
        ("service.C", &[("_service", "capacity"), ("_capacity_1", "[]")]),
    ]);
    let wanted = [
        "service.A _business_hours_service",
        "service.A _designer_workspace",
        "service.A _ttl",
        "service.B _bh_regular1",
        "service.B _timezone",
        "service.C _capacity_1",
    ];
    assert_eq!(told(faults.unwrap_err()), wanted);
}

#[test]
fn a_name_is_defined_once() {
    let bare: (&str, &[(&str, &str)]) = ("Paris", PARIS.1);
    assert_eq!(told(read(&[PARIS, bare]).unwrap_err()), ["service.Paris "]);
}

#[test]
fn invariant_42_a_service_without_a_zone_cannot_be_saved() {
    let zoneless: (&str, &[(&str, &str)]) =
        ("service.Paris", &[("_service", "office-hours"), ("_bh_regular1", "Mon 09:00-10:00")]);
    assert_eq!(told(read(&[zoneless, WEEK, SALES]).unwrap_err()), ["service.Paris _timezone"]);
    let unknown: (&str, &[(&str, &str)]) =
        ("service.Paris", &[("_service", "office-hours"), ("_timezone", "Europe/Pariss")]);
    assert_eq!(told(read(&[unknown, WEEK, SALES]).unwrap_err()), ["service.Paris _timezone"]);
    let hourless: (&str, &[(&str, &str)]) = ("service.Sales", &SALES.1[..3]);
    assert_eq!(told(read(&[PARIS, hourless]).unwrap_err()), ["service.Sales _business_hours_service"]);
}

#[test]
fn a_number_rule_reaches_the_service_that_names_it() {
    let rule = NumberRule::try_from(crate::number::NumberRuleSpec {
        name: "na".to_owned(),
        countries: vec!["US".to_owned()],
        blocked: Vec::new(),
    });
    let mut definitions = Definitions::default();
    definitions.number_rules.insert("na".to_owned(), Arc::new(rule.unwrap()));
    let mut service = CallbackService::named("Sales", "1");
    service.number_rule = Some("na".to_owned());
    definitions.services.insert("Sales".into(), Arc::new(service.clone()));
    let settings = definitions.clone().resolve("acme".into(), 1).unwrap();
    assert!(settings.services["Sales"].numbers.rule.is_some());
    service.number_rule = None;
    definitions.services.insert("Sales".into(), Arc::new(service));
    assert!(definitions.resolve("acme".into(), 1).unwrap().services["Sales"].numbers.rule.is_none());
}
