//! Tenants, their offices and services: what the engine is told, and the same again in plain words for the oracle.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock, OnceLock};
use std::time::Duration;

use chrono::{Datelike, Timelike};
use ges_core::capacity::BookingInterval;
use ges_core::hours::{DesignerHours, DesignerRange, OfficeHours};
use ges_core::lead::EarlySubmission;
use ges_core::port::IdSource;
use ges_core::settings::{CallbackService, TenantSettings};
use ges_core::testing::SeededIds;
use ges_core::throttle::InQueueCheck;
use ges_core::zone::{Zone, ZoneDatabase};
use ges_core::{ServiceName, TenantId, Timestamp};

/// The same hours on every day: open minutes of the local wall clock; an end beyond 1440 is on the next day.
pub type Shifts = Vec<(u32, u32)>;

/// One service as one version of the settings has it.
#[derive(Clone, Debug)]
pub struct Desk {
    /// Its name.
    pub name: ServiceName,
    /// Booking interval in minutes.
    pub interval: u32,
    /// Places in each.
    pub capacity: u32,
    /// The shortest time ahead.
    pub min_lead: Duration,
    /// The submission buffer.
    pub buffer: Duration,
    /// What may lengthen it.
    pub early: EarlySubmission,
    /// Life limit.
    pub ttl: Duration,
    /// Unfinished callbacks of one number.
    pub same_number: Option<u32>,
    /// Active callbacks.
    pub active_max: u32,
    /// Accepted immediate ones in five minutes.
    pub burst: u32,
}

/// What one version of the settings says.
#[derive(Clone, Debug)]
pub struct Edition {
    /// When the office is open.
    pub shifts: Shifts,
    /// Its services.
    pub desks: Vec<Desk>,
}

/// One tenant in all its editions.
pub struct Tenant {
    /// Its id.
    pub id: TenantId,
    /// Where its office is.
    pub zone: Zone,
    /// What can be published.
    pub editions: Vec<Edition>,
    /// The same as the engine takes it, made when first asked for.
    made: Vec<OnceLock<TenantSettings>>,
}

/// How many editions of its settings a tenant has.
const EDITIONS: usize = 3;

/// Instants near which something strange happens, or nothing: each with its zone.
const DAYS: &[(&str, &str)] = &[
    ("2026-01-12T15:00:00Z", "America/New_York"),
    ("2026-03-08T06:40:00Z", "America/New_York"),
    ("2026-11-01T05:40:00Z", "America/New_York"),
    ("2026-11-01T05:10:00Z", "America/New_York"),
    ("2026-03-29T00:40:00Z", "Europe/Paris"),
    ("2026-10-25T00:35:00Z", "Europe/Paris"),
    ("2026-04-04T14:40:00Z", "Australia/Lord_Howe"),
    ("2026-10-03T15:10:00Z", "Australia/Lord_Howe"),
    ("2026-09-06T03:40:00Z", "America/Santiago"),
    ("2026-05-20T18:05:00Z", "Asia/Kathmandu"),
    ("2026-12-31T23:40:00Z", "Asia/Kolkata"),
    ("2026-02-27T13:00:00Z", "Europe/Paris"),
];

/// The same, read once.
static READ: LazyLock<Vec<(Timestamp, Zone)>> = LazyLock::new(|| {
    let zones = ZoneDatabase::embedded();
    let read = |(start, zone): &(&str, &str)| Some((start.parse().ok()?, zones.zone(zone).ok()?));
    DAYS.iter().filter_map(read).collect()
});

/// When and where a world begins.
pub fn day(chance: &SeededIds) -> (Timestamp, Zone) {
    chance.pick(&READ).cloned().unwrap_or_else(|| (Timestamp::from_secs(0), Zone::utc()))
}

impl Tenant {
    /// A tenant with services and a few editions of its settings.
    pub fn draw(id: &str, zone: Zone, start: Timestamp, chance: &SeededIds) -> Self {
        let editions: Vec<Edition> = (0..EDITIONS).map(|_| Edition::draw(&zone, start, chance)).collect();
        let made = editions.iter().map(|_| OnceLock::new()).collect();
        Tenant { id: id.into(), zone, editions, made }
    }

