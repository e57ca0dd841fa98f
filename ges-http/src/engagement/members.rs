//! Reading a JSON request body, member by member, with errors that name the member.

use ges_core::civil::{self, BadDate};
use ges_core::{CallbackId, Timestamp};
use serde_json::{Map, Value};

/// Something in a request that cannot be understood: HTTP 400. The text says what, where and what would be right, and
/// never repeats a value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct BadInput {
    /// An upper-case token.
    pub reason: &'static str,
    /// What the caller reads.
    pub message: String,
}

impl BadInput {
    /// `place`: what is wrong and what would be right.
    pub fn at(place: &str, problem: impl std::fmt::Display) -> Self {
        BadInput { reason: "INPUT_INVALID", message: format!("{place}: {problem}") }
    }

    /// A window of time that makes no sense.
    pub fn window(problem: impl Into<String>) -> Self {
        BadInput { reason: "WINDOW_INVALID", message: problem.into() }
    }
}

/// The members of a body. JSON `null` counts as absent, unknown members are ignored
/// ([engagement-api-v3 §1.5](ges_core::rules)).
pub struct Members(Map<String, Value>);

impl Members {
    /// Reads a body.
    ///
    /// # Errors
    /// Text that is not JSON, is nested too deeply, or whose top-level value is no object.
    pub fn read(body: &[u8]) -> Result<Self, BadInput> {
        let value: Value = serde_json::from_slice(body).map_err(|error| {
            // The parser's own text can quote the input, so only the place is passed on.
            let (line, column) = (error.line(), error.column());
            BadInput::at("body", format!("not valid JSON at line {line}, column {column}"))
        })?;
        match value {
            Value::Object(members) => Ok(Members(members)),
            other => Err(BadInput::at("body", format!("a JSON object is expected, not {}", kind(&other)))),
        }
    }

    /// The members still there.
    pub fn rest(self) -> Map<String, Value> {
        self.0
    }

    /// Takes a member out; `None` when absent or null.
    pub fn take(&mut self, name: &str) -> Option<Value> {
        self.0.remove(name).filter(|value| !value.is_null())
    }

    /// A text that must be there and must not be blank.
    ///
    /// # Errors
    /// Absent, blank, or not a text.
    pub fn required_text(&mut self, name: &str) -> Result<String, BadInput> {
        match self.text(name)? {
            None => Err(BadInput::at(name, "is required")),
            Some(text) if text.trim().is_empty() => Err(BadInput::at(name, "must not be blank")),
            Some(text) => Ok(text),
        }
    }

    /// A text that may be absent.
    ///
    /// # Errors
    /// Not a text.
    pub fn text(&mut self, name: &str) -> Result<Option<String>, BadInput> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => Err(BadInput::at(name, format!("a text is expected, not {}", kind(&other)))),
        }
    }

    /// A true or false that may be absent.
    ///
    /// # Errors
    /// Anything else.
    pub fn flag(&mut self, name: &str) -> Result<Option<bool>, BadInput> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(flag)),
            Some(Value::String(text)) if text.eq_ignore_ascii_case("true") => Ok(Some(true)),
            Some(Value::String(text)) if text.eq_ignore_ascii_case("false") => Ok(Some(false)),
            Some(other) => {
                Err(BadInput::at(name, format!("true or false is expected, not {}", kind(&other))))
            }
        }
    }

    /// A whole number, written in any way JSON has, or as a text of digits: the clients use big decimals, so `5`,
    /// `5.0` and `5E0` are the same ([engagement-api-v3 §3.1](ges_core::rules), Numbers).
    ///
    /// # Errors
    /// Not a number, not whole, or beyond 64 bits.
    pub fn whole_number(&mut self, name: &str) -> Result<Option<i64>, BadInput> {
        let text = match self.take(name) {
            None => return Ok(None),
            Some(Value::Number(number)) => number.to_string(),
            Some(Value::String(text)) => text,
            Some(other) => {
                return Err(BadInput::at(name, format!("a whole number is expected, not {}", kind(&other))));
            }
        };
        civil::parse_whole_number(&text).map(Some).map_err(|error| BadInput::at(name, error))
    }

    /// An instant; a text without zone is UTC.
    ///
    /// # Errors
    /// Not a date-time ([engagement-api-v3 §4.2](ges_core::rules)).
    pub fn instant(&mut self, name: &str) -> Result<Option<Timestamp>, BadInput> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        civil::parse(&text, None).map(Some).map_err(|error: BadDate| BadInput::at(name, error))
    }

    /// The id of a callback, in either letter case.
    ///
    /// # Errors
    /// Absent, or not a hyphenated UUID.
    pub fn required_id(&mut self, name: &str) -> Result<CallbackId, BadInput> {
        self.required_text(name)?.parse().map_err(|error| BadInput::at(name, error))
    }
}

/// An object that has been read already.
impl From<Map<String, Value>> for Members {
    fn from(members: Map<String, Value>) -> Self {
        Members(members)
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn members(text: &str) -> Members {
        Members::read(text.as_bytes()).unwrap()
    }

    #[test]
    fn a_body_is_an_object() {
        for body in ["", "[]", "\"x\"", "{", "nul", "{\"a\":}"] {
            assert!(Members::read(body.as_bytes()).is_err(), "{body}");
        }
        let deep = "[".repeat(100_000);
        assert!(Members::read(deep.as_bytes()).is_err());
    }

    #[test]
    fn whole_numbers_have_many_spellings() {
        for text in ["5", "5.0", "5E0", "0.5e1", "\"5\""] {
            assert_eq!(members(&format!("{{\"n\":{text}}}")).whole_number("n").unwrap(), Some(5), "{text}");
        }
        for text in ["5.5", "true", "\"five\"", "1e400", "[]"] {
            let body = format!("{{\"n\":{text}}}");
            let read = Members::read(body.as_bytes());
            assert!(read.is_err() || read.unwrap().whole_number("n").is_err(), "{text}");
        }
    }

    #[test]
    fn errors_never_repeat_a_value() {
        let secret = "15195550123";
        let error = Members::read(format!("{{\"phoneNumber\":{secret}x}}").as_bytes()).err().unwrap();
        assert!(!error.to_string().contains(secret));
        let error = members(&format!("{{\"id\":\"{secret}\"}}")).required_id("id").unwrap_err();
        assert!(!error.to_string().contains(secret));
    }
}
