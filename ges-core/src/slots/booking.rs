//! Whether a booking can be accepted ([callback-domain §6.2 to §6.4](crate::rules), as far as it concerns time and
//! places).

use std::time::Duration;

use crate::lead::SubmitPolicy;
use crate::offer::{BookingKind, NotOffered, OfferPolicy, StrictRefusal, within_slot};
use crate::wait::Wait;
use crate::{Interval, Timestamp};

use super::HORIZON;
use super::guard::PlaceGuards;
use super::occupancy::{Occupancy, UtcMinute};
use super::table::SlotTable;

/// How far in the past a desired time may lie when the caller insists on capacity.
const PAST_MAX: Duration = Duration::from_secs(60);

/// What a service's settings say about bookings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BookingRules {
    /// What is offered.
    pub offer: OfferPolicy,
    /// When scheduled callbacks are handed over.
    pub submit: SubmitPolicy,
    /// The shortest time ahead at which a scheduled callback may be booked.
    pub min_lead: Duration,
}

/// What is the case at the moment of the booking.
#[derive(Clone, Copy, Debug)]
pub struct World<'a> {
    /// The current instant.
    pub now: Timestamp,
    /// The wait of the queue.
    pub wait: Wait,
    /// The places taken, over [`SlotTable::occupancy_window`].
    pub held: &'a Occupancy,
}

/// What is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BookingRequest {
    /// When to be called; as soon as possible when absent.
    pub desired: Option<Timestamp>,
    /// Whether to insist on a place in the slot of the desired time.
    pub always_check_capacity: bool,
    /// The desired time of the record that is being moved, if it holds a place: that place is given up.
    pub moved_from: Option<Timestamp>,
}

/// A booking that can be accepted as far as time and places go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// Called in turn. Takes no place.
    Immediate {
        /// The desired time to store: as given, but not in the past; now when none was given.
        desired: Timestamp,
    },
    /// Called at the desired time, in a place.
    Scheduled {
        /// The desired time to store: as given, but not in the past.
        desired: Timestamp,
        /// The slot that holds it.
        slot: Interval,
        /// What the store must make sure of when it takes the place.
        guards: PlaceGuards,
    },
}

/// Why a booking is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No immediate callback now.
    #[error(transparent)]
    NotOffered(NotOffered),
    /// The service takes no scheduled callbacks.
    #[error("scheduled callbacks are not enabled for this service")]
    ScheduledDisabled,
    /// The desired time is in the past.
    #[error("the desired time is more than 60 seconds in the past")]
    Past,
    /// The desired time is too far ahead.
    #[error("the desired time is beyond {latest}, 14 days ahead")]
    TooFar {
        /// The latest time that could be booked now.
        latest: Timestamp,
    },
    /// The desired time is too near.
    #[error("the desired time is too near; the earliest that can be booked is {earliest}")]
    TooSoon {
        /// The earliest time that could be booked now.
        earliest: Timestamp,
    },
    /// The office is closed at the desired time.
    #[error("the office is closed at the desired time")]
    Closed,
    /// The caller insists on a slot in which no call can be made any more.
    #[error(transparent)]
    NotWithinSlot(StrictRefusal),
    /// No place is left at the desired time.
    #[error("no place is left at the desired time")]
    Full,
}

impl Refusal {
    /// Whether one of the free times would be accepted instead of the one asked for
    /// ([callback-domain §6.4](crate::rules), steps 5 to 9). It is not the remedy where the service does not take this
    /// kind of callback at all, nor where the time lies outside of the bounds that everybody knows beforehand: such a
    /// request is mistaken, and is answered with the bound instead of a list.
    pub fn another_time_helps(&self) -> bool {
        match self {
            Refusal::NotOffered(NotOffered::Closed | NotOffered::NoAgents | NotOffered::TooLate)
            | Refusal::Closed
            | Refusal::NotWithinSlot(_)
            | Refusal::Full => true,
            Refusal::NotOffered(NotOffered::Disabled)
            | Refusal::ScheduledDisabled
            | Refusal::Past
            | Refusal::TooFar { .. }
            | Refusal::TooSoon { .. } => false,
        }
    }
}

