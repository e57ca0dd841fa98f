//! Whether this process and its neighbours are well ([callback-domain §17.3](ges_core::rules),
//! [invariant 44](ges_core::rules)).
//!
//! Every component is checked at an interval; its gauge reads 1 exactly while its last check failed, and `GES_HEALTH`
//! is 1 exactly while any of them is. A component nobody checks has no say.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use ges_core::port::Clock;
use ges_core::time::Timestamp;
use prometheus::IntGauge;
use serde::Serialize;
use tokio::sync::watch;
use tokio::time::timeout;

use crate::metrics::{Metrics, VERSION};
use ges_http::{BoxError, Vitals};

/// A check that takes longer has failed.
const CHECK_TIME: Duration = Duration::from_secs(5);

/// The documented gauges.
pub const GAUGES: [&str; 6] = [
    "GWS_CONFIG_STATUS",
    "GWS_ENV_STATUS",
    "GWS_AUTH_STATUS",
    "ALL_URS_DOWN",
    "REDIS_CONNECTION",
    "ORS_REDIS_STATUS",
];

/// Something that can be asked whether it works.
#[async_trait]
pub trait Check: Send + Sync {
    /// Fails when it does not. Bounded from outside.
    async fn check(&self) -> Result<(), BoxError>;
}

/// What is known of one component.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Component {
    /// Its name.
    pub name: &'static str,
    /// Whether its last check failed; `None` before the first.
    pub down: Option<bool>,
    /// When it was last checked, in UTC milliseconds.
    pub last_check: Option<Timestamp>,
    /// How long the check took.
    pub lasted_ms: u64,
    /// Whether nothing can be promised without it.
    pub vital: bool,
}

/// The whole picture.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// `UP` or `DOWN`.
    pub status: &'static str,
    /// This server's version.
    pub version: &'static str,
    /// This machine.
    pub host: String,
    /// Seconds since start.
    pub uptime_secs: u64,
    /// What it leans on.
    pub components: Vec<Component>,
}

struct Watched {
    check: Arc<dyn Check>,
    gauge: IntGauge,
    known: Component,
    /// How long a good answer holds.
    holds: Duration,
    /// When the last good answer came.
    good: Option<Instant>,
}

/// Checks components and remembers the outcome.
pub struct Health {
    watched: Mutex<Vec<Watched>>,
    whole: IntGauge,
    metrics: Arc<Metrics>,
    clock: Arc<dyn Clock>,
    started: Instant,
}

impl Health {
    /// Nothing to check yet. The documented gauges are exported from the start, as 0.
    ///
    /// # Errors
    /// When a gauge of these names exists already.
    pub fn new(metrics: Arc<Metrics>, clock: Arc<dyn Clock>) -> Result<Self, prometheus::Error> {
        let whole = metrics.health_gauge("GES_HEALTH")?;
        Ok(Health { watched: Mutex::default(), whole, metrics, clock, started: Instant::now() })
    }

    /// Exports the gauges of components this deployment does not have, as 0, so that absence has no meaning.
    ///
    /// # Errors
    /// When a gauge of these names exists already.
    pub fn export_absent(&self) -> Result<(), prometheus::Error> {
        for name in GAUGES {
            if !self.lock().iter().any(|watched| watched.known.name == name) {
                self.metrics.health_gauge(name)?;
            }
        }
        Ok(())
    }

    /// From now on this component has a say. `name` is also the name of its gauge.
    ///
    /// # Errors
    /// When a gauge of this name exists already.
    pub fn watch(
        &self,
        name: &'static str,
        vital: bool,
        check: Arc<dyn Check>,
    ) -> Result<(), prometheus::Error> {
        self.watch_sparingly(name, vital, check, Duration::ZERO)
    }

    /// As [`Health::watch`], for a component that should not be asked often: a good answer holds so long before it is
    /// asked again. After a bad one it is asked at every turn.
    ///
    /// # Errors
    /// When a gauge of this name exists already.
    pub fn watch_sparingly(
        &self,
        name: &'static str,
        vital: bool,
        check: Arc<dyn Check>,
        holds: Duration,
    ) -> Result<(), prometheus::Error> {
        let gauge = self.metrics.health_gauge(name)?;
        let known = Component { name, down: None, last_check: None, lasted_ms: 0, vital };
        self.lock().push(Watched { check, gauge, known, holds, good: None });
        Ok(())
    }

    /// Checks every component once, but for those whose last good answer still holds.
    pub async fn check_all(&self) {
        let checks: Vec<_> = self
            .lock()
            .iter()
            .filter(|watched| watched.good.is_none_or(|good| good.elapsed() >= watched.holds))
            .map(|watched| (watched.known.name, Arc::clone(&watched.check)))
            .collect();
        let all = checks.into_iter().map(|(name, check)| async move {
            let begun = Instant::now();
            let outcome =
                timeout(CHECK_TIME, check.check()).await.unwrap_or_else(|_| Err("no answer in time".into()));
            (name, outcome, begun.elapsed())
        });
        for (name, outcome, lasted) in futures_util::future::join_all(all).await {
            self.note(name, outcome, lasted);
        }
        let down = self.lock().iter().any(|watched| watched.known.down == Some(true));
        self.whole.set(i64::from(down));
    }

