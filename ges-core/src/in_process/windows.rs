//! The windows of one process.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use crate::Timestamp;
use crate::port::RateWindows;
use crate::throttle::{Exceeded, Reservation, TakesBack, Unit, WindowRequest, WindowTable};

/// Counts in memory: all there is on a single node, and what a node of many falls back to.
#[derive(Debug, Default)]
pub struct LocalWindows(Arc<Shared>);

/// The table, shared with the reservations that may give back to it.
#[derive(Debug, Default)]
struct Shared(Mutex<WindowTable>);

impl Shared {
    fn table(&self) -> MutexGuard<'_, WindowTable> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl RateWindows for LocalWindows {
    async fn reserve(&self, asked: &[WindowRequest], now: Timestamp) -> Result<Reservation, Exceeded> {
        let units = self.0.table().reserve(asked, now)?;
        Ok(Reservation::new(units, self.0.clone()))
    }
}

impl TakesBack for Shared {
    fn take_back(&self, units: Vec<Unit>) {
        self.table().release(units);
    }
}
