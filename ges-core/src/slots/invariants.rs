//! The invariants of [callback-domain §22](crate::rules) that concern slots and bookings, as properties.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use proptest::prelude::*;

use crate::capacity::{BookingInterval, Capacity, CapacityRule, DayCapacity, RuleSlot, ShortInterval, WEEK};
use crate::hours::OpenSpans;
use crate::lead::{EarlySubmission, SubmitPolicy};
use crate::offer::OfferPolicy;
use crate::wait::Wait;
use crate::zone::{Resolved, Zone, ZoneDatabase};
use crate::{Interval, Timestamp};

use super::grid::{slot_of, slots};
use super::*;

const DAY: u64 = 86_400;

static DATABASE: LazyLock<ZoneDatabase> = LazyLock::new(ZoneDatabase::embedded);

static ZONES: LazyLock<Vec<Zone>> =
    LazyLock::new(|| DATABASE.names().iter().map(|name| DATABASE.zone(name).unwrap()).collect());

/// Zones whose clocks do strange things.
const STRANGE: [&str; 6] = [
    "America/New_York",
    "Australia/Lord_Howe",
    "America/Santiago",
    "Asia/Kathmandu",
    "Africa/Casablanca",
    "UTC",
];

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[test]
fn invariant_8_slots_cover_the_time_line_in_all_zones() {
    let lengths = [5, 20, 30, 60, 120];
    for (index, zone) in ZONES.iter().enumerate() {
        // Around each change of some years, with the lengths taken in turn: every change meets several lengths over
        // the zones that share it.
        let (mut change, last) = (at("1990-01-01T00:00:00Z"), at("2040-01-01T00:00:00Z"));
        let mut round = index;
        while let Some(next) = zone.next_change(change).filter(|next| *next < last) {
            change = next;
            round += 1;
            let minutes = lengths[round % lengths.len()];
            let window = Interval::new(change - secs(3 * 3600), change + secs(3 * 3600));
            check_cover(zone, minutes, window);
        }
        check_cover(zone, 60, Interval::new(at("2026-06-01T00:00:07Z"), at("2026-06-02T00:00:00Z")));
    }
}

fn check_cover(zone: &Zone, minutes: u32, window: Interval) {
    let context = format!("{} {minutes} min, {window:?}", zone.name());
    let all: Vec<Interval> = slots(zone, minutes, window).collect();
    assert!(all[0].contains(window.start), "{context}");
    assert!(all[all.len() - 1].end >= window.end && all[all.len() - 1].start < window.end, "{context}");
    for pair in all.windows(2) {
        assert_eq!(pair[0].end, pair[1].start, "{context}: neither hole nor overlap");
    }
    let length = i64::from(minutes) * 60_000;
    for slot in all {
        assert!(slot.start < slot.end && slot.length() <= secs(u64::from(minutes) * 60), "{context}");
        let inside = Timestamp::from_millis(slot.end.as_millis() - 1);
        for instant in [slot.start, inside] {
            assert_eq!(slot_of(zone, minutes, instant), slot, "{context}");
        }
        assert_eq!(zone.offset_at(slot.start), zone.offset_at(inside), "{context}: one offset");
        let shown = slot.start.as_millis() + i64::from(zone.offset_at(slot.start)) * 1000;
        let on_grid = shown.rem_euclid(length) == 0;
        assert!(on_grid || zone.last_change(slot.start) == Some(slot.start), "{context}: a boundary");
        assert_eq!(slot.start.as_millis() % 60_000, 0, "{context}: whole minutes");
    }
}

#[test]
fn invariant_9_slots_with_one_label_are_counted_apart() {
    for zone in ZONES.iter() {
        let (mut change, last) = (at("2020-01-01T00:00:00Z"), at("2030-01-01T00:00:00Z"));
        while let Some(next) = zone.next_change(change).filter(|next| *next < last) {
            change = next;
            let window = Interval::new(change - secs(4 * 3600), change + secs(4 * 3600));
            let open = OpenSpans::new(window, [window]);
            let table = SlotTable::from_spans(zone, open, &Capacity::flat(BookingInterval::M30, 1), window);
            // One booking in every slot that ends before the change fills none of those after it.
            let before = table.slots.iter().filter(|slot| slot.end.start() <= change);
            let cells: Vec<_> = before.map(|slot| (slot.start, 1)).collect();
            let held = Occupancy::new(table.occupancy_window(), cells).unwrap();
            for slot in &table.slots {
                let expected = u32::from(slot.start.start() >= change);
                assert_eq!(table.room(slot, &held), expected, "{} {:?}", zone.name(), slot.listed);
            }
        }
    }
}

