//! `GET /genesys/1/service/callback?…`: which records are meant.

use ges_core::callback::{Callback, StateName};
use ges_core::port;
use ges_core::{CallbackId, TenantId};
use serde_json::Value;

use super::record::property;
use crate::engagement::{BadInput, Query};

/// Conditions on properties; all must hold. A value after `!` is one the property must not have.
#[derive(Debug, Default)]
pub struct Filter {
    /// Exactly this record, if one is named.
    pub id: Option<CallbackId>,
    conditions: Vec<Condition>,
}

#[derive(Debug)]
struct Condition {
    property: String,
    is_not: bool,
    value: String,
}

impl Filter {
    /// Reads the conditions. `_id` names one record; a parameter named `_` alone is a browser's own.
    ///
    /// # Errors
    /// No condition at all, or an id, number or state that is none.
    pub fn read(query: &Query) -> Result<Self, BadInput> {
        let mut filter = Filter::default();
        for (name, value) in query.iter().filter(|(name, value)| *name != "_" && !value.is_empty()) {
            let (is_not, value) = value.strip_prefix('!').map_or((false, value), |value| (true, value));
            match name {
                "_id" if !is_not => {
                    filter.id = Some(value.parse().map_err(|error| BadInput::at("_id", error))?)
                }
                "_callback_state" => {
                    value.parse::<StateName>().map_err(|error| BadInput::at("_callback_state", error))?;
                }
                "_customer_number" => {
                    value
                        .parse::<ges_core::number::ComparisonNumber>()
                        .map_err(|error| BadInput::at("_customer_number", error))?;
                }
                _ => {}
            }
            filter.conditions.push(Condition { property: name.to_owned(), is_not, value: value.to_owned() });
        }
        if filter.conditions.is_empty() {
            return Err(BadInput::at(
                "query",
                "_id or at least one property is required, as in _customer_number=…",
            ));
        }
        Ok(filter)
    }

    /// The question to the store: at least all that match.
    pub fn query(&self, tenant: TenantId, limit: usize) -> port::Query {
        let mut query = port::Query::of(tenant, limit);
        for Condition { property, is_not, value } in &self.conditions {
            match (property.as_str(), is_not) {
                ("_service_name", false) => query.services = Some(vec![value.as_str().into()]),
                ("_customer_number", false) => query.comparison = value.parse().ok(),
                ("_callback_state", is_not) => {
                    let named = |state: &StateName| (state.as_str() == value) != *is_not;
                    let before = query.states.take().unwrap_or_else(|| StateName::ALL.to_vec());
                    query.states = Some(before.into_iter().filter(named).collect());
                }
                _ => {}
            }
        }
        query
    }

    /// Whether a record of an API under this path meets every condition. A property the record does not have is not equal
    /// to anything.
    pub fn matches(&self, callback: &Callback, prefix: &str) -> bool {
        self.conditions
            .iter()
            .all(|Condition { property, is_not, value }| equals(callback, property, value, prefix) != *is_not)
    }
}

fn equals(callback: &Callback, name: &str, value: &str, prefix: &str) -> bool {
    match name {
        "_customer_number" => {
            value.parse().is_ok_and(|number| callback.request.number.comparison() == number)
        }
        "_id" => value.eq_ignore_ascii_case(&callback.id.to_string()),
        other => match property(callback, other, prefix) {
            Some(Value::String(text)) => text == value,
            Some(json) => value.parse::<Value>().is_ok_and(|value| value == json),
            None => false,
        },
    }
}
