//! The worked examples of [callback-domain §23.3 and §23.4](crate::rules), by their numbers.

use std::sync::Arc;
use std::time::Duration;

use chrono::{NaiveDate, NaiveTime, Weekday};

use crate::capacity::{BookingInterval, Capacity, CapacityRule, DayCapacity, RuleSlot, ShortInterval};
use crate::lead::SubmitPolicy;
use crate::offer::OfferPolicy;
use crate::wait::Wait;
use crate::{Interval, Timestamp};

use super::calendars::{at, calendar, monday};
use super::grid::slot_of;
use super::*;

const RULES: BookingRules = BookingRules {
    offer: OfferPolicy {
        immediate: true,
        blackout: Duration::ZERO,
        scheduled: true,
        require_logged_in: true,
    },
    submit: SubmitPolicy { buffer: Duration::from_secs(120), early: crate::lead::EarlySubmission::Ewt },
    min_lead: Duration::ZERO,
};

/// A service and its bookings at one moment.
struct Office {
    zone: crate::zone::Zone,
    table: SlotTable,
    booked: Vec<Timestamp>,
    now: Timestamp,
    wait: Wait,
    rules: BookingRules,
}

impl Office {
    fn new(name: &str, capacity: &Capacity, now: Timestamp) -> Self {
        let hours = calendar(name);
        let table = SlotTable::compile(&hours, capacity, Interval::new(now, now + Duration::from_secs(1)));
        assert!(table.serves(now) && !table.serves(now + Duration::from_secs(86_400)));
        let wait = Wait::Known(Duration::ZERO);
        Office { zone: hours.zone().clone(), table, booked: Vec::new(), now, wait, rules: RULES }
    }

    /// NY-OFFICE, 30 minutes, 2 places, Monday 15:20Z.
    fn usual() -> Self {
        Self::new("NY-OFFICE", &flat(30, 2), monday("15:20"))
    }

    fn with(mut self, bookings: &[(&str, usize)]) -> Self {
        for (clock, count) in bookings {
            self.booked.extend(vec![monday(clock); *count]);
        }
        self
    }

    fn held(&self) -> Occupancy {
        let cells = self.booked.iter().map(|desired| ((*desired).into(), 1));
        Occupancy::new(self.table.occupancy_window(), cells).unwrap()
    }

    fn ask(&self, window: Interval) -> Ask {
        let min_lead = self.rules.min_lead;
        Ask { now: self.now, window, min_lead, max_slots: None, report_busy: false }
    }

    fn today(&self) -> Ask {
        self.ask(AvailabilityWindow::default().resolve(&self.zone, self.now).unwrap())
    }

    fn listed(&self, ask: &Ask) -> Vec<SlotOnOffer> {
        self.table.availability(&self.held(), ask)
    }

    fn request(&self, request: BookingRequest) -> Result<Judgement, Refusal> {
        let held = self.held();
        self.table.judge(&self.rules, &World { now: self.now, wait: self.wait, held: &held }, &request)
    }

    fn judge(&self, desired: Timestamp) -> Result<Judgement, Refusal> {
        self.request(BookingRequest { desired: Some(desired), ..BookingRequest::default() })
    }

    /// Books and takes the place, the way a store does; the start of the slot it is in.
    fn create(&mut self, desired: Timestamp) -> Result<Timestamp, Refusal> {
        match self.judge(desired)? {
            Judgement::Immediate { .. } => panic!("{desired} is handled as immediate"),
            Judgement::Scheduled { desired, slot, guards } => {
                let held = |range: Interval| self.booked.iter().filter(|at| range.contains(**at)).count();
                assert!(guards.admit(desired, |range| u32::try_from(held(range)).unwrap()));
                self.booked.push(desired);
                Ok(slot.start)
            }
        }
    }

    fn reschedule(&mut self, from: Timestamp, to: Timestamp) -> Result<(), Refusal> {
        let moved_from = Some(from);
        self.request(BookingRequest { desired: Some(to), moved_from, always_check_capacity: false })?;
        let place = self.booked.iter().position(|at| *at == from).unwrap();
        self.booked[place] = to;
        Ok(())
    }

