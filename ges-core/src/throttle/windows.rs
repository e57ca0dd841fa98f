//! The windows of one process.
//!
//! All windows of a request are taken together or not at all, and given back when the booking fails afterwards, so that
//! only accepted requests count ([invariant 34](crate::rules)). Several nodes share a count through an adapter; when
//! that is away, each falls back to a table of its own.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::reservation::Unit;
use super::window::{RateWindow, WindowKey, WindowKind, WindowRequest};
use crate::Timestamp;

/// Live windows, bounded in number.
///
/// Expired windows are dropped as time goes on. When there are as many windows per value as the table may hold, the one
/// that would expire first makes room: a flood of different numbers may make the table forget a count early, but
/// neither fills the memory nor refuses anybody.
#[derive(Debug)]
pub struct WindowTable {
    windows: BTreeMap<Arc<WindowKey>, Slot>,
    /// Windows in the order in which they expire; those per value apart, since only these are ever displaced.
    per_value: ExpiryOrder,
    others: ExpiryOrder,
    max_per_value: usize,
    next_serial: u64,
}

/// Keys by the end of their window and its serial number.
type ExpiryOrder = BTreeMap<(Timestamp, u64), Arc<WindowKey>>;

/// A window and the serial number that tells it from earlier ones under the same key.
#[derive(Debug)]
struct Slot {
    window: RateWindow,
    serial: u64,
}

impl Default for WindowTable {
    /// Room for 50,000 windows per value, about 20 MB when full.
    fn default() -> Self {
        WindowTable::with_room_for(50_000)
    }
}

impl WindowTable {
    /// A table that holds at most that many windows per value; at least one.
    pub fn with_room_for(max_per_value: usize) -> Self {
        WindowTable {
            windows: BTreeMap::new(),
            per_value: BTreeMap::new(),
            others: BTreeMap::new(),
            max_per_value: max_per_value.max(1),
            next_serial: 0,
        }
    }

    /// Takes one unit of every window named, or of none.
    ///
    /// A window nobody has opened, or that has expired, is opened now. The limit of the request counts, also in a window
    /// that was opened under another one. A key named twice takes two units.
    ///
    /// # Errors
    ///
    /// The window that stays full longest, when at least one has no room; then nothing is counted.
    pub fn reserve(&mut self, asked: &[WindowRequest], now: Timestamp) -> Result<Vec<Unit>, Exceeded> {
        self.drop_expired(now);
        let mut units = Vec::with_capacity(asked.len());
        let mut exceeded: Option<Exceeded> = None;
        for request in asked {
            match self.take(request, now) {
                Ok(serial) => units.push((request.key.clone(), serial)),
                Err(full) if exceeded.as_ref().is_none_or(|worst| worst.retry_after < full.retry_after) => {
                    exceeded = Some(full);
                }
                Err(_) => {}
            }
        }
        match exceeded {
            None => {
                self.make_room();
                Ok(units)
            }
            Some(exceeded) => {
                self.release(units);
                Err(exceeded)
            }
        }
    }

    /// Gives back what a request took that was refused afterwards. A window nobody else has used closes; one that has
    /// expired since is left alone.
    pub fn release(&mut self, units: Vec<Unit>) {
        for (key, serial) in units {
            let Some(slot) = self.windows.get_mut(&key).filter(|slot| slot.serial == serial) else {
                continue;
            };
            slot.window.count = slot.window.count.saturating_sub(1);
            if slot.window.count == 0 {
                self.remove(&key);
            }
        }
    }

    /// Windows held, expired ones included until the next request.
    pub fn len(&self) -> usize {
        self.windows.len()
    }

    /// Whether none is held.
    pub fn is_empty(&self) -> bool {
        self.windows.is_empty()
    }

    /// Accepted requests in a live window.
    pub fn count(&self, key: &WindowKey, now: Timestamp) -> u32 {
        self.windows.get(key).filter(|slot| slot.window.is_live(now)).map_or(0, |slot| slot.window.count)
    }

    fn take(&mut self, request: &WindowRequest, now: Timestamp) -> Result<u64, Exceeded> {
        let exceeded = |expires_at: Timestamp| Exceeded {
            kind: request.key.kind().clone(),
            limit: request.limit,
            retry_after: expires_at.since(now),
        };
        if let Some(slot) = self.windows.get_mut(&request.key) {
            slot.window.limit = request.limit;
            let fits = slot.window.accept(now);
            return if fits { Ok(slot.serial) } else { Err(exceeded(slot.window.expires_at)) };
        }
        let expires_at = request.lasting.end(now);
        if request.limit == 0 {
            return Err(exceeded(expires_at));
        }
        self.next_serial = self.next_serial.wrapping_add(1);
        let slot =
            Slot { window: RateWindow::open(request.limit, now, expires_at), serial: self.next_serial };
        let key = Arc::new(request.key.clone());
        self.by_expiry(&key).insert((expires_at, slot.serial), Arc::clone(&key));
        self.windows.insert(key, slot);
        Ok(self.next_serial)
    }

    fn by_expiry(&mut self, key: &WindowKey) -> &mut ExpiryOrder {
        if key.kind().is_per_value() { &mut self.per_value } else { &mut self.others }
    }

    fn remove(&mut self, key: &WindowKey) {
        if let Some(slot) = self.windows.remove(key) {
            self.by_expiry(key).remove(&(slot.window.expires_at, slot.serial));
        }
    }

    fn drop_expired(&mut self, now: Timestamp) {
        for index in [&mut self.per_value, &mut self.others] {
            while let Some(first) = index.first_entry().filter(|first| first.key().0 <= now) {
                self.windows.remove(&first.remove());
            }
        }
    }

    fn make_room(&mut self) {
        while self.per_value.len() > self.max_per_value {
            if let Some((_, key)) = self.per_value.pop_first() {
                self.windows.remove(&key);
            }
        }
    }
}

/// A window without room.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the limit of {limit} {kind} is reached")]
pub struct Exceeded {
    /// What the window counts.
    pub kind: WindowKind,
    /// Most accepted requests; 0 blocks all.
    pub limit: u32,
    /// Time until the window ends. Under a limit of 0 the next one is as full.
    pub retry_after: Duration,
}
