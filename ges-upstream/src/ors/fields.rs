//! An attempt as flat text fields, under the names a deployment reads ([callback-domain §13.1](ges_core::rules)).

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;

use crate::entry::Entry;

/// The fields of an entry in the stream, by our names.
pub const FIELDS: [&str; 24] = [
    "callbackId",
    "tenantId",
    "serviceName",
    "virtualQueue",
    "attempt",
    "gesUrl",
    "application",
    "workspace",
    "stream",
    "desiredTime",
    "createdTime",
    "type",
    "direction",
    "phoneNumber",
    "dialPrefix",
    "routePoint",
    "displayNumber",
    "displayName",
    "language",
    "priority",
    "surveyRP",
    "region",
    "params",
    "userData",
];

/// Names of ours and what a deployment calls them. An empty name leaves the field out; `userData`, which stands in
/// `params`, is a field of its own only when it is named here.
pub type FieldNames = BTreeMap<String, String>;

/// What a deployment calls the fields, in the order of [`FIELDS`]; nothing for one that it leaves out.
pub(super) struct Fields {
    names: Vec<Option<Arc<str>>>,
    /// Whether the user data is a field of its own.
    data_apart: bool,
}

impl Fields {
    pub fn named(names: &FieldNames) -> Self {
        let theirs = |ours: &str| {
            let name = names.get(ours).map_or(ours, String::as_str);
            (!name.is_empty()).then(|| Arc::from(name))
        };
        Fields {
            names: FIELDS.iter().map(|ours| theirs(ours)).collect(),
            data_apart: names.contains_key(USER_DATA),
        }
    }

    /// Names and contents, in a fixed order; what is not known is left out.
    pub fn of(&self, entry: Entry) -> Vec<(Arc<str>, String)> {
        let contents = contents(entry, self.data_apart);
        let known = self.names.iter().zip(contents);
        known.filter_map(|(name, content)| Some((name.clone()?, content?))).collect()
    }
}

const USER_DATA: &str = "userData";

/// In the order of [`FIELDS`]. Texts as they are, lists of texts with commas between, everything else as JSON.
fn contents(entry: Entry, data_apart: bool) -> [Option<String>; FIELDS.len()] {
    let mut params = entry.params;
    let data = if data_apart { params.remove(USER_DATA) } else { None };
    [
        Some(entry.callback_id),
        Some(entry.tenant_id),
        Some(entry.service_name),
        Some(entry.virtual_queue),
        Some(entry.attempt.to_string()),
        Some(entry.ges_url),
        entry.application,
        entry.workspace,
        entry.stream,
        Some(entry.desired_time),
        Some(entry.created_time),
        word(&entry.kind),
        word(&entry.direction),
        Some(entry.phone_number),
        Some(entry.dial_prefix),
        entry.route_point,
        entry.display_number,
        entry.display_name,
        Some(entry.language),
        entry.priority.map(|priority| priority.to_string()),
        entry.survey_route_point,
        Some(entry.region).filter(|region| !region.is_empty()).map(|region| region.join(",")),
        // Plain data of ours always has a form in JSON.
        serde_json::to_string(&params).ok(),
        data.map(|data| data.to_string()),
    ]
}

/// A name as it is on the wire.
fn word(name: &impl Serialize) -> Option<String> {
    match serde_json::to_value(name) {
        Ok(Value::String(word)) => Some(word),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use ges_core::callback::{Direction, Kind};
    use serde_json::json;

    use super::*;

    fn entry() -> Entry {
        let Value::Object(params) = json!({"_ttl": 86400, "userData": {"a": 1}}) else {
            unreachable!("an object stands above")
        };
        Entry {
            callback_id: "id".to_owned(),
            tenant_id: "acme".to_owned(),
            service_name: "sales".to_owned(),
            virtual_queue: "sales".to_owned(),
            attempt: 2,
            ges_url: "http://ges".to_owned(),
            application: Some("app".to_owned()),
            workspace: None,
            stream: None,
            desired_time: "2026-01-12T12:00:00.000Z".to_owned(),
            created_time: "2026-01-12T09:00:00.000Z".to_owned(),
            kind: Kind::Scheduled,
            direction: Direction::default(),
            phone_number: "15195550123".to_owned(),
            dial_prefix: "+".to_owned(),
            route_point: None,
            display_number: None,
            display_name: None,
            language: "en-US".to_owned(),
            priority: Some(5),
            survey_route_point: Some("8000".to_owned()),
            region: vec!["eu".to_owned(), "us".to_owned()],
            params,
        }
    }

    fn named(names: &[(&str, &str)]) -> BTreeMap<String, String> {
        let names = names.iter().map(|(ours, theirs)| ((*ours).to_owned(), (*theirs).to_owned())).collect();
        let fields = Fields::named(&names).of(entry()).into_iter();
        fields.map(|(name, content)| (name.to_string(), content)).collect()
    }

    #[test]
    fn fields_are_flat_texts() {
        let fields = named(&[]);
        for (name, content) in [
            ("attempt", "2"),
            ("type", "SCHEDULED"),
            ("direction", "USERTERMINATED"),
            ("priority", "5"),
            ("surveyRP", "8000"),
            ("region", "eu,us"),
            ("params", r#"{"_ttl":86400,"userData":{"a":1}}"#),
            ("dialPrefix", "+"),
        ] {
            assert_eq!(fields.get(name).map(String::as_str), Some(content), "{name}");
        }
        assert!(!fields.contains_key("workspace"), "what is not known is left out");
    }

    #[test]
    fn every_member_of_an_entry_has_its_field() {
        let Ok(Value::Object(members)) = serde_json::to_value(entry()) else { panic!("an object") };
        let fields = named(&[]);
        assert!(members.keys().eq(fields.keys()), "{members:?} and {fields:?}");
        for (name, member) in members {
            let text = member.as_str().map_or_else(|| member.to_string(), str::to_owned);
            let text = if name == "region" { "eu,us".to_owned() } else { text };
            assert_eq!(fields.get(&name), Some(&text), "{name}");
        }
    }

    #[test]
    fn a_deployment_has_its_own_names() {
        let fields = named(&[("callbackId", "CBID"), ("region", ""), ("userData", "data")]);
        assert_eq!(fields.get("CBID").map(String::as_str), Some("id"));
        assert_eq!(fields.get("data").map(String::as_str), Some(r#"{"a":1}"#));
        assert_eq!(fields.get("params").map(String::as_str), Some(r#"{"_ttl":86400}"#));
        assert!(!fields.contains_key("callbackId") && !fields.contains_key("region"));
    }
}
