//! `POST /call-in/requests/create` ([engagement-api-v3 §3.8](ges_core::rules)).

use ges_core::callin::CallInRequest;
use ges_core::engine::NewCallIn;
use ges_core::user_data::UserData;
use serde_json::{Value, json};

use super::members::{BadInput, Members};

/// Reads a wish to call in.
///
/// # Errors
/// The first member that is missing or cannot be understood.
pub fn read(body: &[u8]) -> Result<NewCallIn, BadInput> {
    let mut members = Members::read(body)?;
    let group = members.required_text("groupName")?;
    let from = match members.text("fromPhoneNumber")? {
        None => None,
        Some(text) => Some(text.parse().map_err(|error| BadInput::at("fromPhoneNumber", error))?),
    };
    let callback = match members.text("callbackServiceId")? {
        None => None,
        Some(text) => Some(text.parse().map_err(|error| BadInput::at("callbackServiceId", error))?),
    };
    let user_data = members.take("userData").unwrap_or(Value::Null);
    let user_data = UserData::try_from(user_data).map_err(|error| BadInput::at("userData", error))?;
    Ok(NewCallIn { group, from, callback, user_data })
}

/// `data`: what was not sent or is not used is left out.
pub fn made(request: &CallInRequest) -> Value {
    let mut data = json!({
        "id": request.id.to_string(),
        "toPhoneNumber": request.to.with_plus(),
        "groupName": request.group,
        "expirationTime": request.expires_at.as_millis(),
    });
    if let Some(code) = request.code {
        data["accessCode"] = code.digits().into();
    }
    if let Some(from) = &request.from {
        data["fromPhoneNumber"] = from.given.as_given().into();
    }
    if let Some(callback) = request.callback_id {
        data["callbackServiceId"] = callback.to_string().into();
    }
    data
}
