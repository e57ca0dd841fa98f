//! Counts of accepted requests that nodes may share.

use async_trait::async_trait;

use crate::throttle::{Exceeded, Reservation, WindowRequest};
use crate::time::Timestamp;

/// Windows of accepted requests ([callback-domain §9.2](crate::rules)). Hot state: what it holds may be lost at any
/// moment, and then the next request opens its windows anew.
///
/// An adapter that cannot reach what it shares counts by itself meanwhile; no request fails because of it.
#[async_trait]
pub trait RateWindows: Send + Sync {
    /// Takes one unit of every window named, or of none; opens those that nobody has opened or that have expired.
    ///
    /// # Errors
    /// The window that stays full longest, when at least one has no room; then nothing is counted.
    async fn reserve(&self, asked: &[WindowRequest], now: Timestamp) -> Result<Reservation, Exceeded>;

    /// Gives back what a request took that was refused afterwards ([invariant 34](crate::rules)). A window that has
    /// expired since is left alone.
    async fn release(&self, reservation: Reservation);
}