    fn cancel(&mut self, desired: Timestamp) {
        let place = self.booked.iter().position(|at| *at == desired).unwrap();
        self.booked.remove(place);
    }

    /// Places left and in all at a listed time.
    fn slot(&self, listed: Timestamp) -> Option<(u32, u32)> {
        let ask = Ask { report_busy: true, ..self.ask(Interval::new(self.now, Timestamp::MAX)) };
        let slots = self.listed(&ask);
        slots.iter().find(|slot| slot.at == listed).map(|slot| (slot.remaining, slot.total))
    }

    fn proposals(&self, desired: Timestamp) -> Vec<SlotOnOffer> {
        self.table.proposals(&self.held(), desired, self.now, self.rules.min_lead)
    }
}

fn flat(minutes: u32, per_interval: u32) -> Capacity {
    Capacity::flat(BookingInterval::try_from(minutes).unwrap(), per_interval)
}

fn ruled(minutes: u32, rule: CapacityRule) -> Capacity {
    let interval = BookingInterval::try_from(minutes).unwrap();
    Capacity::ruled(interval, Arc::new(rule), ShortInterval::Proportional)
}

fn rule(slot: RuleSlot, days: &[(Weekday, &str)]) -> CapacityRule {
    let mut rule = CapacityRule::empty("rule", slot).unwrap();
    for (day, statement) in days {
        rule.set_day(*day, DayCapacity::parse(slot, statement).unwrap()).unwrap();
    }
    rule
}

/// The same number in every hour, but for those named.
fn hours_of(weekday: Weekday, others: u16, named: &[(usize, u16)]) -> CapacityRule {
    let mut places = [others; 24];
    for (hour, number) in named {
        places[*hour] = *number;
    }
    let mut rule = CapacityRule::empty("rule", RuleSlot::Hour).unwrap();
    rule.set_day(weekday, DayCapacity::from_places(RuleSlot::Hour, &places).unwrap()).unwrap();
    rule
}

fn clocks(slots: &[SlotOnOffer]) -> Vec<String> {
    slots.iter().map(|slot| slot.at.to_string()[11..16].to_owned()).collect()
}

fn half_hours(from: u32, to: u32) -> Vec<String> {
    (from..=to).map(|half| format!("{:02}:{:02}", half / 2, half % 2 * 30)).collect()
}