impl SlotTable {
    /// Judges a booking or a move by time and places. The table must know [`HORIZON`] from now on; a time it does not
    /// know has no place.
    ///
    /// # Errors
    /// The first reason against it, in the order of [callback-domain §6.4](crate::rules).
    pub fn judge(
        &self,
        rules: &BookingRules,
        world: &World<'_>,
        request: &BookingRequest,
    ) -> Result<Judgement, Refusal> {
        let now = world.now;
        let offered = rules.offer.immediate(world.wait, self.open().open_for(now));
        let Some(asked) = request.desired else {
            return offered.map(|()| Judgement::Immediate { desired: now }).map_err(Refusal::NotOffered);
        };
        let desired = asked.max(now);
        let lead = rules.submit.lead(world.wait);
        let strict = request.always_check_capacity;
        if BookingKind::of_desired(desired, now, lead, offered, strict) == BookingKind::Immediate {
            return Ok(Judgement::Immediate { desired });
        }
        if !rules.offer.scheduled() {
            return Err(Refusal::ScheduledDisabled);
        }
        check_desired(asked, now, rules.min_lead, strict)?;
        if !self.open().is_open(desired) {
            return Err(Refusal::Closed);
        }
        let (slot, guards) = self.place_at(desired).ok_or(Refusal::Full)?;
        if strict {
            within_slot(desired, now, lead, world.wait, slot).map_err(Refusal::NotWithinSlot)?;
        }
        if self.is_full(&guards, desired, request.moved_from, world.held) {
            return Err(Refusal::Full);
        }
        Ok(Judgement::Scheduled { desired, slot, guards })
    }

    /// Whether [`Judgement::Scheduled`]'s guards alone tell if a place is left at that time: they do unless its slot lies
    /// across two rule slots, because only the one that holds the desired time is guarded.
    pub fn guards_suffice(&self, desired: Timestamp) -> bool {
        let rule_slots = self.slot_at(desired).and_then(|slot| slot.rule_slots);
        rule_slots.is_none_or(|(first, last)| first == last)
    }

    /// Whether the slot of a desired time has no place left, the one at `moved_from` not counted.
    fn is_full(
        &self,
        guards: &PlaceGuards,
        desired: Timestamp,
        moved_from: Option<Timestamp>,
        held: &Occupancy,
    ) -> bool {
        let others = |range: Interval| {
            let own = moved_from.is_some_and(|from| range.contains(UtcMinute::from(from).start()));
            held.within(range).saturating_sub(u32::from(own))
        };
        // The guards name the rule slot of the desired time; a slot across two rule slots needs room in both, so that
        // what is offered can be booked.
        let neighbours = self.slot_at(desired).and_then(|slot| {
            let (first, last) = slot.rule_slots?;
            self.rule_slots.get(first as usize..=last as usize)
        });
        let neighbour_full = neighbours.unwrap_or_default().iter().any(|cell| {
            let range = Interval::new(cell.start.start(), cell.end.start());
            others(range) >= cell.limit
        });
        neighbour_full || !guards.admit(desired, others)
    }
}

/// Past, horizon and minimum lead, in this order.
fn check_desired(asked: Timestamp, now: Timestamp, min_lead: Duration, strict: bool) -> Result<(), Refusal> {
    if strict && now.since(asked) > PAST_MAX {
        return Err(Refusal::Past);
    }
    let (earliest, latest) = (now + min_lead, now + HORIZON);
    if asked > latest {
        return Err(Refusal::TooFar { latest });
    }
    if asked.max(now) < earliest {
        return Err(Refusal::TooSoon { earliest });
    }
    Ok(())
}
