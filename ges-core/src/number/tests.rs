use std::sync::Arc;

use proptest::prelude::*;

use super::*;

fn number(text: &str) -> PhoneNumber {
    text.parse().unwrap()
}

fn rule(countries: &[&str], blocked: &[BlockedPattern]) -> NumberRule {
    let countries = countries.iter().map(|&country| country.to_owned()).collect();
    NumberRuleSpec { name: "Rule1".into(), countries, blocked: blocked.to_vec() }.try_into().unwrap()
}

fn policy(rule: NumberRule) -> NumberPolicy {
    NumberPolicy { rule: Some(Arc::new(rule)), ..NumberPolicy::default() }
}

fn north_america() -> NumberPolicy {
    policy(rule(
        &["US", "CA"],
        &[
            BlockedPattern::Simple("1900*".into()),
            BlockedPattern::Simple("1976*".into()),
            BlockedPattern::Regex(r"^1\d{3}555\d{4}$".into()),
        ],
    ))
}

#[test]
fn comparison_rows() {
    assert_eq!(number("+1 (222) 333-4444").comparison(), number("12223334444").comparison(), "D8");
    assert_ne!(number("0236618300").comparison(), number("236618300").comparison());
    assert_eq!(number("+39 02.36618300").comparison().digits(), "390236618300");
}

#[test]
fn refusal_rows() {
    assert_eq!(NumberPolicy::default().check(&number("1-900-555-0100")), Err(NumberRefused::Premium), "D10");
    let us_only = policy(rule(&["US"], &[]));
    let expected = NumberRefused::CountryNotPermitted { country: Some("GB".parse().unwrap()) };
    assert_eq!(us_only.check(&number("+442079460000")), Err(expected), "D11");
}

/// The worked example of [callback-administration §4.3](crate::rules).
#[test]
fn rule_north_america_only() {
    for (given, refused, country) in [
        ("+1 416 967 1234", None, Some("CA")),
        ("19005551234", Some(NumberRefused::Blocked { pattern: 0 }), Some("US")),
        (
            "+1 876 922 0000",
            Some(NumberRefused::CountryNotPermitted { country: "JM".parse().ok() }),
            Some("JM"),
        ),
        (
            "+44 20 7946 0000",
            Some(NumberRefused::CountryNotPermitted { country: "GB".parse().ok() }),
            Some("GB"),
        ),
        ("12125551234", Some(NumberRefused::Blocked { pattern: 2 }), Some("US")),
    ] {
        let verdict = north_america().examine(&number(given));
        assert_eq!(verdict.outcome.err(), refused, "{given}");
        assert_eq!(verdict.country.map(|country| country.to_string()).as_deref(), country, "{given}");
    }
    assert_eq!("call me".parse::<PhoneNumber>(), Err(NotANumber::Character { position: 1 }));
}

#[test]
fn countries_that_share_a_calling_code_are_told_apart() {
    for (given, country, e164) in [
        ("+442079460000", Some("GB"), "442079460000"),
        ("+447781123456", Some("GG"), "447781123456"),
        ("+79991234567", Some("RU"), "79991234567"),
        ("+77011234567", Some("KZ"), "77011234567"),
        ("+390236618300", Some("IT"), "390236618300"),
        ("+3906698 12345", Some("VA"), "390669812345"),
        ("+80012345678", None, "80012345678"),
        ("+12223334444", None, "12223334444"),
        ("4169671234", Some("CA"), "14169671234"),
        ("14169671234", Some("CA"), "14169671234"),
        ("011 44 20 7946 0000", Some("GB"), "442079460000"),
        ("+44 (0)20 7946 0000", Some("GB"), "442079460000"),
    ] {
        let verdict = NumberPolicy::default().examine(&number(given));
        assert_eq!(verdict.country.map(|country| country.to_string()).as_deref(), country, "{given}");
        assert_eq!(verdict.e164.map(E164::digits).as_deref(), Some(e164), "{given}");
    }
}

