//! Limits as configured, and which windows a request falls into.

use std::time::Duration;

use super::{InQueueCheck, Lasting, WindowKey, WindowKind, WindowRequest};
use crate::Timestamp;

/// The parameter counted per day unless configured otherwise.
pub const DEFAULT_PARAMETER: &str = "_customer_number";

/// The throttles of one service ([callback-domain §9.2, §3.4](crate::rules)). Counts of 0 block every request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ThrottleLimits {
    /// Duplicate numbers, for immediate and scheduled callbacks alike.
    pub in_queue: InQueueCheck,
    /// Most active callbacks; 1000.
    pub active_max: u32,
    /// Accepted immediate callbacks of the service per window: 500 in 300 s, 1000 in 3600 s.
    pub burst: Vec<(u32, Duration)>,
    /// Accepted immediate callbacks of the whole tenant per window; none unless configured.
    pub tenant: Option<(u32, Duration)>,
    /// Accepted immediate callbacks per parameter value and day; 6.
    pub per_value_daily: u32,
    /// Request parameters whose values are counted; the customer number.
    pub parameters: Vec<String>,
}

impl ThrottleLimits {
    /// Daily limit per parameter value.
    pub const PER_VALUE_DAILY: u32 = 6;
    /// Active callbacks of a service.
    pub const ACTIVE_MAX: u32 = 1000;
}

impl Default for ThrottleLimits {
    fn default() -> Self {
        ThrottleLimits {
            in_queue: InQueueCheck::Two,
            active_max: Self::ACTIVE_MAX,
            burst: vec![(500, Duration::from_secs(300)), (1000, Duration::from_secs(3600))],
            tenant: None,
            per_value_daily: Self::PER_VALUE_DAILY,
            parameters: vec![DEFAULT_PARAMETER.to_owned()],
        }
    }
}

impl ThrottleLimits {
    /// The windows an immediate callback has to find room in, for [`super::WindowTable::reserve`]. Scheduled callbacks
    /// fall into none and must not ask.
    ///
    /// `values` gives the value of a request parameter; for [`DEFAULT_PARAMETER`] the digits of the comparison number,
    /// so that one number counts as one however it is written. A parameter without a value is not counted.
    /// `day_ends` is the next local midnight in the service's zone.
    ///
    /// ```
    /// use ges_core::{Timestamp, throttle::{WindowTable, ThrottleLimits}};
    ///
    /// let limits = ThrottleLimits { per_value_daily: 1, ..ThrottleLimits::default() };
    /// let (now, midnight) = (Timestamp::from_secs(0), Timestamp::from_secs(3600));
    /// let asked = limits.windows("acme", "sales", |_| Some("12223334444".into()), midnight);
    /// let mut windows = WindowTable::default();
    /// windows.reserve(&asked, now).unwrap();
    /// let refused = windows.reserve(&asked, now).unwrap_err();
    /// assert_eq!(refused.retry_after.as_secs(), 3600);
    /// ```
    pub fn windows(
        &self,
        tenant: &str,
        service: &str,
        values: impl Fn(&str) -> Option<String>,
        day_ends: Timestamp,
    ) -> Vec<WindowRequest> {
        let of_service = |kind, value: &str| WindowKey::new(tenant, service, kind, value);
        let tenant_wide = self.tenant.iter().map(|&(limit, lasting)| WindowRequest {
            key: WindowKey::new(tenant, "", WindowKind::Tenant, ""),
            limit,
            lasting: Lasting::For(lasting),
        });
        let bursts = (0u8..).zip(&self.burst).map(|(index, &(limit, lasting))| WindowRequest {
            key: of_service(WindowKind::Burst(index), ""),
            limit,
            lasting: Lasting::For(lasting),
        });
        let daily = self.parameters.iter().filter_map(|parameter| {
            let value = values(parameter)?;
            let kind = WindowKind::Daily { parameter: parameter.as_str().into() };
            let lasting = Lasting::Until(day_ends);
            Some(WindowRequest { key: of_service(kind, &value), limit: self.per_value_daily, lasting })
        });
        tenant_wide.chain(bursts).chain(daily).collect()
    }
}
