//! The options of a GMS office-hours service ([callback-domain §4.1](crate::rules)).

use super::OfficeHours;
use super::fault::{BadHours, Faults};
use super::plan::{DayRange, Plan};
use super::special_day::{Dates, Day, SpecialDay};
use crate::zone::{Zone, ZoneDatabase};

/// Beginnings of options that change the hours. One that is not read below is either misspelt or not supported; passing
/// over it would open an office that is closed, or the other way round.
const HOURS_OPTIONS: [&str; 7] =
    ["_timezone", "_time_zone", "_bh", "_holiday", "_effective", "_use_alternative", "_include"];

const WEEKDAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

pub(super) fn read<N: AsRef<str>, V: AsRef<str>>(
    options: impl IntoIterator<Item = (N, V)>,
    zones: &ZoneDatabase,
) -> Result<OfficeHours, BadHours> {
    let mut reading = Reading::default();
    for (name, value) in options {
        reading.option(name.as_ref(), value.as_ref().trim(), zones);
    }
    let Reading { mut faults, zone, plan } = reading;
    match zone {
        ZoneOption::Good(zone) => faults.none_or(OfficeHours::new(zone, plan)),
        absent_or_bad => {
            if let ZoneOption::Absent = absent_or_bad {
                faults.add(
                    "_timezone",
                    "is missing: a name of the tz database such as \"Europe/Paris\" is needed",
                );
            }
            // There is a fault, so this is never an office without a zone.
            faults.none_or(()).and_then(|()| Err(BadHours::one("_timezone", "is missing".to_owned())))
        }
    }
}

#[derive(Default)]
struct Reading {
    faults: Faults,
    zone: ZoneOption,
    plan: Plan,
}

#[derive(Default)]
enum ZoneOption {
    #[default]
    Absent,
    Bad,
    Good(Zone),
}

impl Reading {
    fn option(&mut self, name: &str, value: &str, zones: &ZoneDatabase) {
        let numbered = name.trim_end_matches(|c: char| c.is_ascii_digit());
        match numbered {
            _ if name == "_timezone" => {
                let zone = self.faults.take(name, zones.zone(value));
                self.zone = zone.map_or(ZoneOption::Bad, ZoneOption::Good);
            }
            "_bh_regular" => {
                if let Some((days, range)) = self.faults.take(name, regular(value)) {
                    let ranges = self.plan.week.iter_mut().zip(days);
                    ranges.filter(|(_, chosen)| *chosen).for_each(|(ranges, _)| ranges.push(range));
                }
            }
            "_bh_add" => self.plan.extra.extend(self.faults.take(name, extra(value))),
            "_holiday" => {
                let dates = self.faults.take(name, Day::parse(value)).map(Day::only);
                self.plan.special_days.extend(dates.map(|dates| SpecialDay { dates, ranges: Vec::new() }));
            }
            "_effective_dates" => self.plan.effective.extend(self.faults.take(name, effective(value))),
            _ if HOURS_OPTIONS.iter().any(|start| name.starts_with(start)) => {
                self.faults.add(
                    name.chars().take(64).collect::<String>(),
                    "is not supported; known are _timezone, _bh_regular<n>, _bh_add<n>, _holiday<n> and \
                     _effective_dates<n>",
                );
            }
            _ => {}
        }
    }
}

/// `DDD-DDD HH:mm-HH:mm` or `DDD HH:mm-HH:mm`; the days may wrap round the end of the week.
fn regular(text: &str) -> Result<([bool; 7], DayRange), &'static str> {
    const WANTED: &str = "days and hours such as Mon-Fri 09:00-17:00 are needed";
    let (days, hours) = text.split_once(char::is_whitespace).ok_or(WANTED)?;
    let (first, last) = days.split_once('-').unwrap_or((days, days));
    let (first, last) = (weekday(first)?, weekday(last)?);
    let chosen = |day: usize| {
        if first <= last { first <= day && day <= last } else { first <= day || day <= last }
    };
    Ok((std::array::from_fn(chosen), DayRange::parse(hours.trim_start())?))
}

fn weekday(text: &str) -> Result<usize, &'static str> {
    let known = WEEKDAYS.iter().position(|day| day.eq_ignore_ascii_case(text));
    known.ok_or("days are Mon, Tue, Wed, Thu, Fri, Sat, Sun")
}

/// `YYYY-MM-dd HH:mm-HH:mm`, or `MM-dd HH:mm-HH:mm` for every year.
fn extra(text: &str) -> Result<(Dates, DayRange), &'static str> {
    let parts = text.split_once(char::is_whitespace);
    let (date, hours) = parts.ok_or("a date and hours such as 2026-12-24 09:00-13:00 are needed")?;
    Ok((Day::parse(date)?.only(), DayRange::parse(hours.trim_start())?))
}

