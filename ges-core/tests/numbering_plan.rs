//! The numbering plan is read only when a check asks for it. One test, because the plan is one per process.

use ges_core::number::{NumberPolicy, PhoneNumber, plan};

#[test]
fn the_plan_is_not_read_before_a_check_needs_it() {
    let number: PhoneNumber = "+1 416 967 1234".parse().unwrap();
    let rule = serde_json::from_str::<ges_core::number::NumberRule>(r#"{"name":"R","countries":["CA"]}"#);
    NumberPolicy::permissive().check(&number).unwrap();
    assert!(!plan::is_loaded());
    let policy = NumberPolicy { rule: Some(rule.unwrap().into()), ..NumberPolicy::permissive() };
    policy.check(&number).unwrap();
    assert!(plan::is_loaded());
}
