//! One contract, every orchestrator: what the port promises, as cases that any adapter can run.
//!
//! An adapter implements [`OrchestratorUnderTest`] and calls [`run_all`]. Idempotence is a promise of both ends: the
//! adapter sends the same key, the far side starts one session for it. The suite therefore asks the far side which
//! sessions it started; a test plays the far side where the real one is not at hand.
//!
//! ```
//! use std::sync::Arc;
//!
//! use futures_util::future::BoxFuture;
//! use ges_core::CallbackId;
//! use ges_core::port::Orchestrator;
//! use ges_core::testing::contract::Missing;
//! use ges_core::testing::contract::orchestrator::{OrchestratorUnderTest, Telephony, run_all};
//! use ges_core::testing::{ManualClock, ScriptedOrchestrator, fixtures};
//!
//! struct Scripted;
//! struct Floor(ScriptedOrchestrator);
//!
//! #[async_trait::async_trait]
//! impl OrchestratorUnderTest for Scripted {
//!     async fn fresh(&self) -> Box<dyn Telephony> {
//!         let clock = Arc::new(ManualClock::at(fixtures::at("17:58")));
//!         Box::new(Floor(ScriptedOrchestrator::new(clock)))
//!     }
//! }
//!
//! #[async_trait::async_trait]
//! impl Telephony for Floor {
//!     fn orchestrator(&self) -> &dyn Orchestrator {
//!         &self.0
//!     }
//!     async fn sessions(&self) -> Vec<(CallbackId, u32)> {
//!         self.0.started().into_iter().map(|(_, id, attempt)| (id, attempt)).collect()
//!     }
//!     async fn ends_in_time(&self, call: BoxFuture<'_, ()>) -> bool {
//!         call.await; // it never waits
//!         true
//!     }
//! }
//!
//! pollster::block_on(run_all(&Scripted)).assert_missing(&[Missing::Silence]); // nothing lies behind it
//! ```

use async_trait::async_trait;
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, join_all};

use super::report::{self, IntoOutcome, Missing, Outcome, Report};
use crate::id::CallbackId;
use crate::port::{Look, Orchestrator, SessionKey, Submission};
use crate::testing::fixtures::{at, id, issued, scheduled, service, tenant};

/// An adapter that wants to be held to the contract.
#[async_trait]
pub trait OrchestratorUnderTest: Send + Sync {
    /// Telephony without any session. Called once for each case.
    async fn fresh(&self) -> Box<dyn Telephony>;
}

/// The adapter and its far side.
#[async_trait]
pub trait Telephony: Send + Sync {
    /// The adapter.
    fn orchestrator(&self) -> &dyn Orchestrator;

    /// Every session the far side has started, over or not, one entry for each start.
    async fn sessions(&self) -> Vec<(CallbackId, u32)>;

    /// From now on the far side takes calls and never answers. Answers whether it can; not, where there is no far side.
    async fn fall_silent(&self) -> bool {
        false
    }

    /// Runs a call, and gives it up when it takes far longer than the adapter's own limit; answers whether it ended. The
    /// suite has no timer.
    async fn ends_in_time(&self, call: BoxFuture<'_, ()>) -> bool;
}

/// One promise and how to see whether it is kept.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// The promise, such as `a_cancel_of_nothing_counts_as_told`.
    pub name: &'static str,
    /// Panics when the promise is broken; answers which hook is missing when it cannot tell.
    pub run: for<'a> fn(&'a dyn Telephony) -> BoxFuture<'a, Result<(), Missing>>,
}

macro_rules! cases {
    ($($case:ident)+) => {
        /// Every case of the contract.
        pub const CASES: &[Case] = &[
            $(Case {
                name: stringify!($case),
                run: |telephony| Box::pin($case(telephony).map(IntoOutcome::into_outcome)),
            },)+
        ];
    };
}

cases! {
    an_attempt_starts_one_session
    the_same_key_again_starts_nothing
    the_same_key_at_once_starts_one_session
    a_repeat_after_a_dropped_call_starts_one_session
    another_attempt_is_another_session
    a_session_that_was_started_is_not_gone
    what_was_never_started_does_not_run
    a_cancel_of_nothing_counts_as_told
    a_second_cancel_counts_as_told
    every_call_to_a_silent_far_side_ends
}

/// Runs every case, each with fresh telephony. The report says what was skipped; the caller says what may be.
///
/// # Panics
/// At the end, with the names and words of all that failed.
pub async fn run_all(under: &dyn OrchestratorUnderTest) -> Report {
    report::run(CASES.iter().map(|case| (case.name, in_fresh(under, case)))).await
}

