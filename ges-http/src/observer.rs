//! What a host may want to count. The crate knows no metrics of its own.

use std::time::Duration;

use ges_core::TenantId;
use ges_core::throttle::Alarm;
use http::StatusCode;

/// Hears what happens to requests. Every method is called on the request's way and must return at once; those that a
/// host leaves out count nothing.
pub trait Observer: Send + Sync {
    /// A request was answered.
    fn answered(&self, _: &Answered<'_>) {}

    /// A handler panicked; the request was answered with 500.
    fn panicked(&self) {}

    /// A body was larger than its listener takes.
    fn too_large(&self) {}

    /// A booking was refused because a limit is exhausted.
    fn limit_reached(&self, _: Alarm) {}

    /// A request to call in was accepted.
    fn call_in_created(&self, _: &TenantId) {}
}

/// Counts nothing.
impl Observer for () {}

/// One answered request, told in words from bounded sets, so that each may become a label
/// ([invariant 38](ges_core::rules)).
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Answered<'a> {
    /// Whose it was, where that was established.
    pub tenant: Option<&'a TenantId>,
    /// The route's name in request counters: its template, or one word for everything private.
    pub label: &'static str,
    /// The route's template.
    pub template: &'static str,
    /// The method; `OTHER` for one that HTTP does not define.
    pub method: &'static str,
    /// The status of the answer.
    pub status: StatusCode,
    /// From the arrival of the headers to the answer.
    pub lasted: Duration,
}
