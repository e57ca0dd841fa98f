//! One window of accepted requests, and what it is known by.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::Alarm;
use crate::Timestamp;

/// What a window counts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WindowKind {
    /// Requests of a tenant.
    Tenant,
    /// Requests of a service; a service has several such windows, told apart by their place in its settings.
    Burst(u8),
    /// Requests with one value of a parameter within a local day.
    Daily {
        /// Name of the parameter.
        parameter: Arc<str>,
    },
}

impl WindowKind {
    /// The alarm counter a refusal raises.
    pub fn alarm(&self) -> Alarm {
        match self {
            WindowKind::Tenant | WindowKind::Burst(_) => Alarm::TtlLimitReached,
            WindowKind::Daily { .. } => Alarm::EnqueueLimitReached,
        }
    }

    /// Whether there is a window for every value customers send, so that their number has no bound of its own.
    pub(super) fn is_per_value(&self) -> bool {
        matches!(self, WindowKind::Daily { .. })
    }
}

impl fmt::Display for WindowKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            WindowKind::Tenant => f.write_str("requests of the tenant"),
            WindowKind::Burst(_) => f.write_str("requests of the service"),
            WindowKind::Daily { parameter } => write!(f, "requests with the same {parameter} today"),
        }
    }
}

/// What a window is known by. The value is personal data: `Debug` does not show it, nothing gives it back.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WindowKey {
    tenant: Box<str>,
    service: Box<str>,
    kind: WindowKind,
    value: Box<str>,
}

impl WindowKey {
    /// A key; `service` is empty for windows of a tenant, `value` for windows that do not count by value.
    pub fn new(tenant: &str, service: &str, kind: WindowKind, value: &str) -> Self {
        WindowKey { tenant: tenant.into(), service: service.into(), kind, value: value.into() }
    }

    /// Whose requests.
    pub fn tenant(&self) -> &str {
        &self.tenant
    }

    /// Of which service; empty for windows of a tenant.
    pub fn service(&self) -> &str {
        &self.service
    }

    /// What the window counts.
    pub fn kind(&self) -> &WindowKind {
        &self.kind
    }

    /// The key as bytes no two keys share, for an adapter that hashes it with a secret of its own before it leaves the
    /// process. Personal data.
    pub fn hash_input(&self) -> Vec<u8> {
        let kind = match &self.kind {
            WindowKind::Tenant => "t".to_owned(),
            WindowKind::Burst(index) => format!("b{index}"),
            WindowKind::Daily { parameter } => format!("d{parameter}"),
        };
        let parts = [&*self.tenant, &*self.service, &kind, &*self.value];
        // Lengths in front keep ("a", "bc") apart from ("ab", "c").
        parts
            .iter()
            .flat_map(|part| [&(part.len() as u64).to_be_bytes()[..], part.as_bytes()].concat())
            .collect()
    }
}

impl fmt::Debug for WindowKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WindowKey")
            .field("tenant", &self.tenant)
            .field("service", &self.service)
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

/// How long a window lasts once its first request is accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lasting {
    /// A fixed time.
    For(Duration),
    /// Until an instant, for a day the next local midnight.
    Until(Timestamp),
}

impl Lasting {
    /// The first instant after a window opened then.
    pub fn end(self, opened: Timestamp) -> Timestamp {
        match self {
            Lasting::For(length) => opened + length,
            Lasting::Until(end) => end,
        }
    }
}

/// A window a request must find room in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WindowRequest {
    /// Which window.
    pub key: WindowKey,
    /// Most accepted requests; 0 blocks all.
    pub limit: u32,
    /// How long the window lasts if this request opens it.
    pub lasting: Lasting,
}

/// A fixed window, opened by its first accepted request ([callback-domain §9.2](crate::rules)).
///
/// ```
/// use ges_core::{Timestamp, throttle::RateWindow};
///
/// let at = Timestamp::from_secs;
/// let mut window = RateWindow::open(2, at(0), at(300));
/// assert!(window.accept(at(10)));
/// assert!(!window.accept(at(299)));
/// assert!(!window.is_live(at(300)));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateWindow {
    /// Most accepted requests.
    pub limit: u32,
    /// When its first request was accepted.
    pub opened_at: Timestamp,
    /// First instant after it.
    pub expires_at: Timestamp,
    /// Accepted requests so far.
    pub count: u32,
}

impl RateWindow {
    /// The window its first accepted request opens. Nothing opens under a limit of 0; ask
    /// [`RateWindow::accept`] of an empty one.
    pub fn open(limit: u32, opened_at: Timestamp, expires_at: Timestamp) -> Self {
        RateWindow { limit, opened_at, expires_at, count: limit.min(1) }
    }

    /// Whether it still counts.
    pub fn is_live(&self, now: Timestamp) -> bool {
        now < self.expires_at
    }

    /// Counts one more request if there is room; a refused request is not counted.
    pub fn accept(&mut self, now: Timestamp) -> bool {
        let fits = self.is_live(now) && self.count < self.limit;
        self.count += u32::from(fits);
        fits
    }
}
