//! The windows of one process.

use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use crate::Timestamp;
use crate::port::RateWindows;
use crate::throttle::{Exceeded, Reservation, WindowRequest, WindowTable};

/// Counts in memory: all there is on a single node, and what a node of many falls back to.
#[derive(Debug, Default)]
pub struct LocalWindows(Mutex<WindowTable>);

impl LocalWindows {
    fn table(&self) -> MutexGuard<'_, WindowTable> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl RateWindows for LocalWindows {
    async fn reserve(&self, asked: &[WindowRequest], now: Timestamp) -> Result<Reservation, Exceeded> {
        self.table().reserve(asked, now)
    }

    async fn release(&self, reservation: Reservation) {
        self.table().release(reservation);
    }
}
