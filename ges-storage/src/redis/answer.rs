//! What a Redis answers, in words of our own.

use ::redis::Value;

/// An answer of Redis.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Answer {
    /// Nothing is there.
    Nil,
    /// A whole number.
    Number(i64),
    /// Text or any other bytes.
    Bytes(Vec<u8>),
    /// Several answers.
    List(Vec<Answer>),
    /// Done, or something that scripts and commands of ours are not answered with.
    Other,
}

impl Answer {
    /// The text, where it is some.
    pub fn text(&self) -> Option<&str> {
        match self {
            Answer::Bytes(bytes) => std::str::from_utf8(bytes).ok(),
            _ => None,
        }
    }
}

impl From<Value> for Answer {
    fn from(value: Value) -> Self {
        match value {
            Value::Nil => Answer::Nil,
            Value::Int(number) => Answer::Number(number),
            Value::BulkString(bytes) => Answer::Bytes(bytes),
            Value::SimpleString(text) => Answer::Bytes(text.into_bytes()),
            Value::Array(answers) => Answer::List(answers.into_iter().map(Answer::from).collect()),
            _ => Answer::Other,
        }
    }
}
