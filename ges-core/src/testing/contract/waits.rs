//! One contract, all waits: what the port promises, as cases that any adapter can run.
//!
//! How good an estimate is, is no promise of the port and not judged here.
//!
//! ```
//! use ges_core::in_process::QueueEstimators;
//! use ges_core::port::WaitTimes;
//! use ges_core::testing::contract::Missing;
//! use ges_core::testing::contract::waits::{Floor, WaitsUnderTest, run_all};
//!
//! struct Learned;
//! struct Office(QueueEstimators);
//!
//! #[async_trait::async_trait]
//! impl WaitsUnderTest for Learned {
//!     async fn fresh(&self) -> Box<dyn Floor> {
//!         Box::new(Office(QueueEstimators::default()))
//!     }
//! }
//!
//! #[async_trait::async_trait]
//! impl Floor for Office {
//!     fn waits(&self) -> &dyn WaitTimes {
//!         &self.0
//!     }
//! }
//!
//! pollster::block_on(run_all(&Learned)).assert_missing(&[Missing::Another]); // it tells nobody
//! ```

use std::time::Duration;

use async_trait::async_trait;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::report::{self, IntoOutcome, Missing, Outcome, Report};
use crate::ewt::{CallKey, Ewt, EwtMode, Observation};
use crate::id::{ServiceName, TenantId};
use crate::port::WaitTimes;
use crate::testing::fixtures::{at, service, tenant};
use crate::time::Timestamp;

/// An adapter that wants to be held to the contract.
#[async_trait]
pub trait WaitsUnderTest: Send + Sync {
    /// Waits that know of nothing. Called once for each case.
    async fn fresh(&self) -> Box<dyn Floor>;
}

/// The waits of one node, and what surrounds them.
#[async_trait]
pub trait Floor: Send + Sync {
    /// The adapter.
    fn waits(&self) -> &dyn WaitTimes;

    /// Whether it learns from what it is told; an adapter that asks a routing server does not.
    fn learns(&self) -> bool {
        true
    }

    /// The waits of another node, which hears sooner or later of what this one sees; `None` for an adapter that tells
    /// nobody.
    fn another(&self) -> Option<&dyn WaitTimes> {
        None
    }

    /// Lets a little time pass, for what has to reach another node. The suite has no timer.
    async fn pause(&self) {}
}

/// One promise and how to see whether it is kept.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// The promise, such as `asking_changes_nothing`.
    pub name: &'static str,
    /// Panics when the promise is broken; answers which hook is missing when it cannot tell.
    pub run: for<'a> fn(&'a dyn Floor) -> BoxFuture<'a, Result<(), Missing>>,
}

macro_rules! cases {
    ($($case:ident)+) => {
        /// Every case of the contract.
        pub const CASES: &[Case] = &[
            $(Case {
                name: stringify!($case),
                run: |floor| Box::pin($case(floor).map(IntoOutcome::into_outcome)),
            },)+
        ];
    };
}

cases! {
    a_queue_nobody_knows_has_no_wait
    a_call_nobody_knows_has_no_place
    every_mode_answers_for_a_queue_that_moves
    asking_changes_nothing
    queues_and_tenants_are_apart
    places_are_counted_from_the_front
    others_move_up_when_a_call_leaves
    what_one_node_sees_another_learns
}

/// Runs every case, each with fresh waits. The report says what was skipped; the caller says what may be.
///
/// # Panics
/// At the end, with the names and words of all that failed.
pub async fn run_all(under: &dyn WaitsUnderTest) -> Report {
    report::run(CASES.iter().map(|case| (case.name, in_fresh(under, case)))).await
}

fn in_fresh<'a>(under: &'a dyn WaitsUnderTest, case: &'a Case) -> BoxFuture<'a, Outcome> {
    Box::pin(async {
        let floor = under.fresh().await;
        (case.run)(floor.as_ref()).await
    })
}

async fn a_queue_nobody_knows_has_no_wait(floor: &dyn Floor) {
    for mode in MODES {
        assert_eq!(wait(floor.waits(), &tenant(), &service(), mode).await, None, "{mode:?}");
    }
}

async fn a_call_nobody_knows_has_no_place(floor: &dyn Floor) {
    assert_eq!(place(floor.waits(), CallKey(1)).await, None, "in a queue nobody knows");
    if floor.learns() {
        a_morning(floor.waits());
        assert_eq!(place(floor.waits(), CallKey(4_711)).await, None, "in a queue that moves");
    }
}

async fn every_mode_answers_for_a_queue_that_moves(floor: &dyn Floor) -> Outcome {
    let waits = learning(floor)?;
    for mode in MODES {
        assert!(wait(waits, &tenant(), &service(), mode).await.is_some(), "{mode:?}");
    }
    Ok(())
}

