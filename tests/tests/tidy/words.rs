//! Words of a protocol stay with those who speak it.
//!
//! The core tells what is so; that an answer goes over HTTP, in JSON, with a status and under names of members, is known
//! to `ges-http` alone. So are the spellings: a field of a request is a [`Field`](ges_core::engine::Field) in the core.
//!
//! Names of options are not among these words. What the Designer and GMS call them (`_request_time_bucket`,
//! `_enable_in_queue_checking`) is what an administrator configures, whatever the requests look like, and the core reads
//! it. Nor is JSON itself: user data are JSON values by their nature ([callback-domain §9.5](ges_core::rules)), and
//! records and settings are written in it.

use std::sync::LazyLock;

use regex::Regex;

use crate::{read, root, rust_files};

/// What only a protocol says.
const WIRE: &str = concat!(
    // The protocol itself, and its statuses.
    r"\bHTTPS?\b|\bwires?\b|\bquery (?:parameter|string)|status\.reason|\b429\b|",
    r"\s\((?:400|401|404|409|500|503)\)|\b(?:an?|is|gets|answers) (?:400|401|404|409|500|503)\b|",
    // Members and parameters of the Engagement API.
    r"\b(?:alwaysCheckCapacity|callbackReason|callbackServiceId|callbackState|captchaToken|cbOfferType|corrId|",
    r"desiredTime|durationMin|endMS|estimatedWaitTime|fromPhoneNumber|groupName|inboundVQ|localTime|maxTimeSlots|",
    r"numberOfDays|objectId|objectType|offerThreshold|openFor|phoneNumber|positionInQueue|pushTargets?|pushChannel|",
    r"reportBusy|resultCode|routePoint|serviceName|startMS|surveyRP|toPhoneNumber|userData|utcTime|virtualQueue)\b",
);

static SAID: LazyLock<Regex> = LazyLock::new(|| Regex::new(WIRE).unwrap());

/// Where an administrator's files and tables are read; their members are spelt as he writes them.
const SETTINGS: &str = "ges-core/src/settings";

#[test]
fn the_core_says_no_word_of_a_protocol() {
    let settings = root().join(SETTINGS);
    let mut said = Vec::new();
    for path in rust_files("ges-core/src").iter().filter(|path| !path.starts_with(&settings)) {
        for (number, line) in read(path).lines().enumerate() {
            if let Some(word) = SAID.find(line) {
                said.push(format!("{}, line {}: {}", path.display(), number + 1, word.as_str()));
            }
        }
    }
    assert!(said.is_empty(), "these are words of ges-http:\n{}", said.join("\n"));
}

#[test]
fn the_words_are_found() {
    for line in [
        r#"#[error("serviceName: no callback service of this name")]"#,
        "/// A mistake of the caller (400).",
        "/// Too often: a 429.",
        "/// Why a number is not called; HTTP 400 when booking.",
        "/// Seconds, as the wire has them.",
        "    json.insert(\"numberOfDays\", days);",
    ] {
        assert!(SAID.is_match(line), "{line}");
    }
    for line in [
        "/// 500 in 300 s, 1000 in 3600 s.",
        "    days(400)",
        "const PAUSE: Duration = Duration::from_millis(500);",
        "    \"(416) 967-1234\",",
        "    pub number_of_days: u64, // query(service_name)",
    ] {
        assert!(!SAID.is_match(line), "{line}");
    }
}
