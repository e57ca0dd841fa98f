use proptest::prelude::*;

use super::*;

fn faults(text: &str) -> Vec<String> {
    Change::upserts_from_json(text).unwrap_err().list().iter().map(Fault::to_string).collect()
}

#[test]
fn scalars_become_text_and_null_is_absent() {
    let text = r#"{"service.A": {"a": 1, "b": true, "c": "x", "d": null, "e": 1.5, "_capacity_1": {"1":{"0900":2}}}}"#;
    let change = Change::upserts_from_json(text).unwrap();
    let section: Vec<(&str, &str)> =
        change.upserts["service.A"].iter().map(|(key, text)| (key.as_str(), text.as_str())).collect();
    let wanted =
        [("_capacity_1", r#"{"1":{"0900":2}}"#), ("a", "1"), ("b", "true"), ("c", "x"), ("e", "1.5")];
    assert_eq!(section, wanted);
}

#[test]
fn rows_are_named_by_section_or_queue() {
    let text = r#"[{"section": "service.A", "_ttl": 1}, {"Virtual Queue": " B "}, {"_vq": "C"}]"#;
    let change = Change::upserts_from_json(text).unwrap();
    assert_eq!(change.upserts.keys().collect::<Vec<_>>(), ["service.A", "service.B", "service.C"]);
    assert!(!change.upserts["service.A"].contains_key("section"));
}

#[test]
fn every_mistake_is_told() {
    assert_eq!(
        faults(r#"{"service.A": {"a": 1, "a": 2, "b": []}, "service.A": {}, " ": {}}"#),
        [
            " : has an unusable name; expected: 1 to 255 characters on one line",
            "service.A: is there twice; expected: each section once",
            "service.A, a: is there twice; expected: each option once",
            "service.A, b: is no single value; expected: text, a number or a boolean",
        ]
    );
    assert_eq!(
        faults(r#"[{"_ttl": 1}, {"_vq": ""}]"#).iter().map(|told| &told[..5]).collect::<Vec<_>>(),
        ["row 1", "row 2"]
    );
    for text in ["", "7", "[1]", r#"{"service.A": 7}"#, "{", r#"{"secret": "#] {
        let told = faults(text);
        assert_eq!(told.len(), 1);
        assert!(told[0].starts_with("is not such a table, see line "), "{text}: {}", told[0]);
    }
}

#[test]
fn sizes_are_bounded() {
    let mut change = Change::default();
    let long = "x".repeat(64 * 1024 + 1);
    change
        .upserts
        .insert("a".to_owned(), Options::from([("b".to_owned(), long), ("\n".to_owned(), String::new())]));
    change.upserts.insert("y".repeat(256), (0..1001).map(|n| (n.to_string(), String::new())).collect());
    change.deletes.insert("a".to_owned());
    assert_eq!(change.beyond_bounds().len(), 5);
    let many: Vec<String> = (0..=SECTIONS_MAX).map(|n| format!(r#""{n}":{{}}"#)).collect();
    assert!(faults(&format!("{{{}}}", many.join(",")))[0].contains("too many sections"));
}

#[test]
fn replacing_deletes_what_the_table_does_not_have() {
    let section = |name: &str| (name.to_owned(), Options::new());
    let current = BTreeMap::from([section("a"), section("b")]);
    let change = Change::replacing(&current, BTreeMap::from([section("b"), section("c")]));
    assert_eq!(change.deletes, BTreeSet::from(["a".to_owned()]));
    assert_eq!(change.upserts.keys().collect::<Vec<_>>(), ["b", "c"]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn any_text_is_read_or_refused(text in any::<String>(), inner in "[\\[\\]{}\":,a_vq0-9 ]{0,40}") {
        let _ = Change::upserts_from_json(&text);
        let _ = Change::upserts_from_json(&inner);
    }
}
