//! The grid of bookable slots: hours, capacity and occupancy become slots on offer.
//!
//! Time is cut into slots by the wall clock of the business hours ([`grid`]). What does not change from one question to
//! the next, that is hours and capacity over a stretch of days, is compiled once into a [`SlotTable`]; what changes,
//! the places already taken, comes from the store as an [`Occupancy`]. From the two follow the list of free slots
//! ([`SlotTable::availability`]), the alternatives to a slot that is full ([`SlotTable::proposals`]) and whether a
//! booking can be accepted ([`SlotTable::judge`]).
//!
//! A judgement here may be stale by the time it is acted on. A booking therefore carries [`PlaceGuards`], and the store
//! checks them again in the step that takes the place ([callback-domain §5.6](crate::rules)).

mod availability;
mod booking;
pub mod grid;
mod guard;
mod occupancy;
mod proposals;
mod table;
mod window;

#[cfg(test)]
pub(crate) mod calendars;
#[cfg(test)]
mod examples;
#[cfg(test)]
mod invariants;

use std::time::Duration;

pub use availability::{Ask, SlotOnOffer};
pub use booking::{BookingRequest, BookingRules, Judgement, Refusal, World};
pub use guard::{PlaceGuard, PlaceGuards};
pub use occupancy::{Occupancy, OccupancyTooLong, UtcMinute};
pub use table::SlotTable;
pub use window::{AvailabilityWindow, EndBeforeStart, WindowEnd};

/// How far ahead anything is offered or booked, the bound itself included: 14 days
/// ([callback-domain §5.4, §6.4](crate::rules)).
pub const HORIZON: Duration = Duration::from_secs(14 * 86_400);
