//! No personal data leaves through logs, metrics or the list of failed requests (invariant 37).
//!
//! Every test of this binary is watched: each log line of every level is looked at as it is written, metrics and
//! failures when a test's server ends. The values the tests use all carry one of a few marks.

use std::io::Write;
use std::sync::{Mutex, Once, PoisonError};

use ges_core::port::Clock;
use tracing_subscriber::fmt::MakeWriter;

use crate::world::World;

/// Parts of phone numbers, user data values, keys, CAPTCHA tokens and registration tokens the tests send.
const MARKS: [&str; 6] = ["555-01", "55501", "uservalue", "secretkey", "captchatoken", "pushtoken"];

/// Secrets that are only known at run time.
static MORE: Mutex<Vec<String>> = Mutex::new(Vec::new());

static LINES: Mutex<(usize, Vec<String>)> = Mutex::new((0, Vec::new()));

struct Watcher;

impl Write for Watcher {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let line = String::from_utf8_lossy(bytes);
        let mut lines = LINES.lock().unwrap_or_else(PoisonError::into_inner);
        lines.0 += 1;
        if let Some(mark) = mark(&line) {
            lines.1.push(format!("{mark} in: {line}"));
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Watcher {
    type Writer = Watcher;
    fn make_writer(&self) -> Watcher {
        Watcher
    }
}

/// The first mark a text carries.
fn mark(text: &str) -> Option<String> {
    let more = MORE.lock().unwrap_or_else(PoisonError::into_inner);
    let marks = MARKS.into_iter().chain(more.iter().map(String::as_str));
    marks.into_iter().find(|mark| text.contains(mark)).map(str::to_owned)
}

/// From now on this text must not leave either.
pub fn also(secret: &str) {
    MORE.lock().unwrap_or_else(PoisonError::into_inner).push(secret.to_owned());
}

/// Begins to look at every log line of the process.
pub fn watch() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_ansi(false)
            .with_writer(Watcher)
            .init();
    });
}

/// Looks at what was logged so far, by any test.
pub fn look_at_logs() {
    let lines = LINES.lock().unwrap_or_else(PoisonError::into_inner);
    assert!(lines.1.is_empty(), "personal data in the logs: {:#?}", lines.1);
}

/// Looks at a text that leaves the server.
pub fn look_at_text(what: &str, text: &str) {
    assert_eq!(mark(text), None, "personal data in {what}: {text}");
}

/// Looks at what a server leaves behind.
pub fn look(world: &World) {
    look_at_logs();
    look_at_text("the metrics", &String::from_utf8(world.metrics.text().unwrap()).unwrap());
    let now = world.clock.now();
    for tenant in [Some("acme"), Some("globex"), Some("guarded"), None] {
        let tenant = tenant.map(Into::into);
        look_at_text("the failures", &format!("{:?}", world.errors.newest(tenant.as_ref(), usize::MAX, now)));
    }
}

#[test]
fn the_watch_sees_what_is_logged() {
    let world = World::new();
    let before = LINES.lock().unwrap().0;
    world.create(serde_json::json!({ "serviceName": "nobody", "phoneNumber": crate::world::NUMBER }));
    assert!(LINES.lock().unwrap().0 > before, "a refusal is logged");
    assert_eq!(mark("a number such as +1 (519) 555-0123"), Some("555-01".to_owned()));
    assert_eq!(mark("the same as 15195550123"), Some("55501".to_owned()));
}
