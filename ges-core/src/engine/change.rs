//! Cancelling, moving, editing, recreating ([callback-domain §7.5](crate::rules)).

use super::{Engine, EngineError, Refusal};
use crate::callback::{Callback, CancelledBy, Event, LifecycleEvent, Step, step};
use crate::id::{CallbackId, TenantId};
use crate::number::PhoneNumber;
use crate::port::{Change, Conflict, Guard};
use crate::slots::{BookingRequest, Judgement};
use crate::time::Timestamp;
use crate::user_data::UserData;

/// How often a change is decided anew when others change the record meanwhile.
const TRIES: usize = 16;

/// What is to be different about a waiting callback. Absent means as it is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Edit {
    /// Another time, under the same rules as a booking.
    pub desired: Option<Timestamp>,
    /// Another number.
    pub number: Option<PhoneNumber>,
    /// Other user data, as a whole.
    pub user_data: Option<UserData>,
}

/// What became of an event.
enum Applied {
    Changed(Box<Callback>),
    Unchanged,
    /// Somebody else changed the record first.
    Stale,
}

impl Engine {
    /// Cancels a callback: the record is COMPLETED first, then its session, if there is one, is told. A session that
    /// cannot be reached does not undo it.
    ///
    /// # Errors
    /// [`Refusal::CallbackUnknown`]; [`Refusal::LifeCycle`] in PROCESSING and COMPLETED.
    ///
    /// # Cancel safety
    /// Dropped before the store was asked to write, it has changed nothing. Dropped later, the callback may be
    /// cancelled, and its session is then told all the same. The dispatcher of this engine tells the listener, unless
    /// the record has changed again by then; the estimate of waits does not learn of it. [`Engine::retrieve`] tells
    /// what became of it.
    pub async fn cancel(
        &self,
        tenant: &TenantId,
        id: CallbackId,
        by: CancelledBy,
    ) -> Result<Callback, EngineError> {
        self.apply(tenant, id, &Event::Cancel { by }).await
    }

    /// Moves or edits a waiting callback. When the new time cannot be had, the old booking stands untouched: the record
    /// holds exactly one place before, after, and after any failure ([invariant 5](crate::rules)).
    ///
    /// # Errors
    /// As for a booking; [`Refusal::LifeCycle`] unless it is SCHEDULED and not being handed over.
    ///
    /// # Cancel safety
    /// Dropped before the store was asked to write, it has changed nothing. Dropped later, the record may have been
    /// replaced, whole: it holds the old place or the new one, never both. The dispatcher of this engine tells the
    /// listener, unless the record has changed again by then. [`Engine::retrieve`] tells what became of it.
    pub async fn edit(&self, tenant: &TenantId, id: CallbackId, edit: Edit) -> Result<Callback, EngineError> {
        for _ in 0..TRIES {
            let now = self.now();
            let before = self.load(tenant, id, now).await?;
            let (next, events, guards) = self.edited(&before, &edit, now).await?;
            let change = Change {
                wake_at: self.wake_at(&next),
                next: next.clone(),
                expected: before.version,
                keeps_user_data: edit.user_data.is_none(),
                guards: guards.clone(),
                fence: None,
            };
            match self.commit(change, events).await? {
                Ok(()) => return Ok(next),
                Err(Conflict::Stale | Conflict::Fenced) => {}
                Err(Conflict::Missing) => return Err(Refusal::CallbackUnknown.into()),
                Err(Conflict::Refused(index)) => {
                    let known = self.catalog.tenant(tenant).ok_or(Refusal::TenantUnknown)?;
                    let compiled = known.service(&next.service, now).ok_or(Refusal::ServiceUnknown)?;
                    return Err(self.refused_guard(&compiled, &next, guards.get(index), now).await?);
                }
            }
        }
        Err(Refusal::Contended.into())
    }

