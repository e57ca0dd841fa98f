//! Turns the dispatcher: wakes it by signal and by timer, runs what comes out, and drains it at the end.
//!
//! Two loops. One looks ahead: it leases what is due soon and issues attempts, which costs commits and is in no hurry.
//! The other waits for the very instant of what is held and hands over, which costs nothing but a look at the leases.
//! Neither ends because of a failure; a failing store is an event after which it looks again.

use std::sync::Arc;
use std::time::Duration;

use ges_core::Timestamp;
use ges_core::engine::{Delivery, Dispatcher, Engine};
use ges_core::port::{Signals, StoreError};
use tokio::sync::{Notify, Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::metrics::Metrics;

/// Deliveries in the outside world at once; more wait their turn.
const DELIVERIES_MAX: usize = 1024;

/// Outcomes written at once: more than fill the statements under way would only take room while they wait.
const RECORDS_MAX: usize = 4096;

/// What came of deliveries is written once nothing that is due waits for its turn, and after this at the latest: while
/// many are due at one instant, writing would only make the others later.
const RECORD_WITHIN: Duration = Duration::from_secs(5);

/// So long it also waits for what is on its way already.
const SETTLE: Duration = Duration::from_millis(100);

/// The wall clock may jump, so no sleep is longer than this.
const SLEEP_MAX: Duration = Duration::from_secs(5);

/// A wall clock that has fallen behind the steady one by more than this was set back.
const CLOCK_SET: Duration = Duration::from_secs(1);

/// After a failure of the store.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_millis(500);

/// How often finished records are removed; the reference allows an hour ([callback-domain §10.2](ges_core::rules)).
const PURGE_EVERY: Duration = Duration::from_secs(600);

/// How late a hand-over may be before it counts as falling behind ([callback-domain §8.1](ges_core::rules)).
const LAG: Duration = Duration::from_secs(60);

/// Wakes the looking loop.
#[derive(Default)]
pub struct Wakeup(Notify);

impl Signals for Wakeup {
    fn due(&self, _: Timestamp) {
        self.0.notify_one();
    }
}

/// Keeps one node's promises.
pub struct Worker {
    engine: Arc<Engine>,
    dispatcher: Arc<Dispatcher>,
    wakeup: Arc<Wakeup>,
    held: Notify,
    permits: Arc<Semaphore>,
    records: Arc<Semaphore>,
    crowd: Arc<Crowd>,
    metrics: Arc<Metrics>,
}

impl Worker {
    /// A worker for this dispatcher; `wakeup` is what its engine signals to.
    pub fn new(
        engine: Arc<Engine>,
        dispatcher: Arc<Dispatcher>,
        wakeup: Arc<Wakeup>,
        metrics: Arc<Metrics>,
    ) -> Self {
        let permits = Arc::new(Semaphore::new(DELIVERIES_MAX));
        let records = Arc::new(Semaphore::new(RECORDS_MAX));
        let crowd = Arc::new(Crowd::default());
        Worker { engine, dispatcher, wakeup, held: Notify::new(), permits, records, crowd, metrics }
    }

    /// Works until `stop` turns true, then lets running deliveries end and gives the leases back.
    pub async fn run(self, stop: watch::Receiver<bool>) {
        let until_stopped = || {
            let mut stop = stop.clone();
            // The sender outlives every worker; were it gone, stopping would be right as well.
            async move {
                let _ = stop.wait_for(|stop| *stop).await;
            }
        };
        let purging = async {
            tokio::select! { () = until_stopped() => {}, () = self.purge() => {} }
        };
        tokio::join!(self.look(until_stopped()), purging, self.hand_over(until_stopped()));
        if let Err(error) = self.dispatcher.drain().await {
            tracing::warn!(error = %error, "leases were not given back; they expire by themselves");
        }
    }

    /// Looks ahead whenever something may have come closer, and at the latest when the dispatcher says so. A look that
    /// has begun is never broken off: what the store has leased by then, nobody would know of.
    async fn look(&self, stopped: impl Future<Output = ()>) {
        tokio::pin!(stopped);
        loop {
            let next = match self.dispatcher.look_ahead().await {
                Ok(next) => {
                    self.held.notify_one();
                    next
                }
                Err(error) => self.engine.now() + self.failed(&error),
            };
            tokio::select! {
                () = &mut stopped => return,
                () = self.rest(next) => {}
            }
        }
    }

    /// Waits for an instant, or for a signal that something came closer.
    async fn rest(&self, next: Timestamp) {
        // Signals come with every booking; looking more often than this would only find the same.
        tokio::time::sleep(next.since(self.engine.now()).min(Duration::from_millis(20))).await;
        tokio::select! {
            () = self.wakeup.0.notified() => {}
            () = self.until(next) => {}
        }
    }

    /// Waits for an instant of the wall clock, or until that clock was set: either way it is time to look. Asks nobody
    /// meanwhile, so an idle node costs its store nothing.
    async fn until(&self, instant: Timestamp) {
        loop {
            let (asked, started) = (self.engine.now(), tokio::time::Instant::now());
            let wait = instant.since(asked).min(SLEEP_MAX);
            if wait.is_zero() {
                return;
            }
            tokio::time::sleep(wait).await;
            let (by_wall, passed) = (self.engine.now(), started.elapsed());
            let set_back = by_wall + CLOCK_SET < asked + passed;
            if set_back {
                return;
            }
        }
    }

    /// Waits for the instant of the first thing held, takes all that is due, and runs it.
    async fn hand_over(&self, stopped: impl Future<Output = ()>) {
        let mut running = JoinSet::new();
        tokio::pin!(stopped);
        loop {
            let now = self.engine.now();
            let wait = self.dispatcher.next_due().map_or(SLEEP_MAX, |due| due.since(now).min(SLEEP_MAX));
            if !wait.is_zero() {
                tokio::select! {
                    () = &mut stopped => break,
                    () = self.held.notified() => continue,
                    () = tokio::time::sleep(wait) => {}
                    Some(_) = running.join_next(), if !running.is_empty() => continue,
                }
            }
            // Behind all that wait for their turn: what is taken is handed over soon, so it need not be asked about again.
            tokio::select! {
                biased;
                () = &mut stopped => break,
                _ = self.permits.acquire() => {}
            }
            match self.dispatcher.take_due().await {
                Ok(deliveries) => {
                    let more = self.dispatcher.next_due().is_some_and(|due| due <= self.engine.now());
                    self.crowd.change(|crowd| {
                        crowd.waiting += deliveries.len();
                        crowd.more = more;
                    });
                    self.run_all(deliveries, &mut running);
                }
                Err(error) => {
                    let pause = self.failed(&error);
                    tokio::time::sleep(pause).await;
                }
            }
        }
        self.crowd.change(|crowd| crowd.more = false);
        while running.join_next().await.is_some() {}
    }

    fn run_all(&self, deliveries: Vec<Delivery>, running: &mut JoinSet<()>) {
        let now = self.engine.now();
        for delivery in deliveries {
            if now.since(delivery.due()) > LAG {
                self.metrics.monitor_lagging.inc();
            }
            let (permits, records, crowd) = (self.permits.clone(), self.records.clone(), self.crowd.clone());
            running.spawn(async move {
                // Closed only with the worker, which waits for its deliveries.
                let permit = permits.acquire_owned().await;
                crowd.change(|crowd| {
                    crowd.waiting -= 1;
                    crowd.under_way += 1;
                });
                // On the heap, so that the many that still wait their turn are small.
                let performed = Box::pin(delivery.perform()).await;
                drop(permit);
                crowd.change(|crowd| crowd.under_way -= 1);
                let _ = timeout(RECORD_WITHIN, crowd.gone()).await;
                let _turn = records.acquire().await;
                Box::pin(performed.record()).await;
            });
        }
    }

    async fn purge(&self) {
        loop {
            match self.engine.purge().await {
                Ok(0) => {}
                Ok(removed) => tracing::info!(removed, "records past their retention were removed"),
                Err(error) => {
                    self.failed(&error);
                }
            }
            tokio::time::sleep(PURGE_EVERY).await;
        }
    }

    fn failed(&self, error: &StoreError) -> Duration {
        tracing::error!(error = %error, cause = %chain(error), "the store failed; it is asked again");
        PAUSE_AFTER_FAILURE
    }
}

/// What is due now.
#[derive(Default)]
struct Crowd(watch::Sender<Due>);

#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Due {
    /// Deliveries without a permit.
    waiting: usize,
    /// Whether the dispatcher holds more of them.
    more: bool,
    /// Deliveries with a permit.
    under_way: usize,
}

impl Due {
    fn nobody_waits(&self) -> bool {
        self.waiting == 0 && !self.more
    }
}

impl Crowd {
    /// Tells when nobody waits any more, and when nobody is under way then: who waits for it would be woken by each.
    fn change(&self, change: impl FnOnce(&mut Due)) {
        self.0.send_if_modified(|due| {
            let before = *due;
            change(due);
            due.nobody_waits() && (!before.nobody_waits() || due.under_way == 0)
        });
    }

    /// When nobody waits, and those under way have arrived or had their time.
    async fn gone(&self) {
        // The sender lives as long as this.
        let mut seen = self.0.subscribe();
        let _ = seen.wait_for(Due::nobody_waits).await;
        let _ = timeout(SETTLE, seen.wait_for(|due| due.under_way == 0)).await;
    }
}

/// What lies behind an error, outermost first.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut causes = Vec::new();
    let mut source = error.source();
    while let Some(cause) = source {
        causes.push(cause.to_string());
        source = cause.source();
    }
    causes.join(": ")
}
