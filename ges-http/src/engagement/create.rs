//! `POST /callbacks/create` ([engagement-api-v3 §3.1](ges_core::rules)).

use ges_core::callback::{OfferTiming, OfferType, Override, PushTarget, Request};
use ges_core::engine::NewCallback;
use ges_core::number::PhoneNumber;
use ges_core::slots::SlotOnOffer;
use ges_core::user_data::UserData;
use serde_json::{Map, Value, json};

use super::members::{BadInput, Members};

/// The longest free text kept with a record, in bytes.
const TEXT_MAX: usize = 1024;

/// Reads a wish to be called back; its id stands in a header, not here.
///
/// # Errors
/// The first member that is missing or cannot be understood.
pub fn read(body: &[u8]) -> Result<NewCallback, BadInput> {
    let mut members = Members::read(body)?;
    let service = members.required_text("serviceName")?;
    let number = members.required_text("phoneNumber")?;
    let number: PhoneNumber = number.parse().map_err(|error| BadInput::at("phoneNumber", error))?;
    let mut request = Request::new(number);
    let desired = members.instant("desiredTime")?;
    let offer_type = members.text("cbOfferType")?.and_then(|text| offer_type(&text));
    if let Some(language) = short_text(&mut members, "language")? {
        request.language = language;
    }
    request.inbound_vq = short_text(&mut members, "inboundVQ")?;
    request.offer_threshold_secs = members.whole_number("offerThreshold")?;
    request.channel = short_text(&mut members, "channel")?;
    request.offer_timing = members.text("offerTiming")?.and_then(|text| offer_timing(&text));
    request.origination_ixn_id = short_text(&mut members, "cbOriginationIxnId")?;
    request.overrides = Override {
        route_point: short_text(&mut members, "routePoint")?,
        survey_route_point: short_text(&mut members, "surveyRP")?,
        priority: members.whole_number("priority")?,
    };
    request.push_targets = push_targets(&mut members)?;
    let user_data = members.take("userData").unwrap_or(Value::Null);
    request.user_data = UserData::try_from(user_data).map_err(|error| BadInput::at("userData", error))?;
    Ok(NewCallback {
        id: None,
        service: service.into(),
        desired,
        always_check_capacity: members.flag("alwaysCheckCapacity")?.unwrap_or(false),
        offer_type,
        captcha_token: members.text("captchaToken")?,
        request,
    })
}

/// A value outside the three counts as absent: every untouched client sends an English sentence here.
fn offer_type(text: &str) -> Option<OfferType> {
    match text {
        "ASAP" => Some(OfferType::Asap),
        "SCHEDULED" => Some(OfferType::Scheduled),
        "COMBINED_SCHEDULED_AND_ASAP" => Some(OfferType::CombinedScheduledAndAsap),
        _ => None,
    }
}

fn offer_timing(text: &str) -> Option<OfferTiming> {
    match text {
        "ON-HOURS" => Some(OfferTiming::OnHours),
        "OFF-HOURS" => Some(OfferTiming::OffHours),
        _ => None,
    }
}

fn short_text(members: &mut Members, name: &str) -> Result<Option<String>, BadInput> {
    match members.text(name)? {
        Some(text) if text.len() > TEXT_MAX => {
            Err(BadInput::at(name, format!("a text of at most {TEXT_MAX} bytes is expected")))
        }
        Some(text) if text.is_empty() => Ok(None),
        other => Ok(other),
    }
}

/// The list, or the single pair of the oldest clients.
fn push_targets(members: &mut Members) -> Result<Vec<PushTarget>, BadInput> {
    let (channel, target) = (members.text("pushChannel")?, members.text("pushTarget")?);
    let Some(value) = members.take("pushTargets") else {
        return Ok(match (channel, target) {
            (Some(channel), Some(target)) => vec![PushTarget { channel, target }],
            _ => Vec::new(),
        });
    };
    let Value::Array(elements) = value else {
        return Err(BadInput::at("pushTargets", "an array of {channel, target} is expected"));
    };
    elements
        .into_iter()
        .enumerate()
        .map(|(index, element)| {
            let text = |name: &str| element.get(name).and_then(Value::as_str).map(str::to_owned);
            match (text("channel"), text("target")) {
                (Some(channel), Some(target)) => Ok(PushTarget { channel, target }),
                _ => Err(BadInput::at(
                    &format!("pushTargets[{index}]"),
                    "channel and target are required, both texts",
                )),
            }
        })
        .collect()
}

/// `data` of a 429: UTC time → places left, as text, ascending ([engagement-api-v3 §3.1](ges_core::rules)).
pub fn proposals(slots: &[SlotOnOffer]) -> Value {
    let entry = |slot: &SlotOnOffer| (slot.at.to_string(), Value::from(slot.remaining.to_string()));
    json!({ "slots": slots.iter().map(entry).collect::<Map<_, _>>() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(members: &str) -> Result<NewCallback, BadInput> {
        read(format!(r#"{{"serviceName":"VQ","phoneNumber":"15195550123"{members}}}"#).as_bytes())
    }

    #[test]
    fn the_untouched_client_body_is_accepted() {
        let sentence =
            r#","cbOfferType":"ASAP if the request does not contain a desired time","language":"en-US""#;
        let wish = with(sentence).unwrap();
        assert_eq!((wish.offer_type, wish.request.language.as_str()), (None, "en-US"));
        assert!(with(r#","cbOfferType":null,"unknown":[1]"#).is_ok());
    }

    #[test]
    fn required_members() {
        for body in [
            r#"{}"#,
            r#"{"serviceName":"VQ"}"#,
            r#"{"phoneNumber":"1519"}"#,
            r#"{"serviceName":" ","phoneNumber":"1519"}"#,
            r#"{"serviceName":7,"phoneNumber":"1519"}"#,
            r#"{"serviceName":"VQ","phoneNumber":1519}"#,
            r#"{"serviceName":"VQ","phoneNumber":"call me"}"#,
        ] {
            assert!(read(body.as_bytes()).is_err(), "{body}");
        }
    }

    #[test]
    fn push_targets_of_every_client_generation() {
        assert_eq!(
            with(r#","pushTargets":[{"channel":"FCM","target":"t"}]"#).unwrap().request.push_targets.len(),
            1
        );
        assert_eq!(with(r#","pushChannel":"FCM","pushTarget":"t""#).unwrap().request.push_targets.len(), 1);
        for bad in [r#"{}"#, r#"[{}]"#, r#"[{"channel":"FCM"}]"#, r#"[{"channel":1,"target":"t"}]"#] {
            assert!(with(&format!(r#","pushTargets":{bad}"#)).is_err(), "{bad}");
        }
    }

    #[test]
    fn user_data_may_be_a_text() {
        assert_eq!(with(r#","userData":"{\"a\":1}""#).unwrap().request.user_data.len(), 1);
        assert_eq!(with(r#","userData":{"ok":1,"not-ok":2}"#).unwrap().request.user_data.len(), 1);
        assert!(with(r#","userData":"nope""#).is_err());
    }
}