#[test]
fn a_national_number_is_read_in_the_default_country() {
    for (country, given, e164) in [
        ("GB", "020 7946 0000", "442079460000"),
        ("IT", "0236618300", "390236618300"),
        ("DE", "030 901820", "4930901820"),
        ("US", "(416) 967-1234", "14169671234"),
        ("AR", "011 15-2345-6789", "5491123456789"),
        ("MX", "55 1234 5678", "525512345678"),
    ] {
        let policy = NumberPolicy { default_country: country.parse().unwrap(), ..NumberPolicy::default() };
        assert_eq!(
            policy.examine(&number(given)).e164.map(E164::digits).as_deref(),
            Some(e164),
            "{country} {given}"
        );
    }
}

#[test]
fn impossible_numbers_are_refused_unless_allowed() {
    for given in ["+999 123 456 789", "12345", "+1 222 333 44", "+01 416 967 1234", "+49 1"] {
        let verdict = NumberPolicy::default().examine(&number(given));
        assert_eq!(verdict.outcome.unwrap_err().code(), "NUMBER_INVALID", "{given}");
    }
    let relaxed = NumberPolicy { refuse_impossible: false, ..NumberPolicy::default() };
    assert!(relaxed.check(&number("12345")).is_ok());
    assert_eq!(
        NumberPolicy { refuse_impossible: false, ..north_america() }.check(&number("12345")),
        Err(NumberRefused::Impossible),
        "a rule needs a country"
    );
    assert!(NumberPolicy::permissive().check(&number("1-900-555-0100")).is_ok());
}

#[test]
fn a_number_outside_every_known_range_needs_all_countries_of_its_code() {
    assert_eq!(
        north_america().check(&number("+12223334444")),
        Err(NumberRefused::CountryNotPermitted { country: None })
    );
    // Germany has its calling code to itself: there is no doubt about the country of a new range.
    let germany = policy(rule(&["DE"], &[]));
    let verdict = germany.examine(&number("+49 999 123456"));
    assert_eq!((verdict.country, verdict.outcome), (None, Ok(())));
    // Numbers of no country are never permitted by naming countries.
    assert!(germany.check(&number("+80012345678")).is_err());
}

#[test]
fn a_rule_reports_all_problems_at_once() {
    let spec = NumberRuleSpec {
        name: "NA only".into(),
        countries: vec!["US".into(), "UK".into()],
        blocked: vec![
            BlockedPattern::Simple("1900*".into()),
            BlockedPattern::Simple("1-900".into()),
            BlockedPattern::Regex("^1(9".into()),
        ],
    };
    let invalid = NumberRule::try_from(spec).unwrap_err();
    assert_eq!(
        invalid.to_string(),
        "number rule \"NA only\": name: 1 to 64 letters and digits are needed; countries[1]: \"UK\" is not the ISO \
         3166-1 code of a country with phone numbers; two letters are expected, as in US or GB; blocked[1]: character \
         2 is not a digit, * or ?; write a regex pattern for anything else; blocked[2]: regular expression, character \
         3: unclosed group"
    );
    let empty = NumberRuleSpec { name: "X".into(), countries: vec![], blocked: vec![] };
    assert_eq!(NumberRule::try_from(empty).unwrap_err().problems, [NumberRuleProblem::NoCountry]);
    let pattern = BlockedPattern::Simple("1".into());
    let many = |count| NumberRuleSpec {
        name: "X".into(),
        countries: vec!["US".into()],
        blocked: vec![pattern.clone(); count],
    };
    assert!(NumberRule::try_from(many(200)).is_ok());
    assert_eq!(
        NumberRule::try_from(many(201)).unwrap_err().problems,
        [NumberRuleProblem::TooManyPatterns { patterns: 201 }]
    );
}

