//! How long a callback lives and how long its record is kept ([callback-domain §10](crate::rules)).

use std::time::Duration;

use super::{Callback, State, look_instant};
use crate::time::Timestamp;

/// Every record is kept so long after its desired time, whatever its ttl ([callback-domain §10.2](crate::rules)).
pub const RETENTION: Duration = Duration::from_secs(14 * 86_400);

impl Callback {
    /// When an unfinished callback is given up: desired time plus ttl, in real seconds
    /// ([callback-domain §10.1](crate::rules)).
    pub fn expires_at(&self) -> Timestamp {
        self.desired + self.ttl
    }

    /// When the record may be removed, never earlier ([callback-domain §10.2](crate::rules)). Independent of the ttl
    /// ([invariant 31](crate::rules)).
    pub fn purge_at(&self) -> Timestamp {
        self.desired + RETENTION
    }

    /// The next instant at which the engine must look at the record by itself; none when nothing is left to do.
    ///
    /// It depends on the record alone, so a store can index it: `index_lead` is a constant of the dispatcher, which finds
    /// a lead that has grown beyond it by a second look-up per service. `look_every` tells how often live sessions are looked at.
    pub fn wake_at(&self, index_lead: Duration, look_every: Option<Duration>) -> Option<Timestamp> {
        let errand = self.outbox.iter().map(|effect| effect.not_before).min();
        let own = match &self.state {
            State::Scheduled if self.pending_attempt().is_some() => Some(self.expires_at()),
            State::Scheduled => Some((self.desired - index_lead).min(self.expires_at())),
            State::Queued(_) | State::Routing(_) => Some(self.look_at(look_every).min(self.expires_at())),
            State::Processing(_) => Some(self.look_at(look_every)),
            State::Completed(_) => None,
        };
        errand.into_iter().chain(own).min()
    }

    /// When a live session is looked at next; at the end of its retention when sessions cannot be looked at.
    fn look_at(&self, look_every: Option<Duration>) -> Timestamp {
        look_every.map_or(self.purge_at(), |every| look_instant(self.updated + every).min(self.purge_at()))
    }
}
