//! What a server without any configuration shows: one tenant, two queues, a key nobody else has.

use std::fmt::Write as _;
use std::net::SocketAddr;

use ges_http::hex;
use sha2::{Digest, Sha256};

use crate::chance;

/// The tenant of the demonstration.
pub const TENANT: &str = "demo";

/// A demonstration: its settings file, and the key that is shown once.
pub struct Demonstration {
    /// The text of a settings file.
    pub settings: String,
    /// The API key; only its hash stands in the settings.
    pub key: String,
}

impl Demonstration {
    /// A fresh one, with a random key.
    pub fn new() -> Self {
        let key = chance::secret();
        let hash = hex(&Sha256::digest(key.as_bytes()));
        Demonstration { settings: SETTINGS.replace("KEY_HASH", &hash), key }
    }

    /// What is printed at the start: where it listens, and three commands to copy.
    pub fn greeting(&self, external: SocketAddr, internal: SocketAddr) -> String {
        let key = &self.key;
        let base = format!("http://{external}/engagement/v3");
        let mut text = String::new();
        // Writing into a String cannot fail.
        let _ = write!(
            text,
            "
This is a demonstration: one tenant, two queues, calls are played, not made.
  Engagement API v3        {base}
  inside: health, metrics  http://{internal}/ges/v1/health  http://{internal}/metrics
  API key, shown only now  {key}

Three commands to copy:
  curl -s -H 'x-api-key: {key}' '{base}/callbacks/availability/Support?numberOfDays=1&maxTimeSlots=3'

  ID=$(curl -s -H 'x-api-key: {key}' -H 'content-type: application/json' \\
    -d '{{\"serviceName\":\"Support\",\"phoneNumber\":\"15195550123\"}}' {base}/callbacks/create \\
    | grep -oE '\"id\" *: *\"[0-9a-f-]+\"' | grep -oE '[0-9a-f-]{{36}}'); echo \"$ID\"

  curl -s -H 'x-api-key: {key}' -H 'content-type: application/json' -d \"{{\\\"id\\\":\\\"$ID\\\"}}\" {base}/callbacks/retrieve
"
        );
        text
    }
}

impl Default for Demonstration {
    fn default() -> Self {
        Demonstration::new()
    }
}

/// `Support` never closes, so that the demonstration works at any hour; `Sales` keeps office hours.
const SETTINGS: &str = include_str!("demonstration/settings.toml");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_settings_are_right_and_every_key_is_another() {
        let (one, other) = (Demonstration::new(), Demonstration::new());
        assert_ne!(one.key, other.key);
        assert!(!one.settings.contains(&one.key));
        let zones = ges_core::zone::ZoneDatabase::embedded();
        let file = ges_core::settings::SettingsFile::parse(&one.settings, &zones).unwrap();
        assert_eq!(file.tenants.len(), 1);
    }
}