#[test]
fn slot_counts_per_local_date() {
    // Row, calendar, date, minutes, capacity, slots, places, first starts.
    let rows = [
        ("S1", "NY-OFFICE", "2026-01-12", 30, 2, 16, 32, "14:00 14:30"),
        ("S2", "NY-OFFICE", "2026-01-12", 5, 10, 96, 960, "14:00 14:05"),
        ("S3", "NY-247", "2026-03-08", 60, 4, 23, 92, "05:00 06:00 07:00 08:00"),
        ("S4", "NY-247", "2026-11-01", 60, 4, 25, 100, "04:00 05:00 06:00 07:00"),
        ("S5", "NY-247", "2026-03-09", 60, 4, 24, 96, "04:00 05:00"),
        ("S6", "NY-247", "2026-03-08", 120, 4, 12, 48, "05:00 07:00 08:00"),
        ("S7", "NY-247", "2026-11-01", 120, 4, 13, 52, "04:00 06:00 07:00"),
        ("S8", "LONDON-247", "2026-03-29", 60, 1, 23, 23, "00:00 01:00 02:00"),
        ("S9", "LONDON-247", "2026-10-25", 60, 1, 25, 25, "23:00 00:00 01:00 02:00"),
        ("S10", "SYDNEY-247", "2026-04-05", 60, 1, 25, 25, "13:00 14:00 15:00 16:00 17:00"),
        ("S11", "SYDNEY-247", "2026-10-04", 60, 1, 23, 23, "14:00 15:00 16:00 17:00"),
        ("S12", "LORDHOWE-247", "2026-04-05", 30, 1, 49, 49, "13:00 13:30 14:00 14:30 15:00 15:30"),
        ("S13", "LORDHOWE-247", "2026-04-05", 60, 1, 25, 25, "13:00 14:00 15:00 15:30"),
        ("S14", "LORDHOWE-247", "2026-10-04", 30, 1, 47, 47, "13:30 14:00 14:30 15:00 15:30"),
        ("S15", "LORDHOWE-247", "2026-10-04", 60, 1, 24, 24, "13:30 14:30 15:30 16:00"),
        ("S16", "SANTIAGO-247", "2026-04-04", 60, 1, 25, 25, "03:00 04:00"),
        ("S17", "SANTIAGO-247", "2026-09-06", 60, 1, 23, 23, "04:00 05:00"),
        ("S18", "PARIS-SPLIT", "2026-02-03", 30, 3, 16, 48, "08:00 08:30"),
        ("S19", "PARIS-SPLIT", "2026-02-07", 30, 3, 6, 18, "08:00 08:30"),
        ("S20", "NY-0930", "2026-01-12", 60, 1, 9, 9, "14:30 15:00 16:00"),
    ];
    for (row, name, date, minutes, capacity, count, places, first) in rows {
        let zone = calendar(name).zone().clone();
        let midnight = date.parse::<NaiveDate>().unwrap().and_time(NaiveTime::MIN);
        let start = zone.instant(midnight);
        let office = Office::new(name, &flat(minutes, capacity), start - Duration::from_secs(86_400));
        let window = AvailabilityWindow { start: Some(start), ..AvailabilityWindow::default() };
        let slots = office.listed(&office.ask(window.resolve(&zone, office.now).unwrap()));
        assert_eq!(slots.len(), count, "{row} slots");
        assert_eq!(slots.iter().map(|slot| slot.total).sum::<u32>(), places, "{row} places");
        let first: Vec<&str> = first.split(' ').collect();
        assert_eq!(clocks(&slots[..first.len()]), first, "{row} first starts");
        assert!(slots[0].at >= start && slots[0].at < start + Duration::from_secs(86_400), "{row}");
    }
}

#[test]
fn b1_to_b4_listing() {
    let mut office = Office::usual();
    let listed = office.listed(&office.today());
    assert_eq!(clocks(&listed), half_hours(31, 43), "B1");
    assert!(listed.iter().all(|slot| (slot.remaining, slot.total) == (2, 2)), "B1");
    assert_eq!(office.table.interval().minutes(), 30, "B1");

    office.rules.min_lead = Duration::from_secs(900);
    assert_eq!(clocks(&office.listed(&office.today())), half_hours(32, 43), "B2");

    let office = Office::usual().with(&[("16:00", 2)]);
    let three = Ask { max_slots: Some(3), ..office.today() };
    assert_eq!(clocks(&office.listed(&three)), ["15:30", "16:30", "17:00"], "B3");
    let busy = office.listed(&Ask { report_busy: true, ..three });
    assert_eq!(clocks(&busy), ["15:30", "16:00", "16:30", "17:00"], "B4");
    assert_eq!((busy[1].remaining, busy[1].total), (0, 2), "B4");
    assert!(office.listed(&Ask { max_slots: Some(0), report_busy: true, ..three }).is_empty());
}

#[test]
fn b5_to_b8_refusals_and_proposals() {
    let mut office = Office::usual().with(&[("16:00", 2)]);
    assert_eq!(office.create(monday("16:10")), Err(Refusal::Full), "B5");
    assert!(Refusal::Full.another_time_helps(), "B5 has proposals");
    let proposals = office.proposals(monday("16:10"));
    let mut expected = half_hours(31, 41);
    expected.remove(1);
    assert_eq!(clocks(&proposals), expected, "B5");
    assert!(proposals.iter().all(|slot| slot.remaining == 2), "B5");
    assert_eq!(office.booked.len(), 2, "B5");

    assert_eq!(office.create(monday("15:37:30")), Ok(monday("15:30")), "B6");
    assert_eq!(office.slot(monday("15:30")), Some((1, 2)), "B6");

    let mut office = Office::usual();
    assert_eq!(office.create(monday("22:00")), Err(Refusal::Closed), "B7");
    assert_eq!(clocks(&office.proposals(monday("22:00"))), half_hours(34, 43), "B7");
    assert_eq!(office.create(monday("21:59:59")), Ok(monday("21:30")), "B8");

    let full: Vec<(String, usize)> = half_hours(30, 43).into_iter().map(|clock| (clock, 2)).collect();
    let mut office = office.with(&full.iter().map(|(c, n)| (c.as_str(), *n)).collect::<Vec<_>>());
    office.rules.min_lead = HORIZON;
    assert_eq!(office.proposals(monday("18:00")), [], "nothing is free within the horizon");
}

