//! Who may call as a tenant, and how the tenant is known elsewhere. No secret stands in the file: keys are hashes, and
//! the others are told by where they are kept. Fetching them is the host's work.

use std::collections::BTreeSet;
use std::fmt;

use serde::Deserialize;
use toml::Spanned;
use toml::de::DeValue;

use super::item::Reading;
use crate::settings::Fault;

/// Who may call as a tenant, and the tenant's credentials elsewhere.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TenantIdentity {
    /// SHA-256 of each API key ([callback-domain §15.2](crate::rules)).
    pub api_keys: BTreeSet<KeyHash>,
    /// Origins whose pages may call with a key of the tenant, such as `https://www.example.com`
    /// ([engagement-api-v3 §1.7](crate::rules)).
    pub cors_origins: BTreeSet<String>,
    /// reCAPTCHA, if creates need it ([callback-administration §8.2](crate::rules)).
    pub captcha: Option<Captcha>,
    /// For the statistics proxy ([callback-administration §8.3](crate::rules)).
    pub statistics: Option<StatisticsCredentials>,
    /// For push notifications ([callback-administration §8.1](crate::rules)).
    pub push: Option<PushCredentials>,
}

/// The SHA-256 hash of an API key. Keys are long and random, so a plain hash is enough to hide them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct KeyHash([u8; 32]);

impl KeyHash {
    /// From the hash itself, 32 bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        KeyHash(bytes)
    }

    /// The 32 bytes; compare them in constant time.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for KeyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyHash(..)")
    }
}

impl std::str::FromStr for KeyHash {
    type Err = NotAKeyHash;
    fn from_str(text: &str) -> Result<Self, NotAKeyHash> {
        let digits = text.bytes().map(|byte| char::from(byte).to_digit(16));
        let digits: Vec<u8> = digits.map_while(|digit| u8::try_from(digit?).ok()).collect();
        if text.len() != 64 || digits.len() != 64 {
            return Err(NotAKeyHash);
        }
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = pair.iter().fold(0, |byte, digit| byte << 4 | digit);
        }
        Ok(KeyHash(bytes))
    }
}

/// A text that is not the hash of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a SHA-256 hash: 64 hexadecimal digits are expected")]
pub struct NotAKeyHash;

/// Where a secret is kept. The host reads it when it starts.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SecretSource {
    /// The file that holds nothing else.
    File(String),
    /// The environment variable.
    Env(String),
}

/// Google reCAPTCHA.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Captcha {
    /// The public site key.
    pub site_key: String,
    /// The secret that goes with it.
    pub secret: SecretSource,
    /// Smallest score that is accepted, 0 to 1; for keys without scores it is not asked.
    #[serde(default = "half")]
    pub min_score: f64,
    /// Host names a token may come from; any if empty.
    #[serde(default)]
    pub hostnames: BTreeSet<String>,
}

fn half() -> f64 {
    0.5
}

/// Credentials for the statistics service.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatisticsCredentials {
    /// Client id.
    pub client_id: String,
    /// Client secret.
    pub secret: SecretSource,
}

/// Credentials for Firebase Cloud Messaging.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PushCredentials {
    /// The service-account JSON.
    pub service_account: SecretSource,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct IdentityForm {
    #[serde(default)]
    api_keys_sha256: Vec<String>,
    #[serde(default)]
    cors_origins: Vec<String>,
    #[serde(default)]
    captcha: Option<Captcha>,
    #[serde(default)]
    statistics: Option<StatisticsCredentials>,
    #[serde(default)]
    push: Option<PushCredentials>,
}

pub(super) fn read(reading: &mut Reading<'_>, section: &str, value: Spanned<DeValue<'_>>) -> TenantIdentity {
    if let DeValue::Table(table) = value.get_ref() {
        reading.note(section, table);
    }
    let Some(form) = reading.item::<IdentityForm>(section, value) else { return TenantIdentity::default() };
    let mut api_keys = BTreeSet::new();
    for (index, text) in form.api_keys_sha256.iter().enumerate() {
        let field = format!("api_keys_sha256[{index}]");
        match text.parse() {
            Ok(key) if api_keys.insert(key) => {}
            Ok(_) => reading.fault(Fault::new(section, field, "is there twice", "each key once")),
            Err(NotAKeyHash) => {
                let expected = "64 hexadecimal digits, the SHA-256 hash of the key";
                reading.fault(Fault::new(section, field, "is not a hash", expected));
            }
        }
    }
    for (index, origin) in form.cors_origins.iter().enumerate() {
        if !is_origin(origin) {
            let expected =
                "scheme and host such as https://www.example.com, with a port if it is not the usual one";
            reading.fault(Fault::new(
                section,
                format!("cors_origins[{index}]"),
                "is not an origin",
                expected,
            ));
        }
    }
    if form.captcha.as_ref().is_some_and(|captcha| !(0.0..=1.0).contains(&captcha.min_score)) {
        reading.fault(Fault::new(section, "captcha.min_score", "is out of range", "a number from 0 to 1"));
    }
    TenantIdentity {
        api_keys,
        cors_origins: form.cors_origins.into_iter().collect(),
        captcha: form.captcha,
        statistics: form.statistics,
        push: form.push,
    }
}

/// Scheme, host and perhaps a port, as browsers send them: lower case, no path.
fn is_origin(text: &str) -> bool {
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    host.is_some_and(|host| {
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || ".-:[]_".contains(c);
        !host.is_empty() && host.chars().all(fits)
    })
}
