//! Looks ahead, and keeps house.
//!
//! Looking leases what is due soon and issues attempts. That costs commits and is in no hurry: what it finds is held for
//! some seconds before it is due. A failure of the store is an event after which the node looks again.

use std::sync::Arc;
use std::time::Duration;

use super::staff::{Failed, Staff};
use crate::bell::either;
use crate::port::{Notice, Work};
use crate::time::Timestamp;

/// Looks that signals ask for are this far apart at least: more would only find the same.
const LOOK_APART: Duration = Duration::from_millis(20);

/// How often finished records are removed; the reference allows an hour ([callback-domain §10.2](crate::rules)).
const PURGE_EVERY: Duration = Duration::from_secs(600);

/// Looks ahead until the node stops. A look that has begun is not broken off.
pub(super) async fn look(staff: Arc<Staff>) {
    while !staff.stop.has_happened() {
        staff.engine.wakeup().looking();
        let (looked, begun) = (staff.engine.now(), staff.runtime.steady());
        match staff.supervised(Work::Look, staff.dispatcher.look_ahead()).await {
            Ok(planned) => {
                staff.looked_well(begun + planned.since(looked));
                let _ = either(staff.stop.happened(), rest(&staff, looked, planned)).await;
            }
            Err(Failed) => {
                staff.looked_badly(begun);
                staff.pause().await;
            }
        }
    }
}

/// Rests until it is time for the planned look, or for an earlier one that a signal asks for.
async fn rest(staff: &Staff, looked: Timestamp, planned: Timestamp) {
    staff.runtime.sleep(LOOK_APART.min(planned.since(staff.engine.now()))).await;
    loop {
        let next = staff.engine.wakeup().next_look(looked, planned);
        // A signal may bring it forward.
        if either(staff.until(next), staff.engine.wakeup().bell().heard()).await.is_ok() {
            return;
        }
    }
}

/// Removes what was kept long enough, until the node stops.
pub(super) async fn purge(staff: Arc<Staff>) {
    while !staff.stop.has_happened() {
        if let Ok(removed @ 1..) = staff.supervised(Work::Purge, staff.engine.purge()).await {
            staff.observer.noticed(&Notice::Purged(removed));
        }
        let _ = either(staff.stop.happened(), staff.runtime.sleep(PURGE_EVERY)).await;
    }
}

/// Gives the leases back. When that fails they expire by themselves.
pub(super) async fn drain(staff: &Staff) {
    let _ = staff.supervised(Work::Drain, staff.dispatcher.drain()).await;
}
