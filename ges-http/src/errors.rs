//! Failed requests, kept for look-up by correlation id ([callback-administration §10](ges_core::rules)).
//!
//! A failure holds no number, no user data and no key: the route's template instead of the path, the outside message,
//! and the key's last four characters. The newest 10,000 of each tenant are kept for 14 days; a restart forgets them.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ges_core::TenantId;
use ges_core::time::Timestamp;
use serde::Serialize;
use uuid::Uuid;

/// The newest so many of each tenant.
pub const KEPT: usize = 10_000;
/// None older than this.
pub const KEPT_FOR: Duration = Duration::from_secs(14 * 86_400);

/// One failed request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Failure {
    /// Under which id the caller knows it.
    #[serde(rename = "corrId")]
    pub correlation: Uuid,
    /// When it was answered, in UTC milliseconds.
    #[serde(rename = "time")]
    pub at: Timestamp,
    /// The HTTP status, also the `status.code`.
    #[serde(rename = "httpStatusCode")]
    pub status: u16,
    /// The `status.reason`.
    #[serde(rename = "statusCode")]
    pub reason: &'static str,
    /// The method.
    pub method: &'static str,
    /// The route's template.
    #[serde(rename = "url")]
    pub path: &'static str,
    /// What the caller read.
    pub message: String,
    /// The inside cause, for failures of ours.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// The last four characters of the API key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_ending: Option<String>,
    /// How long it took, in milliseconds.
    pub lasted_ms: u64,
}

/// The failures of all tenants; those of unknown callers stand apart.
pub struct ErrorLog {
    kept: usize,
    rings: Mutex<BTreeMap<Option<TenantId>, VecDeque<Failure>>>,
}

impl Default for ErrorLog {
    fn default() -> Self {
        Self::keeping(KEPT)
    }
}

impl ErrorLog {
    /// A log of the newest `kept` failures of each tenant.
    pub fn keeping(kept: usize) -> Self {
        ErrorLog { kept: kept.max(1), rings: Mutex::new(BTreeMap::new()) }
    }

    /// Adds a failure, and drops what is too old or too much.
    pub fn record(&self, tenant: Option<&TenantId>, failure: Failure) {
        let mut rings = self.lock();
        let ring = rings.entry(tenant.cloned()).or_default();
        let now = failure.at;
        while ring.len() >= self.kept || ring.front().is_some_and(|oldest| is_over(oldest, now)) {
            ring.pop_front();
        }
        ring.push_back(failure);
    }

    /// A failure of this tenant by its correlation id. Another tenant's failure is not found.
    pub fn find(&self, tenant: Option<&TenantId>, correlation: Uuid, now: Timestamp) -> Option<Failure> {
        let rings = self.lock();
        let ring = rings.get(&tenant.cloned())?;
        ring.iter().rev().find(|kept| kept.correlation == correlation && !is_over(kept, now)).cloned()
    }

    /// The newest failures of this tenant, newest first.
    pub fn newest(&self, tenant: Option<&TenantId>, limit: usize, now: Timestamp) -> Vec<Failure> {
        let rings = self.lock();
        let Some(ring) = rings.get(&tenant.cloned()) else { return Vec::new() };
        ring.iter().rev().filter(|kept| !is_over(kept, now)).take(limit).cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Option<TenantId>, VecDeque<Failure>>> {
        // Each change is complete when the lock is given back, so a panic elsewhere leaves nothing half done.
        self.rings.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_over(failure: &Failure, now: Timestamp) -> bool {
    now.since(failure.at) >= KEPT_FOR
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(number: u128, at: i64) -> Failure {
        Failure {
            correlation: Uuid::from_u128(number),
            at: Timestamp::from_millis(at),
            status: 400,
            reason: "X",
            method: "GET",
            path: "/",
            message: String::new(),
            cause: None,
            key_ending: None,
            lasted_ms: 0,
        }
    }

    #[test]
    fn only_the_newest_are_kept_and_none_for_longer_than_14_days() {
        let log = ErrorLog::keeping(2);
        let now = Timestamp::from_millis(0);
        for number in 1..=3 {
            log.record(None, failure(number, 0));
        }
        assert_eq!(log.find(None, Uuid::from_u128(1), now), None);
        assert_eq!(log.newest(None, 9, now).len(), 2);
        let later = now + KEPT_FOR;
        assert_eq!(log.newest(None, 9, later), Vec::new());
    }

    #[test]
    fn a_tenant_never_finds_the_failure_of_another() {
        let log = ErrorLog::default();
        let now = Timestamp::from_millis(0);
        log.record(Some(&"a".into()), failure(1, 0));
        assert!(log.find(Some(&"a".into()), Uuid::from_u128(1), now).is_some());
        assert!(log.find(Some(&"b".into()), Uuid::from_u128(1), now).is_none());
        assert!(log.find(None, Uuid::from_u128(1), now).is_none());
    }
}