#[test]
fn a_day_that_has_no_midnight_begins_with_the_jump() {
    for zone in ZONES.iter() {
        let (mut change, last) = (at("1971-01-01T00:00:00Z"), at("2037-01-01T00:00:00Z"));
        while let Some(jump) = zone.next_change(change).filter(|next| *next < last) {
            change = jump;
            let midnight = zone.local(jump).date().and_time(chrono::NaiveTime::MIN);
            let no_midnight =
                matches!(zone.resolve(midnight), Resolved::Gap { jump: gap, .. } if gap == jump);
            // Days that the clock skipped altogether have no evening before them.
            let start = jump - secs(1);
            if no_midnight && zone.local(start).date().succ_opt() == Some(midnight.date()) {
                let window = AvailabilityWindow::default().resolve(zone, start);
                assert_eq!(window, Ok(Interval::new(start, jump)), "{}", zone.name());
            }
        }
    }
}

/// A service in an arbitrary state.
#[derive(Clone, Debug)]
struct Case {
    zone: Zone,
    now: Timestamp,
    open: Vec<Interval>,
    capacity: Capacity,
    booked: Vec<Timestamp>,
    rules: BookingRules,
    wait: Wait,
}

impl Case {
    fn table(&self) -> SlotTable {
        let known = Interval::new(self.now - secs(DAY), self.now + secs(30 * DAY));
        let open = OpenSpans::new(known, self.open.iter().copied());
        SlotTable::from_spans(
            &self.zone,
            open,
            &self.capacity,
            Interval::new(self.now, self.now + secs(15 * DAY)),
        )
    }

    fn held(&self, table: &SlotTable) -> Occupancy {
        let cells = self.booked.iter().map(|desired| ((*desired).into(), 1));
        Occupancy::new(table.occupancy_window(), cells).unwrap()
    }

    fn world<'a>(&self, held: &'a Occupancy) -> World<'a> {
        World { now: self.now, wait: self.wait, held }
    }
}

fn capacity() -> impl Strategy<Value = Capacity> {
    let interval = (0..BookingInterval::ALL.len()).prop_map(|index| BookingInterval::ALL[index]);
    let rule = prop::option::of((any::<bool>(), prop::collection::vec(0..6_u16, 48), any::<bool>()));
    (interval, 0..4_u32, rule).prop_map(|(interval, flat, rule)| match rule {
        None => Capacity::flat(interval, flat),
        Some((half, numbers, per_bucket)) => {
            let slot = if half { RuleSlot::Half } else { RuleSlot::Hour };
            let day = DayCapacity::from_places(slot, &numbers[..slot.per_day()]).unwrap();
            let mut rule = CapacityRule::empty("rule", slot).unwrap();
            for weekday in WEEK {
                rule.set_day(weekday, day.clone()).unwrap();
            }
            let short = if per_bucket { ShortInterval::PerBucket } else { ShortInterval::Proportional };
            Capacity::ruled(interval, Arc::new(rule), short)
        }
    })
}

fn wait() -> impl Strategy<Value = Wait> {
    prop_oneof![
        Just(Wait::NothingYet),
        Just(Wait::NoAgents),
        (0..8000_u64).prop_map(|seconds| Wait::Known(secs(seconds))),
    ]
}

fn rules() -> impl Strategy<Value = BookingRules> {
    let offer = (any::<bool>(), 0..90_u64, any::<bool>(), any::<bool>()).prop_map(
        |(immediate, blackout, scheduled, require_logged_in)| OfferPolicy {
            immediate,
            blackout: secs(blackout * 60),
            scheduled,
            require_logged_in,
        },
    );
    let early = prop_oneof![
        Just(EarlySubmission::Ewt),
        Just(EarlySubmission::BufferOnly),
        Just(EarlySubmission::Off)
    ];
    (offer, early, 0..120_u64).prop_map(|(offer, early, min_lead)| BookingRules {
        offer,
        submit: SubmitPolicy { buffer: secs(120), early },
        min_lead: secs(min_lead * 60),
    })
}

