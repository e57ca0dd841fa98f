//! Alternatives to a time that cannot be had ([callback-domain §5.5](crate::rules)).

use std::time::Duration;

use crate::{Interval, Timestamp};

use super::availability::SlotOnOffer;
use super::occupancy::Occupancy;
use super::table::SlotTable;

/// How many alternatives are proposed at most.
const PROPOSALS_MAX: usize = 10;

impl SlotTable {
    /// Up to ten free slots nearest to the desired time, ascending; of two equally near the earlier comes first.
    /// Only slots that would also be listed now, over the whole horizon.
    pub fn proposals(
        &self,
        held: &Occupancy,
        desired: Timestamp,
        now: Timestamp,
        min_lead: Duration,
    ) -> Vec<SlotOnOffer> {
        let slots = self.listed_within(Interval::new(now, Timestamp::MAX), now, min_lead);
        let (before, after) = slots.split_at(slots.partition_point(|slot| slot.listed < desired));
        let free = |slot: &super::table::Slot| {
            let remaining = self.room(slot, held);
            (remaining > 0).then_some(SlotOnOffer { at: slot.listed, remaining, total: slot.limit })
        };
        let mut earlier = before.iter().rev().filter_map(free).peekable();
        let mut later = after.iter().filter_map(free).peekable();
        let mut chosen = Vec::with_capacity(PROPOSALS_MAX);
        while chosen.len() < PROPOSALS_MAX {
            let take_earlier = match (earlier.peek(), later.peek()) {
                (Some(early), Some(late)) => desired.since(early.at) <= late.at.since(desired),
                (Some(_), None) => true,
                (None, _) => false,
            };
            match if take_earlier { earlier.next() } else { later.next() } {
                Some(slot) => chosen.push(slot),
                None => break,
            }
        }
        chosen.sort_unstable_by_key(|slot| slot.at);
        chosen
    }
}
