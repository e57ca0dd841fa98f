//! One contract, all rate windows: what the port promises, as cases that any adapter can run.
//!
//! ```
//! use std::sync::Arc;
//!
//! use ges_core::in_process::LocalWindows;
//! use ges_core::port::RateWindows;
//! use ges_core::testing::contract::Missing;
//! use ges_core::testing::contract::windows::{Counting, WindowsUnderTest, run_all};
//!
//! struct Local;
//!
//! #[async_trait::async_trait]
//! impl WindowsUnderTest for Local {
//!     async fn fresh(&self) -> Box<dyn Counting> {
//!         Box::new(Process(Arc::new(LocalWindows::default())))
//!     }
//! }
//!
//! struct Process(Arc<LocalWindows>);
//!
//! #[async_trait::async_trait]
//! impl Counting for Process {
//!     fn windows(&self) -> Arc<dyn RateWindows> {
//!         self.0.clone()
//!     }
//! }
//!
//! let report = pollster::block_on(run_all(&Local));
//! report.assert_missing(&[Missing::Another, Missing::CutOff]); // nobody else counts with it
//! ```

mod alone;
mod together;

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::Task;
use super::report::{self, IntoOutcome, Missing, Outcome, Report};
use crate::port::RateWindows;
use crate::testing::fixtures::at;
use crate::throttle::{Exceeded, Lasting, WindowKey, WindowKind, WindowRequest};
use crate::time::Timestamp;

/// An adapter that wants to be held to the contract.
#[async_trait]
pub trait WindowsUnderTest: Send + Sync {
    /// Windows in which nobody has counted. Called once for each case.
    async fn fresh(&self) -> Box<dyn Counting>;
}

/// The windows of one node, and what surrounds them.
#[async_trait]
pub trait Counting: Send + Sync {
    /// The adapter.
    fn windows(&self) -> Arc<dyn RateWindows>;

    /// The windows of another node that counts together with this one; `None` for an adapter that shares nothing.
    fn another(&self) -> Option<Arc<dyn RateWindows>> {
        None
    }

    /// From now on what the nodes share cannot be reached. Answers whether it can; not, where nothing is shared.
    async fn cut_off(&self) -> bool {
        false
    }

    /// The instant at which a case begins. An adapter whose neighbour goes by its own clock answers the present one.
    fn now(&self) -> Timestamp {
        at("18:00")
    }

    /// Runs the tasks at once and ends when all have ended, as [`StoreUnderTest::parallel`](super::StoreUnderTest::parallel) does.
    async fn parallel(&self, tasks: Vec<Task>) {
        crate::testing::threads::at_once(tasks).await;
    }
}

/// One promise and how to see whether it is kept.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// The promise, such as `what_is_dropped_goes_back`.
    pub name: &'static str,
    /// Panics when the promise is broken; answers which hook is missing when it cannot tell.
    pub run: for<'a> fn(&'a dyn Counting) -> BoxFuture<'a, Result<(), Missing>>,
}

macro_rules! cases {
    ($($area:ident: $($case:ident)+;)+) => {
        /// Every case of the contract.
        pub const CASES: &[Case] = &[
            $($(Case {
                name: stringify!($case),
                run: |counting| Box::pin($area::$case(counting).map(IntoOutcome::into_outcome)),
            },)+)+
        ];
    };
}

cases! {
    alone:
        a_window_takes_as_many_as_its_limit
        a_limit_of_zero_takes_nobody
        a_refusal_tells_how_long_the_window_stays_full
        a_window_that_is_over_opens_anew
        all_windows_are_taken_or_none
        the_window_that_stays_full_longest_is_named
        what_is_dropped_goes_back
        what_is_kept_stays
        a_dropped_question_takes_nothing
        what_goes_back_late_is_no_room_in_a_later_window
        windows_of_other_keys_are_apart
        nothing_asked_is_granted
        of_many_at_once_as_many_as_the_limit_are_taken;
    together:
        two_nodes_count_together
        of_many_at_once_through_two_nodes_as_many_as_the_limit_are_taken
        what_one_node_gives_back_another_can_take
        no_request_fails_while_nothing_is_shared
        a_node_that_is_cut_off_counts_by_itself;
}

/// Runs every case, each with fresh windows. The report says what was skipped; the caller says what may be.
///
/// # Panics
/// At the end, with the names and words of all that failed.
pub async fn run_all(under: &dyn WindowsUnderTest) -> Report {
    report::run(CASES.iter().map(|case| (case.name, in_fresh(under, case)))).await
}

fn in_fresh<'a>(under: &'a dyn WindowsUnderTest, case: &'a Case) -> BoxFuture<'a, Outcome> {
    Box::pin(async {
        let counting = under.fresh().await;
        (case.run)(counting.as_ref()).await
    })
}

/// How long the windows of these cases last, where nothing else is said.
const HOUR: Duration = Duration::from_secs(3_600);

/// A window of a service, of an hour.
fn service(name: &str, limit: u32) -> WindowRequest {
    lasting(name, limit, HOUR)
}

fn lasting(name: &str, limit: u32, length: Duration) -> WindowRequest {
    let key = WindowKey::new("acme", name, WindowKind::Burst(0), "");
    WindowRequest { key, limit, lasting: Lasting::For(length) }
}

/// A window of one value of a parameter.
fn value(value: &str, limit: u32, ends: Timestamp) -> WindowRequest {
    let kind = WindowKind::Daily { parameter: "_customer_number".into() };
    WindowRequest { key: WindowKey::new("acme", "sales", kind, value), limit, lasting: Lasting::Until(ends) }
}

/// Takes one unit of each and keeps it; answers whether there was room.
async fn take(windows: &dyn RateWindows, asked: &[WindowRequest], now: Timestamp) -> bool {
    match windows.reserve(asked, now).await {
        Ok(taken) => {
            taken.keep();
            true
        }
        Err(_) => false,
    }
}

/// Takes and keeps as often as there is room.
async fn room(windows: &dyn RateWindows, asked: &[WindowRequest], now: Timestamp) -> u32 {
    let mut taken = 0;
    while take(windows, asked, now).await {
        taken += 1;
        assert!(taken < 1_000, "a window without an end");
    }
    taken
}

/// Twenty ask at once for the only unit of a window, through these adapters in turn; answers how many were given it. Over
/// and over, each time of another window: whether two are at it at the same moment is luck.
async fn rush(counting: &dyn Counting, through: &[Arc<dyn RateWindows>]) -> [usize; RUSHES] {
    let mut given = [0; RUSHES];
    for (round, given) in given.iter_mut().enumerate() {
        let (now, taken) = (counting.now(), Arc::new(AtomicUsize::new(0)));
        let task = |number: usize| -> Task {
            let (windows, taken) = (through[number % through.len()].clone(), taken.clone());
            let asked = [service(&format!("sales-{round}"), 1)];
            Box::pin(async move {
                taken.fetch_add(usize::from(take(&*windows, &asked, now).await), Ordering::SeqCst);
            })
        };
        counting.parallel((0..20).map(task).collect()).await;
        *given = taken.load(Ordering::SeqCst);
    }
    given
}

const RUSHES: usize = 20;

/// Asks until there is room, which comes when what was given back has arrived; answers whether it did.
async fn at_last(windows: &dyn RateWindows, asked: &[WindowRequest], now: Timestamp) -> bool {
    for _ in 0..10_000 {
        if take(windows, asked, now).await {
            return true;
        }
    }
    false
}
