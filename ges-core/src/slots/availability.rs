//! The list of slots on offer ([callback-domain §5.4](crate::rules)).

use std::time::Duration;

use crate::{Interval, Timestamp};

use super::HORIZON;
use super::occupancy::Occupancy;
use super::table::{Slot, SlotTable};

/// What is asked of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ask {
    /// The current instant.
    pub now: Timestamp,
    /// The window, see [`super::AvailabilityWindow::resolve`].
    pub window: Interval,
    /// The shortest time ahead at which the service takes bookings.
    pub min_lead: Duration,
    /// How many free slots at most; busy ones do not count.
    pub max_slots: Option<usize>,
    /// Whether to list slots that are fully booked as well.
    pub report_busy: bool,
}

/// A slot as it is offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlotOnOffer {
    /// The time to book: the start of the slot, or the opening inside it.
    pub at: Timestamp,
    /// Places left.
    pub remaining: u32,
    /// Places in all.
    pub total: u32,
}

impl SlotTable {
    /// The slots on offer, ascending.
    ///
    /// A slot is listed iff the time it would be booked at lies in the window, not before `now` plus the minimum lead
    /// and not beyond [`HORIZON`], and it has a place left or busy ones are asked for. The list ends with the last free
    /// slot that `max_slots` allows.
    pub fn availability(&self, held: &Occupancy, ask: &Ask) -> Vec<SlotOnOffer> {
        let slots = self.listed_within(ask.window, ask.now, ask.min_lead);
        let mut left = ask.max_slots.unwrap_or(usize::MAX);
        let mut offered = Vec::with_capacity(slots.len().min(left));
        // Neighbours mostly share their rule slot, whose count need not be looked up again.
        let mut rule = (u32::MAX, 0);
        for slot in slots {
            if left == 0 {
                break;
            }
            let mut remaining = slot.limit.saturating_sub(held.between(slot.start, slot.end));
            if let Some((first, last)) = slot.rule_slots {
                if rule.0 != first {
                    rule = (first, self.rule_room(first, held));
                }
                remaining = remaining.min(rule.1);
                if last != first {
                    rule = (last, self.rule_room(last, held));
                    remaining = remaining.min(rule.1);
                }
            }
            if remaining > 0 {
                left -= 1;
            } else if !ask.report_busy {
                continue;
            }
            offered.push(SlotOnOffer { at: slot.listed, remaining, total: slot.limit });
        }
        offered
    }

    /// The slots that may be advertised at all in a window, whatever is booked.
    pub(super) fn listed_within(&self, window: Interval, now: Timestamp, min_lead: Duration) -> &[Slot] {
        let earliest = window.start.max(now + min_lead);
        let latest = now + HORIZON;
        let from = self.slots.partition_point(|slot| slot.listed < earliest);
        let to = self.slots.partition_point(|slot| slot.listed < window.end && slot.listed <= latest);
        self.slots.get(from..to).unwrap_or_default()
    }
}