    /// The settings of one edition as the engine takes them.
    pub fn settings(&self, edition: usize, version: u64) -> TenantSettings {
        let made = self.made[edition % EDITIONS].get_or_init(|| self.make(edition % EDITIONS));
        TenantSettings { version, ..made.clone() }
    }

    fn make(&self, edition: usize) -> TenantSettings {
        let chosen = self.edition(edition);
        TenantSettings {
            tenant: self.id.clone(),
            version: 0,
            services: chosen.desks.iter().map(|desk| (desk.name.clone(), Arc::new(desk.service()))).collect(),
            hours: [("office".to_owned(), Arc::new(self.hours(&chosen.shifts)))].into(),
            capacity_rules: BTreeMap::new(),
            number_rules: BTreeMap::new(),
            call_in_groups: BTreeMap::new(),
        }
    }

    /// One edition; the first when there is no such.
    pub fn edition(&self, edition: usize) -> &Edition {
        self.editions.get(edition).unwrap_or(&self.editions[0])
    }

    fn hours(&self, shifts: &Shifts) -> OfficeHours {
        let text = |minute: u32| format!("{:02}:{:02}", minute / 60 % 24, minute % 60);
        let ranges: Vec<DesignerRange> = match shifts.as_slice() {
            [(0, 1440)] => vec![DesignerRange::all_day()],
            some => {
                some.iter().map(|(open, close)| DesignerRange::new(&text(*open), &text(*close))).collect()
            }
        };
        let mut hours = DesignerHours {
            name: "office".to_owned(),
            tags: Vec::new(),
            time_zone: self.zone.name().to_owned(),
            follow_overrides: true,
            days: Default::default(),
            special_days: Vec::new(),
            effective_dates: Vec::new(),
        };
        let days = &mut hours.days;
        for day in [
            &mut days.monday,
            &mut days.tuesday,
            &mut days.wednesday,
            &mut days.thursday,
            &mut days.friday,
            &mut days.saturday,
            &mut days.sunday,
        ] {
            *day = ranges.clone();
        }
        // Drawn hours are well formed; were they not, an office that is always open would show in the checks.
        OfficeHours::from_designer(&hours, &ZoneDatabase::embedded())
            .unwrap_or_else(|_| OfficeHours::always(self.zone.clone()))
    }
}

impl Edition {
    fn draw(zone: &Zone, start: Timestamp, chance: &SeededIds) -> Self {
        let minute = minute_of_day(zone, start);
        let five = |minute: u32| minute / 5 * 5;
        let whole = |from: u32, long: u32| (from % 1440, from % 1440 + long);
        let shifts = match chance.below(6) {
            0 | 1 => vec![(0, 1440)],
            // Closes while the world runs.
            2 => vec![whole(five(minute + 1440 - 180), 180 + 15 + below(chance, 4) * 5)],
            // Opens while the world runs.
            3 => vec![whole(five(minute + 5 + below(chance, 20)), 300)],
            // A break.
            4 => {
                let from = five(minute + 1440 - 60);
                split(whole(from, 75 + below(chance, 3) * 5), whole(from + 95, 240))
            }
            _ => vec![(22 * 60, 27 * 60 + 30), (9 * 60, 17 * 60)],
        };
        let desks = ["sales", "help"].map(|name| Desk::draw(name, chance)).into();
        Edition { shifts, desks }
    }

    /// One service of this edition.
    pub fn desk(&self, name: &ServiceName) -> Option<&Desk> {
        self.desks.iter().find(|desk| desk.name == *name)
    }
}

/// Two shifts that do not touch, in the order of the day.
fn split(one: (u32, u32), two: (u32, u32)) -> Shifts {
    let mut both = vec![one, two];
    both.sort_unstable();
    both
}

