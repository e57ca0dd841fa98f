//! The neighbours a host need not bring: no CAPTCHA, nobody listening.

use std::sync::Arc;

use async_trait::async_trait;

use super::Parts;
use crate::callback::LifecycleEvent;
use crate::id::TenantId;
use crate::in_process::{LocalWindows, QueueEstimators};
use crate::port::{
    CallInStore, CallbackStore, Captcha, CaptchaVerdict, Clock, IdSource, Listener, Notice, Observer,
    Orchestrator, Signals, Unavailable,
};
use crate::time::Timestamp;

impl Parts {
    /// What a host cannot do without; every other part is [`QueueEstimators`], [`NoCaptcha`],
    /// [`LocalWindows`] or [`NobodyListens`].
    /// Set a field to bring your own.
    ///
    /// ```
    /// # #[cfg(feature = "testing")] {
    /// use std::sync::Arc;
    /// use ges_core::engine::{Engine, Parts};
    /// use ges_core::memory::MemoryStore;
    /// # use ges_core::Timestamp;
    /// # use ges_core::testing::{ManualClock, ScriptedOrchestrator, SeededIds};
    /// # let clock = Arc::new(ManualClock::at(Timestamp::from_secs(0)));
    /// # let orchestrator = Arc::new(ScriptedOrchestrator::new(clock.clone()));
    /// # let ids = Arc::new(SeededIds::new(1));
    ///
    /// let engine = Engine::new(Parts::new(Arc::new(MemoryStore::default()), orchestrator, clock, ids));
    /// assert!(engine.tenants().is_empty());
    /// # }
    /// ```
    pub fn new<S>(
        store: Arc<S>,
        orchestrator: Arc<dyn Orchestrator>,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn IdSource>,
    ) -> Self
    where
        S: CallbackStore + CallInStore + 'static,
    {
        Parts {
            callbacks: store.clone(),
            call_ins: store,
            orchestrator,
            waits: Arc::new(QueueEstimators::default()),
            captcha: Arc::new(NoCaptcha),
            windows: Arc::new(LocalWindows::default()),
            clock,
            ids,
            signals: Arc::new(NobodyListens),
            listener: Arc::new(NobodyListens),
        }
    }
}

/// Demands no proof of being human.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoCaptcha;

#[async_trait]
impl Captcha for NoCaptcha {
    async fn verify(&self, _: &TenantId, _: Option<&str>) -> Result<CaptchaVerdict, Unavailable> {
        Ok(CaptchaVerdict::NotRequired)
    }
}

/// Hears nothing and wakes nobody: for hosts that look by themselves often enough.
#[derive(Clone, Copy, Debug, Default)]
pub struct NobodyListens;

impl Listener for NobodyListens {
    fn heard(&self, _: &LifecycleEvent) {}
}

impl Signals for NobodyListens {
    fn due(&self, _: Timestamp) {}

    fn is_heard(&self) -> bool {
        false
    }
}

impl Observer for NobodyListens {
    fn noticed(&self, _: &Notice<'_>) {}
}
