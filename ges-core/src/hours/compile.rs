//! From a plan and a zone to open stretches of the time line.

use chrono::NaiveDate;

use super::plan::{DAY_MINUTES, Plan};
use super::spans::OpenSpans;
use crate::zone::Zone;
use crate::{Interval, Timestamp};

const MINUTE: i64 = 60_000;
const DAY: i64 = DAY_MINUTES as i64 * MINUTE;

/// The open stretches of a window. Between two offset changes the wall clock runs evenly, so there each local stretch is
/// one stretch of the time line; a stretch that a change cuts in two is joined again when both parts are open.
pub(super) fn open_spans(zone: &Zone, plan: &Plan, window: Interval) -> OpenSpans {
    let mut spans = OpenSpans::closed(window);
    let mut from = window.start;
    while from < window.end {
        let to = zone.next_change(from).map_or(window.end, |change| change.min(window.end));
        even_stretch(plan, Interval::new(from, to), i64::from(zone.offset_at(from)) * 1000, &mut spans);
        from = to;
    }
    spans
}

/// Adds the open parts of a stretch in which one offset, in milliseconds, is in force.
fn even_stretch(plan: &Plan, stretch: Interval, offset: i64, spans: &mut OpenSpans) {
    let shown = |at: Timestamp| at.as_millis().saturating_add(offset);
    let mut day = shown(stretch.start).div_euclid(DAY);
    let mut open = Vec::new();
    while day.saturating_mul(DAY) < shown(stretch.end) {
        if let Some(date) = date_of(day) {
            open.clear();
            plan.for_each_stretch(date, |from, to| open.push((from, to)));
            open.sort_unstable();
            for &(from, to) in &open {
                let at = |minute| {
                    Timestamp::from_millis(day * DAY + i64::from(minute) * MINUTE - offset)
                        .clamp(stretch.start, stretch.end)
                };
                spans.push(Interval::new(at(from), at(to)));
            }
        }
        day += 1;
    }
}

/// The date so many days after 1970-01-01.
fn date_of(day: i64) -> Option<NaiveDate> {
    NaiveDate::from_epoch_days(i32::try_from(day).ok()?)
}
