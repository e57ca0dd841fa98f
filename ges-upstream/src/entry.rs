//! What an orchestrator is told about one attempt ([callback-domain §13.1](ges_core::rules)): flat fields, the same for
//! every telephony.

use ges_core::callback::{Direction, Kind};
use ges_core::port::Submission;
use serde::Serialize;
use serde_json::{Map, Value};

/// The fields of one attempt, by their names on the wire.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// Names the callback; with `attempt` the idempotence key.
    pub callback_id: String,
    /// The contact-centre id.
    pub tenant_id: String,
    /// The callback service.
    pub service_name: String,
    /// Its virtual queue.
    pub virtual_queue: String,
    /// Which attempt.
    pub attempt: u32,
    /// Base address for write-back.
    pub ges_url: String,
    /// What to run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub application: Option<String>,
    /// In which Designer workspace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workspace: Option<String>,
    /// In which stream of the application.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stream: Option<String>,
    /// When the customer wants to be called, UTC.
    pub desired_time: String,
    /// When the callback was accepted, UTC.
    pub created_time: String,
    /// `IMMEDIATE` or `SCHEDULED`.
    #[serde(rename = "type")]
    pub kind: Kind,
    /// Who dials.
    pub direction: Direction,
    /// The number as the customer gave it.
    pub phone_number: String,
    /// Put before the number when dialling.
    pub dial_prefix: String,
    /// Where the outbound leg is routed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub route_point: Option<String>,
    /// Shown to the customer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_number: Option<String>,
    /// Shown to the customer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// Prompt language.
    pub language: String,
    /// Initial priority.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority: Option<i64>,
    /// The survey's routing point.
    #[serde(rename = "surveyRP", skip_serializing_if = "Option::is_none")]
    pub survey_route_point: Option<String>,
    /// Preferred regions, in order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub region: Vec<String>,
    /// The remaining options and the user data.
    pub params: Map<String, Value>,
}

impl Entry {
    /// The entry of an attempt. Values of the request replace the service's.
    pub fn of(submission: &Submission, ges_url: &str) -> Entry {
        let callback = &submission.callback;
        let request = &callback.request;
        let service = submission.service.as_deref();
        let queue = service.map_or_else(|| callback.service.to_string(), |known| known.virtual_queue.clone());
        let route_point = service.map(|known| known.route_point.clone());
        let survey = service.and_then(|known| known.survey_route_point.clone());
        Entry {
            callback_id: callback.id.to_string(),
            tenant_id: callback.tenant.to_string(),
            service_name: callback.service.to_string(),
            virtual_queue: queue,
            attempt: submission.attempt,
            ges_url: ges_url.to_owned(),
            application: service.and_then(|known| known.application.clone()),
            workspace: service.and_then(|known| known.workspace.clone()),
            stream: service.and_then(|known| known.stream.clone()),
            desired_time: callback.desired.to_string(),
            created_time: callback.created.to_string(),
            kind: callback.kind,
            direction: request.direction,
            phone_number: request.number.as_given().to_owned(),
            dial_prefix: service.map(|known| known.dial_prefix.clone()).unwrap_or_default(),
            route_point: request.overrides.route_point.clone().or(route_point),
            display_number: service.and_then(|known| known.display_number.clone()),
            display_name: service.and_then(|known| known.display_name.clone()),
            language: request.language.clone(),
            priority: request.overrides.priority,
            survey_route_point: request.overrides.survey_route_point.clone().or(survey),
            region: service.map(|known| known.regions.clone()).unwrap_or_default(),
            params: params(submission),
        }
    }
}

fn params(submission: &Submission) -> Map<String, Value> {
    let mut params = Map::new();
    let mut put = |name: &str, value: Value| params.insert(name.to_owned(), value);
    if let Some(service) = submission.service.as_deref() {
        for (name, value) in &service.extra {
            put(name, Value::from(value.clone()));
        }
        if let Some(target) = &service.target {
            put("_target", Value::from(target.clone()));
        }
        put("_max_dial_attempts", Value::from(service.dial.max_attempts));
        put("_dial_retry_timeout", Value::from(service.dial.retry_after.as_secs()));
        put("_snooze_duration", Value::from(service.dial.snooze.as_secs()));
        put("_cpd_enable", Value::from(service.dial.call_progress_detection));
        put("_ttl", Value::from(submission.callback.ttl.as_secs()));
    }
    put("userData", Value::Object(submission.callback.request.user_data.clone().into()));
    params
}
