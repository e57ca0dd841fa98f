//! What is on offer: free slots, opening, queue status.

use std::time::Duration;

use super::book::AROUND;
use super::{Engine, EngineError, Refusal};
use crate::capacity::BookingInterval;
use crate::ewt::{Ewt, EwtMode};
use crate::id::{ServiceName, TenantId};
use crate::offer::NotOffered;
use crate::slots::{Ask, AvailabilityWindow, SlotOnOffer};
use crate::time::{Interval, Timestamp};
use crate::zone::Zone;

/// A question for free slots ([callback-domain §5.4](crate::rules)).
#[derive(Clone, Debug)]
pub struct AvailabilityAsk {
    /// Of which callback service.
    pub service: ServiceName,
    /// Between when and when.
    pub window: AvailabilityWindow,
    /// The zone whose days the window counts.
    pub zone: Zone,
    /// At most so many free slots.
    pub max_slots: Option<usize>,
    /// Whether to list open slots that are fully booked.
    pub report_busy: bool,
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Availability {
    /// Ascending by time.
    pub slots: Vec<SlotOnOffer>,
    /// How long each is.
    pub interval: BookingInterval,
}

/// What a queue offers now ([engagement-api-v3 §3.6](crate::rules)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueStatus {
    /// The estimated wait.
    pub ewt: Ewt,
    /// Whether an immediate callback is on offer, or why not. Creating one agrees ([invariant 19](crate::rules)).
    pub immediate: Result<(), NotOffered>,
    /// Whether scheduled callbacks are on offer; capacity is not looked at.
    pub scheduled: bool,
}

impl Engine {
    /// The slots that can be booked. Every free one listed could be booked at its time at that moment
    /// ([invariant 10](crate::rules)).
    ///
    /// # Errors
    /// Unknown tenant or service, a window that makes no sense, or a failing store.
    ///
    /// # Cancel safety
    /// May be dropped at any moment.
    pub async fn availability(
        &self,
        tenant: &TenantId,
        ask: &AvailabilityAsk,
    ) -> Result<Availability, EngineError> {
        let now = self.now();
        let known = self.catalog.tenant(tenant).ok_or(Refusal::TenantUnknown)?;
        let compiled = known.service(&ask.service, now).ok_or(Refusal::ServiceUnknown)?;
        let window = ask.window.resolve(&ask.zone, now).map_err(Refusal::Window)?;
        let scheduled = &compiled.service.scheduled;
        if !scheduled.enabled {
            return Ok(Availability { slots: Vec::new(), interval: scheduled.interval });
        }
        let around = Interval::new(window.start - AROUND, window.end + AROUND);
        let held = self.parts.callbacks.occupancy(tenant, &ask.service, around).await?;
        let asked = Ask {
            now,
            window,
            min_lead: scheduled.min_lead,
            max_slots: ask.max_slots,
            report_busy: ask.report_busy,
        };
        Ok(Availability { slots: compiled.table.availability(&held, &asked), interval: scheduled.interval })
    }

    /// How long the office stays open from `at` (now when absent); zero when it is closed, at most 14 days
    /// ([callback-domain §4.3](crate::rules)). The name is a callback service's, or else an office-hours definition's
    /// ([engagement-api-v3 §3.5](crate::rules)).
    ///
    /// # Errors
    /// Unknown tenant, or a name that is neither.
    pub fn open_for(
        &self,
        tenant: &TenantId,
        name: &str,
        at: Option<Timestamp>,
    ) -> Result<Duration, EngineError> {
        let now = self.now();
        let at = at.unwrap_or(now);
        let known = self.catalog.tenant(tenant).ok_or(Refusal::TenantUnknown)?;
        if let Some(compiled) = known.service(&name.into(), now) {
            return Ok(compiled.hours.open_for(at));
        }
        let hours = known.hours(name).ok_or(Refusal::ServiceUnknown)?;
        Ok(hours.open_for(at))
    }

    /// The open periods of an office-hours definition or a service inside a window
    /// ([callback-domain §4.1](crate::rules), calendar).
    ///
    /// # Errors
    /// Unknown tenant, or a name that is neither.
    pub fn open_periods(
        &self,
        tenant: &TenantId,
        name: &str,
        window: Interval,
    ) -> Result<(Vec<Interval>, Zone), EngineError> {
        let known = self.catalog.tenant(tenant).ok_or(Refusal::TenantUnknown)?;
        let hours = match known.service(&name.into(), self.now()) {
            Some(compiled) => compiled.hours.clone(),
            None => known.hours(name).map(|hours| (*hours).clone()).ok_or(Refusal::ServiceUnknown)?,
        };
        Ok((hours.open_spans(window).as_slice().to_vec(), hours.zone().clone()))
    }

    /// What a queue offers now.
    ///
    /// # Errors
    /// Unknown tenant or service.
    ///
    /// # Cancel safety
    /// May be dropped at any moment: a wait that was not learned is asked for again.
    pub async fn queue_status(
        &self,
        tenant: &TenantId,
        service: &ServiceName,
    ) -> Result<QueueStatus, EngineError> {
        let now = self.now();
        let known = self.catalog.tenant(tenant).ok_or(Refusal::TenantUnknown)?;
        let compiled = known.service(service, now).ok_or(Refusal::ServiceUnknown)?;
        let ewt = self.ewt(tenant, service, EwtMode::default(), now).await;
        let offer = compiled.service.booking_rules().offer;
        let immediate = offer.immediate(ewt.into(), compiled.table.open().open_for(now));
        Ok(QueueStatus { ewt, immediate, scheduled: offer.scheduled() })
    }
}
