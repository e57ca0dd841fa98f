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
    /// Takes one unit of every window named, or of none; opens those that nobody has opened or that have expired. What
    /// was taken goes back when the answer is dropped without [`Reservation::keep`] ([invariant 34](crate::rules)): to the next
    /// request of this process at once, to those of other nodes as soon as they can be told.
    ///
    /// # Errors
    /// The window that stays full longest, when at least one has no room; then nothing is counted.
    ///
    /// # Cancel safety
    /// Safe: a future that is dropped before it has answered holds nothing; what it took by then goes back as if its
    /// answer had been dropped.
    async fn reserve(&self, asked: &[WindowRequest], now: Timestamp) -> Result<Reservation, Exceeded>;
}
