//! What one request took from rate windows: given back unless it is kept.
//!
//! Only accepted requests count ([invariant 34](crate::rules)). Between the moment a request takes its units and the
//! moment it is accepted lies the store, and on that way a request can be refused, fail, or be dropped by the one who
//! waits for it. So the units are held by a guard, and every way out but [`Reservation::keep`] gives them back.

use std::fmt;
use std::sync::Arc;

use super::window::WindowKey;

/// One unit of a window, with a number of its adapter's own that tells the window from earlier ones under the same key.
pub type Unit = (WindowKey, u64);

/// Where units go that are given back.
pub trait TakesBack: Send + Sync {
    /// Takes units back. A window that has expired since is left alone.
    ///
    /// This is called while a [`Reservation`] is dropped, on whatever thread does that, so it returns at once: it neither
    /// waits for a neighbour nor starts a task. An adapter that must send something remembers it, and sends it from a
    /// task of its own or with the next request.
    fn take_back(&self, units: Vec<Unit>);
}

/// Units taken from windows. They go back when this is dropped, unless it is kept.
#[must_use = "dropped, it gives back what was taken: `keep` it when the booking succeeds"]
pub struct Reservation {
    units: Vec<Unit>,
    from: Option<Arc<dyn TakesBack>>,
}

impl Reservation {
    /// What an adapter of [`crate::port::RateWindows`] has counted, and where it goes when it is not kept.
    pub fn new(units: Vec<Unit>, from: Arc<dyn TakesBack>) -> Self {
        Reservation { units, from: Some(from) }
    }

    /// What was taken of no window at all.
    pub fn of_nothing() -> Self {
        Reservation { units: Vec::new(), from: None }
    }

    /// What was counted stays counted: the booking succeeded, or it may have.
    pub fn keep(mut self) {
        self.units.clear();
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        let units = std::mem::take(&mut self.units);
        if let Some(from) = self.from.take().filter(|_| !units.is_empty()) {
            from.take_back(units);
        }
    }
}

/// Keys are shown as [`WindowKey`] shows them, without values.
impl fmt::Debug for Reservation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reservation").field("units", &self.units).finish_non_exhaustive()
    }
}