fn in_fresh<'a>(under: &'a dyn OrchestratorUnderTest, case: &'a Case) -> BoxFuture<'a, Outcome> {
    Box::pin(async {
        let telephony = under.fresh().await;
        (case.run)(telephony.as_ref()).await
    })
}

async fn an_attempt_starts_one_session(telephony: &dyn Telephony) {
    telephony.orchestrator().submit(&attempt(1)).await.expect("submit");
    assert_eq!(telephony.sessions().await, [(id(1), 1)]);
}

async fn the_same_key_again_starts_nothing(telephony: &dyn Telephony) {
    let first = telephony.orchestrator().submit(&attempt(1)).await.expect("submit");
    let again = telephony.orchestrator().submit(&attempt(1)).await.expect("submit again");
    assert_eq!(first, again, "a repeat is told of the same session");
    assert_eq!(telephony.sessions().await, [(id(1), 1)]);
}

async fn the_same_key_at_once_starts_one_session(telephony: &dyn Telephony) {
    let submission = attempt(1);
    let all = join_all((0..8).map(|_| telephony.orchestrator().submit(&submission))).await;
    assert!(all.iter().any(Result::is_ok), "{all:?}");
    assert_eq!(telephony.sessions().await, [(id(1), 1)]);
}

async fn a_repeat_after_a_dropped_call_starts_one_session(telephony: &dyn Telephony) {
    let submission = attempt(1);
    // Dropped where it first waits, whatever it waits for.
    let _ = telephony.orchestrator().submit(&submission).now_or_never();
    telephony.orchestrator().submit(&submission).await.expect("submit");
    assert_eq!(telephony.sessions().await, [(id(1), 1)]);
}

async fn another_attempt_is_another_session(telephony: &dyn Telephony) {
    for number in [1, 2] {
        telephony.orchestrator().submit(&attempt(number)).await.expect("submit");
    }
    let mut sessions = telephony.sessions().await;
    sessions.sort();
    assert_eq!(sessions, [(id(1), 1), (id(1), 2)]);
}

async fn a_session_that_was_started_is_not_gone(telephony: &dyn Telephony) {
    let handed = telephony.orchestrator().submit(&attempt(1)).await.expect("submit");
    let session = SessionKey { reference: handed.reference, ..nothing() };
    for look in
        [telephony.orchestrator().look(&session).await, telephony.orchestrator().place(&session).await]
    {
        assert_ne!(look.expect("look"), Look::Gone);
    }
}

async fn what_was_never_started_does_not_run(telephony: &dyn Telephony) {
    let orchestrator = telephony.orchestrator();
    for look in [orchestrator.look(&nothing()).await, orchestrator.place(&nothing()).await] {
        let look = look.expect("look");
        assert!(matches!(look, Look::Gone | Look::Unknown), "{look:?}");
    }
    assert_eq!(telephony.sessions().await, [], "a look starts nothing");
}

async fn a_cancel_of_nothing_counts_as_told(telephony: &dyn Telephony) {
    telephony.orchestrator().cancel(&nothing()).await.expect("cancel");
    assert_eq!(telephony.sessions().await, [], "a cancel starts nothing");
}

async fn a_second_cancel_counts_as_told(telephony: &dyn Telephony) {
    let handed = telephony.orchestrator().submit(&attempt(1)).await.expect("submit");
    let session = SessionKey { reference: handed.reference, ..nothing() };
    for _ in 0..2 {
        telephony.orchestrator().cancel(&session).await.expect("cancel");
    }
}

