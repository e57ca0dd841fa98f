//! The list of free slots over 14 days of 15 minutes, open around the clock: 1,344 slots, 134,400 bookings taken
//! (the sizing example of callback-domain §18, with one place in a hundred left so that every slot is listed).
//!
//! Beside ours stands the same answer with the hours read by the crate `opening-hours`, used in its two ways: asked
//! slot by slot, and as an iterator of open ranges. It is spared the time zone: its slots come as wall-clock times.
//!
//! `cargo bench -p ges-core --bench slots`

// The measured crate and divan are foreign to the rules of the library.
#![allow(clippy::unwrap_used, missing_docs)]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::NaiveDateTime;
use divan::{Bencher, black_box};
use ges_core::capacity::{
    BookingInterval, Capacity, CapacityRule, DayCapacity, RuleSlot, ShortInterval, WEEK,
};
use ges_core::hours::OfficeHours;
use ges_core::slots::{Ask, HORIZON, Occupancy, SlotOnOffer, SlotTable, UtcMinute};
use ges_core::zone::ZoneDatabase;
use ges_core::{Interval, Timestamp};
use opening_hours::OpeningHours;

fn main() {
    let answer = World::new(flat()).answer();
    assert_eq!(answer.len(), 1344);
    assert_eq!(peer_by_slot(&peer(), &peer_slots()), answer, "both sides give the same answer");
    assert_eq!(peer_by_range(&peer(), &peer_slots()), answer, "both sides give the same answer");
    divan::main();
}

const PLACES: u32 = 101;

/// Midnight of a zone without clock changes, so that both sides see the same 1,344 slots.
fn now() -> Timestamp {
    "2026-01-11T15:00:00Z".parse().unwrap()
}

fn hours() -> OfficeHours {
    let options = [("_timezone", "Asia/Tokyo"), ("_bh_regular1", "Mon-Sun 00:00-24:00")];
    OfficeHours::from_gms(options, &ZoneDatabase::embedded()).unwrap()
}

fn office() -> OfficeHours {
    let options = [("_timezone", "America/New_York"), ("_bh_regular1", "Mon-Fri 09:00-17:00")];
    OfficeHours::from_gms(options, &ZoneDatabase::embedded()).unwrap()
}

fn flat() -> Capacity {
    Capacity::flat(BookingInterval::M15, PLACES)
}

fn ruled() -> Capacity {
    let mut rule = CapacityRule::empty("rule", RuleSlot::Hour).unwrap();
    for weekday in WEEK {
        rule.set_day(weekday, DayCapacity::from_places(RuleSlot::Hour, &[1000; 24]).unwrap()).unwrap();
    }
    Capacity::ruled(BookingInterval::M15, Arc::new(rule), ShortInterval::Proportional)
}

fn nows() -> Interval {
    Interval::new(now(), now() + Duration::from_secs(86_400))
}

/// 134,400 bookings, spread over every minute of 14 days: 100 in each quarter of an hour.
fn cells() -> Vec<(UtcMinute, u32)> {
    let first = UtcMinute::from(now()).number();
    (0..14 * 1440).map(|n| (UtcMinute::from_number(first + n), if n % 15 < 10 { 7 } else { 6 })).collect()
}

struct World {
    table: SlotTable,
    held: Occupancy,
    ask: Ask,
}

impl World {
    fn new(capacity: Capacity) -> Self {
        let table = SlotTable::compile(&hours(), &capacity, nows());
        let held = Occupancy::new(table.occupancy_window(), cells()).unwrap();
        let window = Interval::new(now(), now() + HORIZON);
        let ask = Ask { now: now(), window, min_lead: Duration::ZERO, max_slots: None, report_busy: false };
        World { table, held, ask }
    }

    fn answer(&self) -> Vec<SlotOnOffer> {
        self.table.availability(&self.held, &self.ask)
    }
}

#[divan::bench]
fn availability(bencher: Bencher<'_, '_>) {
    let world = World::new(flat());
    bencher.bench_local(|| black_box(&world).answer());
}

