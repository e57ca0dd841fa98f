//! [Invariants 12 to 17](crate::rules) of [callback-domain §22](crate::rules), over random plans, all zones and random
//! instants, most of them near clock changes. The oracle reads the description of the hours and the wall clock as
//! texts, one instant at a time.

use std::sync::LazyLock;
use std::time::Duration;

use chrono::{Datelike, NaiveDate, NaiveDateTime, NaiveTime};
use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::{DateSpan, DesignerHours, DesignerRange, DesignerSpecialDay, OPEN_FOR_MAX, OfficeHours};
use crate::zone::{Resolved, Zone, ZoneDatabase};
use crate::{Interval, Timestamp};

static ZONES: LazyLock<(ZoneDatabase, Vec<String>)> = LazyLock::new(|| {
    let zones = ZoneDatabase::embedded();
    let names = zones.names();
    (zones, names)
});

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(86_400);

/// Whether the office is open, by the text of the definition alone.
fn oracle(source: &DesignerHours, zone: &Zone, at: Timestamp) -> bool {
    let local = zone.local(at);
    let (date, now) = (local.date(), local.format("%H:%M").to_string());
    let opens_today = opening_ranges(source, date)
        .iter()
        .any(|(open, close)| open <= &now && (&now < close || close < open));
    let tail = || {
        let mut yesterday = opening_ranges(source, date.pred_opt().unwrap()).into_iter();
        yesterday.any(|(open, close)| close < open && now < close)
    };
    opens_today || (effective(source, date) && special(source, date).is_none() && tail())
}

/// The (open, close) texts of the ranges that open on a date.
fn opening_ranges(source: &DesignerHours, date: NaiveDate) -> Vec<(String, String)> {
    if !effective(source, date) {
        return Vec::new();
    }
    let weekly = source.days.iter().nth(date.weekday().num_days_from_monday() as usize).unwrap().1;
    let ranges = special(source, date).map_or(weekly, |special| &special.hours);
    let text = |range: &DesignerRange| match (range.open_all_day, range.no_end_time) {
        (true, _) => ("00:00".to_owned(), "24:00".to_owned()),
        (_, true) => (range.open.clone().unwrap(), "24:00".to_owned()),
        _ => (range.open.clone().unwrap(), range.close.clone().unwrap()),
    };
    ranges.iter().map(text).collect()
}

fn effective(source: &DesignerHours, date: NaiveDate) -> bool {
    let date = date.to_string();
    source.effective_dates.is_empty() || source.effective_dates.iter().any(|s| s.from <= date && date <= s.to)
}

fn special(source: &DesignerHours, date: NaiveDate) -> Option<&DesignerSpecialDay> {
    let (dated, yearly) = (date.to_string(), date.format("%m-%d").to_string());
    let names = |special: &&DesignerSpecialDay, date: &String| {
        let from = special.from.as_ref().unwrap();
        let to = special.to.as_ref().unwrap_or(from);
        from.len() == date.len()
            && if from <= to { from <= date && date <= to } else { from <= date || date <= to }
    };
    let list = || source.special_days.iter().filter(|_| source.follow_overrides);
    let last = |date| list().rev().find(|special| names(special, date));
    last(&dated).or(last(&yearly))
}

/// Times of day, mostly on the half hour, because that is where ranges meet each other and clock changes.
fn time() -> impl Strategy<Value = (u32, u32)> {
    prop_oneof![4 => (0..24_u32, select(vec![0, 30])), 1 => (0..24_u32, 0..60_u32)]
}

fn range() -> impl Strategy<Value = DesignerRange> {
    let text = |(hour, minute)| format!("{hour:02}:{minute:02}");
    let hours = (time(), prop_oneof![5 => time(), 1 => Just((24, 0))]).prop_filter_map("open is close", {
        move |(open, close)| (open != close).then(|| DesignerRange::new(&text(open), &text(close)))
    });
    let no_end = time().prop_map(move |open| DesignerRange {
        open: Some(text(open)),
        no_end_time: true,
        ..DesignerRange::default()
    });
    prop_oneof![6 => hours, 1 => no_end, 1 => Just(DesignerRange::all_day())]
}