fn case() -> impl Strategy<Value = Case> {
    // Shortly before the two strange nights, and a plain week.
    let now = (0..3_usize, 0..3 * 1440_u64, 0..60_u64).prop_map(|(year, minute, second)| {
        let days = ["2026-03-06T00:00:00Z", "2026-10-30T00:00:00Z", "2026-04-03T00:00:00Z"];
        at(days[year]) + secs(minute * 60 + second)
    });
    let zone = (0..STRANGE.len()).prop_map(|index| DATABASE.zone(STRANGE[index]).unwrap());
    let stretches = prop::collection::vec((1..600_u64, 1..900_u64), 1..8);
    let bookings = prop::collection::vec(0..3000_u64, 0..60);
    (zone, now, stretches, capacity(), bookings, rules(), wait()).prop_map(
        |(zone, now, stretches, capacity, bookings, rules, wait)| {
            let mut open = Vec::new();
            let mut from = now.as_millis() / 60_000 * 60_000 - 120 * 60_000;
            for (closed, length) in stretches {
                let start = from + i64::try_from(closed).unwrap() * 60_000;
                from = start + i64::try_from(length).unwrap() * 60_000;
                open.push(Interval::new(Timestamp::from_millis(start), Timestamp::from_millis(from)));
            }
            let booked = bookings.iter().map(|minute| now + secs(minute * 60)).collect();
            Case { zone, now, open, capacity, booked, rules, wait }
        },
    )
}