    fn note(&self, name: &'static str, outcome: Result<(), BoxError>, lasted: Duration) {
        let down = outcome.is_err();
        let mut all = self.lock();
        let Some(watched) = all.iter_mut().find(|watched| watched.known.name == name) else { return };
        let before = watched.known.down.replace(down);
        watched.good = (!down).then(Instant::now);
        watched.known.last_check = Some(self.clock.now());
        watched.known.lasted_ms = u64::try_from(lasted.as_millis()).unwrap_or(u64::MAX);
        watched.gauge.set(i64::from(down));
        self.metrics.checked(name, down, lasted);
        // Only changes are worth a line: a component that stays down would fill the log.
        match outcome {
            Err(error) if before != Some(true) => {
                tracing::error!(component = name, %error, "a component is down")
            }
            Ok(()) if before == Some(true) => tracing::info!(component = name, "a component is up again"),
            _ => {}
        }
    }

    /// Whether promises can be given: no vital component is known to be down.
    pub fn is_ready(&self) -> bool {
        !self.lock().iter().any(|watched| watched.known.vital && watched.known.down == Some(true))
    }

    /// The word for it.
    pub const fn word(up: bool) -> &'static str {
        if up { "UP" } else { "DOWN" }
    }

    /// What is known now.
    pub fn report(&self) -> Report {
        let components: Vec<Component> = self.lock().iter().map(|watched| watched.known.clone()).collect();
        let down = components.iter().any(|component| component.down == Some(true));
        Report {
            status: Health::word(!down),
            version: VERSION,
            host: self.metrics.host().name().to_owned(),
            uptime_secs: self.started.elapsed().as_secs(),
            components,
        }
    }

    /// Checks at this interval until `stop` turns true, and watches how late the runtime wakes this very task.
    pub async fn run(&self, every: Duration, mut stop: watch::Receiver<bool>) {
        loop {
            self.check_all().await;
            let asleep = Instant::now();
            tokio::select! {
                _ = stop.wait_for(|stop| *stop) => return,
                () = tokio::time::sleep(every) => self.metrics.lagged(asleep.elapsed().saturating_sub(every)),
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Watched>> {
        // Each change is complete when the lock is given back.
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What operators read, over HTTP.
impl Vitals for Health {
    fn metrics(&self) -> Result<Vec<u8>, BoxError> {
        self.metrics.text()
    }

    fn is_ready(&self) -> bool {
        Health::is_ready(self)
    }

    fn report(&self) -> serde_json::Value {
        // Cannot fail: the report holds texts, numbers and flags.
        serde_json::to_value(Health::report(self)).expect("a report can be written as JSON")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::Host;
    use ges_core::system::SystemClock;
    use std::sync::atomic::{AtomicBool, Ordering};

    #[derive(Default)]
    struct Switch(AtomicBool);

    #[async_trait]
    impl Check for Switch {
        async fn check(&self) -> Result<(), BoxError> {
            if self.0.load(Ordering::SeqCst) { Err("off".into()) } else { Ok(()) }
        }
    }

    #[tokio::test]
    async fn invariant_44_gauges_are_1_exactly_while_the_last_check_failed() {
        let metrics = Arc::new(Metrics::new(Host::named("h"), &[]).unwrap());
        let health = Health::new(Arc::clone(&metrics), Arc::new(SystemClock)).unwrap();
        let (store, redis) = (Arc::new(Switch::default()), Arc::new(Switch::default()));
        health.watch("DB_STATUS", true, Arc::clone(&store) as Arc<dyn Check>).unwrap();
        health.watch("REDIS_CONNECTION", false, Arc::clone(&redis) as Arc<dyn Check>).unwrap();
        health.export_absent().unwrap();
        let gauge = |name: &str, value: u8| {
            let line = format!("{name}{{host=\"h\",version=\"{VERSION}\"}} {value}");
            String::from_utf8(metrics.text().unwrap()).unwrap().lines().any(|known| known == line)
        };
        for (store_down, redis_down) in
            [(false, false), (false, true), (true, true), (true, false), (false, false)]
        {
            store.0.store(store_down, Ordering::SeqCst);
            redis.0.store(redis_down, Ordering::SeqCst);
            health.check_all().await;
            assert!(gauge("DB_STATUS", u8::from(store_down)));
            assert!(gauge("REDIS_CONNECTION", u8::from(redis_down)));
            assert!(gauge("GES_HEALTH", u8::from(store_down || redis_down)));
            assert!(gauge("ORS_REDIS_STATUS", 0), "exported though nobody checks it");
            assert_eq!(health.is_ready(), !store_down, "only vital components stop the door");
        }
    }

    #[tokio::test]
    async fn a_good_answer_holds_and_a_bad_one_does_not() {
        #[derive(Default)]
        struct Counting(Switch, std::sync::atomic::AtomicUsize);
        #[async_trait]
        impl Check for Counting {
            async fn check(&self) -> Result<(), BoxError> {
                self.1.fetch_add(1, Ordering::SeqCst);
                self.0.check().await
            }
        }
        let metrics = Arc::new(Metrics::new(Host::named("h"), &[]).unwrap());
        let health = Health::new(metrics, Arc::new(SystemClock)).unwrap();
        let store = Arc::new(Counting::default());
        let check = Arc::clone(&store) as Arc<dyn Check>;
        health.watch_sparingly("DB_STATUS", true, check, Duration::from_secs(3_600)).unwrap();
        store.0.0.store(true, Ordering::SeqCst);
        health.check_all().await;
        health.check_all().await;
        assert_eq!(store.1.load(Ordering::SeqCst), 2, "a bad answer is asked for again");
        store.0.0.store(false, Ordering::SeqCst);
        health.check_all().await;
        health.check_all().await;
        assert_eq!((store.1.load(Ordering::SeqCst), health.is_ready()), (3, true));
    }
}