#[test]
fn b9_to_b13_places_taken_and_given_back() {
    let mut office = Office::new("NY-OFFICE", &flat(30, 7), monday("15:20"));
    let results: Vec<_> = (0..100).map(|_| office.create(monday("18:00"))).collect();
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 7, "B9");
    assert_eq!(results.iter().filter(|result| **result == Err(Refusal::Full)).count(), 93, "B9");
    office.cancel(monday("18:00"));
    assert_eq!(office.create(monday("18:00")), Ok(monday("18:00")), "B10");
    assert_eq!(office.create(monday("18:00")), Err(Refusal::Full), "B10");

    let mut office = Office::usual().with(&[("18:00", 2), ("18:30", 2)]);
    assert_eq!(office.reschedule(monday("18:00"), monday("18:45")), Err(Refusal::Full), "B11");
    assert_eq!(office.slot(monday("18:00")), Some((0, 2)), "B11");
    assert_eq!(office.slot(monday("18:30")), Some((0, 2)), "B11");
    assert_eq!(office.reschedule(monday("18:00"), monday("18:20")), Ok(()), "within a full slot");

    let mut office = Office::usual().with(&[("18:00", 2), ("18:30", 1)]);
    assert_eq!(office.reschedule(monday("18:00"), monday("18:40")), Ok(()), "B12");
    assert_eq!(office.slot(monday("18:00")), Some((1, 2)), "B12");
    assert_eq!(office.slot(monday("18:30")), Some((0, 2)), "B12");

    let mut office = Office::usual().with(&[("18:00", 3)]);
    assert_eq!(office.slot(monday("18:00")), Some((0, 2)), "B13");
    for remaining in [0, 1] {
        office.cancel(monday("18:00"));
        assert_eq!(office.slot(monday("18:00")), Some((remaining, 2)), "B13");
    }
}

#[test]
fn b14_to_b16_rules_and_bounds() {
    let capacity = ruled(60, hours_of(Weekday::Mon, 3, &[(9, 5), (10, 0)]));
    let mut office = Office::new("NY-OFFICE", &capacity, at("2026-01-11T23:00:00Z"));
    let day = Interval::new(monday("05:00"), at("2026-01-13T05:00:00Z"));
    for report_busy in [false, true] {
        let listed = office.listed(&Ask { report_busy, ..office.ask(day) });
        assert_eq!(clocks(&listed), ["14:00", "16:00", "17:00", "18:00", "19:00", "20:00", "21:00"], "B14");
        assert_eq!(listed.iter().map(|slot| slot.total).sum::<u32>(), 23, "B14");
    }
    assert_eq!(office.create(monday("15:15")), Err(Refusal::Full), "B14");

    let bookings = [("15:05", 1), ("15:35", 1), ("15:50", 1)];
    let hourly = Office::new("NY-OFFICE", &flat(60, 9), monday("13:00")).with(&bookings);
    let halves = Office::new("NY-OFFICE", &flat(30, 9), monday("13:00")).with(&bookings);
    assert_eq!(hourly.slot(monday("15:00")), Some((6, 9)), "B15");
    assert_eq!(halves.slot(monday("15:00")), Some((8, 9)), "B15");
    assert_eq!(halves.slot(monday("15:30")), Some((7, 9)), "B15");

    let mut office = Office::new("NY-OFFICE", &flat(30, 2), at("2026-03-02T17:00:00Z"));
    let bound = at("2026-03-16T17:00:00Z");
    assert_eq!(office.create(bound), Ok(bound), "B16");
    let beyond = office.create(bound + Duration::from_secs(1));
    assert_eq!(beyond, Err(Refusal::TooFar { latest: bound }), "B16");
    assert!(!Refusal::TooFar { latest: bound }.another_time_helps(), "B16 has none");
}