    /// The next record of an edit, its events, and what the store must make sure of.
    async fn edited(
        &self,
        before: &Callback,
        edit: &Edit,
        now: Timestamp,
    ) -> Result<(Callback, Vec<LifecycleEvent>, Vec<Guard>), EngineError> {
        let known = self.catalog.tenant(&before.tenant).ok_or(Refusal::TenantUnknown)?;
        let compiled = known.service(&before.service, now).ok_or(Refusal::ServiceUnknown)?;
        let mut guards = Vec::new();
        let desired = edit.desired.unwrap_or(before.desired);
        // Asks the life cycle first, so that a running session is reported as such and not as a full slot.
        let event = Event::Reschedule { desired, settings_version: compiled.settings_version };
        let (mut next, mut events) = match step(before, &event, now)? {
            Step::Changed(next, events) => (next, events),
            // Moved to this time already, in this very millisecond: the same edit again.
            Step::Unchanged => {
                (Box::new(Callback { version: before.version + 1, ..before.clone() }), Vec::new())
            }
        };
        match edit.desired {
            Some(desired) => {
                let moved_from = before.holds_place().then_some(before.desired);
                let asked =
                    BookingRequest { desired: Some(desired), always_check_capacity: true, moved_from };
                let wait = self.wait(&before.tenant, &before.service, now).await;
                match self.judge(&before.tenant, &compiled, wait, now, &asked).await? {
                    Judgement::Scheduled { desired, guards: places, .. } => {
                        next.desired = desired;
                        guards.extend(places.iter().map(Guard::Places));
                    }
                    Judgement::Immediate { .. } => return Err(Refusal::Contended.into()),
                }
            }
            None => {
                // Not moved: place, kind and judged settings stay as they are.
                next.kind = before.kind;
                next.settings_version = before.settings_version;
                next.updated = now;
                events.clear();
            }
        }
        if let Some(number) = &edit.number {
            super::book::check_number(&compiled, number)?;
            let comparison = number.comparison();
            let limit = compiled.service.limits.in_queue.most();
            guards.extend(limit.map(|limit| Guard::Number { comparison, limit }));
            next.request_mut().number = number.clone();
        }
        if let Some(user_data) = &edit.user_data {
            next.request_mut().user_data = user_data.clone();
        }
        Ok((*next, events, guards))
    }

    /// Applies an event to the record as it is, deciding anew when others change it meanwhile. An event that changes
    /// nothing is answered with the record as it stands.
    pub(super) async fn apply(
        &self,
        tenant: &TenantId,
        id: CallbackId,
        event: &Event,
    ) -> Result<Callback, EngineError> {
        for _ in 0..TRIES {
            let before = self.load(tenant, id, self.now()).await?;
            match self.apply_once(&before, event).await? {
                Applied::Changed(next) => return Ok(*next),
                Applied::Unchanged => return Ok(before),
                Applied::Stale => {}
            }
        }
        Err(Refusal::Contended.into())
    }

    /// The same for a record that was read or written a moment ago: only when it has changed since is it read again.
    pub(super) async fn apply_to(&self, seen: &Callback, event: &Event) -> Result<Callback, EngineError> {
        match self.apply_once(seen, event).await {
            Ok(Applied::Changed(next)) => Ok(*next),
            // Whatever else comes of it may be so only because the record is not as it was.
            _ => self.apply(&seen.tenant, seen.id, event).await,
        }
    }

    async fn apply_once(&self, before: &Callback, event: &Event) -> Result<Applied, EngineError> {
        let now = self.now();
        let (next, events) = match step(before, event, now)? {
            Step::Unchanged => return Ok(Applied::Unchanged),
            Step::Changed(next, events) => (next, events),
        };
        let change = Change {
            wake_at: self.wake_at(&next),
            next: (*next).clone(),
            expected: before.version,
            keeps_user_data: true,
            guards: Vec::new(),
            fence: None,
        };
        match self.commit(change, events).await? {
            Ok(()) => {
                self.observe(before, &next, now);
                Ok(Applied::Changed(next))
            }
            Err(Conflict::Missing) => Err(Refusal::CallbackUnknown.into()),
            Err(Conflict::Stale | Conflict::Fenced | Conflict::Refused(_)) => Ok(Applied::Stale),
        }
    }

    /// One change, alone. Once it is durable, the listener has heard of it.
    async fn commit(
        &self,
        change: Change,
        events: Vec<LifecycleEvent>,
    ) -> Result<Result<(), Conflict>, EngineError> {
        let mut in_hand = self.take_in_hand(&change.next, events, change.wake_at);
        let mut answers = match self.parts.callbacks.change(vec![change]).await {
            Ok(answers) => answers,
            Err(error) => return Err(in_hand.failed(error).into()),
        };
        let answer = answers.pop().unwrap_or(Err(Conflict::Stale));
        if answer.is_ok() {
            in_hand.written();
        }
        in_hand.done();
        Ok(answer)
    }

    /// The record, unless it has been kept long enough ([callback-domain §10.2](crate::rules)).
    pub(super) async fn load(
        &self,
        tenant: &TenantId,
        id: CallbackId,
        now: Timestamp,
    ) -> Result<Callback, EngineError> {
        let found = self.parts.callbacks.get(tenant, id).await?;
        let kept = |callback: &Callback| callback.is_unfinished() || now < callback.purge_at();
        found.filter(kept).ok_or_else(|| Refusal::CallbackUnknown.into())
    }
}
