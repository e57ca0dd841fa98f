//! Keys of the neighbours: telephony and what all kinds of it have, CAPTCHA, statistics.

use std::sync::Arc;

use ges_upstream::client::ClientOptions;
use secrecy::SecretString;

use super::http::Http;
use crate::adapters::captcha::{self, Captcha};
use crate::adapters::outgoing;
use crate::adapters::statistics::{self, Statistics};
use crate::adapters::telephony::{TelephonyConfig, TelephonyKind};
use crate::adapters::{DEMONSTRATION, ORCHESTRATOR, TELEPHONY};
use crate::chance;
use crate::keys::{Key, Reader, Secret, Url};

const WRITE_BACK_URL: Key = Key::new(
    "orchestrator.write_back_url",
    "",
    "Base address under which sessions reach the internal listener of any node; by default the address it is bound to. Also the variable `GES_URL`.",
)
.also(&["GES_URL"]);
const WRITE_BACK_SECRET: Key = Key::secret(
    "orchestrator.write_back_secret",
    "Makes the write-back tokens. The same on all nodes; required for `webhook`.",
);

pub(super) fn keys() -> Vec<&'static Key> {
    let own: &[&Key] = &[&ORCHESTRATOR, &WRITE_BACK_URL, &WRITE_BACK_SECRET];
    let kinds: Vec<&Key> = TELEPHONY.iter().flat_map(|kind| (kind.keys)()).collect();
    [own, &kinds, captcha::KEYS, statistics::KEYS, outgoing::KEYS].concat()
}

/// All neighbours.
#[derive(Clone, Debug)]
pub struct Upstream {
    /// Telephony.
    pub orchestrator: Orchestrator,
    /// Proof of being human.
    pub captcha: Captcha,
    /// Statistics.
    pub statistics: Statistics,
    /// How they are reached over HTTPS.
    pub outgoing: ClientOptions,
}

/// Telephony.
#[derive(Clone, Debug)]
pub struct Orchestrator {
    /// Of its kind.
    pub telephony: Arc<dyn TelephonyConfig>,
    /// Where sessions write back to.
    pub write_back_url: String,
    /// Makes the write-back tokens.
    pub write_back_secret: SecretString,
}

impl Upstream {
    pub(super) fn read(
        reader: &mut Reader<'_>,
        http: Option<&Http>,
        demonstration: bool,
    ) -> Option<Upstream> {
        let orchestrator = Orchestrator::read(reader, http, demonstration);
        let outgoing = outgoing::read(reader);
        let (captcha, statistics) = (Captcha::read(reader), Statistics::read(reader));
        Some(Upstream {
            orchestrator: orchestrator?,
            captcha: captcha?,
            statistics: statistics?,
            outgoing: outgoing?,
        })
    }
}

impl Orchestrator {
    /// Its secrets, each with its key.
    pub(super) fn secrets(&self) -> Vec<(&'static str, &SecretString)> {
        let mut secrets = self.telephony.secrets();
        secrets.push((WRITE_BACK_SECRET.name, &self.write_back_secret));
        secrets
    }

    fn read(reader: &mut Reader<'_>, http: Option<&Http>, demonstration: bool) -> Option<Orchestrator> {
        let kind = match reader.optional::<&'static TelephonyKind>(&ORCHESTRATOR)? {
            None if demonstration => Some(DEMONSTRATION),
            None => reader.read(&ORCHESTRATOR),
            kind => kind,
        };
        let url = reader.optional::<Url>(&WRITE_BACK_URL);
        let secret = if kind.is_some_and(|kind| kind.needs_tokens) {
            reader.read::<Secret>(&WRITE_BACK_SECRET).map(Some)
        } else {
            reader.optional::<Secret>(&WRITE_BACK_SECRET)
        };
        let telephony = (kind?.read)(reader);
        let write_back_url = match url? {
            Some(url) => url.0.to_string().trim_end_matches('/').to_owned(),
            None => format!("http://{}", http?.internal),
        };
        // Where nobody outside gets a token, one that ends with the process is enough.
        let write_back_secret =
            secret?.map_or_else(|| SecretString::from(chance::secret()), |secret| secret.0);
        Some(Orchestrator { telephony: telephony?, write_back_url, write_back_secret })
    }
}
