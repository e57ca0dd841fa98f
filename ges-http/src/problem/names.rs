//! What each dialect calls the parts of a request.
//!
//! A caller reads the names it has sent: `phoneNumber` over the Engagement API v3, `_customer_number` over the
//! GMS-compatible one.

use std::borrow::Cow;

use ges_core::engine::{Field, Refusal};

use super::Dialect;

/// The header in which a caller sends an id of its own, over either API.
const KEY: &str = "Idempotency-Key";
/// How the wire says that an id is taken: callers know it as their key.
const KEY_TAKEN: &str = "this key came with another request before; a new request needs a new key";

/// The sentence that tells a refusal: the part of the request it is about, if it is about one, and what is wrong.
pub(crate) fn told(refusal: &Refusal, dialect: Dialect) -> String {
    let text = match refusal {
        Refusal::IdTaken => KEY_TAKEN.to_owned(),
        other => other.to_string(),
    };
    match refusal.field() {
        None => text,
        Some(field) => format!("{}: {text}", name(field, dialect)),
    }
}

fn name(field: Field, dialect: Dialect) -> Cow<'static, str> {
    match dialect {
        Dialect::V3 => v3(field),
        // What no parameter of this dialect carries is called what a person would call it.
        Dialect::Gms => gms(field).map_or_else(|| field.to_string().into(), Cow::from),
    }
}

/// Members of the bodies of [engagement-api-v3 §3](ges_core::rules).
fn v3(field: Field) -> Cow<'static, str> {
    match field {
        Field::Service => "serviceName".into(),
        Field::CallInGroup => "groupName".into(),
        Field::Callback => "id".into(),
        Field::OwnId => KEY.into(),
        Field::TiedCallback => "callbackServiceId".into(),
        Field::Number => "phoneNumber".into(),
        Field::CaptchaToken => "captchaToken".into(),
        Field::PushTargets => "pushTargets".into(),
        Field::PushChannel { index } => format!("pushTargets[{index}]: channel").into(),
        Field::PushToken { index } => format!("pushTargets[{index}]: target").into(),
        Field::DesiredTime => "desiredTime".into(),
    }
}

/// Properties of a record ([callback-domain §12](ges_core::rules)).
fn gms(field: Field) -> Option<&'static str> {
    match field {
        Field::Service => Some("_service_name"),
        Field::Callback => Some("_id"),
        Field::OwnId => Some(KEY),
        Field::Number => Some("_customer_number"),
        Field::DesiredTime => Some("_desired_time"),
        Field::CallInGroup
        | Field::TiedCallback
        | Field::CaptchaToken
        | Field::PushTargets
        | Field::PushChannel { .. }
        | Field::PushToken { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use ges_core::callin::CallInRefused;
    use ges_core::number::NumberRefused;
    use ges_core::slots;

    use super::*;

    #[test]
    fn a_caller_reads_the_names_of_its_dialect() {
        let service = "no callback service of this name is configured";
        let group = "no call-in group of this name is configured";
        let full = "no place is left at the desired time";
        let premium = "phone number: premium-rate numbers are not called";
        let targets = "this service needs at least one target with channel FCM";
        for (refusal, v3, gms, text) in [
            (Refusal::ServiceUnknown, "serviceName", "_service_name", service),
            (Refusal::GroupUnknown, "groupName", "call-in group", group),
            (Refusal::CallbackUnknown, "id", "_id", "there is no callback with this id"),
            (Refusal::IdTaken, KEY, KEY, KEY_TAKEN),
            (Refusal::Number(NumberRefused::Premium), "phoneNumber", "_customer_number", premium),
            (Refusal::CaptchaMissing, "captchaToken", "CAPTCHA token", "a token is required"),
            (Refusal::PushTargetsMissing, "pushTargets", "push targets", targets),
            (
                Refusal::PushChannel { index: 1 },
                "pushTargets[1]: channel",
                "channel of push target 1",
                "FCM is the only channel",
            ),
            (
                Refusal::PushToken { index: 0 },
                "pushTargets[0]: target",
                "registration token of push target 0",
                "a registration token is required",
            ),
            (Refusal::Time(slots::Refusal::Full), "desiredTime", "_desired_time", full),
            (
                Refusal::CallIn(CallInRefused::CallbackCompleted),
                "callbackServiceId",
                "callback to be tied to",
                "the callback is completed",
            ),
        ] {
            assert_eq!(told(&refusal, Dialect::V3), format!("{v3}: {text}"));
            assert_eq!(told(&refusal, Dialect::Gms), format!("{gms}: {text}"));
        }
        assert_eq!(told(&Refusal::TenantUnknown, Dialect::V3), "the tenant is not configured");
    }
}