async fn asking_changes_nothing(floor: &dyn Floor) {
    if floor.learns() {
        a_morning(floor.waits());
    }
    for mode in MODES {
        let first = wait(floor.waits(), &tenant(), &service(), mode).await;
        for _ in 0..5 {
            assert_eq!(wait(floor.waits(), &tenant(), &service(), mode).await, first, "{mode:?}");
        }
    }
}

async fn queues_and_tenants_are_apart(floor: &dyn Floor) -> Outcome {
    let waits = learning(floor)?;
    for (tenant, queue) in [(tenant(), "sales".into()), ("other".into(), service())] {
        assert_eq!(wait(waits, &tenant, &queue, EwtMode::default()).await, None, "{tenant} {queue}");
        let place = waits.position(&tenant, &queue, LAST, noon()).await.ok().flatten();
        assert_eq!(place, None, "{tenant} {queue}");
    }
    Ok(())
}

async fn places_are_counted_from_the_front(floor: &dyn Floor) -> Outcome {
    let waits = learning(floor)?;
    enter(waits, [1, 2, 3]);
    let (first, second) = (place(waits, CallKey(1)).await, place(waits, CallKey(2)).await);
    let third = place(waits, CallKey(3)).await;
    let places = [first, second, third].map(|known| known.map(|(place, _)| place));
    assert_eq!(places, [Some(1), Some(2), Some(3)]);
    let waits = [first, second, third].map(|known| known.map(|(_, wait)| wait));
    assert!(waits.is_sorted(), "nobody behind waits less: {waits:?}");
    Ok(())
}

async fn others_move_up_when_a_call_leaves(floor: &dyn Floor) -> Outcome {
    let waits = learning(floor)?;
    enter(waits, [1, 2, 3]);
    see(waits, noon(), Observation::Answered { call: CallKey(1), agent: None });
    see(waits, noon(), Observation::Abandoned { call: CallKey(2) });
    assert_eq!(place(waits, CallKey(1)).await, None, "it speaks");
    assert_eq!(place(waits, CallKey(2)).await, None, "it hung up");
    assert_eq!(place(waits, CallKey(3)).await.map(|(place, _)| place), Some(1));
    Ok(())
}

async fn what_one_node_sees_another_learns(floor: &dyn Floor) -> Outcome {
    let other = floor.another().ok_or(Missing::Another)?;
    let waits = learning(floor)?;
    enter(waits, [1, 2]);
    let own = (wait(waits, &tenant(), &service(), EwtMode::default()).await, place(waits, CallKey(2)).await);
    for _ in 0..1_000 {
        let theirs =
            (wait(other, &tenant(), &service(), EwtMode::default()).await, place(other, CallKey(2)).await);
        if theirs == own {
            return Ok(());
        }
        floor.pause().await;
    }
    panic!("the other node never learned of it");
}

const MODES: [EwtMode; 3] = [EwtMode::Mode1, EwtMode::Mode2, EwtMode::Mode3];

/// The last call of the morning, answered long ago.
const LAST: CallKey = CallKey(159);

fn noon() -> Timestamp {
    at("12:00")
}

/// The adapter after a morning, if it learns.
fn learning(floor: &dyn Floor) -> Result<&dyn WaitTimes, Missing> {
    if !floor.learns() {
        return Err(Missing::Learning);
    }
    a_morning(floor.waits());
    Ok(floor.waits())
}

/// An hour of calls, one a minute, each answered after half a minute.
fn a_morning(waits: &dyn WaitTimes) {
    for minute in 0..60_u64 {
        let (call, entered) = (CallKey(100 + minute), at("11:00") + Duration::from_secs(60 * minute));
        see(waits, entered, Observation::entered(call));
        let answered = entered + Duration::from_secs(30);
        see(waits, answered, Observation::Answered { call, agent: None });
    }
}

fn enter(waits: &dyn WaitTimes, calls: impl IntoIterator<Item = u64>) {
    calls.into_iter().for_each(|call| see(waits, noon(), Observation::entered(CallKey(call))));
}

fn see(waits: &dyn WaitTimes, at: Timestamp, observation: Observation) {
    waits.observe(&tenant(), &service(), at, observation);
}

/// The wait in seconds; none when it is unknown or cannot be told.
async fn wait(waits: &dyn WaitTimes, tenant: &TenantId, queue: &ServiceName, mode: EwtMode) -> Option<u64> {
    waits.wait(tenant, queue, mode, noon()).await.ok().and_then(Ewt::seconds)
}

