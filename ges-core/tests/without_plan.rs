//! Without the numbering plan no number rule and no check of numbers is ever passed over.
#![cfg(not(feature = "numbering-plan"))]

use std::collections::BTreeMap;

use ges_core::number::{NumberPolicy, NumberRefused, NumberRule, NumberRuleSpec, PhoneNumber};
use ges_core::settings::{CallbackService, Definitions};

fn definitions(service: CallbackService) -> Definitions {
    Definitions {
        services: BTreeMap::from([(service.name.clone(), service.into())]),
        ..Definitions::default()
    }
}

#[test]
fn settings_that_ask_for_checks_of_numbers_are_refused() {
    let faults = definitions(CallbackService::named("Sales", "8001")).resolve("acme".into(), 1).unwrap_err();
    let told: Vec<String> = faults.list().iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "service.Sales, _disallow_impossible_phone_numbers: needs the numbering plan, which this program was \
             built without; expected: false",
            "service.Sales, _disallow_premium_phone_numbers: needs the numbering plan, which this program was built \
             without; expected: false",
        ]
    );
    let mut service = CallbackService::named("Sales", "8001");
    service.numbers = NumberPolicy::permissive();
    assert!(definitions(service).resolve("acme".into(), 1).is_ok());
}

#[test]
fn a_rule_of_countries_is_refused() {
    let spec = NumberRuleSpec { name: "NA".into(), countries: vec!["US".into()], blocked: Vec::new() };
    let refused = NumberRule::try_from(spec).unwrap_err().to_string();
    assert!(refused.contains("this program has no numbering plan"), "{refused}");
}

#[test]
fn a_policy_that_needs_the_plan_lets_no_number_pass() {
    let number: PhoneNumber = "+1 222 333 4444".parse().unwrap();
    assert_eq!(NumberPolicy::default().check(&number), Err(NumberRefused::NoPlan));
    assert_eq!(NumberPolicy::permissive().check(&number), Ok(()));
}
