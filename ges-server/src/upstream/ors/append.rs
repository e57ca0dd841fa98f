//! The stream, and the memory of what was appended to it.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use ges_storage::redis::{Failure, Redis, Script};
use redis::{Value, cmd};

use super::batch::Exchange;

/// One attempt as it is written.
pub(super) struct Attempt {
    /// What tells whether it was appended before.
    pub key: Vec<u8>,
    /// For how long that is remembered.
    pub remember: Duration,
    /// Names and contents of its fields.
    pub fields: Vec<(Arc<str>, String)>,
}

/// Appends attempts, each unless it was appended before; answers the id of the first entry either way.
pub(super) struct Append {
    pub redis: Redis,
    pub stream: Vec<u8>,
    pub keep: Option<u64>,
    pub script: Script,
}

/// Tells of keys of attempts whether they are remembered.
pub(super) struct Remembered {
    pub redis: Redis,
}

impl Append {
    /// Appends to `stream`, which keeps about `keep` entries, or all.
    pub fn new(redis: Redis, stream: &str, keep: Option<u64>) -> Self {
        let script = Script::new(include_str!("../../../scripts/append.lua"));
        Append { redis, stream: stream.as_bytes().to_vec(), keep, script }
    }
}

impl Exchange for Append {
    type Question = Attempt;
    type Answer = String;

    fn bytes(attempt: &Attempt) -> usize {
        attempt.fields.iter().map(|(name, content)| name.len() + content.len()).sum()
    }

    async fn exchange(&self, attempts: Vec<Attempt>) -> Vec<Result<String, Failure>> {
        let many = attempts.len();
        let mut keys = vec![self.stream.as_slice()];
        let mut arguments = vec![Cow::from(self.keep.map(|keep| keep.to_string()).unwrap_or_default())];
        for Attempt { key, remember, fields } in &attempts {
            keys.push(key);
            arguments.push(remember.as_millis().max(1).to_string().into());
            arguments.push((2 * fields.len()).to_string().into());
            let texts = fields.iter().flat_map(|(name, content)| [&**name, content.as_str()]);
            arguments.extend(texts.map(Cow::from));
        }
        let arguments: Vec<&[u8]> = arguments.iter().map(|argument| argument.as_bytes()).collect();
        match self.redis.run(&self.script, &keys, &arguments).await {
            Ok(Value::Array(answers)) if answers.len() == many => answers.iter().map(appended).collect(),
            Ok(_) => vec![Err(Failure::unexpected()); many],
            Err(failure) => vec![Err(failure); many],
        }
    }
}

impl Exchange for Remembered {
    type Question = Vec<u8>;
    type Answer = bool;

    fn bytes(key: &Vec<u8>) -> usize {
        key.len()
    }

    async fn exchange(&self, keys: Vec<Vec<u8>>) -> Vec<Result<bool, Failure>> {
        let many = keys.len();
        let mut command = cmd("MGET");
        keys.iter().for_each(|key| {
            command.arg(key);
        });
        let first = keys.first().map(Vec::as_slice).unwrap_or_default();
        match self.redis.send(first, &command).await {
            Ok(Value::Array(found)) if found.len() == many => {
                found.iter().map(|entry| Ok(!matches!(entry, Value::Nil))).collect()
            }
            Ok(_) => vec![Err(Failure::unexpected()); many],
            Err(failure) => vec![Err(failure); many],
        }
    }
}

/// `{1, id}` or `{0, error}`.
fn appended(answer: &Value) -> Result<String, Failure> {
    let Value::Array(parts) = answer else { return Err(Failure::unexpected()) };
    match parts.as_slice() {
        [Value::Int(1), Value::BulkString(id)] => {
            String::from_utf8(id.clone()).map_err(|_| Failure::unexpected())
        }
        [Value::Int(0), Value::BulkString(error)] => {
            Err(Failure::from_answer(&String::from_utf8_lossy(error)))
        }
        _ => Err(Failure::unexpected()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read() {
        let answer = |flag, text: &str| {
            appended(&Value::Array(vec![Value::Int(flag), Value::BulkString(text.as_bytes().to_vec())]))
        };
        assert_eq!(answer(1, "5-0").as_deref(), Ok("5-0"));
        assert!(answer(0, "OOM command not allowed").is_err_and(|failure| failure.is_passing()));
        let refused = answer(0, "WRONGTYPE Operation against +15195550123").unwrap_err();
        assert_eq!((refused.is_passing(), refused.to_string().contains("5195")), (false, false));
        assert!(appended(&Value::Okay).is_err());
    }
}