#[test]
fn a_rule_survives_toml_and_json() {
    let rule = north_america().rule.unwrap();
    let json = serde_json::to_string(&*rule).unwrap();
    assert_eq!(
        json,
        r#"{"name":"Rule1","countries":["US","CA"],"blocked":[{"simple":"1900*"},{"simple":"1976*"},{"regex":"^1\\d{3}555\\d{4}$"}]}"#
    );
    assert_eq!(serde_json::from_str::<NumberRule>(&json).unwrap(), *rule);
    let toml = toml::to_string(&*rule).unwrap();
    assert_eq!(toml::from_str::<NumberRule>(&toml).unwrap(), *rule);
    assert!(serde_json::from_str::<NumberRule>(r#"{"name":"R","countries":["ZZ"]}"#).is_err());
}

#[test]
fn texts_that_are_no_numbers() {
    for (given, expected) in [
        ("", NotANumber::TooFewDigits { digits: 0 }),
        ("12", NotANumber::TooFewDigits { digits: 2 }),
        ("1234567890123456", NotANumber::TooManyDigits { digits: 16 }),
        ("call me", NotANumber::Character { position: 1 }),
        ("+1222x", NotANumber::Character { position: 6 }),
        ("++1222", NotANumber::Plus { position: 2 }),
        ("12+34", NotANumber::Plus { position: 3 }),
        ("١٢٣٤٥", NotANumber::Character { position: 1 }),
    ] {
        assert_eq!(given.parse::<PhoneNumber>(), Err(expected), "{given:?}");
    }
    assert_eq!("1".repeat(99).parse::<PhoneNumber>(), Err(NotANumber::TooLong { bytes: 99 }));
    assert!("123".parse::<PhoneNumber>().is_ok() && "123456789012345".parse::<PhoneNumber>().is_ok());
}

#[test]
fn numbers_do_not_show() {
    let secret = "5195550123";
    let given = number(secret);
    let verdict = NumberPolicy::default().examine(&given);
    let shown = format!("{given} {given:?} {:?} {verdict:?}", given.comparison());
    assert!(!shown.contains("519") && !shown.contains("0123"), "{shown}");
    let refused = north_america().examine(&number("+442079460000")).outcome.unwrap_err();
    assert!(!format!("{refused} {refused:?}").contains("2079"), "{refused}");
    let wrong = serde_json::from_str::<PhoneNumber>("\"5195550123x\"").unwrap_err().to_string();
    assert!(!wrong.contains("519"), "{wrong}");
}

#[test]
fn only_what_was_packed_is_a_number() {
    for (packed, digits) in [(1_007, Some("007")), (1_999_999_999_999_999, Some("999999999999999"))] {
        assert_eq!(ComparisonNumber::from_packed(packed).map(ComparisonNumber::digits).as_deref(), digits);
    }
    for packed in [0, 1, 199, 2_007, 10_000_000_000_000_000, u64::MAX] {
        assert_eq!(ComparisonNumber::from_packed(packed), None, "{packed}");
    }
}

proptest! {
    /// [Invariant 35](crate::rules): the same number written with or without `+`, spaces or hyphens counts as one.
    #[test]
    fn invariant_35_punctuation_does_not_matter(digits in "[0-9]{3,15}", marks in "[-. ()]{0,15}", plus: bool) {
        let mut written = if plus { "+".to_owned() } else { String::new() };
        let mut marks = marks.chars();
        for digit in digits.chars() {
            written.extend(marks.next());
            written.push(digit);
        }
        let given: PhoneNumber = written.parse().unwrap();
        prop_assert_eq!(given.as_given(), &written);
        prop_assert_eq!(given.comparison(), number(&digits).comparison());
        prop_assert_eq!(&*given.comparison().digits(), digits);
    }

    /// No text makes a check panic, and numbers never reach the text of a refusal.
    #[test]
    fn any_text_gets_a_verdict(text in "[+]{0,2}[0-9 ().x-]{0,20}", country in "AR|BR|CL|US|GB|IT|AG|UY|SM|CN|MX") {
        let country = country.parse().unwrap();
        let policy = NumberPolicy { default_country: country, ..north_america() };
        if let Ok(number) = text.parse() {
            let verdict = policy.examine(&number);
            prop_assert!(verdict.outcome.is_err() || verdict.e164.is_some(), "called without being known");
            prop_assert_eq!(policy.examine(&number), verdict);
        }
    }

    /// Once in E.164 form a number keeps its form, its country and its verdict.
    #[test]
    fn e164_is_a_fixed_point(text in "[+]?[1-9][0-9]{5,14}") {
        let verdict = north_america().examine(&number(&text));
        if let Some(e164) = verdict.e164.filter(|_| verdict.country.is_some()) {
            let again = north_america().examine(&number(&e164.with_plus()));
            prop_assert_eq!(again.e164, Some(e164));
            prop_assert_eq!(again.country, verdict.country);
        }
    }
}
