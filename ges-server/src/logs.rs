//! Log lines on standard output: one per event, cut at a length, as text or JSON
//! ([callback-domain §17.5](ges_core::rules)).
//!
//! Lines stand alone and carry fields. What other libraries say below WARN is left out: their lines are not written
//! with personal data in mind. `FATAL` is an ERROR event with a field `fatal = true`.

use std::fmt::{self, Write as _};
use std::io::Write;
use std::sync::{Mutex, PoisonError};

use ges_core::port::Clock;
use prometheus::IntCounter;
use serde_json::{Map, Value};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};

use crate::config::{LogFormat, LogLevel};

/// Writes events as lines.
pub struct Lines<W> {
    level: LogLevel,
    format: LogFormat,
    max_len: usize,
    clock: Box<dyn Clock>,
    failures: IntCounter,
    out: Mutex<W>,
}

impl<W: Write + Send + 'static> Lines<W> {
    /// Lines to `out`; `failures` counts those that could not be written.
    pub fn new(
        config: &crate::config::Telemetry,
        clock: Box<dyn Clock>,
        failures: IntCounter,
        out: W,
    ) -> Self {
        Lines {
            level: config.level,
            format: config.format,
            max_len: config.max_len,
            clock,
            failures,
            out: Mutex::new(out),
        }
    }

    /// A subscriber of these lines alone.
    pub fn subscriber(self) -> impl Subscriber + Send + Sync {
        tracing_subscriber::registry().with(self)
    }

    fn wants(&self, metadata: &Metadata<'_>) -> bool {
        let own = metadata.target().starts_with("ges_");
        let level = level_of(metadata.level());
        // An ERROR event may turn out to be FATAL, which only its fields tell.
        level >= self.level.min(LogLevel::Error) && (own || level >= LogLevel::Warn)
    }

    fn line(&self, event: &Event<'_>) -> Option<String> {
        let mut said = Said::default();
        event.record(&mut said);
        let fatal = said.fields.remove("fatal").is_some_and(|value| value == true);
        let level = if fatal { LogLevel::Fatal } else { level_of(event.metadata().level()) };
        if level < self.level {
            return None;
        }
        let now = self.clock.now().to_string();
        let target = event.metadata().target();
        Some(match self.format {
            LogFormat::Json => {
                let mut line = Map::new();
                line.insert("time".into(), now.into());
                line.insert("level".into(), level.as_str().into());
                line.insert("target".into(), target.into());
                line.insert("message".into(), self.cut(said.message).into());
                for (name, value) in said.fields {
                    let value = match value {
                        Value::String(text) => Value::String(self.cut(text)),
                        other => other,
                    };
                    line.insert(name, value);
                }
                Value::Object(line).to_string()
            }
            LogFormat::Text => {
                let mut text = said.message;
                for (name, value) in said.fields {
                    // Writing to a text cannot fail.
                    let _ = write!(text, " {name}={value}");
                }
                // A line break inside a value must not look like a line of its own.
                let text = text.replace(['\n', '\r'], " ");
                format!("{now} {:<5} {target}: {}", level.as_str(), self.cut(text))
            }
        })
    }

    fn cut(&self, mut text: String) -> String {
        if text.len() > self.max_len {
            let end = (0..=self.max_len).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
            text.truncate(end);
        }
        text
    }
}

fn level_of(level: &Level) -> LogLevel {
    match *level {
        Level::TRACE => LogLevel::Trace,
        Level::DEBUG => LogLevel::Debug,
        Level::INFO => LogLevel::Info,
        Level::WARN => LogLevel::Warn,
        Level::ERROR => LogLevel::Error,
    }
}

impl<S: Subscriber, W: Write + Send + 'static> Layer<S> for Lines<W> {
    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        self.wants(metadata)
    }

    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let Some(mut line) = self.line(event) else { return };
        line.push('\n');
        let mut out = self.out.lock().unwrap_or_else(PoisonError::into_inner);
        if out.write_all(line.as_bytes()).and_then(|()| out.flush()).is_err() {
            self.failures.inc();
        }
    }
}

/// What an event says.
#[derive(Default)]
struct Said {
    message: String,
    fields: Map<String, Value>,
}

impl Said {
    fn put(&mut self, field: &Field, value: Value) {
        self.fields.insert(field.name().to_owned(), value);
    }
}

impl Visit for Said {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            self.message = format!("{value:?}");
        } else {
            self.put(field, format!("{value:?}").into());
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "message" {
            value.clone_into(&mut self.message);
        } else if !value.is_empty() {
            self.put(field, value.into());
        }
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value.into());
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value.into());
    }
}

/// Replaces the panic message, whose text could hold anything, by the place of the panic.
pub fn quiet_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, "something that cannot happen has happened");
    }));
}

#[cfg(test)]
mod tests {
    use super::*;
    use ges_core::system::SystemClock;
    use std::sync::Arc;
    use std::time::Duration;

    #[derive(Clone, Default)]
    struct Paper(Arc<Mutex<Vec<u8>>>);

    impl Write for Paper {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn written(level: LogLevel, format: LogFormat, max_len: usize, say: impl FnOnce()) -> String {
        let config = crate::config::Telemetry {
            level,
            format,
            max_len,
            health_every: Duration::ZERO,
            tolerances: Vec::new(),
        };
        let paper = Paper::default();
        let failures = IntCounter::new("f", "f").unwrap();
        let lines = Lines::new(&config, Box::new(SystemClock), failures, paper.clone());
        tracing::subscriber::with_default(lines.subscriber(), say);
        let bytes = paper.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn a_message_is_cut_between_two_characters() {
        let text = written(LogLevel::Trace, LogFormat::Json, 64, || {
            let long = "ü".repeat(100);
            tracing::info!(field = long.as_str(), "{}", format!("x{long}"));
        });
        let line: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(line["message"].as_str().unwrap().len(), 63);
        assert_eq!(line["field"].as_str().unwrap().len(), 64);
        assert_eq!(line["level"], "INFO");
    }

    #[test]
    fn only_what_is_asked_for_is_written() {
        let say = || {
            tracing::debug!("quiet");
            tracing::error!("loud");
            tracing::error!(fatal = true, "last words");
            tracing::info!(target: "hyper", "chatter");
        };
        let count = |level| written(level, LogFormat::Text, 2048, say).lines().count();
        assert_eq!([count(LogLevel::Debug), count(LogLevel::Error), count(LogLevel::Fatal)], [3, 2, 1]);
    }

    #[test]
    fn a_line_break_in_a_value_does_not_make_a_line() {
        let text =
            written(LogLevel::Info, LogFormat::Text, 2048, || tracing::warn!(value = "a\nb", "said\nso"));
        assert_eq!(text.lines().count(), 1, "{text}");
    }
}
