//! How many scheduled callbacks an interval of time can bear.
//!
//! Two lengths of time meet here. The *booking interval* ([`BookingInterval`]) is what customers are offered; the *rule
//! slot* ([`RuleSlot`]) is the unit in which a supervisor writes numbers down, and exists only where a
//! [`CapacityRule`] is assigned. [`Capacity`] joins the two and says which limits follow
//! ([callback-domain §5.3](crate::rules)).
//!
//! A rule has no time zone of its own: it is read by the wall clock of the business hours of the service that uses it,
//! and gives each service its own numbers, never a shared pool. Nothing here counts bookings; that is
//! [`crate::slots`].

mod day;
mod gms;
mod interval;
mod limits;
mod rule;
mod statement;

pub use day::{DayCapacity, NotACapacity, PLACES_MAX};
pub use gms::{GmsCapacityError, GmsCapacityErrors};
pub use interval::{BookingInterval, NotABookingInterval, NotARuleSlot, RuleSlot};
pub use limits::{Capacity, Limits, ShortInterval};
pub use rule::{CapacityRule, NotACapacityRule, WEEK};
pub use statement::{Problem, StatementError, StatementErrors, WeekStatement};
