//! `PUT /genesys/1/service/callback/{service}/{id}`: a client changes properties, or a session writes back.

use ges_core::callback::{Callback, Reason, SessionState, SessionUpdate, StateName};
use ges_core::engine::Edit;
use ges_core::number::PhoneNumber;
use ges_core::port::NODE_OF_SESSION;
use ges_core::time::Timestamp;
use ges_core::user_data::UserData;
use serde_json::{Map, Value};

use crate::engagement::{BadInput, Members};

/// The longest name of a session kept, in bytes.
const REFERENCE_MAX: usize = 256;

/// What a PUT wants. A body with `_callback_state` comes from a session, any other from a client.
#[derive(Debug)]
pub enum Change {
    /// A session reports.
    WriteBack(SessionUpdate),
    /// A client changes properties or the time.
    Edit(Properties),
}

/// Properties to be changed; an empty text or null deletes one.
#[derive(Debug, Default)]
pub struct Properties {
    desired: Option<Timestamp>,
    number: Option<PhoneNumber>,
    others: Map<String, Value>,
}

impl Properties {
    /// What the engine is to change about the record as it stands.
    pub fn edit(&self, callback: &Callback) -> Edit {
        let user_data = (!self.others.is_empty()).then(|| {
            let mut data = Map::from(callback.request.user_data.clone());
            for (name, value) in &self.others {
                if value.is_null() || value.as_str() == Some("") {
                    data.remove(name);
                } else {
                    data.insert(name.clone(), value.clone());
                }
            }
            UserData::from(data)
        });
        Edit { desired: self.desired, number: self.number.clone(), user_data }
    }
}

/// Reads a PUT.
///
/// # Errors
/// The first property that cannot be understood; a mandatory one that is to be deleted.
pub fn read(properties: Map<String, Value>) -> Result<Change, BadInput> {
    let reports = properties.get("_callback_state").is_some_and(|state| !state.is_null());
    let mut members = Members::from(properties);
    if reports { write_back(&mut members).map(Change::WriteBack) } else { edit(members).map(Change::Edit) }
}

/// `_callback_state`, `_callback_reason`, `_ors_session_id`, `_ors_node`, `_attempt`, `_seq`. Other properties of a session are
/// acknowledged and not kept.
fn write_back(members: &mut Members) -> Result<SessionUpdate, BadInput> {
    let state = members.required_text("_callback_state")?;
    let state = state.parse::<StateName>().map_err(|error| BadInput::at("_callback_state", error))?;
    let reason = members.text("_callback_reason")?.unwrap_or_default();
    let state = match state {
        StateName::Queued => SessionState::Queued,
        StateName::Routing => SessionState::Routing,
        StateName::Processing => SessionState::Processing,
        StateName::Completed => SessionState::Completed(Reason::from_session(&reason)),
        StateName::Scheduled => {
            let problem = "a session reports QUEUED, ROUTING, PROCESSING or COMPLETED";
            return Err(BadInput::at("_callback_state", problem));
        }
    };
    let reference = members.text("_ors_session_id")?.filter(|reference| !reference.is_empty());
    let node = members.text("_ors_node")?.filter(|node| !node.is_empty());
    let reference =
        reference.map(|id| node.map_or_else(|| id.clone(), |node| format!("{id}{NODE_OF_SESSION}{node}")));
    if reference.as_ref().is_some_and(|reference| reference.len() > REFERENCE_MAX) {
        return Err(BadInput::at(
            "_ors_session_id",
            format!("a text of at most {REFERENCE_MAX} bytes is expected, that of _ors_node included"),
        ));
    }
    Ok(SessionUpdate {
        attempt: not_negative(members, "_attempt")?,
        reference,
        sequence: not_negative(members, "_seq")?,
        state,
    })
}

fn not_negative<N: TryFrom<i64>>(members: &mut Members, name: &str) -> Result<Option<N>, BadInput> {
    let Some(number) = members.whole_number(name)? else { return Ok(None) };
    N::try_from(number).map(Some).map_err(|_| BadInput::at(name, "a whole number of at least 0 is expected"))
}

fn edit(mut members: Members) -> Result<Properties, BadInput> {
    let desired = members.instant("_desired_time")?;
    let number = match members.text("_customer_number")? {
        None => None,
        Some(text) if text.trim().is_empty() => {
            return Err(BadInput::at("_customer_number", "cannot be deleted; a number is expected"));
        }
        Some(text) => Some(text.parse().map_err(|error| BadInput::at("_customer_number", error))?),
    };
    let mut others = members.rest();
    // Nulls of the two above stay behind and mean that they are not changed.
    others.remove("_desired_time");
    others.remove("_customer_number");
    Ok(Properties { desired, number, others })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn change(properties: Value) -> Result<Change, BadInput> {
        let Value::Object(properties) = properties else { unreachable!("the tests give objects") };
        read(properties)
    }

    #[test]
    fn a_session_writes_back() {
        let read = change(json!({
            "_callback_state": "COMPLETED", "_callback_reason": "AGENT_CONNECTED", "_ors_session_id": "s-1",
            "_ors_node": "n", "_seq": 4, "_attempt": "2", "key": "kept by nobody"
        }));
        let Change::WriteBack(update) = read.unwrap() else { panic!("a session reports") };
        let state = SessionState::Completed(Reason::AGENT_CONNECTED);
        let expected = SessionUpdate {
            attempt: Some(2),
            reference: Some("s-1 @n".to_owned()),
            sequence: Some(4),
            state,
        };
        assert_eq!(update, expected);
    }

    #[test]
    fn a_session_cannot_report_what_is_none_of_its_business() {
        for bad in [
            json!({"_callback_state": "SCHEDULED"}),
            json!({"_callback_state": "DONE"}),
            json!({"_callback_state": 5}),
            json!({"_callback_state": "QUEUED", "_seq": -1}),
            json!({"_callback_state": "QUEUED", "_seq": "x"}),
            json!({"_callback_state": "QUEUED", "_attempt": 5_000_000_000_i64}),
            json!({"_callback_state": "QUEUED", "_ors_session_id": "x".repeat(257)}),
        ] {
            assert!(change(bad.clone()).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_client_changes_time_number_and_properties() {
        let Change::Edit(properties) =
            change(json!({"_desired_time": "2031-03-04T15:05:00Z", "a": 1, "b": ""})).unwrap()
        else {
            panic!("a client edits")
        };
        assert!(properties.desired.is_some() && properties.number.is_none());
        assert_eq!(properties.others.len(), 2);
        for bad in
            [json!({"_customer_number": ""}), json!({"_customer_number": "me"}), json!({"_desired_time": ""})]
        {
            assert!(change(bad.clone()).is_err(), "{bad}");
        }
    }
}