/// Whatever is answered then: an answer or a failure, but within bounds.
async fn every_call_to_a_silent_far_side_ends(telephony: &dyn Telephony) -> Outcome {
    let orchestrator = telephony.orchestrator();
    let (submission, session) = (attempt(1), nothing());
    if !telephony.fall_silent().await {
        return Err(Missing::Silence);
    }
    let calls: [(&str, BoxFuture<'_, ()>); 4] = [
        ("submit", Box::pin(orchestrator.submit(&submission).map(drop))),
        ("look", Box::pin(orchestrator.look(&session).map(drop))),
        ("place", Box::pin(orchestrator.place(&session).map(drop))),
        ("cancel", Box::pin(orchestrator.cancel(&session).map(drop))),
    ];
    for (name, call) in calls {
        assert!(telephony.ends_in_time(call).await, "{name} does not end");
    }
    Ok(())
}

/// An attempt of callback 1.
fn attempt(number: u32) -> Submission {
    let mut callback = issued(&scheduled(1, at("18:00")), at("17:58"));
    callback.attempts = number;
    Submission { callback, attempt: number, service: None }
}

/// The session of the first attempt, before it has reported.
fn nothing() -> SessionKey {
    SessionKey {
        tenant: tenant(),
        service: service(),
        id: id(1),
        attempt: 1,
        reference: None,
        reported: false,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::sync::{Arc, Mutex};

    use pollster::block_on;

    use super::*;
    use crate::port::{HandOverError, Handed, Unavailable};

    /// Telephony that forgets its keys, mourns what never lived, or waits for ever.
    #[derive(Clone, Copy, PartialEq)]
    enum Fault {
        None,
        Forgets,
        MissesNothing,
        Hangs,
    }

    struct Floor {
        fault: Fault,
        silent: AtomicBool,
        sessions: Mutex<Vec<(CallbackId, u32)>>,
    }

    #[async_trait]
    impl OrchestratorUnderTest for Fault {
        async fn fresh(&self) -> Box<dyn Telephony> {
            Box::new(Floor { fault: *self, silent: AtomicBool::new(false), sessions: Mutex::default() })
        }
    }

    #[async_trait]
    impl Telephony for Floor {
        fn orchestrator(&self) -> &dyn Orchestrator {
            self
        }
        async fn sessions(&self) -> Vec<(CallbackId, u32)> {
            self.sessions.lock().unwrap().clone()
        }
        async fn fall_silent(&self) -> bool {
            self.silent.store(true, Ordering::SeqCst);
            true
        }
        async fn ends_in_time(&self, call: BoxFuture<'_, ()>) -> bool {
            call.now_or_never().is_some()
        }
    }

    #[async_trait]
    impl Orchestrator for Floor {
        async fn submit(&self, submission: &Submission) -> Result<Handed, HandOverError> {
            if self.silent.load(Ordering::SeqCst) && self.fault == Fault::Hangs {
                std::future::pending::<()>().await;
            }
            let key = (submission.callback.id, submission.attempt);
            let mut sessions = self.sessions.lock().unwrap();
            if self.fault == Fault::Forgets || !sessions.contains(&key) {
                sessions.push(key);
            }
            Ok(Handed::default())
        }
        async fn look(&self, _: &SessionKey) -> Result<Look, Unavailable> {
            Ok(Look::Unknown)
        }
        async fn cancel(&self, session: &SessionKey) -> Result<(), Unavailable> {
            let known = self.sessions.lock().unwrap().contains(&(session.id, session.attempt));
            if self.fault == Fault::MissesNothing && !known {
                return Err(Unavailable("there is no such session".into()));
            }
            Ok(())
        }
    }

    #[test]
    fn each_fault_breaks_its_own_promises() {
        let names = || CASES.iter().map(|case| case.name);
        let broken = |fault: Fault| report::tests::broken(|| block_on(run_all(&fault)), names());
        assert_eq!(broken(Fault::None), [""; 0]);
        assert_eq!(broken(Fault::MissesNothing), ["a_cancel_of_nothing_counts_as_told"]);
        assert_eq!(broken(Fault::Hangs), ["every_call_to_a_silent_far_side_ends"]);
        let forgotten = [
            "the_same_key_again_starts_nothing",
            "the_same_key_at_once_starts_one_session",
            "a_repeat_after_a_dropped_call_starts_one_session",
        ];
        assert_eq!(broken(Fault::Forgets), forgotten);
    }

    #[test]
    fn the_scripted_orchestrator_keeps_the_contract() {
        use crate::testing::{ManualClock, ScriptedOrchestrator};

        struct Scripted;
        struct Script(ScriptedOrchestrator);

        #[async_trait]
        impl OrchestratorUnderTest for Scripted {
            async fn fresh(&self) -> Box<dyn Telephony> {
                Box::new(Script(ScriptedOrchestrator::new(Arc::new(ManualClock::at(at("17:58"))))))
            }
        }

        #[async_trait]
        impl Telephony for Script {
            fn orchestrator(&self) -> &dyn Orchestrator {
                &self.0
            }
            async fn sessions(&self) -> Vec<(CallbackId, u32)> {
                self.0.started().into_iter().map(|(_, id, attempt)| (id, attempt)).collect()
            }
            async fn ends_in_time(&self, call: BoxFuture<'_, ()>) -> bool {
                call.now_or_never().is_some()
            }
        }

        block_on(run_all(&Scripted)).assert_missing(&[Missing::Silence]);
    }
}