fn ranges() -> impl Strategy<Value = Vec<DesignerRange>> {
    prop::collection::vec(range(), 0..3)
}

/// Days near `around`, so that they matter.
fn special_day(around: NaiveDate) -> impl Strategy<Value = DesignerSpecialDay> {
    let date = move |days: i64| around + chrono::Duration::days(days);
    (-4..5_i64, 0..3_i64, any::<bool>(), ranges()).prop_map(move |(from, length, yearly, hours)| {
        let form = if yearly { "%m-%d" } else { "%Y-%m-%d" };
        let text = |days| date(days).format(form).to_string();
        let to = (length > 0).then(|| text(from + length));
        DesignerSpecialDay { name: String::new(), from: Some(text(from)), to, hours }
    })
}

fn plan(around: NaiveDate) -> impl Strategy<Value = DesignerHours> {
    let week = prop::collection::vec(ranges(), 7);
    let special_days = prop::collection::vec(special_day(around), 0..4);
    let effective = prop::option::weighted(0.2, (0..4_i64, 0..4_i64));
    (week, special_days, effective, prop::bool::weighted(0.9)).prop_map(
        move |(week, special_days, effective, follow_overrides)| {
            let date = |days| (around + chrono::Duration::days(days)).to_string();
            let span = |(before, after): (i64, i64)| DateSpan { from: date(-before), to: date(after) };
            let mut source = DesignerHours {
                special_days,
                follow_overrides,
                effective_dates: effective.map(span).into_iter().collect(),
                ..DesignerHours::in_zone("UTC")
            };
            set_week(&mut source, week);
            source
        },
    )
}

fn set_week(source: &mut DesignerHours, week: Vec<Vec<DesignerRange>>) {
    let mut week = week.into_iter();
    let mut next = || week.next().unwrap();
    source.days.monday = next();
    source.days.tuesday = next();
    source.days.wednesday = next();
    source.days.thursday = next();
    source.days.friday = next();
    source.days.saturday = next();
    source.days.sunday = next();
}

/// A zone and a second of the years 2024 to 2037, two times in three close to an offset change.
fn place() -> impl Strategy<Value = (Zone, Timestamp)> {
    let secs = 1_704_067_200..2_145_916_800_i64;
    (any::<Index>(), secs, 0..3_u8, -90_000..90_000_i64).prop_map(|(zone, secs, near, aside)| {
        let zone = ZONES.0.zone(zone.get::<String>(&ZONES.1)).unwrap();
        let at = Timestamp::from_secs(secs);
        let change = zone.next_change(at).filter(|_| near > 0);
        let at = change.map_or(at, |change| Timestamp::from_secs(change.as_secs() + aside));
        (zone, at)
    })
}

/// An office, what it was described by, and a second to ask about.
fn office() -> impl Strategy<Value = (DesignerHours, OfficeHours, Timestamp)> {
    place().prop_flat_map(|(zone, at)| {
        plan(zone.local(at).date()).prop_map(move |mut source| {
            source.time_zone = zone.name().to_owned();
            let hours = read(&source);
            (source, hours, at)
        })
    })
}

fn read(source: &DesignerHours) -> OfficeHours {
    OfficeHours::from_designer(source, &ZONES.0).unwrap()
}

fn around(at: Timestamp) -> Interval {
    Interval::new(at - 4 * DAY, at + 4 * DAY)
}