/// What is left at a desired time, worked out anew from the definitions of [callback-domain §5.3](crate::rules) alone.
fn room_by_definition(case: &Case, desired: Timestamp) -> (u32, u32) {
    let minutes = case.capacity.interval.minutes();
    let slot = slot_of(&case.zone, minutes, desired);
    let held = |range: Interval| {
        u32::try_from(case.booked.iter().filter(|at| range.contains(**at)).count()).unwrap()
    };
    let Some(rule) = case.capacity.rule.as_deref() else {
        let total = case.capacity.per_interval;
        return (total.saturating_sub(held(slot)), total);
    };
    let s = rule.slot().minutes();
    let cells: Vec<Interval> = slots(&case.zone, s, slot).collect();
    let number = |cell: &Interval| {
        // The label: where the slot would have begun under the offset it lies in.
        let offset = i64::from(case.zone.offset_at(cell.start)) * 1000;
        let shown = cell.start.as_millis() + offset;
        let label = shown - shown.rem_euclid(i64::from(s) * 60_000);
        rule.places_at(chrono::DateTime::from_timestamp_millis(label).unwrap().naive_utc())
    };
    if minutes >= s {
        let total = cells.iter().map(number).sum::<u32>();
        return (total.saturating_sub(held(slot)), total);
    }
    if case.capacity.short_interval == ShortInterval::PerBucket {
        let total = number(&cells[0]);
        return (total.saturating_sub(held(slot)), total);
    }
    let total = cells.iter().map(|cell| (number(cell) * minutes).div_ceil(s)).min().unwrap();
    let second = cells.iter().map(|cell| number(cell).saturating_sub(held(*cell))).min().unwrap();
    (total.saturating_sub(held(slot)).min(second), total)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn invariant_1_no_interval_and_no_rule_slot_is_oversold(
        case in case(),
        wishes in prop::collection::vec(0..1500_u64, 1..80),
    ) {
        // Starts empty and books one wish after the other, the way a store does.
        let mut case = Case { booked: Vec::new(), ..case };
        let table = case.table();
        for minute in wishes {
            let held = case.held(&table);
            let request = BookingRequest {
                desired: Some(case.now + secs(minute * 60)),
                always_check_capacity: true,
                moved_from: None,
            };
            let verdict = table.judge(&case.rules, &case.world(&held), &request);
            if let Ok(Judgement::Scheduled { desired, slot, guards }) = verdict {
                prop_assert!(room_by_definition(&case, desired).0 > 0, "{desired}");
                prop_assert!(slot.contains(desired));
                case.booked.push(desired);
                let held = case.held(&table);
                for guard in guards.iter() {
                    prop_assert!(held.within(guard.range) <= guard.limit, "{guard:?}");
                }
            }
        }
    }

    #[test]
    fn invariant_7_remaining_is_between_zero_and_total(case in case()) {
        let table = case.table();
        let held = case.held(&table);
        let ask = Ask {
            now: case.now,
            window: Interval::new(case.now, case.now + HORIZON),
            min_lead: Duration::ZERO,
            max_slots: None,
            report_busy: true,
        };
        let listed = table.availability(&held, &ask);
        let minutes = case.capacity.interval.minutes();
        for pair in listed.windows(2) {
            let end = slot_of(&case.zone, minutes, pair[0].at).end;
            prop_assert!(end <= pair[1].at, "each slot once, ascending: {pair:?}");
        }
        for slot in listed {
            prop_assert!(slot.remaining <= slot.total && slot.total > 0, "{slot:?}");
            prop_assert_eq!((slot.remaining, slot.total), room_by_definition(&case, slot.at), "{:?}", slot);
        }
    }

    #[test]
    fn invariant_10_listed_is_bookable_and_bookable_is_listed(case in case()) {
        let mut case = case;
        case.rules.offer.scheduled = true;
        let table = case.table();
        let held = case.held(&table);
        let window = Interval::new(case.now, case.now + secs(3 * DAY));
        let (now, min_lead) = (case.now, case.rules.min_lead);
        let ask = Ask { now, window, min_lead, max_slots: None, report_busy: false };
        let listed = table.availability(&held, &ask);
        for slot in &listed {
            let request = BookingRequest { desired: Some(slot.at), ..BookingRequest::default() };
            let verdict = table.judge(&case.rules, &case.world(&held), &request);
            prop_assert!(verdict.is_ok(), "{} is listed, but {:?}", slot.at, verdict);
        }
        // The times at which a slot could be booked: its start, or the opening inside it.
        let grid = slots(&case.zone, case.capacity.interval.minutes(), window);
        for slot in grid.filter(|slot| slot.start >= window.start) {
            let opening = case.open.iter().map(|span| span.start.max(slot.start)).find(|open| {
                slot.contains(*open) && case.open.iter().any(|span| span.contains(*open))
            });
            let Some(time) = opening.filter(|time| *time < window.end && *time >= now + min_lead) else { continue };
            let wanted = room_by_definition(&case, time).0 > 0;
            prop_assert_eq!(listed.iter().any(|slot| slot.at == time), wanted, "{}", time);
        }
    }

    #[test]
    fn invariant_11_at_most_n_free_slots_the_earliest(case in case(), n in 0..20_usize, report_busy: bool) {
        let table = case.table();
        let held = case.held(&table);
        let window = Interval::new(case.now, case.now + HORIZON);
        let all = Ask { now: case.now, window, min_lead: Duration::ZERO, max_slots: None, report_busy };
        let unlimited = table.availability(&held, &all);
        let some = table.availability(&held, &Ask { max_slots: Some(n), ..all });
        let free = some.iter().filter(|slot| slot.remaining > 0).count();
        prop_assert!(free <= n);
        prop_assert_eq!(&some[..], &unlimited[..some.len()], "a prefix");
        prop_assert!(free == n || some.len() == unlimited.len(), "cut only by the limit");
    }

    #[test]
    fn invariant_18_accepted_only_when_open_and_in_bounds(
        case in case(),
        minutes in -60..16 * 1440_i64,
        strict: bool,
    ) {
        let table = case.table();
        let held = case.held(&table);
        let asked = Timestamp::from_millis(case.now.as_millis() + minutes * 60_000);
        let request = BookingRequest { desired: Some(asked), always_check_capacity: strict, moved_from: None };
        match table.judge(&case.rules, &case.world(&held), &request) {
            Ok(Judgement::Scheduled { desired, .. }) => {
                prop_assert!(case.open.iter().any(|span| span.contains(desired)));
                prop_assert!(desired >= case.now + case.rules.min_lead);
                prop_assert!(desired <= case.now + HORIZON);
                prop_assert!(case.rules.offer.scheduled, "invariant 21");
            }
            Ok(Judgement::Immediate { desired }) => {
                prop_assert!(!strict && desired <= case.now + case.rules.submit.lead(case.wait));
                prop_assert!(case.rules.offer.immediate, "invariant 21");
            }
            Err(_) => {}
        }
    }

    #[test]
    fn invariant_19_queue_status_and_create_agree(case in case()) {
        let table = case.table();
        let held = case.held(&table);
        let offered = case.rules.offer.immediate(case.wait, table.open().open_for(case.now));
        let verdict = table.judge(&case.rules, &case.world(&held), &BookingRequest::default());
        let expected = offered.map(|()| Judgement::Immediate { desired: case.now });
        prop_assert_eq!(verdict, expected.map_err(Refusal::NotOffered));
    }

    #[test]
    fn proposals_are_the_nearest_free_slots(case in case(), minutes in 0..4000_u64) {
        let table = case.table();
        let held = case.held(&table);
        let desired = case.now + secs(minutes * 60);
        let window = Interval::new(case.now, Timestamp::MAX);
        let ask = Ask {
            now: case.now, window, min_lead: case.rules.min_lead, max_slots: None, report_busy: false,
        };
        let mut all = table.availability(&held, &ask);
        all.sort_by_key(|slot| (slot.at.since(desired).max(desired.since(slot.at)), slot.at));
        all.truncate(10);
        all.sort_by_key(|slot| slot.at);
        prop_assert_eq!(table.proposals(&held, desired, case.now, case.rules.min_lead), all);
    }
}
