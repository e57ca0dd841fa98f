//! Whether one more record fits.

use super::indexes::{Indexes, OfService};
use crate::callback::Callback;
use crate::port::Guard;

impl Indexes {
    /// The first guard that does not hold for a record of this tenant and service that is not in the indexes.
    pub fn first_broken(&self, callback: &Callback, guards: &[Guard]) -> Option<usize> {
        let nothing = OfService::default();
        let others = self.service(&callback.tenant, &callback.service).unwrap_or(&nothing);
        guards.iter().position(|guard| !holds(guard, others))
    }
}

fn holds(guard: &Guard, others: &OfService) -> bool {
    match guard {
        Guard::Places(places) => {
            let held: u64 = others.places_in(places.range).map(|(_, count)| u64::from(count)).sum();
            held < u64::from(places.limit)
        }
        Guard::Number { comparison, limit } => others.numbers.get(comparison).copied().unwrap_or(0) < *limit,
        Guard::Active { limit } => others.tally.active() < u64::from(*limit),
    }
}