#[test]
fn b17_desired_times_in_the_past() {
    let office = Office::usual();
    for seconds in [60, 61] {
        let desired = Some(office.now - Duration::from_secs(seconds));
        let loose = office.request(BookingRequest { desired, ..BookingRequest::default() });
        assert_eq!(loose, Ok(Judgement::Immediate { desired: office.now }), "B17 {seconds}");
        let always_check_capacity = true;
        let strict = office.request(BookingRequest { desired, always_check_capacity, moved_from: None });
        match (seconds, strict) {
            (60, Ok(Judgement::Scheduled { desired, slot, .. })) => {
                assert_eq!((desired, slot.start), (office.now, monday("15:00")), "B17");
            }
            (61, refused) => assert_eq!(refused, Err(Refusal::Past), "B17"),
            other => panic!("B17: {other:?}"),
        }
    }
    let mut office = Office::usual();
    office.rules.offer.immediate = false;
    let past = office.now - Duration::from_secs(61);
    assert_eq!(office.create(past), Ok(monday("15:00")), "only who insists on capacity is told of the past");
    assert_eq!(office.booked, [office.now]);
}

#[test]
fn nothing_is_booked_or_listed_out_of_bounds() {
    let mut office = Office::usual();
    office.rules.min_lead = Duration::from_secs(900);
    let earliest = monday("15:35");
    assert_eq!(office.create(monday("15:34:59")), Err(Refusal::TooSoon { earliest }));
    assert_eq!(office.create(earliest), Ok(monday("15:30")));

    let now = monday("15:00");
    let mut office = Office::new("NY-247", &flat(30, 1), now);
    let two_days = Interval::new(now, now + Duration::from_secs(2 * 86_400));
    office.table = SlotTable::compile(&calendar("NY-247"), &flat(30, 1), two_days);
    let last = office.listed(&office.ask(Interval::new(office.now, Timestamp::MAX))).pop().unwrap();
    assert_eq!(last.at, office.now + HORIZON, "the bound itself is allowed, the slot after it is not");
}

#[test]
fn a_slot_begun_before_the_hours_are_known_is_left_out() {
    let hours = calendar("NY-247");
    let known = Interval::new(monday("15:10"), monday("18:00"));
    let open = hours.open_spans(known);
    let table = SlotTable::from_spans(hours.zone(), open, &flat(60, 1), known);
    assert_eq!(table.span().start, monday("16:00"));
    assert_eq!(table.place_at(monday("15:30")), None);
    assert_eq!(table.len(), 2);
}

#[test]
fn of_two_equally_near_proposals_the_earlier_is_kept() {
    let office = Office::usual().with(&[("18:00", 2)]);
    let mut expected = half_hours(31, 41);
    expected.retain(|clock| clock != "18:00");
    assert_eq!(clocks(&office.proposals(monday("18:15"))), expected, "15:30, not 21:00");
}

