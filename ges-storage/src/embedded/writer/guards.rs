//! Whether one more record fits, judged in the transaction that would write it.

use ges_core::port::{Guard, IndexEntry};
use ges_core::slots::UtcMinute;
use ges_core::{Interval, Timestamp};

use super::Write;
use crate::embedded::failure::Failure;
use crate::embedded::indexes::{ServiceKey, TenantKey};
use crate::embedded::row::packed;

const MINUTE_MILLIS: i64 = 60_000;

/// The records a new one is judged against.
pub(super) struct Among<'a> {
    pub tenant: TenantKey,
    pub service: ServiceKey,
    /// What the record itself counts for at present, which is not counted.
    pub own: Option<&'a IndexEntry>,
}

impl Among<'_> {
    /// The first guard that does not hold.
    pub fn first_broken(&self, guards: &[Guard], write: &Write<'_>) -> Result<Option<usize>, Failure> {
        for (index, guard) in guards.iter().enumerate() {
            if !self.holds(guard, write)? {
                return Ok(Some(index));
            }
        }
        Ok(None)
    }

    fn holds(&self, guard: &Guard, write: &Write<'_>) -> Result<bool, Failure> {
        let (count, limit) = match guard {
            Guard::Places(places) => (self.places(places.range, write)?, places.limit),
            Guard::Number { comparison, limit } => {
                (self.unfinished(packed(*comparison), *limit, write)?, *limit)
            }
            Guard::Active { limit } => (write.active(self.service), *limit),
        };
        let own = self.own.is_some_and(|own| own.counts_for(guard));
        Ok(count - i64::from(own) < i64::from(limit))
    }

    /// Counted by the minute from memory; a range that begins or ends within a minute needs the file for that part.
    fn places(&self, range: Interval, write: &Write<'_>) -> Result<i64, Failure> {
        let (start, end) = (range.start.as_millis(), range.end.as_millis());
        let first = ceil_minute(start);
        let last = end.div_euclid(MINUTE_MILLIS) * MINUTE_MILLIS;
        if start < 0 || first > last {
            return self.places_in_file(start, end, write);
        }
        let minute = |millis| UtcMinute::from(Timestamp::from_millis(millis));
        let whole = write.places(self.service, minute(first)..minute(last));
        Ok(whole + self.places_in_file(start, first, write)? + self.places_in_file(last, end, write)?)
    }

    fn places_in_file(&self, start: i64, end: i64, write: &Write<'_>) -> Result<i64, Failure> {
        if start >= end {
            return Ok(0);
        }
        let counted = write.first(
            "SELECT count(*) FROM callback INDEXED BY callback_by_desired \
             WHERE tenant = ?1 AND desired >= ?2 AND desired < ?3 AND service = ?4 AND place = 1",
            (self.tenant, start, end, self.service),
            |row| row.get(0),
        )?;
        Ok(counted.unwrap_or(0))
    }

    /// Counted no further than needed: one beyond the limit, because the record itself may be among them.
    fn unfinished(&self, number: i64, limit: u32, write: &Write<'_>) -> Result<i64, Failure> {
        let counted = write.first(
            "SELECT count(*) FROM (SELECT 1 FROM callback INDEXED BY callback_by_number \
             WHERE number = ?1 AND service = ?2 AND finished = 0 LIMIT ?3)",
            (number, self.service, i64::from(limit) + 1),
            |row| row.get(0),
        )?;
        Ok(counted.unwrap_or(0))
    }
}

fn ceil_minute(millis: i64) -> i64 {
    millis.saturating_add(MINUTE_MILLIS - 1).div_euclid(MINUTE_MILLIS) * MINUTE_MILLIS
}
