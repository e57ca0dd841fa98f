//! What sessions and the orchestrator report back, and what the wait estimator learns from it.

use super::{Engine, EngineError};
use crate::callback::{Callback, Event, SessionUpdate, StateName};
use crate::ewt::{CallKey, Observation};
use crate::id::{CallbackId, TenantId};
use crate::port::{HandOverError, Submission};
use crate::time::Timestamp;

impl Engine {
    /// Takes what a session writes back. Repeated, older and late updates are acknowledged and dropped, so a session
    /// may write as often as it likes; it is durable when this answers.
    ///
    /// # Errors
    /// [`super::Refusal::CallbackUnknown`]; [`super::Refusal::LifeCycle`] when no attempt was ever issued.
    ///
    /// # Cancel safety
    /// Dropped, the update may have been applied; written again, it does no harm. The dispatcher of this engine tells
    /// the listener, unless the record has changed again by then; the estimate of waits does not learn of it.
    pub async fn write_back(
        &self,
        tenant: &TenantId,
        id: CallbackId,
        update: SessionUpdate,
    ) -> Result<Callback, EngineError> {
        self.apply(tenant, id, &Event::Session(update)).await
    }

    /// Hands one issued attempt to the orchestrator and records what came of it. Answers the record as it then stands;
    /// when recording fails, as it was: the attempt is then handed over again under the same number.
    pub(super) async fn hand_over(&self, callback: Callback, attempt: u32) -> Callback {
        let submission = self.submission(callback, attempt);
        let event = self.submit(&submission).await;
        let callback = submission.callback;
        self.apply_to(&callback, &event).await.unwrap_or(callback)
    }

    /// One issued attempt, with the settings of its service as they are now.
    pub(super) fn submission(&self, callback: Callback, attempt: u32) -> Submission {
        let known = self.catalog.tenant(&callback.tenant);
        let service = known.and_then(|tenant| tenant.settings().services.get(&callback.service).cloned());
        Submission { attempt, service, callback }
    }

    /// Hands one issued attempt to the orchestrator, and answers what happened to it.
    pub(super) async fn submit(&self, submission: &Submission) -> Event {
        let attempt = submission.attempt;
        match self.parts.orchestrator.submit(submission).await {
            Ok(handed) => Event::HandedOver { attempt, reference: handed.reference },
            Err(HandOverError::Refused(_)) => Event::HandOverRefused { attempt },
            Err(HandOverError::Unavailable(_)) => Event::HandOverUnavailable { attempt },
        }
    }

    /// Feeds the estimator with what a committed change shows of the queue.
    pub(super) fn observe(&self, before: &Callback, after: &Callback, now: Timestamp) {
        let call = call_key(after);
        let (tenant, queue) = (&after.tenant, &after.service);
        for observation in seen(before.state.name(), after.state.name(), call) {
            self.parts.waits.observe(tenant, queue, now, observation);
        }
    }
}

/// Names a callback to the wait estimator.
pub(super) fn call_key(callback: &Callback) -> CallKey {
    CallKey(callback.id.0.as_u64_pair().1)
}

/// What a transition shows: QUEUED waits, ROUTING and PROCESSING have an agent.
fn seen(from: StateName, to: StateName, call: CallKey) -> Vec<Observation> {
    let waits = |state| state == StateName::Queued;
    let has_agent = |state| matches!(state, StateName::Routing | StateName::Processing);
    let mut observations = Vec::new();
    if has_agent(from) && !has_agent(to) {
        observations.push(Observation::Finished { call });
    }
    if !waits(from) && !has_agent(from) && (waits(to) || has_agent(to)) || has_agent(from) && waits(to) {
        observations.push(Observation::entered(call));
    }
    if !has_agent(from) && has_agent(to) {
        observations.push(Observation::Answered { call, agent: None });
    }
    if waits(from) && !waits(to) && !has_agent(to) {
        observations.push(Observation::Abandoned { call });
    }
    observations
}
