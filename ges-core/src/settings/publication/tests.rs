use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::settings::{Options, ServiceOption};

const GOOD: &str = r#"{
    "service.Paris": {"_service": "office-hours", "_timezone": "Europe/Paris", "_bh_regular1": "Mon-Fri 09:00-17:00"},
    "service.Sales": {"_route_point": "8001", "_designer_workspace": "w", "_stream": "Live",
        "_business_hours_service": "Paris", "_new_option": "kept"}
}"#;

fn change(text: &str) -> Change {
    Change::upserts_from_json(text).unwrap()
}

fn deleting(sections: &[&str]) -> Change {
    Change { deletes: sections.iter().map(|name| (*name).to_owned()).collect(), ..Change::default() }
}

fn put(current: &Published, change: &Change) -> Result<Option<Accepted>, Faults> {
    publish(&"acme".into(), &Definitions::default(), current, change, &ZoneDatabase::embedded())
}

fn good() -> Published {
    put(&Published::default(), &change(GOOD)).unwrap().unwrap().published
}

#[test]
fn invariant_40_publishing_twice_changes_nothing() {
    let first = good();
    assert_eq!(first.version, 1);
    assert!(put(&first, &change(GOOD)).unwrap().is_none());
    assert!(put(&first, &Change::default()).unwrap().is_none());
    assert!(put(&first, &deleting(&["service.Nobody"])).unwrap().is_none());
}

#[test]
fn invariant_39_one_bad_row_refuses_the_publication() {
    let bad = change(
        r#"{"service.Sales": {"_route_point": "8002", "_designer_workspace": "w", "_stream": "Live",
            "_business_hours_service": "Paris"}, "service.Other": {"_ttl": "x"}}"#,
    );
    let faults = put(&good(), &bad).unwrap_err();
    assert!(faults.list().iter().all(|fault| fault.section == "service.Other"));
    assert_eq!(faults.list().len(), 5);
}

#[test]
fn what_others_refer_to_cannot_be_deleted() {
    let faults = put(&good(), &deleting(&["service.Paris"])).unwrap_err();
    assert_eq!(
        faults.list()[0].to_string().split(':').next(),
        Some("service.Sales, _business_hours_service")
    );
    let both = put(&good(), &deleting(&["service.Paris", "service.Sales"])).unwrap().unwrap();
    assert_eq!(both.published, Published { version: 2, sections: BTreeMap::new() });
    assert!(both.settings.services.is_empty());
}

#[test]
fn a_section_replaces_the_one_before_as_a_whole() {
    let second = change(
        r#"{"service.Sales": {"_route_point": "8002", "_designer_workspace": "w", "_stream": "Live",
            "_business_hours_service": "Paris"}}"#,
    );
    let accepted = put(&good(), &second).unwrap().unwrap();
    assert_eq!((accepted.published.version, accepted.settings.version), (2, 2));
    let sales = &accepted.settings.services["Sales"];
    assert_eq!((sales.route_point.as_str(), sales.extra.len()), ("8002", 0));
}

#[test]
fn unknown_options_and_sections_are_stored() {
    let log = change(r#"{"log": {"verbose": "all"}}"#);
    let accepted = put(&good(), &log).unwrap().unwrap();
    assert_eq!(accepted.published.sections["log"]["verbose"], "all");
    assert_eq!(accepted.settings.services["Sales"].extra["_new_option"], "kept");
}

#[test]
fn the_published_definition_holds_over_the_file() {
    let file = crate::settings::SettingsFile::parse(
        r#"
            [tenants.acme.hours.office]
            time_zone = "Asia/Tokyo"
            [tenants.acme.services.Sales]
            route_point = "from the file"
            hours = "office"
            [tenants.acme.services.Support]
            hours = "office"
        "#,
        &ZoneDatabase::embedded(),
    );
    let file = &file.unwrap().tenants["acme"].definitions;
    let zones = ZoneDatabase::embedded();
    let before = settings_in_force(&"acme".into(), file, &Published::default(), &zones).unwrap();
    assert_eq!((before.version, before.services["Sales"].route_point.as_str()), (0, "from the file"));
    let after = publish(&"acme".into(), file, &Published::default(), &change(GOOD), &zones).unwrap().unwrap();
    assert_eq!(after.settings.services["Sales"].route_point, "8001");
    assert_eq!(after.settings.services["Support"].hours.as_deref(), Some("office"));
    let gone = deleting(&["service.Sales"]);
    let back = publish(&"acme".into(), file, &after.published, &gone, &zones).unwrap().unwrap();
    assert_eq!(back.settings.services["Sales"].route_point, "from the file");
}

fn section() -> impl Strategy<Value = Options> {
    let known = (0..ServiceOption::all().len()).prop_map(|index| ServiceOption::all()[index].key.to_owned());
    let key = prop_oneof![
        6 => known,
        2 => prop_oneof![Just("_timezone"), Just("_bh_regular1"), Just("_capacity_1"), Just("_holiday1")]
            .prop_map(str::to_owned),
        1 => "\\PC{0,6}",
    ];
    let text = prop_oneof![
        Just("Europe/Paris"),
        Just("Mon-Fri 09:00-17:00"),
        Just("A"),
        Just("B"),
        Just("true"),
        Just("5"),
        Just("office-hours"),
        Just("capacity"),
        Just("callback"),
        Just(r#"{"1":{"0900":1}}"#),
        Just("12-25"),
    ]
    .prop_map(str::to_owned);
    proptest::collection::btree_map(key, prop_oneof![4 => text, 1 => any::<String>()], 0..12)
}

fn any_change() -> impl Strategy<Value = Change> {
    let name =
        prop_oneof![Just("service.A"), Just("service.B"), Just("B"), Just("callback"), Just("service.")];
    let name = name.prop_map(str::to_owned);
    let upserts = proptest::collection::btree_map(name.clone(), section(), 0..4);
    (upserts, proptest::collection::btree_set(name, 0..2))
        .prop_map(|(upserts, deletes)| Change { upserts, deletes })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// Any table yields settings or faults; what was accepted is in force when read again, and again changes nothing.
    #[test]
    fn invariant_39_and_40_any_publication(mut changes in proptest::collection::vec(any_change(), 1..4)) {
        changes.insert(0, change(GOOD));
        let mut current = Published::default();
        for change in changes {
            match put(&current, &change) {
                Ok(Some(accepted)) => {
                    prop_assert_eq!(accepted.published.version, current.version + 1);
                    prop_assert!(put(&accepted.published, &change).unwrap().is_none());
                    let (tenant, zones) = ("acme".into(), ZoneDatabase::embedded());
                    let again = settings_in_force(&tenant, &Definitions::default(), &accepted.published, &zones);
                    prop_assert_eq!(again.unwrap().services, accepted.settings.services);
                    current = accepted.published;
                }
                Ok(None) => {}
                Err(faults) => prop_assert!(!faults.list().is_empty()),
            }
        }
    }
}
