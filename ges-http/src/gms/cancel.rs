//! `POST /genesys/1/admin/callback/cancel`: many at once.

use ges_core::engine::EngineError;
use ges_core::{Callback, CallbackId};
use serde_json::{Value, json};

use crate::engagement::{BadInput, Members};
use crate::problem::{Dialect, told};

/// Most ids in one request.
const IDS_MAX: usize = 10_000;

/// Reads `{reason, ids}`. The reason is the caller's own word; the record says `CANCELLED_BY_ADMIN` in any case.
///
/// # Errors
/// No list of ids, one that is none, or too many.
pub fn read(body: &[u8]) -> Result<Vec<CallbackId>, BadInput> {
    let mut members = Members::read(body)?;
    members.text("reason")?;
    let Some(Value::Array(ids)) = members.take("ids") else {
        return Err(BadInput::at("ids", "a list of ids is required"));
    };
    if ids.len() > IDS_MAX {
        return Err(BadInput::at("ids", format!("at most {IDS_MAX} ids are accepted")));
    }
    let id = |(index, id): (usize, Value)| {
        let place = format!("ids[{index}]");
        let text = id.as_str().ok_or_else(|| BadInput::at(&place, "a text is expected"))?;
        text.parse().map_err(|error| BadInput::at(&place, error))
    };
    ids.into_iter().enumerate().map(id).collect()
}

/// `{cancelled: [id, …], failed: [{id, message}, …]}`. A failure of the store says no more than that.
pub fn outcome(answers: &[(CallbackId, Result<Callback, EngineError>)]) -> Value {
    let (mut cancelled, mut failed) = (Vec::new(), Vec::new());
    for (id, answer) in answers {
        match answer {
            Ok(_) => cancelled.push(Value::from(id.to_string())),
            Err(EngineError::Refused(refused)) => {
                failed.push(json!({ "id": id.to_string(), "message": told(&refused.refusal, Dialect::Gms) }));
            }
            Err(EngineError::Store(_) | EngineError::Unavailable(_)) => {
                failed.push(json!({ "id": id.to_string(), "message": "could not be stored; try again" }));
            }
        }
    }
    json!({ "cancelled": cancelled, "failed": failed })
}
