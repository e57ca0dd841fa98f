//! The Redis of the voice platform, as the stream of ORS needs it.

use async_trait::async_trait;
use ges_storage::redis::{Answer, Failure, Redis, Script};
use ges_upstream::ors::{APPEND, VoiceFailure, VoiceRedis};

/// Runs what the stream needs on a Redis of whatever layout.
pub struct Voice {
    redis: Redis,
    append: Script,
}

impl Voice {
    /// Over this handle.
    pub fn new(redis: Redis) -> Self {
        Voice { redis, append: Script::new(APPEND) }
    }
}

#[async_trait]
impl VoiceRedis for Voice {
    async fn append(
        &self,
        keys: &[&[u8]],
        arguments: &[&[u8]],
    ) -> Result<Vec<Result<String, VoiceFailure>>, VoiceFailure> {
        let answers = self.redis.run(&self.append, keys, arguments).await.map_err(told)?;
        let Answer::List(answers) = answers else { return Err(told(Failure::unexpected())) };
        Ok(answers.iter().map(|answer| appended(answer).map_err(told)).collect())
    }

    async fn exist(&self, keys: &[&[u8]]) -> Result<Vec<bool>, VoiceFailure> {
        let first = keys.first().copied().unwrap_or_default();
        match self.redis.send(first, "MGET", keys).await.map_err(told)? {
            Answer::List(found) => Ok(found.iter().map(|entry| *entry != Answer::Nil).collect()),
            _ => Err(told(Failure::unexpected())),
        }
    }
}

fn told(failure: Failure) -> VoiceFailure {
    if failure.is_passing() { VoiceFailure::away(failure) } else { VoiceFailure::refused(failure) }
}

/// `{1, id}` or `{0, error}`.
fn appended(answer: &Answer) -> Result<String, Failure> {
    let Answer::List(parts) = answer else { return Err(Failure::unexpected()) };
    match parts.as_slice() {
        [Answer::Number(1), Answer::Bytes(id)] => {
            String::from_utf8(id.clone()).map_err(|_| Failure::unexpected())
        }
        [Answer::Number(0), Answer::Bytes(error)] => {
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
            appended(&Answer::List(vec![Answer::Number(flag), Answer::Bytes(text.as_bytes().to_vec())]))
        };
        assert_eq!(answer(1, "5-0").as_deref(), Ok("5-0"));
        assert!(answer(0, "OOM command not allowed").is_err_and(|failure| failure.is_passing()));
        let refused = answer(0, "WRONGTYPE Operation against +15195550123").unwrap_err();
        assert_eq!((refused.is_passing(), refused.to_string().contains("5195")), (false, false));
        assert!(appended(&Answer::Other).is_err());
    }
}