/// `YYYY-MM-dd`, or `YYYY-MM-dd to YYYY-MM-dd`.
fn effective(text: &str) -> Result<Dates, &'static str> {
    let (first, last) = text.split_once(" to ").unwrap_or((text, text));
    match (Day::parse(first.trim_end())?, Day::parse(last.trim_start())?) {
        (first @ Day::Once(_), last @ Day::Once(_)) => first.until(last),
        _ => Err("effective dates need a year, such as 2026-04-01 to 2026-10-31"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn faults(options: &[(&str, &str)]) -> Vec<(String, String)> {
        let error = read(options.iter().copied(), &ZoneDatabase::embedded()).unwrap_err();
        error.faults().iter().map(|f| (f.place.clone(), f.fault.clone())).collect()
    }

    fn hours(options: &[(&str, &str)]) -> OfficeHours {
        let zone = [("_timezone", "America/New_York")];
        read(zone.iter().chain(options).copied(), &ZoneDatabase::embedded()).unwrap()
    }

    fn check(options: &[(&str, &str)], rows: &[(&str, u64)]) {
        let hours = hours(options);
        for (at, wanted) in rows {
            assert_eq!(hours.open_for(at.parse().unwrap()).as_secs(), *wanted, "{options:?} at {at}");
        }
    }

    #[test]
    fn every_fault_is_told_with_its_option() {
        let found = faults(&[
            ("_timezone", "Europe/Pariss"),
            ("_bh_regular1", "Mon-Fry 09:00-17:00"),
            ("_bh_regular2", "Mon-Fri"),
            ("_bh_regular3", "Mon 09:00-09:00"),
            ("_bh_add1", "2026-02-30 10:00-14:00"),
            ("_holiday1", "25-12"),
            ("_holiday2", "02-30"),
            ("_effective_dates1", "2026-10-31 to 2026-04-01"),
            ("_effective_dates2", "04-01"),
            ("_use_alternative1", "other"),
            ("_bh_regulr4", "Mon 09:00-10:00"),
            ("_ttl", "30"),
        ]);
        let places: Vec<_> = found.iter().map(|(place, _)| place.as_str()).collect();
        assert_eq!(
            places,
            [
                "_timezone",
                "_bh_regular1",
                "_bh_regular2",
                "_bh_regular3",
                "_bh_add1",
                "_holiday1",
                "_holiday2",
                "_effective_dates1",
                "_effective_dates2",
                "_use_alternative1",
                "_bh_regulr4"
            ]
        );
        assert!(found[0].1.contains("\"Europe/Pariss\""), "{}", found[0].1);
    }

    #[test]
    fn invariant_42_hours_need_a_zone() {
        assert_eq!(faults(&[("_bh_regular1", "Mon 09:00-10:00")])[0].0, "_timezone");
        assert_eq!(faults(&[]).len(), 1);
        assert_eq!(faults(&[("_timezone", "")]).len(), 1, "told once");
    }

    #[test]
    fn regular_hours_wrap_week_and_day() {
        check(
            &[("_bh_regular1", "sat-MON 10:00-16:00"), ("_bh_regular2", "Wed  19:00-7:00")],
            &[
                ("2026-02-08T20:00:00Z", 3600),
                ("2026-02-10T20:00:00Z", 0),
                ("2026-02-12T00:00:00Z", 12 * 3600),
                ("2026-02-13T00:00:00Z", 0),
            ],
        );
    }

    #[test]
    fn extra_hours_add_and_stand_alone_on_a_holiday() {
        let regular = ("_bh_regular1", "Mon-Fri 09:00-17:00");
        let extra = ("_bh_add1", "2026-01-12 17:00-19:00");
        check(&[regular, extra], &[("2026-01-12T21:00:00Z", 3 * 3600), ("2026-01-13T23:00:00Z", 0)]);
        let both = [regular, extra, ("_holiday1", "01-12")];
        check(
            &both,
            &[("2026-01-12T15:00:00Z", 0), ("2026-01-12T22:00:00Z", 7200), ("2027-01-12T22:30:00Z", 0)],
        );
        // Every year, over midnight, and on a day without regular hours.
        check(
            &[("_bh_add1", "01-17 22:00-02:00")],
            &[("2027-01-18T04:00:00Z", 3 * 3600), ("2026-01-17T03:00:00Z", 0)],
        );
    }

    #[test]
    fn outside_effective_dates_all_is_closed() {
        let options = [
            ("_bh_regular1", "Mon-Sun 22:00-06:00"),
            ("_bh_add1", "2026-05-01 12:00-13:00"),
            ("_effective_dates1", "2026-04-01 to 2026-04-30"),
            ("_effective_dates2", "2026-06-01"),
        ];
        let rows = [
            // The first date has no tail of the day before, and the last one's is cut at midnight.
            ("2026-04-01T08:00:00Z", 0),
            ("2026-04-02T08:00:00Z", 2 * 3600),
            ("2026-05-01T03:00:00Z", 3600),
            ("2026-05-01T16:30:00Z", 0),
            ("2026-06-02T03:00:00Z", 3600),
        ];
        check(&options, &rows);
    }

    proptest! {
        #[test]
        fn no_options_panic(
            name in "_(bh_regular|bh_add|holiday|effective_dates|timezone)[0-9]{0,3}",
            value in "\\PC*|[A-Za-z]{3}(-[A-Za-z]{3})? [0-9:-]{0,12}|[0-9-]{0,10}( to )?[0-9: -]{0,12}",
        ) {
            let _ = read([(name, value)], &ZoneDatabase::embedded());
        }
    }
}