async fn place(waits: &dyn WaitTimes, call: CallKey) -> Option<(u64, u64)> {
    waits.position(&tenant(), &service(), call, noon()).await.ok().flatten()
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use pollster::block_on;

    use super::*;
    use crate::ewt::NoWait;
    use crate::in_process::QueueEstimators;
    use crate::port::Unavailable;
    use crate::testing::FixedWaits;

    /// What is wrong with the waits of a node.
    #[derive(Clone, Copy, PartialEq)]
    enum Fault {
        /// All queues are one.
        MixesQueues,
        /// Places are numbered from zero.
        CountsFromZero,
        /// A queue that nobody knows is empty, so its wait is zero.
        KnowsEverything,
        /// Every question counts as a call that was answered at once.
        LearnsFromQuestions,
        /// Nobody leaves.
        KeepsCalls,
        /// Says that it tells others, and does not.
        TellsNobody,
    }

    struct Office {
        fault: Fault,
        beneath: QueueEstimators,
        asked: Mutex<u64>,
        another: QueueEstimators,
    }

    #[async_trait]
    impl WaitsUnderTest for Fault {
        async fn fresh(&self) -> Box<dyn Floor> {
            let (beneath, another) = (QueueEstimators::default(), QueueEstimators::default());
            Box::new(Office { fault: *self, beneath, asked: Mutex::default(), another })
        }
    }

    impl Floor for Office {
        fn waits(&self) -> &dyn WaitTimes {
            self
        }
        fn another(&self) -> Option<&dyn WaitTimes> {
            (self.fault == Fault::TellsNobody).then_some(&self.another)
        }
    }

    impl Office {
        fn queue(&self, queue: &ServiceName) -> ServiceName {
            if self.fault == Fault::MixesQueues { "all".into() } else { queue.clone() }
        }
    }

    #[async_trait]
    impl WaitTimes for Office {
        async fn wait(
            &self,
            tenant: &TenantId,
            queue: &ServiceName,
            mode: EwtMode,
            now: Timestamp,
        ) -> Result<Ewt, Unavailable> {
            let mut asked = self.asked.lock().unwrap();
            *asked += 1;
            let call = CallKey(1_000 + *asked);
            if self.fault == Fault::LearnsFromQuestions {
                self.observe(tenant, queue, now, Observation::entered(call));
            }
            let known = block_on(self.beneath.wait(tenant, &self.queue(queue), mode, now))?;
            let unknown = Ewt::Unknown(NoWait::NothingPassed);
            Ok(if self.fault == Fault::KnowsEverything && known == unknown { Ewt::Known(0) } else { known })
        }
        async fn position(
            &self,
            tenant: &TenantId,
            queue: &ServiceName,
            call: CallKey,
            now: Timestamp,
        ) -> Result<Option<(u64, u64)>, Unavailable> {
            let known = self.beneath.position(tenant, &self.queue(queue), call, now).await?;
            let shift = u64::from(self.fault == Fault::CountsFromZero);
            Ok(known.map(|(place, wait)| (place - shift, wait)))
        }
        fn observe(&self, tenant: &TenantId, queue: &ServiceName, at: Timestamp, seen: Observation) {
            let leaves = matches!(seen, Observation::Abandoned { .. });
            if self.fault != Fault::KeepsCalls || !leaves {
                self.beneath.observe(tenant, &self.queue(queue), at, seen);
            }
        }
    }

    #[test]
    fn each_fault_breaks_its_own_promises() {
        let names = || CASES.iter().map(|case| case.name);
        let broken = |fault: Fault| report::tests::broken(|| block_on(run_all(&fault)), names());
        assert_eq!(broken(Fault::MixesQueues), ["queues_and_tenants_are_apart"]);
        assert_eq!(
            broken(Fault::CountsFromZero),
            ["places_are_counted_from_the_front", "others_move_up_when_a_call_leaves"]
        );
        let knows = broken(Fault::KnowsEverything);
        assert_eq!(knows, ["a_queue_nobody_knows_has_no_wait", "queues_and_tenants_are_apart"]);
        assert_eq!(broken(Fault::LearnsFromQuestions), ["asking_changes_nothing"]);
        assert_eq!(broken(Fault::KeepsCalls), ["others_move_up_when_a_call_leaves"]);
        assert_eq!(broken(Fault::TellsNobody), ["what_one_node_sees_another_learns"]);
    }

    #[test]
    fn waits_that_learn_from_nobody_are_judged_by_what_is_left() {
        struct Told(FixedWaits);
        struct ByHand;

        #[async_trait]
        impl WaitsUnderTest for ByHand {
            async fn fresh(&self) -> Box<dyn Floor> {
                Box::new(Told(FixedWaits::default()))
            }
        }

        impl Floor for Told {
            fn waits(&self) -> &dyn WaitTimes {
                &self.0
            }
            fn learns(&self) -> bool {
                false
            }
        }

        block_on(run_all(&ByHand)).assert_missing(&[Missing::Learning, Missing::Another]);
    }
}
