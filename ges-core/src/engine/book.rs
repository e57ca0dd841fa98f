//! Booking ([callback-domain §6.4](crate::rules)): the checks in their order, then the place and the record in one
//! step.

use std::sync::Arc;
use std::time::Duration;

use super::catalog::Compiled;
use super::loose_ends::InHand;
use super::{Accepted, Engine, EngineError, NewCallback, Refusal, Refused};
use crate::callback::{
    Callback, Direction, Event, Happening, Kind, LifecycleEvent, OfferType, PushTarget, State, StateName,
    Step, step,
};
use crate::dispatch::{FRESH, INLINE_GRACE};
use crate::id::{CallbackId, TenantId};
use crate::number::{NumberRefused, PhoneNumber};
use crate::port::{Booked, Booking, CaptchaVerdict, Guard};
use crate::slots::{self, BookingRequest, Judgement, Occupancy, SlotOnOffer, World};
use crate::throttle::{Alarm, DEFAULT_PARAMETER, Reservation};
use crate::time::{Interval, Timestamp};
use crate::wait::Wait;

impl Engine {
    /// Books a callback. When this answers `Ok`, the record is durable. For an immediate one the first hand-over has
    /// then been tried, so it normally is QUEUED already; when the orchestrator did not take it, it is handed over
    /// later all the same.
    ///
    /// # Repeating it
    /// A wish without an id is a new one each time. One with an id of the host's ([`NewCallback::id`]) may be sent again
    /// and again: the first that is accepted makes the record, and every other is answered with that record as it stands
    /// by then, even when it has been cancelled, or when the service takes no more. This holds until the record is removed,
    /// 14 days after its desired time, on every node of the same store. In one process the same id waits for a wish that is
    /// under way.
    ///
    /// # Errors
    /// [`EngineError::Refused`] with the first reason in the order of [callback-domain §6.4](crate::rules), and with
    /// proposals where another time would do; then nothing was counted, taken or written. Another wish under an id that is
    /// taken is [`Refusal::IdTaken`].
    ///
    /// [`EngineError::is_outcome_unknown`] when the store's answer was lost: the callback may be booked. With an id the
    /// answer is had by booking again; without one that may book a second callback.
    ///
    /// # Cancel safety
    /// Dropped before the store was asked, it has changed nothing. Dropped later, the callback may be booked, and is then
    /// handed over in time; ask as after a lost answer whether it is.
    pub async fn book(&self, tenant: &TenantId, wish: NewCallback) -> Result<Accepted, EngineError> {
        match wish.id {
            Some(id) => self.bookings.alone((tenant.clone(), id), self.book_once(tenant, id, wish)).await,
            None => self.book_anew(tenant, wish).await,
        }
    }

    /// Judges a wish and writes its record.
    pub(super) async fn book_anew(
        &self,
        tenant: &TenantId,
        wish: NewCallback,
    ) -> Result<Accepted, EngineError> {
        let now = self.now();
        let known = self.catalog.tenant(tenant).ok_or(Refusal::TenantUnknown)?;
        let compiled = known.service(&wish.service, now).ok_or(Refusal::ServiceUnknown)?;
        self.check_human(tenant, wish.captcha_token.as_deref()).await?;
        check_push_targets(compiled.service.direction, &wish.request.push_targets)?;
        check_number(&compiled, &wish.request.number)?;

        let wait = self.wait(tenant, &wish.service, now).await;
        let asked = BookingRequest {
            desired: wish.desired,
            always_check_capacity: wish.always_check_capacity,
            moved_from: None,
        };
        let judgement = self.judge(tenant, &compiled, wait, now, &asked).await?;
        let id = wish.id.unwrap_or_else(|| self.new_id());
        let (callback, guards) = accepted_record(id, tenant, &compiled, wish, &judgement, now);
        let reserved = match callback.kind {
            Kind::Immediate => self.reserve(&callback, &compiled, now).await?,
            Kind::Scheduled => Reservation::of_nothing(),
        };
        let callback = if is_due(&callback, &compiled, wait, now) { issued(callback, now) } else { callback };
        let in_hand = match self.commit_booking(&compiled, &callback, guards, now).await {
            Ok(in_hand) => in_hand,
            Err(error) => {
                if error.is_outcome_unknown() {
                    // What may have been written counts.
                    reserved.keep();
                }
                return Err(error);
            }
        };
        reserved.keep();
        let callback = self.first_hand_over(callback).await;
        in_hand.done();
        Ok(Accepted { callback, repeated: false })
    }