#[test]
fn b18_to_b22_strange_nights_and_zones() {
    let mut office = Office::new("NY-247", &flat(60, 1), at("2026-10-31T12:00:00Z"));
    let results =
        ["05:30", "06:30", "05:45"].map(|clock| office.create(at(&format!("2026-11-01T{clock}:00Z"))));
    let (first, second) = (at("2026-11-01T05:00:00Z"), at("2026-11-01T06:00:00Z"));
    assert_eq!(results, [Ok(first), Ok(second), Err(Refusal::Full)], "B18");

    let new_york = calendar("NY-247").zone().clone();
    for (text, expected) in
        [("2026-11-01T01:30:00", "2026-11-01T05:30:00Z"), ("2026-03-08T02:30:00", "2026-03-08T07:30:00Z")]
    {
        let start = Some(crate::civil::parse_query(text, Some(&new_york)).unwrap());
        let window = AvailabilityWindow { start, ..AvailabilityWindow::default() };
        assert_eq!(window.resolve(&new_york, at("2026-01-01T00:00:00Z")).unwrap().start, at(expected), "B19");
    }

    for (name, minutes, expected) in
        [("KOLKATA-DAY", 60, "04:30"), ("KATHMANDU-DAY", 30, "04:45"), ("KATHMANDU-DAY", 60, "04:15")]
    {
        let slot = slot_of(calendar(name).zone(), minutes, monday("05:10"));
        assert_eq!(slot.start, monday(expected), "B20 {name} {minutes}");
    }

    let mut office = Office::new("NY-0930", &flat(60, 1), monday("13:00"));
    assert_eq!(office.create(monday("14:15")), Err(Refusal::Closed), "B21");
    assert_eq!(office.slot(monday("14:30")), Some((1, 1)), "B21");
    assert_eq!(office.create(monday("14:45")), Ok(monday("14:00")), "B21");
    assert_eq!(office.slot(monday("14:30")), Some((0, 1)), "B21");
    assert_eq!(office.create(monday("22:20")), Ok(monday("22:00")), "B21");
    assert_eq!(office.create(monday("22:30")), Err(Refusal::Closed), "B21");

    let office = Office::new("TOKYO-2H", &flat(30, 1), at("2026-02-10T23:30:00Z"));
    let london = calendar("LONDON-247").zone().clone();
    let mut query = AvailabilityWindow { start: Some(office.now), ..AvailabilityWindow::default() };
    let window = query.resolve(&london, office.now).unwrap();
    assert_eq!(window.end, at("2026-02-11T00:00:00Z"), "B22");
    assert_eq!(office.listed(&office.ask(window)), [], "B22");
    query.end = WindowEnd::AfterDays(1);
    let window = query.resolve(&london, office.now).unwrap();
    assert_eq!(window.end, at("2026-02-11T23:30:00Z"), "B22");
    assert_eq!(clocks(&office.listed(&office.ask(window))), ["00:00", "00:30", "01:00", "01:30"], "B22");
}

#[test]
fn b23_to_b28_days_rules_and_texts() {
    let office = Office::new("NY-OFFICE", &flat(30, 2), at("2026-03-02T05:00:00Z"));
    let query = AvailabilityWindow { end: WindowEnd::AfterDays(12), ..AvailabilityWindow::default() };
    let listed = office.listed(&office.ask(query.resolve(&office.zone, office.now).unwrap()));
    assert_eq!((listed.len(), listed.iter().map(|slot| slot.total).sum::<u32>()), (160, 320), "B23");
    let firsts: Vec<String> = listed.chunks(16).map(|day| day[0].at.to_string()[..16].to_owned()).collect();
    let expected: Vec<String> = (2..=6)
        .map(|day| format!("2026-03-{day:02}T14:00"))
        .chain((9..=13).map(|day| format!("2026-03-{day:02}T13:00")))
        .collect();
    assert_eq!(firsts, expected, "B23");

    for (date, hour, places) in [("2026-11-01", 1, 29), ("2026-03-08", 2, 23)] {
        let capacity = ruled(60, hours_of(Weekday::Sun, 1, &[(hour, 3)]));
        let zone = calendar("NY-247").zone().clone();
        let start = zone.instant(date.parse::<NaiveDate>().unwrap().and_time(NaiveTime::MIN));
        let office = Office::new("NY-247", &capacity, start - Duration::from_secs(86_400));
        let query = AvailabilityWindow { start: Some(start), ..AvailabilityWindow::default() };
        let listed = office.listed(&office.ask(query.resolve(&zone, office.now).unwrap()));
        assert_eq!(listed.iter().map(|slot| slot.total).sum::<u32>(), places, "B24 {date}");
    }

    let mut office = Office::new("NY-OFFICE", &flat(30, 2), at("2026-01-11T18:00:00Z"));
    assert_eq!(office.create(monday("14:00")), Ok(monday("14:00")), "B25");

    let mut office = Office::new("NY-OFFICE", &flat(5, 10), monday("13:00"));
    let buckets: Vec<Timestamp> = (0..12).map(|n| monday("15:00") + Duration::from_secs(n * 300)).collect();
    for bucket in &buckets {
        let accepted = (0..11).filter(|_| office.create(*bucket).is_ok()).count();
        assert_eq!(accepted, 10, "B26");
    }
    assert_eq!(office.booked.len(), 120, "B26");

    let mut office = Office::usual().with(&[("18:00", 2)]);
    assert_eq!(office.slot(monday("18:00")), Some((0, 2)), "B27: an ended record keeps its place");
    office.cancel(monday("18:00"));
    assert_eq!(office.slot(monday("18:00")), Some((1, 2)), "B27");

    let office = Office::new("NY-0930", &flat(60, 1), monday("13:00"));
    let first = office.listed(&office.today())[0].at;
    let mut local = String::new();
    crate::civil::write_local(&mut local, first, &office.zone);
    assert_eq!(local, "2026-01-12T09:30:00.000-05:00", "B28");
    assert_eq!(first.to_string(), "2026-01-12T14:30:00.000Z", "B28");
}

