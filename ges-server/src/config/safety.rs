//! What must not be served to strangers: open ports without TLS, and secrets everybody has read.

use secrecy::{ExposeSecret, SecretString};

use super::http::Http;
use super::redis::Redis;
use super::upstream::{OrchestratorKind, Upstream};
use crate::keys::Reader;

/// Secrets of sample files begin so.
const SAMPLE: &str = "sample-";

pub(super) fn check(
    reader: &mut Reader<'_>,
    http: &Http,
    redis: Option<&Redis>,
    upstream: &Upstream,
    demonstration: bool,
) {
    if http.external == http.internal && http.external.port() != 0 {
        let right = "the listeners need two addresses";
        reader.wrong("http.internal_address", Some(http.internal.to_string()), right);
    }
    let mut open = false;
    for (key, address) in [("http.external_address", http.external), ("http.internal_address", http.internal)]
    {
        if address.ip().is_loopback() {
            continue;
        }
        open = true;
        if demonstration {
            let right = "a demonstration listens on loopback only; write a configuration file";
            reader.wrong(key, Some(address.to_string()), right);
        } else if !http.tls_terminated {
            let right = "beyond loopback TLS must end in front of this server; \
                         acknowledge with http.tls_terminated = true";
            reader.wrong(key, Some(address.to_string()), right);
        }
    }
    if open && !demonstration {
        refuse_samples(reader, redis, upstream);
    }
}

fn refuse_samples(reader: &mut Reader<'_>, redis: Option<&Redis>, upstream: &Upstream) {
    let mut refuse = |place: String, secret: &SecretString| {
        if secret.expose_secret().starts_with(SAMPLE) {
            reader.wrong(
                place,
                None,
                "this secret is that of a sample; beyond loopback one of your own is needed",
            );
        }
    };
    if let Some(redis) = redis {
        refuse("redis.secret".to_owned(), &redis.secret);
    }
    refuse("orchestrator.write_back_secret".to_owned(), &upstream.orchestrator.write_back_secret);
    if let OrchestratorKind::Webhook(webhook) = &upstream.orchestrator.kind {
        refuse("orchestrator.webhook.secret".to_owned(), &webhook.secret);
    }
}
