//! The offset changes of one zone, sorted, and the searches over them.

use super::Resolved;
use crate::Timestamp;

/// 1970-01-01T00:00Z and 2100-01-01T00:00Z in seconds: what is read from a source of zone data.
const FIRST_SECOND: i64 = 0;
const LAST_SECOND: i64 = 4_102_444_800;

/// No zone changes its offset twice within this many seconds; the shortest stretch on record between two changes is
/// about three weeks.
const STRIDE: i64 = 4 * 86_400;

/// Every offset is nearer to UTC than this; sources with a wider one are refused.
pub(super) const OFFSET_LIMIT_SECS: u32 = 26 * 3600;
const OFFSET_LIMIT_MILLIS: i64 = OFFSET_LIMIT_SECS as i64 * 1000;

/// When an offset comes into force, and which; the first one has always been in force.
#[derive(PartialEq, Eq)]
pub(super) struct Changes {
    first: i32,
    /// UTC milliseconds, ascending.
    starts: Box<[i64]>,
    /// The offset from each start on, in seconds east of UTC; always differs from the one before.
    offsets: Box<[i32]>,
}

impl Changes {
    /// One offset for all time.
    pub(super) fn constant(offset: i32) -> Self {
        Changes::read(|_| offset)
    }

    /// Reads every change between 1970 and 2100 out of a function from UTC seconds to the offset in force.
    pub(super) fn read(offset_at: impl Fn(i64) -> i32) -> Self {
        let first = offset_at(FIRST_SECOND);
        let (mut starts, mut offsets) = (Vec::new(), Vec::new());
        let (mut known, mut offset) = (FIRST_SECOND, first);
        while known < LAST_SECOND {
            let ahead = (known + STRIDE).min(LAST_SECOND);
            if offset_at(ahead) == offset {
                known = ahead;
                continue;
            }
            let (mut before, mut changed) = (known, ahead);
            while changed - before > 1 {
                let middle = before + (changed - before) / 2;
                if offset_at(middle) == offset {
                    before = middle;
                } else {
                    changed = middle;
                }
            }
            offset = offset_at(changed);
            starts.push(changed * 1000);
            offsets.push(offset);
            known = changed;
        }
        Changes { first, starts: starts.into(), offsets: offsets.into() }
    }

    pub(super) fn offset_at(&self, millis: i64) -> i32 {
        self.offset_of(self.begun(millis))
    }

    pub(super) fn first_after(&self, millis: i64) -> Option<i64> {
        self.starts.get(self.begun(millis)).copied()
    }

    pub(super) fn last_until(&self, millis: i64) -> Option<i64> {
        self.begun(millis).checked_sub(1).and_then(|last| self.starts.get(last)).copied()
    }

    /// What a wall clock means that shows so many milliseconds since 1970-01-01T00:00.
    pub(super) fn resolve(&self, shown: i64) -> Resolved {
        let earliest = self.begun(shown.saturating_sub(OFFSET_LIMIT_MILLIS));
        let latest = self.begun(shown.saturating_add(OFFSET_LIMIT_MILLIS));
        let mut found = (earliest..=latest).filter_map(|stretch| {
            let at = self.read_with(stretch, shown);
            (self.begun(at) == stretch).then(|| Timestamp::from_millis(at))
        });
        match (found.next(), found.next()) {
            (Some(first), Some(second)) => Resolved::Fold { first, second },
            (Some(only), None) => Resolved::Single(only),
            (None, _) => self.gap(earliest..latest, shown),
        }
    }

    /// The gap that swallowed a wall-clock time, among the changes in reach of it.
    fn gap(&self, changes: std::ops::Range<usize>, shown: i64) -> Resolved {
        for change in changes {
            let after = self.read_with(change, shown);
            if let Some(&jump) = self.starts.get(change)
                && jump <= after
                && self.read_with(change + 1, shown) < jump
            {
                return Resolved::Gap {
                    after: Timestamp::from_millis(after),
                    jump: Timestamp::from_millis(jump),
                };
            }
        }
        // Not reachable: a time that no stretch shows lies between the end of one and the start of the next.
        Resolved::Single(Timestamp::from_millis(self.read_with(0, shown)))
    }

    /// How many changes have happened by then.
    fn begun(&self, millis: i64) -> usize {
        self.starts.partition_point(|start| *start <= millis)
    }

    /// The offset after so many changes.
    fn offset_of(&self, changes: usize) -> i32 {
        changes.checked_sub(1).and_then(|last| self.offsets.get(last)).copied().unwrap_or(self.first)
    }

    /// The instant of a wall-clock time if the offset after so many changes were in force.
    fn read_with(&self, changes: usize, shown: i64) -> i64 {
        shown.saturating_sub(i64::from(self.offset_of(changes)) * 1000)
    }
}