impl Desk {
    fn draw(name: &str, chance: &SeededIds) -> Self {
        let secs = |choices: &[u64]| Duration::from_secs(chance.pick(choices).copied().unwrap_or(60));
        Desk {
            name: name.into(),
            interval: chance.pick(&[5, 10, 15, 30, 60]).copied().unwrap_or(15),
            capacity: 1 + below(chance, 4),
            min_lead: secs(&[0, 0, 60, 300]),
            buffer: secs(&[5, 30, 120, 120, 300]),
            early: *chance
                .pick(&[
                    EarlySubmission::Ewt,
                    EarlySubmission::Ewt,
                    EarlySubmission::BufferOnly,
                    EarlySubmission::Off,
                ])
                .unwrap_or(&EarlySubmission::Ewt),
            ttl: secs(&[240, 600, 900, 1500]),
            same_number: chance.pick(&[None, Some(1), Some(2)]).copied().flatten(),
            active_max: chance.pick(&[2, 5, 1000]).copied().unwrap_or(5),
            burst: chance.pick(&[3, 20, 500]).copied().unwrap_or(20),
        }
    }

    fn service(&self) -> CallbackService {
        let mut service = CallbackService::named(self.name.clone(), "8001");
        service.immediate.enabled = true;
        service.scheduled.enabled = true;
        service.scheduled.interval = BookingInterval::try_from(self.interval).unwrap_or_default();
        service.scheduled.capacity = self.capacity;
        service.scheduled.min_lead = self.min_lead;
        service.submit.buffer = self.buffer;
        service.submit.early = self.early;
        service.ttl = self.ttl;
        service.hours = Some("office".to_owned());
        service.numbers = ges_core::number::NumberPolicy::permissive();
        service.limits.in_queue = match self.same_number {
            None => InQueueCheck::Off,
            Some(1) => InQueueCheck::One,
            Some(_) => InQueueCheck::Two,
        };
        service.limits.active_max = self.active_max;
        service.limits.burst = vec![(self.burst, Duration::from_secs(300))];
        service.limits.per_value_daily = 1000;
        service
    }
}

fn below(chance: &SeededIds, bound: u32) -> u32 {
    u32::try_from(chance.below(u64::from(bound))).unwrap_or(0)
}

fn minute_of_day(zone: &Zone, at: Timestamp) -> u32 {
    zone.local(at).num_seconds_from_midnight() / 60
}

/// Whether the wall clock of that zone shows an open time (callback-domain §4.2), decided minute by minute of the day.
pub fn is_open(zone: &Zone, shifts: &Shifts, at: Timestamp) -> bool {
    let minute = minute_of_day(zone, at);
    shifts
        .iter()
        .any(|&(open, close)| (open <= minute && minute < close) || (close > 1440 && minute + 1440 < close))
}

/// The UTC instant that names the slot of `at` (callback-domain §5.2, rule 3).
pub fn slot_start(zone: &Zone, interval: u32, at: Timestamp) -> Timestamp {
    let local = zone.local(at);
    let day = i64::from(local.num_days_from_ce()) * 86_400_000;
    let shown = day
        + i64::from(local.num_seconds_from_midnight()) * 1000
        + i64::from(local.and_utc().timestamp_subsec_millis());
    let length = i64::from(interval) * 60_000;
    let since_midnight = shown - day;
    let into = since_midnight.rem_euclid(length);
    let floored = Timestamp::from_millis(at.as_millis() - into);
    zone.last_change(at).map_or(floored, |change| floored.max(change))
}

/// The start of the open stretch around `at`; none when closed. Walks back minute by minute, a day at most.
pub fn opening(zone: &Zone, shifts: &Shifts, at: Timestamp) -> Option<Timestamp> {
    if !is_open(zone, shifts, at) {
        return None;
    }
    if shifts.as_slice() == [(0, 1440)] {
        return Some(Timestamp::MIN);
    }
    let minute = Duration::from_secs(60);
    let mut start = Timestamp::from_millis(at.as_millis() / 60_000 * 60_000);
    for _ in 0..1500 {
        if !is_open(zone, shifts, start - minute) {
            return Some(start);
        }
        start = start - minute;
    }
    Some(start)
}
