//! Keys of logs, health checks and alert thresholds ([callback-domain §17](ges_core::rules)).

use std::time::Duration;

use crate::keys::{Key, Reader, Setting, Whole};

const LOG_LEVEL: Key = Key::new(
    "telemetry.log_level",
    "DEBUG",
    "TRACE, DEBUG, INFO, WARN, ERROR or FATAL: the least that is written.",
);
const LOG_FORMAT: Key = Key::new("telemetry.log_format", "text", "`text` or `json`, one line per message.");
const LOG_MAX_LEN: Key = Key::new("telemetry.log_max_len", "2048", "Bytes after which a message is cut.");
const HEALTH_SECS: Key =
    Key::new("telemetry.health_secs", "15", "Seconds between two health checks of every component.");
const HTTP_400: Key = Key::new("telemetry.http_400_tolerance", "1", "Exported for alert rules.");
const HTTP_401: Key = Key::new("telemetry.http_401_tolerance", "1", "Exported for alert rules.");
const HTTP_404: Key = Key::new("telemetry.http_404_tolerance", "1", "Exported for alert rules.");
const HTTP_500: Key = Key::new("telemetry.http_500_tolerance", "1", "Exported for alert rules.");
const VQ_PROXY: Key =
    Key::new("telemetry.rbac_create_vq_proxy_error_tolerance", "999", "Exported for alert rules.");
const CONTENT_LENGTH: Key =
    Key::new("telemetry.invalid_content_length_tolerance", "0", "Exported for alert rules.");

const TOLERANCES: [&Key; 6] = [&HTTP_400, &HTTP_401, &HTTP_404, &HTTP_500, &VQ_PROXY, &CONTENT_LENGTH];

pub(super) const KEYS: &[&Key] = &[
    &LOG_LEVEL,
    &LOG_FORMAT,
    &LOG_MAX_LEN,
    &HEALTH_SECS,
    &HTTP_400,
    &HTTP_401,
    &HTTP_404,
    &HTTP_500,
    &VQ_PROXY,
    &CONTENT_LENGTH,
];

/// Logs, health, alert thresholds.
#[derive(Clone, Debug)]
pub struct Telemetry {
    /// The least that is logged.
    pub level: LogLevel,
    /// How.
    pub format: LogFormat,
    /// Bytes after which a message is cut.
    pub max_len: usize,
    /// Between two health checks.
    pub health_every: Duration,
    /// Metric name and threshold.
    pub tolerances: Vec<(&'static str, f64)>,
}

/// The six levels of [callback-domain §17.5](ges_core::rules).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs, reason = "their names say all")]
pub enum LogLevel {
    Trace,
    Debug,
    Info,
    Warn,
    Error,
    Fatal,
}

impl LogLevel {
    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            LogLevel::Trace => "TRACE",
            LogLevel::Debug => "DEBUG",
            LogLevel::Info => "INFO",
            LogLevel::Warn => "WARN",
            LogLevel::Error => "ERROR",
            LogLevel::Fatal => "FATAL",
        }
    }
}

impl Setting for LogLevel {
    fn parse(text: &str) -> Option<Self> {
        use LogLevel::{Debug, Error, Fatal, Info, Trace, Warn};
        [Trace, Debug, Info, Warn, Error, Fatal]
            .into_iter()
            .find(|level| level.as_str().eq_ignore_ascii_case(text))
    }
    fn expected() -> String {
        "TRACE, DEBUG, INFO, WARN, ERROR or FATAL".to_owned()
    }
}

/// How a log line is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// For machines.
    Json,
}

impl Setting for LogFormat {
    fn parse(text: &str) -> Option<Self> {
        match text {
            "text" => Some(LogFormat::Text),
            "json" => Some(LogFormat::Json),
            _ => None,
        }
    }
    fn expected() -> String {
        "text or json".to_owned()
    }
}

impl Telemetry {
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Telemetry> {
        let level = reader.read(&LOG_LEVEL);
        let format = reader.read(&LOG_FORMAT);
        let max_len = reader.read::<Whole<64, 1_048_576>>(&LOG_MAX_LEN);
        let health = reader.read::<Whole<1, 3_600>>(&HEALTH_SECS);
        let tolerances: Vec<_> = TOLERANCES
            .iter()
            .map(|key| {
                let value = reader.read::<Whole<0, 1_000_000_000>>(key)?;
                let name = key.name.strip_prefix("telemetry.")?;
                // A float holds every number up to the bound exactly.
                Some((name, value.0 as f64))
            })
            .collect();
        Some(Telemetry {
            level: level?,
            format: format?,
            max_len: usize::try_from(max_len?.0).ok()?,
            health_every: Duration::from_secs(health?.0),
            tolerances: tolerances.into_iter().collect::<Option<_>>()?,
        })
    }
}
