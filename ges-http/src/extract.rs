//! What handlers take out of a call: path and query parameters, and JSON bodies
//! ([engagement-api-v3 §1.5](ges_core::rules)).

use http::header::CONTENT_TYPE;
use percent_encoding::percent_decode_str;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::call::Call;
use crate::problem::Problem;

/// More query parameters than this are refused; the API knows fewer than ten.
const QUERY_PARAMETERS_MAX: usize = 100;

impl Call {
    /// A path parameter by its name in the template, decoded once.
    ///
    /// # Errors
    /// 404 when the template has no such parameter, which is a mistake in the route table.
    pub fn param(&self, name: &str) -> Result<&str, Problem> {
        let found = self.params.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str()).ok_or_else(Problem::unknown_path)
    }

    /// The first query parameter of this name, decoded.
    pub fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Every query parameter in the order sent, decoded.
    pub fn queries(&self) -> impl Iterator<Item = (&str, &str)> {
        self.query.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The body as a JSON object.
    ///
    /// # Errors
    /// 400 for another content type, malformed or too deeply nested JSON, and any other top-level value.
    pub fn json_object(&self) -> Result<Map<String, Value>, Problem> {
        self.require_json_type()?;
        match serde_json::from_slice(&self.body) {
            Ok(Value::Object(members)) => Ok(members),
            Ok(_) => Err(Problem::bad_request("JSON_NOT_OBJECT", "the body must be a JSON object")),
            Err(error) => Err(malformed(&error)),
        }
    }

    /// The body as a typed JSON value; the top level must be an object.
    ///
    /// # Errors
    /// As [`Call::json_object`], and 400 naming the place when a member has the wrong type.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        self.require_json_type()?;
        if self.body.iter().find(|byte| !byte.is_ascii_whitespace()) != Some(&b'{') {
            return self.json_object().and_then(|_| {
                Err(Problem::bad_request("JSON_NOT_OBJECT", "the body must be a JSON object"))
            });
        }
        serde_json::from_slice(&self.body).map_err(|error| malformed(&error))
    }

    /// The body as it was sent, known to be declared as JSON; perhaps empty.
    ///
    /// # Errors
    /// 400 for another content type.
    pub fn json_body(&self) -> Result<&[u8], Problem> {
        self.require_json_type()?;
        Ok(&self.body)
    }

    fn require_json_type(&self) -> Result<(), Problem> {
        let sent = self.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let essence = sent.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let is_json = essence == "application/json"
            || (essence.starts_with("application/") && essence.ends_with("+json"));
        if is_json || self.body.is_empty() {
            return Ok(());
        }
        Err(Problem::bad_request("CONTENT_TYPE", "the body must be sent as Content-Type: application/json"))
    }
}

/// Names the place, never the text: the parser's own words can repeat a phone number.
fn malformed(error: &serde_json::Error) -> Problem {
    let (line, column) = (error.line(), error.column());
    if error.is_data() {
        let message = format!(
            "a member of the JSON body has a wrong type or is missing, before line {line} column {column}"
        );
        return Problem::bad_request("JSON_TYPE", message);
    }
    Problem::bad_request(
        "JSON_MALFORMED",
        format!("the body is not valid JSON at line {line} column {column}"),
    )
}

/// Decodes one path segment, after the path was split.
pub(super) fn decode_segment(segment: &str) -> Result<String, Problem> {
    match percent_decode_str(segment).decode_utf8() {
        Ok(text) => Ok(text.into_owned()),
        Err(_) => Err(Problem::bad_request("PATH_ENCODING", "the path must be percent-encoded UTF-8")),
    }
}

/// Splits and decodes a query string; a raw `+` is a blank, as browsers and form encoders mean it.
pub(super) fn decode_query(query: Option<&str>) -> Result<Vec<(String, String)>, Problem> {
    let mut pairs = Vec::new();
    for part in query.unwrap_or_default().split('&').filter(|part| !part.is_empty()) {
        if pairs.len() == QUERY_PARAMETERS_MAX {
            let message = format!("at most {QUERY_PARAMETERS_MAX} query parameters are taken");
            return Err(Problem::bad_request("QUERY_TOO_LONG", message));
        }
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        pairs.push((decode_value(name)?, decode_value(value)?));
    }
    Ok(pairs)
}

fn decode_value(text: &str) -> Result<String, Problem> {
    match percent_decode_str(&text.replace('+', " ")).decode_utf8() {
        Ok(text) => Ok(text.into_owned()),
        Err(_) => Err(Problem::bad_request("QUERY_ENCODING", "the query must be percent-encoded UTF-8")),
    }
}
