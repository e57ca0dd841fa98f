//! `POST /genesys/1/service/callback/{service}`.

use ges_core::callback::{Callback, Kind, Override, Request};
use ges_core::engine::NewCallback;
use ges_core::number::PhoneNumber;
use ges_core::user_data::UserData;
use serde_json::{Map, Value, json};

use crate::engagement::{BadInput, Members};

/// Reads a wish to be called back; its id stands in a header, not here. `_customer_number` is the one mandatory property; `_desired_time`, `_language`,
/// `_channel`, `_priority`, `_route_point` and `_survey_route_point` mean what they mean in the newer API; every other
/// property travels with the callback as user data. A property with an empty text counts as absent.
///
/// # Errors
/// The first property that is missing or cannot be understood.
pub fn read(service: &str, mut properties: Map<String, Value>) -> Result<NewCallback, BadInput> {
    properties.retain(|_, value| value.as_str() != Some(""));
    let mut members = Members::from(properties);
    let number = members.required_text("_customer_number")?;
    let number: PhoneNumber = number.parse().map_err(|error| BadInput::at("_customer_number", error))?;
    let mut request = Request::new(number);
    let desired = members.instant("_desired_time")?;
    if let Some(language) = members.text("_language")? {
        request.language = language;
    }
    request.channel = members.text("_channel")?;
    request.overrides = Override {
        route_point: members.text("_route_point")?,
        survey_route_point: members.text("_survey_route_point")?,
        priority: members.whole_number("_priority")?,
    };
    request.user_data = UserData::from(members.rest());
    Ok(NewCallback {
        id: None,
        service: service.into(),
        desired,
        always_check_capacity: false,
        offer_type: None,
        captcha_token: None,
        request,
    })
}

/// The answer: a confirmation dialogue, as the older mobile clients show it.
pub fn made(callback: &Callback) -> Value {
    let text = match callback.kind {
        Kind::Immediate => "You will be contacted shortly",
        Kind::Scheduled => "You will be contacted at the time you chose",
    };
    json!({
        "_id": callback.id.to_string(),
        "_text": text,
        "_dialog_id": "0",
        "_action": "ConfirmationDialog",
        "_ok_title": "Ok",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish(properties: Value) -> Result<NewCallback, BadInput> {
        let Value::Object(properties) = properties else { unreachable!("the tests give objects") };
        read("VQ", properties)
    }

    #[test]
    fn custom_properties_travel_with_the_callback() {
        let wish = wish(json!({
            "_customer_number": "15195550123", "_desired_time": "2031-03-04T15:05:00.000Z", "_priority": "7",
            "order": 9, "not-a-name": 1, "_mine": "x", "empty": ""
        }));
        let wish = wish.unwrap();
        assert_eq!(wish.desired.unwrap().to_string(), "2031-03-04T15:05:00.000Z");
        assert_eq!(wish.request.overrides.priority, Some(7));
        let names: Vec<_> = wish.request.user_data.iter().map(|(name, _)| name.to_owned()).collect();
        assert_eq!(names, ["_mine", "order"]);
    }

    #[test]
    fn a_create_without_its_lookup_key_is_refused() {
        for properties in [json!({}), json!({"_customer_number": ""}), json!({"_customer_number": 1519})] {
            assert!(wish(properties.clone()).is_err(), "{properties}");
        }
        assert!(wish(json!({"_customer_number": "15195550123", "_desired_time": "soon"})).is_err());
        assert!(wish(json!({"_customer_number": "15195550123", "_desired_time": ""})).is_ok());
    }
}