#[divan::bench]
fn availability_with_rule(bencher: Bencher<'_, '_>) {
    let world = World::new(ruled());
    assert_eq!(world.answer().len(), 1344);
    bencher.bench_local(|| black_box(&world).answer());
}

#[divan::bench]
fn proposals(bencher: Bencher<'_, '_>) {
    let world = World::new(flat());
    let desired = now() + Duration::from_secs(7 * 86_400);
    bencher.bench_local(|| {
        black_box(&world).table.proposals(&world.held, desired, world.ask.now, Duration::ZERO)
    });
}

#[divan::bench]
fn occupancy_from_20160_cells(bencher: Bencher<'_, '_>) {
    let (window, cells) = (World::new(flat()).table.occupancy_window(), cells());
    bencher.bench_local(|| Occupancy::new(window, black_box(&cells).iter().copied()));
}

#[divan::bench]
fn compile_around_the_clock(bencher: Bencher<'_, '_>) {
    let (hours, capacity) = (hours(), flat());
    bencher.bench_local(|| SlotTable::compile(black_box(&hours), &capacity, nows()));
}

#[divan::bench]
fn compile_around_the_clock_with_rule(bencher: Bencher<'_, '_>) {
    let (hours, capacity) = (hours(), ruled());
    bencher.bench_local(|| SlotTable::compile(black_box(&hours), &capacity, nows()));
}

#[divan::bench]
fn compile_office_hours_with_rule(bencher: Bencher<'_, '_>) {
    let (hours, capacity) = (office(), ruled());
    bencher.bench_local(|| SlotTable::compile(black_box(&hours), &capacity, nows()));
}

fn peer() -> OpeningHours {
    "Mo-Su 00:00-24:00".parse().unwrap()
}

/// What the other side is given: each slot by wall clock and instant, with the places taken already added up.
fn peer_slots() -> BTreeMap<NaiveDateTime, (Timestamp, u32)> {
    let midnight: NaiveDateTime = "2026-01-12T00:00:00".parse().unwrap();
    (0..1344)
        .map(|n| {
            let local = midnight + chrono::TimeDelta::minutes(15 * n);
            let instant = Timestamp::from_millis(now().as_millis() + 15 * 60_000 * n);
            (local, (instant, 100))
        })
        .collect()
}

fn offered(at: Timestamp, held: u32) -> Option<SlotOnOffer> {
    let remaining = PLACES.saturating_sub(held);
    (remaining > 0).then_some(SlotOnOffer { at, remaining, total: PLACES })
}

fn peer_by_slot(hours: &OpeningHours, slots: &BTreeMap<NaiveDateTime, (Timestamp, u32)>) -> Vec<SlotOnOffer> {
    let open = slots.iter().filter(|(local, _)| hours.is_open(**local));
    open.filter_map(|(_, (at, held))| offered(*at, *held)).collect()
}

fn peer_by_range(
    hours: &OpeningHours,
    slots: &BTreeMap<NaiveDateTime, (Timestamp, u32)>,
) -> Vec<SlotOnOffer> {
    let (Some((first, _)), Some((last, _))) = (slots.first_key_value(), slots.last_key_value()) else {
        return Vec::new();
    };
    let ranges = hours.iter_range(*first, *last + chrono::TimeDelta::minutes(15));
    let open = ranges.filter(|range| range.kind == opening_hours::RuleKind::Open);
    open.flat_map(|range| slots.range(range.range.start..range.range.end))
        .filter_map(|(_, (at, held))| offered(*at, *held))
        .collect()
}

#[divan::bench]
fn opening_hours_crate_slot_by_slot(bencher: Bencher<'_, '_>) {
    let (hours, slots) = (peer(), peer_slots());
    bencher.bench_local(|| peer_by_slot(black_box(&hours), &slots));
}

#[divan::bench]
fn opening_hours_crate_by_range(bencher: Bencher<'_, '_>) {
    let (hours, slots) = (peer(), peer_slots());
    bencher.bench_local(|| peer_by_range(black_box(&hours), &slots));
}
