//! The configuration: a file, the environment and the command line, read into types before anything is bound.
//!
//! Every key stands in one table with its default and meaning ([`keys`]), from which the documentation is checked. All
//! mistakes are reported at once, each naming the key, the value and what would be right. Later sources win: default,
//! file, environment (`GES_` and the key in capitals with `_` for `.`), `--set key=value`.

mod http;
mod safety;
mod settings;
mod storage;
mod telemetry;
mod upstream;

use std::sync::Arc;

use crate::adapters::redis;
pub use crate::adapters::redis::Redis;
use crate::adapters::store::StoreConfig;
use crate::keys::Reader;
pub use crate::keys::{Key, Mistake, Mistakes, ReadFile, Sources};
pub use http::Http;
pub use settings::Settings;
pub use telemetry::{LogFormat, LogLevel, Telemetry};
pub use upstream::{Orchestrator, Upstream};

/// Everything that is configured.
#[derive(Clone, Debug)]
pub struct Config {
    /// Listeners and their bounds.
    pub http: Http,
    /// Where callbacks are remembered.
    pub storage: Arc<dyn StoreConfig>,
    /// What nodes share and may lose; none when each counts for itself.
    pub redis: Option<Redis>,
    /// Telephony and other neighbours.
    pub upstream: Upstream,
    /// Logs, health, alert thresholds.
    pub telemetry: Telemetry,
    /// What tenants are configured by.
    pub settings: Settings,
    /// Whether nothing was configured, so that a demonstration tenant is made up.
    pub demonstration: bool,
}

impl Config {
    /// Reads and checks everything.
    ///
    /// # Errors
    /// All mistakes at once.
    pub fn read(sources: &Sources<'_>) -> Result<Config, Mistakes> {
        let mut reader = Reader::new(sources);
        let demonstration = sources.file.is_none();
        let http = Http::read(&mut reader);
        let storage = storage::read(&mut reader);
        let redis = Redis::read(&mut reader);
        let upstream = Upstream::read(&mut reader, http.as_ref(), demonstration);
        let telemetry = Telemetry::read(&mut reader);
        let settings = Settings::read(&mut reader, demonstration);
        if let Some(http) = &http {
            let stored = storage.iter().flat_map(|storage| storage.secrets());
            let shared = redis.iter().flatten().flat_map(Redis::secrets);
            let reached = upstream.iter().flat_map(|upstream| upstream.orchestrator.secrets());
            safety::check(&mut reader, http, stored.chain(shared).chain(reached), demonstration);
        }
        let mistakes = reader.finish(&keys());
        let complete = move || {
            let (http, storage, upstream) = (http?, storage?, upstream?);
            let (redis, telemetry, settings) = (redis?, telemetry?, settings?);
            Some(Config { http, storage, redis, upstream, telemetry, settings, demonstration })
        };
        match complete() {
            Some(config) if mistakes.is_empty() => Ok(config),
            _ => Err(Mistakes(mistakes)),
        }
    }
}

/// Every key, in the order of the documentation.
pub fn keys() -> Vec<&'static Key> {
    [http::KEYS, settings::KEYS, &storage::keys(), &redis::all_keys(), &upstream::keys(), telemetry::KEYS]
        .concat()
}

/// Whether an environment variable may say something about the configuration.
pub fn is_variable(name: &str) -> bool {
    let bare = name.strip_suffix("_FILE").unwrap_or(name);
    name.starts_with("GES_") || keys().iter().any(|key| key.aliases.contains(&bare))
}