    pub(super) fn new_id(&self) -> CallbackId {
        CallbackId(self.parts.ids.uuid())
    }

    async fn check_human(&self, tenant: &TenantId, token: Option<&str>) -> Result<(), EngineError> {
        match self.parts.captcha.verify(tenant, token).await? {
            CaptchaVerdict::NotRequired | CaptchaVerdict::Human => Ok(()),
            CaptchaVerdict::Missing => Err(Refusal::CaptchaMissing.into()),
            CaptchaVerdict::Rejected => Err(Refusal::CaptchaRejected.into()),
        }
    }

    /// Judges time and place. Whether a place is left is judged by the store when it takes it, in the same step; what
    /// is held is read first only where the guards do not tell the whole, so a booking is one call of the store.
    pub(super) async fn judge(
        &self,
        tenant: &TenantId,
        compiled: &Compiled,
        wait: Wait,
        now: Timestamp,
        asked: &BookingRequest,
    ) -> Result<Judgement, EngineError> {
        let rules = compiled.service.booking_rules();
        let desired = asked.desired.unwrap_or(now);
        let at = desired.max(now);
        let window = Interval::new(at - AROUND, at + AROUND);
        let held = if compiled.table.guards_suffice(at) {
            Occupancy::none(window)
        } else {
            self.parts.callbacks.occupancy(tenant, &compiled.service.name, window).await?
        };
        match compiled.table.judge(&rules, &World { now, wait, held: &held }, asked) {
            Ok(judgement) => Ok(judgement),
            Err(refusal) => Err(self.refused_time(tenant, compiled, refusal, desired, now).await?),
        }
    }

    /// A refusal about time or place, with the free slots nearest to the desired time where another time would do and
    /// the service calls at chosen times ([callback-domain §5.5](crate::rules)).
    pub(super) async fn refused_time(
        &self,
        tenant: &TenantId,
        compiled: &Compiled,
        refusal: slots::Refusal,
        desired: Timestamp,
        now: Timestamp,
    ) -> Result<EngineError, EngineError> {
        let offers_times = compiled.service.booking_rules().offer.scheduled();
        let proposals = if offers_times && refusal.another_time_helps() {
            Some(self.proposals(tenant, compiled, desired, now).await?)
        } else {
            None
        };
        Ok(EngineError::Refused(Box::new(Refused { refusal: Refusal::Time(refusal), proposals })))
    }

