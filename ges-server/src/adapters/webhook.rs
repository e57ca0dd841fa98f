//! Any telephony that takes a post.

use std::sync::Arc;
use std::time::Duration;

use ges_core::port::Orchestrator;
use ges_upstream::webhook::{Surroundings, Webhook, WebhookOrchestrator};
use secrecy::SecretString;

use super::BuildError;
use super::telephony::{Around, Telephony, TelephonyConfig, TelephonyKind};
use crate::keys::{Key, Reader, Secret, Url, Whole};

const URL: Key =
    Key::new("orchestrator.webhook.url", "", "Where attempts are posted; required for `webhook`.");
const SECRET: Key = Key::secret("orchestrator.webhook.secret", "Signs every post; required for `webhook`.");
const TIMEOUT: Key = Key::new(
    "orchestrator.webhook.timeout_ms",
    "5000",
    "Milliseconds until a post without answer is given up.",
);
const CONCURRENCY: Key = Key::new("orchestrator.webhook.concurrency", "64", "Posts under way at once.");

const NAME: &str = "webhook";

pub(super) const KIND: TelephonyKind = TelephonyKind {
    name: NAME,
    keys: || vec![&URL, &SECRET, &TIMEOUT, &CONCURRENCY],
    needs_tokens: true,
    read,
};

fn read(reader: &mut Reader<'_>) -> Option<Arc<dyn TelephonyConfig>> {
    let url = reader.read::<Url>(&URL);
    let secret = reader.read::<Secret>(&SECRET);
    let timeout = reader.read::<Whole<100, 30_000>>(&TIMEOUT);
    let concurrency = reader.read::<Whole<1, 10_000>>(&CONCURRENCY);
    let mut webhook = Webhook::new(url?.0, secret?.0);
    webhook.timeout = Duration::from_millis(timeout?.0);
    webhook.concurrency = usize::try_from(concurrency?.0).ok()?;
    Some(Arc::new(webhook))
}

impl TelephonyConfig for Webhook {
    fn kind(&self) -> &'static str {
        NAME
    }

    fn secrets(&self) -> Vec<(&'static str, &SecretString)> {
        vec![(SECRET.name, &self.secret)]
    }

    fn build(&self, around: &Around) -> Result<Arc<dyn Telephony>, BuildError> {
        let keys = around.write_back.clone();
        let around = Surroundings {
            client: around.client.clone(),
            ges_url: around.ges_url.clone(),
            mint: Arc::new(move |tenant, id| keys.token(tenant, id)),
            clock: around.clock.clone(),
            observer: around.observer.clone(),
        };
        Ok(Arc::new(Posting(Arc::new(WebhookOrchestrator::new(self.clone(), around)))))
    }
}

/// There is nothing but the orchestrator.
struct Posting(Arc<WebhookOrchestrator>);

impl Telephony for Posting {
    fn orchestrator(&self) -> Arc<dyn Orchestrator> {
        self.0.clone()
    }
}
