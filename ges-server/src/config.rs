//! The configuration: a file, the environment and the command line, read into types before anything is bound.
//!
//! Every key stands in one table with its default and meaning ([`keys`]), from which the documentation is checked. All
//! mistakes are reported at once, each naming the key, the value and what would be right. Later sources win: default,
//! file, environment (`GES_` and the key in capitals with `_` for `.`), `--set key=value`.

mod http;
mod key;
mod ors;
mod outgoing;
mod postgres;
mod reader;
mod redis;
mod safety;
mod settings;
mod storage;
mod telemetry;
mod upstream;

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

pub use http::Http;
pub use key::{Key, Node, Setting};
pub use ors::{Ors, OrsNode};
pub use postgres::{Authorities, Postgres, Server};
pub use redis::{Connection, Redis, RedisTls, Servers};
pub use settings::Settings;
pub use storage::Storage;
pub use telemetry::{LogFormat, LogLevel, Telemetry};
pub use upstream::{Captcha, Orchestrator, OrchestratorKind, Statistics, Upstream};

use reader::Reader;

/// Everything that is configured.
#[derive(Clone, Debug)]
pub struct Config {
    /// Listeners and their bounds.
    pub http: Http,
    /// Where callbacks are remembered.
    pub storage: Storage,
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

/// Reads a file that a key names, such as `…_file`.
pub type ReadFile<'a> = &'a dyn Fn(&std::path::Path) -> std::io::Result<String>;

/// Where the values come from; gathered by the host, so that reading them is a plain function.
pub struct Sources<'a> {
    /// The configuration file and its text; none starts a demonstration.
    pub file: Option<(PathBuf, String)>,
    /// The environment.
    pub environment: BTreeMap<String, String>,
    /// `--set` of the command line, in order.
    pub set: Vec<(String, String)>,
    /// Reads the secrets' files.
    pub read_file: ReadFile<'a>,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// The key, and where its value came from.
    pub place: String,
    /// The value; secrets are not shown.
    pub value: Option<String>,
    /// What would be right.
    pub right: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.value {
            Some(value) => write!(f, "{}: {value:?} cannot be used; {}", self.place, self.right),
            None => write!(f, "{}: {}", self.place, self.right),
        }
    }
}

/// Everything that is wrong, in the order of the keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistakes(pub Vec<Mistake>);

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the configuration has {} mistake(s):", self.0.len())?;
        self.0.iter().try_for_each(|mistake| write!(f, "\n  {mistake}"))
    }
}

impl std::error::Error for Mistakes {}

impl Config {
    /// Reads and checks everything.
    ///
    /// # Errors
    /// All mistakes at once.
    pub fn read(sources: &Sources<'_>) -> Result<Config, Mistakes> {
        let mut reader = Reader::new(sources);
        let demonstration = sources.file.is_none();
        let http = Http::read(&mut reader);
        let storage = Storage::read(&mut reader);
        let redis = Redis::read(&mut reader);
        let upstream = Upstream::read(&mut reader, http.as_ref(), demonstration);
        let telemetry = Telemetry::read(&mut reader);
        let settings = Settings::read(&mut reader, demonstration);
        if let (Some(http), Some(upstream)) = (&http, &upstream) {
            let redis = redis.as_ref().and_then(Option::as_ref);
            safety::check(&mut reader, http, redis, upstream, demonstration);
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
    [http::KEYS, settings::KEYS, &storage::keys(), redis::OWN_KEYS, &upstream::keys(), telemetry::KEYS]
        .concat()
}

/// Whether an environment variable may say something about the configuration.
pub fn is_variable(name: &str) -> bool {
    let bare = name.strip_suffix("_FILE").unwrap_or(name);
    name.starts_with("GES_") || keys().iter().any(|key| key.aliases.contains(&bare))
}