    async fn proposals(
        &self,
        tenant: &TenantId,
        compiled: &Compiled,
        desired: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<SlotOnOffer>, EngineError> {
        let window = Interval::new(now - AROUND, now + slots::HORIZON + AROUND);
        let held = self.parts.callbacks.occupancy(tenant, &compiled.service.name, window).await?;
        Ok(compiled.table.proposals(&held, desired, now, compiled.service.scheduled.min_lead))
    }

    /// Takes one unit of every window an immediate callback falls into, or none ([callback-domain §9.2](crate::rules)).
    async fn reserve(
        &self,
        callback: &Callback,
        compiled: &Compiled,
        now: Timestamp,
    ) -> Result<Reservation, EngineError> {
        let request = &callback.request;
        let value = |parameter: &str| match parameter {
            DEFAULT_PARAMETER => Some(request.number.comparison().digits().to_string()),
            other => request.user_data.get(other).map(ToString::to_string),
        };
        let limits = &compiled.service.limits;
        let (tenant, service) = (callback.tenant.as_str(), callback.service.as_str());
        let asked = limits.windows(tenant, service, value, next_midnight(compiled, now));
        self.parts.windows.reserve(&asked, now).await.map_err(|exceeded| {
            let retry_after = exceeded.retry_after;
            match exceeded.kind.alarm() {
                Alarm::EnqueueLimitReached => Refusal::NumberThrottled { retry_after }.into(),
                Alarm::TtlLimitReached => Refusal::ServiceThrottled { retry_after }.into(),
            }
        })
    }

    /// Writes the record under its guards. An immediate one carries its first attempt from the start; its hand-over is
    /// in hand when this answers, and the dispatcher repeats it only if that is lost.
    async fn commit_booking(
        &self,
        compiled: &Compiled,
        callback: &Callback,
        guards: Vec<Guard>,
        now: Timestamp,
    ) -> Result<InHand<'_>, EngineError> {
        let is_due = callback.pending_attempt().is_some();
        let wake_at = if is_due { Some(now + INLINE_GRACE) } else { self.wake_at(callback) };
        let in_hand = self.take_in_hand(callback, creation_events(callback), wake_at);
        let mut in_hand = if is_due { in_hand.handing_over() } else { in_hand };
        let booking = Booking { callback: callback.clone(), wake_at, guards: guards.clone() };
        match self.parts.callbacks.book(booking).await {
            Ok(Booked::Accepted) => {
                in_hand.written();
                Ok(in_hand)
            }
            Ok(Booked::Exists) if self.is_ours(callback).await? => {
                in_hand.written();
                Ok(in_hand)
            }
            Ok(Booked::Exists) => {
                in_hand.done();
                Err(Refusal::IdTaken.into())
            }
            Ok(Booked::Refused(index)) => {
                in_hand.done();
                Err(self.refused_guard(compiled, callback, guards.get(index), now).await?)
            }
            Err(error) => Err(in_hand.failed(error).into()),
        }
    }

    /// Whether a record that was there already is this one: a store may write it and, its answer lost on the way, try again.
    /// An id of the engine's making is nobody else's.
    async fn is_ours(&self, callback: &Callback) -> Result<bool, EngineError> {
        if callback.fingerprint.is_none() {
            return Ok(true);
        }
        Ok(self.parts.callbacks.get(&callback.tenant, callback.id).await?.as_ref() == Some(callback))
    }

    /// What a guard of the store that did not hold means for the caller.
    pub(super) async fn refused_guard(
        &self,
        compiled: &Compiled,
        callback: &Callback,
        guard: Option<&Guard>,
        now: Timestamp,
    ) -> Result<EngineError, EngineError> {
        match guard {
            Some(Guard::Number { limit, .. }) => Ok(Refusal::NumberQueued { limit: *limit }.into()),
            Some(Guard::Active { .. }) => {
                Ok(Refusal::ServiceThrottled { retry_after: ACTIVE_RETRY_AFTER }.into())
            }
            Some(Guard::Places(_)) | None => {
                let (tenant, desired) = (&callback.tenant, callback.desired);
                self.refused_time(tenant, compiled, slots::Refusal::Full, desired, now).await
            }
        }
    }

    /// Hands over what is due at once, before the booking is answered. Whatever comes of it, the booking stands. What has
    /// changed while this process was slow or frozen is left to the dispatcher.
    async fn first_hand_over(&self, callback: Callback) -> Callback {
        let Some(pending) = callback.pending_attempt() else { return callback };
        let (attempt, late) = (pending.attempt(), self.now().since(pending.not_before) > FRESH);
        if late && !self.is_newest(&callback).await {
            return callback;
        }
        self.hand_over(callback, attempt).await
    }

    async fn is_newest(&self, callback: &Callback) -> bool {
        let stored = self.parts.callbacks.get(&callback.tenant, callback.id).await;
        stored.is_ok_and(|stored| stored.is_some_and(|stored| stored.version == callback.version))
    }
}

/// Occupancy is read so far around the times in question: more than any slot or rule slot is long.
pub(super) const AROUND: Duration = Duration::from_secs(4 * 3600);

/// The active limit frees itself as calls end; a caller is asked to come back after a minute.
const ACTIVE_RETRY_AFTER: Duration = Duration::from_secs(60);