#[test]
fn b29_to_b33_short_intervals_and_the_slot_in_progress() {
    let ten = || ruled(15, rule(RuleSlot::Hour, &[(Weekday::Mon, r#"{"1000":10}"#)]));
    let office = |capacity: &Capacity| Office::new("NY-OFFICE", capacity, monday("13:00"));

    let mut b29 = office(&ten()).with(&[("15:00", 3)]);
    assert_eq!(b29.slot(monday("15:00")), Some((0, 3)), "B29");
    assert_eq!(b29.create(monday("15:05")), Err(Refusal::Full), "B29");

    let mut b30 = office(&ten()).with(&[("15:00", 3), ("15:15", 3), ("15:30", 3), ("15:45", 1)]);
    assert_eq!(b30.create(monday("15:50")), Err(Refusal::Full), "B30");
    assert_eq!(b30.listed(&b30.today()), [], "B30");
    assert_eq!(b30.slot(monday("15:45")), Some((0, 3)), "B30");

    let mut b31 = office(&ruled(15, rule(RuleSlot::Hour, &[(Weekday::Mon, r#"{"1000":1}"#)])));
    assert_eq!(b31.create(monday("15:40")), Ok(monday("15:30")), "B31");
    for quarter in ["15:00", "15:15", "15:30", "15:45"] {
        assert_eq!(b31.slot(monday(quarter)), Some((0, 1)), "B31 {quarter}");
    }

    let mut b32 = office(&Capacity { short_interval: ShortInterval::PerBucket, ..ten() });
    let accepted = (0..12).filter(|_| b32.create(monday("15:05")).is_ok()).count();
    assert_eq!(accepted, 10, "B32");
    assert_eq!(b32.slot(monday("15:15")), Some((10, 10)), "B32");

    let mut b33 = Office::usual();
    assert_eq!(b33.create(monday("15:25")), Ok(monday("15:00")), "B33");
    assert_eq!(b33.slot(monday("15:00")), None, "B33");
}

/// The examples of [callback-administration §5.6](crate::rules) that need a slot, by their numbers there.
#[test]
fn capacity_rule_examples() {
    let office = |minutes, slot, statement: &str| {
        let capacity = ruled(minutes, rule(slot, &[(Weekday::Mon, statement)]));
        Office::new("NY-OFFICE", &capacity, monday("13:00"))
    };
    let mut one = office(60, RuleSlot::Hour, r#"{"1000":4}"#).with(&[("15:00", 3)]);
    assert_eq!(one.create(monday("15:20")), Ok(monday("15:00")), "1");
    assert_eq!(one.slot(monday("15:00")), Some((0, 4)), "1");

    let mut two = office(60, RuleSlot::Hour, r#"{"1000":4,"1100":4}"#).with(&[("15:00", 4), ("16:00", 1)]);
    assert_eq!(two.create(monday("15:45")), Err(Refusal::Full), "2");
    let proposed = two.proposals(monday("15:45"));
    assert_eq!((clocks(&proposed)[0].as_str(), proposed[0].remaining), ("16:00", 3), "2");

    let mut six = office(5, RuleSlot::Half, r#"{"1030":5}"#);
    assert_eq!(six.create(monday("15:32")), Ok(monday("15:30")), "6");
    assert_eq!(six.create(monday("15:33")), Err(Refusal::Full), "6");

    let eight = office(30, RuleSlot::Hour, r#"{"1600":6}"#);
    assert_eq!(eight.slot(monday("21:00")), Some((3, 3)), "8");

    let longer = office(120, RuleSlot::Half, r#"{"1000":1,"1030":2,"1100":4,"1130":8,"1200":16}"#);
    assert_eq!(longer.slot(monday("15:00")), Some((15, 15)), "a longer interval adds up what it covers");
}

#[test]
fn twenty_minutes_across_two_half_hours_need_room_in_both() {
    let capacity = ruled(20, rule(RuleSlot::Half, &[(Weekday::Mon, r#"{"1000":6,"1030":3}"#)]));
    let mut office = Office::new("NY-OFFICE", &capacity, monday("13:00"));
    // Shares of 6 and 3, and between them the share of the smaller.
    let totals = ["15:00", "15:20", "15:40"].map(|clock| office.slot(monday(clock)));
    assert_eq!(totals, [Some((4, 4)), Some((2, 2)), Some((2, 2))]);
    // Of the two booked here, one counts for each half hour.
    assert_eq!(office.create(monday("15:25")), Ok(monday("15:20")));
    assert_eq!(office.create(monday("15:35")), Ok(monday("15:20")));
    assert_eq!(office.create(monday("15:40")), Ok(monday("15:40")));
    assert_eq!(office.create(monday("15:40")), Ok(monday("15:40")));
    office.cancel(monday("15:25"));
    // The second half hour holds 3 of 3: the slot is neither offered nor booked, not even in its first half.
    assert_eq!(office.slot(monday("15:20")), Some((0, 2)));
    assert_eq!(office.create(monday("15:25")), Err(Refusal::Full));
    let mut proposed = office.proposals(monday("15:20"));
    proposed.retain(|slot| slot.at < monday("23:00"));
    assert_eq!(clocks(&proposed), ["15:00"]);
    assert_eq!(office.slot(monday("15:00")), Some((4, 4)));
}

#[test]
fn windows_that_make_no_sense_are_refused() {
    let zone = calendar("NY-247").zone().clone();
    let now = monday("12:00");
    let none = AvailabilityWindow::default();
    let backwards = AvailabilityWindow { start: Some(monday("14:00")), end: WindowEnd::At(monday("13:00")) };
    assert_eq!(backwards.resolve(&zone, now), Err(EndBeforeStart));

    let resolved = |query: AvailabilityWindow| query.resolve(&zone, now).unwrap();
    let past = AvailabilityWindow { start: Some(now - HORIZON), end: WindowEnd::At(monday("13:00")) };
    assert_eq!(resolved(past), Interval::new(now, monday("13:00")), "a start in the past moves up to now");
    let gone = AvailabilityWindow { start: Some(now - HORIZON), end: WindowEnd::At(now - HORIZON) };
    assert!(resolved(gone).is_empty());
    let ages = AvailabilityWindow { end: WindowEnd::AfterDays(u64::MAX), ..none };
    assert_eq!(resolved(ages), Interval::new(now, now + HORIZON), "cut at the horizon");
    let far = AvailabilityWindow { start: Some(Timestamp::MAX), ..none };
    assert!(resolved(far).is_empty());
    assert!(resolved(AvailabilityWindow { end: WindowEnd::AfterDays(0), ..none }).is_empty());
    let second = at("2026-11-01T06:30:00Z");
    let no_days = AvailabilityWindow { start: Some(second), end: WindowEnd::AfterDays(0) };
    let resolved = no_days.resolve(&zone, at("2026-10-31T00:00:00Z"));
    assert_eq!(resolved, Ok(Interval::new(second, second)), "no days from the second 01:30");
    let one_day =
        AvailabilityWindow { start: Some(at("2026-03-08T05:00:00Z")), end: WindowEnd::AfterDays(1) };
    let spring = one_day.resolve(&zone, at("2026-03-07T00:00:00Z")).unwrap();
    assert_eq!(spring.length(), Duration::from_secs(23 * 3600), "a day with a clock change");
}
