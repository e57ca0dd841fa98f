//! The stream, and the memory of what was appended to it.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use super::batch::Exchange;
use super::voice::{VoiceFailure, VoiceRedis};

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
    pub voice: Arc<dyn VoiceRedis>,
    pub stream: Vec<u8>,
    /// About how many entries the stream keeps, or all.
    pub keep: Option<u64>,
}

/// Tells of keys of attempts whether they are remembered.
pub(super) struct Remembered {
    pub voice: Arc<dyn VoiceRedis>,
}

impl Exchange for Append {
    type Question = Attempt;
    type Answer = String;

    fn bytes(attempt: &Attempt) -> usize {
        attempt.fields.iter().map(|(name, content)| name.len() + content.len()).sum()
    }

    async fn exchange(&self, attempts: Vec<Attempt>) -> Vec<Result<String, VoiceFailure>> {
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
        match self.voice.append(&keys, &arguments).await {
            Ok(answers) if answers.len() == many => answers,
            Ok(_) => vec![Err(VoiceFailure::unexpected()); many],
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

    async fn exchange(&self, keys: Vec<Vec<u8>>) -> Vec<Result<bool, VoiceFailure>> {
        let many = keys.len();
        let keys: Vec<&[u8]> = keys.iter().map(Vec::as_slice).collect();
        match self.voice.exist(&keys).await {
            Ok(found) if found.len() == many => found.into_iter().map(Ok).collect(),
            Ok(_) => vec![Err(VoiceFailure::unexpected()); many],
            Err(failure) => vec![Err(failure); many],
        }
    }
}