/// Every open second of some stretches.
fn open_secs(hours: &OfficeHours, window: Interval) -> u64 {
    hours.open_spans(window).iter().map(|span| span.length().as_secs()).sum()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// What rests on compiled stretches is exactly the definition, at every minute and on both sides of every edge.
    #[test]
    fn compiled_stretches_are_the_definition((source, hours, at) in office()) {
        let zone = hours.zone();
        let window = Interval::new(at - DAY, at + DAY);
        let spans = hours.open_spans(window);
        let step = std::iter::successors(Some(window.start), |t| Some(*t + MINUTE));
        let minutes = step.take_while(|t| *t < window.end);
        let edges = spans.iter().flat_map(|span| [span.start, span.end]);
        let edges = edges.flat_map(|edge| [edge - Duration::from_millis(1), edge]);
        for t in minutes.chain(edges).filter(|t| window.contains(*t)) {
            let wanted = oracle(&source, zone, t);
            prop_assert_eq!(spans.is_open(t), wanted, "compiled, at {}", t);
            prop_assert_eq!(hours.is_open(t), wanted, "read, at {}", t);
        }
        for pair in spans.as_slice().windows(2) {
            prop_assert!(pair[0].end < pair[1].start, "sorted, disjoint, apart");
        }
        prop_assert!(spans.iter().all(|span| !span.is_empty()));
    }

    #[test]
    fn invariant_12_only_the_wall_clock_counts((source, hours, at) in office(), (elsewhere, _) in place()) {
        let local = hours.zone().local(at);
        let once = |zone: &Zone| match zone.resolve(local) {
            Resolved::Single(at) => Some(at),
            _ => None,
        };
        let (Some(here), Some(there)) = (once(hours.zone()), once(&elsewhere)) else { return Ok(()) };
        let moved = read(&DesignerHours { time_zone: elsewhere.name().to_owned(), ..source });
        prop_assert_eq!(hours.is_open(here), moved.is_open(there));
        let spans = |hours: &OfficeHours, at| hours.open_spans(around(at)).is_open(at);
        prop_assert_eq!(spans(&hours, here), spans(&moved, there));
    }

    #[test]
    fn invariant_13_open_for_ends_at_the_first_closed_instant((source, hours, at) in office()) {
        let zone = hours.zone();
        let open_for = hours.open_for(at);
        prop_assert_eq!(open_for.is_zero(), !oracle(&source, zone, at));
        if open_for < OPEN_FOR_MAX {
            prop_assert!(!oracle(&source, zone, at + open_for), "closed after {:?}", open_for);
        }
        let step = (open_for / 600).max(MINUTE);
        let last = open_for.saturating_sub(Duration::from_millis(1));
        let inside = std::iter::successors(Some(Duration::ZERO), |d| Some(*d + step)).chain([last]);
        for passed in inside.take_while(|passed| *passed < open_for).chain([last]).filter(|_| !open_for.is_zero()) {
            prop_assert!(oracle(&source, zone, at + passed), "open {:?} later", passed);
        }
        let ahead = Interval::new(at - DAY, at + OPEN_FOR_MAX + DAY);
        prop_assert_eq!(hours.open_spans(ahead).open_for(at), open_for);
    }

    #[test]
    fn invariant_14_open_for_counts_down((_, hours, at) in office()) {
        let second = Duration::from_secs(1);
        let (now, then) = (hours.open_for(at), hours.open_for(at + second));
        if second < now && now < OPEN_FOR_MAX {
            prop_assert_eq!(then, now - second);
        }
        let within = hours.open_for(at + Duration::from_millis(999));
        prop_assert_eq!(within, now, "the same all through a second");
    }

    #[test]
    fn invariant_15_a_closed_special_day_is_closed((source, _, at) in office()) {
        let mut source = source;
        let zone = ZONES.0.zone(&source.time_zone).unwrap();
        let date = zone.local(at).date();
        let closed = DesignerSpecialDay { from: Some(date.to_string()), ..DesignerSpecialDay::default() };
        source.special_days.push(closed);
        source.follow_overrides = true;
        let hours = read(&source);
        let spans = hours.open_spans(around(at));
        let step = std::iter::successors(Some(at - 26 * HOUR), |t| Some(*t + 5 * MINUTE));
        for t in step.take_while(|t| *t < at + 26 * HOUR).filter(|t| zone.local(*t).date() == date) {
            prop_assert!(!hours.is_open(t) && !spans.is_open(t), "open at {}", t);
        }
    }

    #[test]
    fn invariant_16_without_overrides_regular_hours_are_back((source, _, at) in office()) {
        let spans = |source: &DesignerHours| read(source).open_spans(around(at));
        let none = DesignerHours { special_days: Vec::new(), ..source.clone() };
        let off = DesignerHours { follow_overrides: false, ..source.clone() };
        let nameless = DesignerSpecialDay::default();
        let idle = DesignerHours { special_days: vec![nameless], ..source };
        prop_assert_eq!(spans(&off), spans(&none));
        prop_assert_eq!(spans(&idle), spans(&none));
    }

    #[test]
    fn invariant_17_a_day_is_open_as_long_as_its_clock_runs((zone, at) in place()) {
        let date = zone.local(at).date();
        let midnight = date.and_time(NaiveTime::MIN);
        // The office of a single date and nothing else.
        let all_day = DesignerSpecialDay {
            from: Some(date.to_string()),
            hours: vec![DesignerRange::all_day()],
            ..DesignerSpecialDay::default()
        };
        let source = DesignerHours { special_days: vec![all_day], ..DesignerHours::in_zone(zone.name()) };
        let wanted = 86_400 + clock_changes(&zone, midnight, around(at));
        prop_assert_eq!(open_secs(&read(&source), around(at)) as i64, wanted);
        prop_assert_eq!(open_secs(&OfficeHours::always(zone), around(at)), 8 * 86_400);
    }

    #[test]
    fn the_next_opening_is_the_first((source, hours, at) in office()) {
        let zone = hours.zone();
        let next = hours.next_open(at);
        let end = next.unwrap_or(at + 3 * DAY).min(at + 3 * DAY);
        let step = std::iter::successors(Some(at), |t| Some(*t + MINUTE));
        for t in step.take_while(|t| *t < end) {
            prop_assert!(!oracle(&source, zone, t), "open at {}", t);
        }
        prop_assert!(next.is_none_or(|next| oracle(&source, zone, next)));
        prop_assert!(next.is_none_or(|next| next == at || !oracle(&source, zone, next - Duration::from_millis(1))));
    }

    #[test]
    fn a_period_began_where_the_instant_before_is_closed((source, hours, at) in office()) {
        let (zone, start) = (hours.zone(), hours.period_start(at));
        prop_assert_eq!(start.is_some(), oracle(&source, zone, at));
        if let Some(start) = start {
            prop_assert!(oracle(&source, zone, start));
            let bound = at - super::SEARCH_MAX;
            prop_assert!(start == bound || !oracle(&source, zone, start - Duration::from_millis(1)));
        }
    }

    #[test]
    fn any_object_is_read_or_refused(
        time in "[0-9:]{0,6}|\\PC{0,8}", date in "[0-9-]{0,11}|\\PC{0,8}", zone in "UTC|\\PC{0,12}",
    ) {
        let special = DesignerSpecialDay { from: Some(date.clone()), to: Some(date), ..Default::default() };
        let mut source = DesignerHours { special_days: vec![special], ..DesignerHours::in_zone(&zone) };
        source.days.friday = vec![DesignerRange::new(&time, "17:00"), DesignerRange::new("09:00", &time)];
        let _ = OfficeHours::from_designer(&source, &ZONES.0);
    }
}

/// By how many seconds the clock changes of a window lengthen the date that begins at `midnight`: a repeated stretch of
/// its wall clock adds, a skipped one takes away.
fn clock_changes(zone: &Zone, midnight: NaiveDateTime, window: Interval) -> i64 {
    let (first, last) = (midnight.and_utc().timestamp(), midnight.and_utc().timestamp() + 86_400);
    let mut sum = 0;
    let mut change = zone.next_change(window.start);
    while let Some(at) = change.filter(|at| *at < window.end) {
        let before = at.as_secs() + i64::from(zone.offset_at(at - Duration::from_millis(1)));
        let after = at.as_secs() + i64::from(zone.offset_at(at));
        let within = |local: i64| local.clamp(first, last);
        sum += within(before) - within(after);
        change = zone.next_change(at);
    }
    sum
}