fn check_push_targets(direction: Direction, targets: &[PushTarget]) -> Result<(), Refusal> {
    if direction == Direction::UserOriginated && targets.is_empty() {
        return Err(Refusal::PushTargetsMissing);
    }
    for (index, target) in targets.iter().enumerate() {
        if target.channel != "FCM" {
            return Err(Refusal::PushChannel { index });
        }
        if target.target.trim().is_empty() {
            return Err(Refusal::PushToken { index });
        }
    }
    Ok(())
}

pub(super) fn check_number(compiled: &Compiled, number: &PhoneNumber) -> Result<(), Refusal> {
    compiled.service.numbers.check(number).map_err(|refused: NumberRefused| Refusal::Number(refused))
}

/// The record, not yet stored, and what the store must make sure of.
fn accepted_record(
    id: CallbackId,
    tenant: &TenantId,
    compiled: &Compiled,
    wish: NewCallback,
    judgement: &Judgement,
    now: Timestamp,
) -> (Callback, Vec<Guard>) {
    let service = &compiled.service;
    let number = wish.request.number.comparison();
    // Its place, its number and the activity of its service.
    let mut guards = Vec::with_capacity(3);
    let (kind, desired) = match judgement {
        Judgement::Immediate { desired } => {
            guards.push(Guard::Active { limit: service.limits.active_max });
            (Kind::Immediate, *desired)
        }
        Judgement::Scheduled { desired, guards: places, .. } => {
            guards.extend(places.iter().map(Guard::Places));
            (Kind::Scheduled, *desired)
        }
    };
    guards.extend(service.limits.in_queue.most().map(|limit| Guard::Number { comparison: number, limit }));
    let fingerprint = wish.id.map(|_| wish.fingerprint());
    let by_wish = if wish.desired.is_some() { OfferType::Scheduled } else { OfferType::Asap };
    let mut request = wish.request;
    request.direction = service.direction;
    request.offer_type = wish.offer_type.unwrap_or(by_wish);
    let callback = Callback {
        id,
        tenant: tenant.clone(),
        service: service.name.clone(),
        version: 1,
        kind,
        created: now,
        updated: now,
        desired,
        ttl: service.ttl,
        settings_version: compiled.settings_version,
        request: Arc::new(request),
        fingerprint,
        state: State::Scheduled,
        attempts: 0,
        outbox: Vec::new(),
    };
    (callback, guards)
}

/// Whether a new record is handed over at once: an immediate one always, a scheduled one when its instant is here.
fn is_due(callback: &Callback, compiled: &Compiled, wait: Wait, now: Timestamp) -> bool {
    match callback.kind {
        Kind::Immediate => true,
        Kind::Scheduled => {
            let lead = compiled.service.submit.lead(wait);
            crate::lead::submit_at(callback.desired, lead, compiled.opening(callback.desired)) <= now
        }
    }
}

/// The record with its first attempt issued; still its first version, because it is stored like this.
fn issued(callback: Callback, now: Timestamp) -> Callback {
    match step(&callback, &Event::Issue { at: now }, now) {
        Ok(Step::Changed(next, _)) => Callback { version: callback.version, ..*next },
        // Cannot happen: a new record is SCHEDULED and has nothing pending. The dispatcher would issue it.
        Ok(Step::Unchanged) | Err(_) => callback,
    }
}

fn creation_events(callback: &Callback) -> Vec<LifecycleEvent> {
    let scheduled = (callback.kind == Kind::Scheduled).then_some(Happening::CallbackScheduled);
    std::iter::once(Happening::ServiceCreate)
        .chain(scheduled)
        .map(|happening| LifecycleEvent {
            happening,
            id: callback.id,
            tenant: callback.tenant.clone(),
            service: callback.service.clone(),
            from: None,
            to: StateName::Scheduled,
            reason: None,
            at: callback.created,
        })
        .collect()
}

/// The next local midnight in the zone of the service's hours; where a clock change skips it, the first instant after.
fn next_midnight(compiled: &Compiled, now: Timestamp) -> Timestamp {
    let tomorrow = compiled.zone.local(now).date().succ_opt();
    tomorrow.map_or(Timestamp::MAX, |date| compiled.zone.instant(date.and_time(chrono::NaiveTime::MIN)))
}
