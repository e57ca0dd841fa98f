//! Open stretches of a known part of the time line: what is asked often is asked here.

use std::time::Duration;

use super::OPEN_FOR_MAX;
use crate::{Interval, Timestamp};

/// The open stretches within a window: ascending, not empty, neither overlapping nor touching. Every question is a
/// binary search.
///
/// Nothing is known outside the window, so it counts as closed there: take a window that reaches
/// [`OPEN_FOR_MAX`] beyond the last instant whose `open_for` is asked, and [`super::SEARCH_MAX`] beyond for `next_open`.
///
/// ```
/// use ges_core::{hours::OfficeHours, zone::ZoneDatabase, Interval};
///
/// let hours = OfficeHours::from_gms(
///     [("_timezone", "Europe/Paris"), ("_bh_regular1", "Mon-Fri 09:00-17:00")],
///     &ZoneDatabase::embedded(),
/// )?;
/// let week = Interval::new("2026-01-12T00:00:00Z".parse()?, "2026-01-19T00:00:00Z".parse()?);
/// let spans = hours.open_spans(week);
/// assert_eq!(spans.iter().count(), 5);
/// assert_eq!(spans.next_open(week.start), Some("2026-01-12T08:00:00Z".parse()?));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenSpans {
    window: Interval,
    spans: Vec<Interval>,
}

impl OpenSpans {
    /// The given stretches in any order, cut to the window; those that overlap or touch are joined.
    pub fn new(window: Interval, stretches: impl IntoIterator<Item = Interval>) -> Self {
        let mut stretches: Vec<Interval> = stretches.into_iter().collect();
        stretches.sort_unstable_by_key(|stretch| stretch.start);
        let mut spans = Self::closed(window);
        stretches.into_iter().for_each(|stretch| spans.push(stretch));
        spans
    }

    pub(super) fn closed(window: Interval) -> Self {
        OpenSpans { window, spans: Vec::new() }
    }

    /// Adds a stretch that starts no earlier than any before it.
    pub(super) fn push(&mut self, stretch: Interval) {
        let (start, end) = (stretch.start.max(self.window.start), stretch.end.min(self.window.end));
        if end <= start {
            return;
        }
        match self.spans.last_mut() {
            Some(last) if start <= last.end => last.end = last.end.max(end),
            _ => self.spans.push(Interval::new(start, end)),
        }
    }

    /// The part of the time line about which something is known.
    pub fn window(&self) -> Interval {
        self.window
    }

    /// Whether `at` is open.
    pub fn is_open(&self, at: Timestamp) -> bool {
        self.around(at).is_some()
    }

    /// How long the office stays open, in whole seconds, as [`super::OfficeHours::open_for`]; a stretch that reaches the
    /// end of the window is taken to end there.
    pub fn open_for(&self, at: Timestamp) -> Duration {
        let Some(span) = self.around(at) else { return Duration::ZERO };
        let millis = span.end.since(at).as_millis();
        // Fits: both instants lie within 10,000 years.
        let seconds = u64::try_from(millis.div_ceil(1000)).unwrap_or(u64::MAX);
        Duration::from_secs(seconds).min(OPEN_FOR_MAX)
    }

    /// The first open instant of the window at or after `at`.
    pub fn next_open(&self, at: Timestamp) -> Option<Timestamp> {
        let next = self.spans.get(self.ended_by(at))?;
        Some(next.start.max(at))
    }

    /// When the open stretch around `at` began, but not before the window; none when closed.
    pub fn period_start(&self, at: Timestamp) -> Option<Timestamp> {
        self.around(at).map(|span| span.start)
    }

    /// The open stretch that contains `at`.
    pub fn around(&self, at: Timestamp) -> Option<Interval> {
        self.spans.get(self.ended_by(at)).copied().filter(|span| span.contains(at))
    }

    /// The open stretches, ascending.
    pub fn iter(&self) -> impl Iterator<Item = Interval> + '_ {
        self.spans.iter().copied()
    }

    /// The open stretches, ascending.
    pub fn as_slice(&self) -> &[Interval] {
        &self.spans
    }

    /// How many stretches have ended by `at`.
    fn ended_by(&self, at: Timestamp) -> usize {
        self.spans.partition_point(|span| span.end <= at)
    }
}

impl<'a> IntoIterator for &'a OpenSpans {
    type Item = &'a Interval;
    type IntoIter = std::slice::Iter<'a, Interval>;
    fn into_iter(self) -> Self::IntoIter {
        self.spans.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stretch(start: i64, end: i64) -> Interval {
        Interval::new(Timestamp::from_secs(start), Timestamp::from_secs(end))
    }

    #[test]
    fn stretches_are_sorted_cut_and_joined() {
        let given = [
            stretch(50, 60),
            stretch(10, 20),
            stretch(20, 30),
            stretch(15, 18),
            stretch(40, 40),
            stretch(90, 200),
        ];
        let spans = OpenSpans::new(stretch(12, 100), given);
        assert_eq!(spans.as_slice(), [stretch(12, 30), stretch(50, 60), stretch(90, 100)]);
    }

    #[test]
    fn edges_of_a_stretch() {
        let spans = OpenSpans::new(stretch(0, 100), [stretch(10, 20), stretch(30, 40)]);
        let at = Timestamp::from_millis;
        let rows = [
            (9_999, false, 0, Some(10_000), None),
            (10_000, true, 10, Some(10_000), Some(10_000)),
            (19_001, true, 1, Some(19_001), Some(10_000)),
            (19_999, true, 1, Some(19_999), Some(10_000)),
            (20_000, false, 0, Some(30_000), None),
            (39_000, true, 1, Some(39_000), Some(30_000)),
            (40_000, false, 0, None, None),
        ];
        for (millis, open, open_for, next, start) in rows {
            assert_eq!(spans.is_open(at(millis)), open, "{millis}");
            assert_eq!(spans.open_for(at(millis)).as_secs(), open_for, "{millis}");
            assert_eq!(spans.next_open(at(millis)), next.map(at), "{millis}");
            assert_eq!(spans.period_start(at(millis)), start.map(at), "{millis}");
        }
    }
}
