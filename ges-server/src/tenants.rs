//! From the settings file to those who may ask: identities with their secrets fetched from where the file points.

use std::path::Path;

use ges_core::settings::{SecretSource, SettingsFile};
use ges_http::OriginPattern;
use ges_upstream::captcha::CaptchaSecret;
use ges_upstream::statistics::StatisticsCredentials;
use secrecy::SecretString;

use crate::identity::{KeyHash, Tenant};
use crate::keys::{Mistake, Mistakes, ReadFile};

/// Where secrets are kept.
pub struct Secrets<'a> {
    /// Reads a file.
    pub read_file: ReadFile<'a>,
    /// Reads an environment variable.
    pub variable: &'a dyn Fn(&str) -> Option<String>,
}

/// The identities of all tenants of a settings file.
///
/// # Errors
/// Every origin that is none and every secret that cannot be fetched.
pub fn identities(file: &SettingsFile, secrets: &Secrets<'_>) -> Result<Vec<Tenant>, Mistakes> {
    let mut mistakes = Vec::new();
    let mut tenants = Vec::with_capacity(file.tenants.len());
    for (id, known) in &file.tenants {
        let at = |field: &str| format!("tenants.{id}.identity.{field}");
        let mut wrong =
            |field: &str, right: String| mistakes.push(Mistake { place: at(field), value: None, right });
        let identity = &known.identity;
        let mut origins = Vec::with_capacity(identity.cors_origins.len());
        for origin in &identity.cors_origins {
            match origin.parse::<OriginPattern>() {
                Ok(pattern) => origins.push(pattern),
                Err(error) => wrong("cors_origins", error.to_string()),
            }
        }
        let captcha = identity.captcha.as_ref().and_then(|captcha| match secrets.fetch(&captcha.secret) {
            Ok(secret) => Some(CaptchaSecret { secret, score_min: captcha.min_score }),
            Err(right) => {
                wrong("captcha.secret", right);
                None
            }
        });
        let statistics = identity.statistics.as_ref().and_then(|gws| match secrets.fetch(&gws.secret) {
            Ok(client_secret) => {
                Some(StatisticsCredentials { client_id: gws.client_id.clone(), client_secret })
            }
            Err(right) => {
                wrong("statistics.secret", right);
                None
            }
        });
        tenants.push(Tenant {
            id: id.clone(),
            name: known.name.clone().unwrap_or_else(|| id.to_string()),
            keys: identity.api_keys.iter().map(|hash| KeyHash::from(*hash.as_bytes())).collect(),
            origins,
            captcha,
            statistics,
        });
    }
    if mistakes.is_empty() { Ok(tenants) } else { Err(Mistakes(mistakes)) }
}

/// The key of the sample file, which everybody has read.
const SAMPLE_KEY: &str = "test";

/// Where strangers can come in, the key of a sample opens nothing.
///
/// # Errors
/// Every tenant that has it.
pub fn refuse_samples(tenants: &[Tenant]) -> Result<(), Mistakes> {
    let sample = KeyHash::of(SAMPLE_KEY);
    let has_it = tenants.iter().filter(|tenant| tenant.keys.contains(&sample));
    let mistakes: Vec<Mistake> = has_it
        .map(|tenant| Mistake {
            place: format!("tenants.{}.identity.api_keys_sha256", tenant.id),
            value: None,
            right: "this is the key of a sample; beyond loopback one of your own is needed, \
                    as `ges-server new-key` prints them"
                .to_owned(),
        })
        .collect();
    if mistakes.is_empty() { Ok(()) } else { Err(Mistakes(mistakes)) }
}

impl Secrets<'_> {
    fn fetch(&self, source: &SecretSource) -> Result<SecretString, String> {
        let text = match source {
            SecretSource::File(path) => (self.read_file)(Path::new(path))
                .map_err(|error| format!("the file {path} cannot be read: {error}"))?,
            SecretSource::Env(name) => {
                (self.variable)(name).ok_or_else(|| format!("the environment variable {name} is not set"))?
            }
        };
        let text = text.trim_end_matches(['\r', '\n']);
        if text.is_empty() { Err("the secret is empty".to_owned()) } else { Ok(text.into()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ges_core::zone::ZoneDatabase;

    const SAMPLE: &str = include_str!("../../docs/samples/settings.toml");

    fn sample(secret: Option<&str>) -> Result<Vec<Tenant>, Mistakes> {
        let file = SettingsFile::parse(SAMPLE, &ZoneDatabase::embedded()).unwrap();
        let read_file = |_: &Path| secret.map(str::to_owned).ok_or(std::io::ErrorKind::NotFound.into());
        let variable = |_: &str| secret.map(str::to_owned);
        identities(&file, &Secrets { read_file: &read_file, variable: &variable })
    }

    #[test]
    fn secrets_are_fetched_and_missing_ones_are_named_all_at_once() {
        assert!(sample(Some("a secret\n")).is_ok());
        let mistakes = sample(None).unwrap_err().to_string();
        for place in ["captcha.secret", "statistics.secret"] {
            assert!(mistakes.contains(place), "{place} in {mistakes}");
        }
    }

    #[test]
    fn the_key_of_the_sample_opens_nothing_to_strangers() {
        let tenants = sample(Some("a secret")).unwrap();
        assert!(refuse_samples(&tenants).unwrap_err().to_string().contains("new-key"));
        assert!(refuse_samples(&[]).is_ok());
    }
}
