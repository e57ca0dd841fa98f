//! What must not be served to strangers: open ports without TLS, and secrets everybody has read.

use secrecy::{ExposeSecret, SecretString};

use super::http::Http;
use crate::keys::Reader;

/// Secrets of sample files begin so.
const SAMPLE: &str = "sample-";

/// `secrets` are those of the configuration, each with its key.
pub(super) fn check<'s>(
    reader: &mut Reader<'_>,
    http: &Http,
    secrets: impl Iterator<Item = (&'static str, &'s SecretString)>,
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
    if !open || demonstration {
        return;
    }
    for (key, _) in secrets.filter(|(_, secret)| secret.expose_secret().starts_with(SAMPLE)) {
        let right = "this secret is that of a sample; beyond loopback one of your own is needed";
        reader.wrong(key, None, right);
    }
}
