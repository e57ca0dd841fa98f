//! The Designer-like description of office hours, as JSON or TOML ([callback-domain §4.1](crate::rules)).

use serde::{Deserialize, Serialize};

use super::OfficeHours;
use super::fault::{BadHours, Faults};
use super::plan::{DAY_MINUTES, DayRange, Plan, clock};
use super::special_day::{Dates, Day, SpecialDay};
use crate::zone::ZoneDatabase;

/// Office hours as an administrator describes them. Texts are read by [`OfficeHours::from_designer`], which reports every
/// fault at once.
///
/// ```
/// use ges_core::hours::DesignerHours;
///
/// let hours: DesignerHours = toml::from_str(
///     r#"
///         time_zone = "America/New_York"
///         [days]
///         friday = [{ open = "09:00", close = "12:00" }, { open = "13:00", no_end_time = true }]
///         sunday = [{ open_all_day = true }]
///         [[special_days]]
///         name = "Christmas"
///         from = "12-25"
///     "#,
/// )?;
/// assert_eq!(hours.days.friday.len(), 2);
/// # Ok::<(), toml::de::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DesignerHours {
    /// The unique name of the object.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Free labels.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// A name of the tz database.
    pub time_zone: String,
    /// Whether [`DesignerHours::special_days`] count; they do if not told otherwise.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub follow_overrides: bool,
    /// The hours of each weekday.
    #[serde(default)]
    pub days: DesignerDays,
    /// Dates with hours of their own. Of two on one date, a dated one beats a yearly one, then the later in the list
    /// wins.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub special_days: Vec<DesignerSpecialDay>,
    /// When there are any, the office is closed on every other date.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub effective_dates: Vec<DateSpan>,
}

/// The hours that open on each weekday; none means closed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[allow(missing_docs)]
pub struct DesignerDays {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub monday: Vec<DesignerRange>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tuesday: Vec<DesignerRange>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub wednesday: Vec<DesignerRange>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub thursday: Vec<DesignerRange>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub friday: Vec<DesignerRange>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub saturday: Vec<DesignerRange>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sunday: Vec<DesignerRange>,
}

/// Hours that open on a day: `open` and `close` (`HH:mm`, a close before the open is on the next day, `24:00` may
/// close), or `open` and `no_end_time`, or `open_all_day`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DesignerRange {
    /// First open minute, `HH:mm`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub open: Option<String>,
    /// First closed minute, `HH:mm`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub close: Option<String>,
    /// Open until midnight.
    #[serde(skip_serializing_if = "is_no")]
    pub no_end_time: bool,
    /// Open from midnight to midnight.
    #[serde(skip_serializing_if = "is_no")]
    pub open_all_day: bool,
}

impl DesignerRange {
    /// From `open` to `close`, both `HH:mm`.
    pub fn new(open: &str, close: &str) -> Self {
        DesignerRange { open: Some(open.to_owned()), close: Some(close.to_owned()), ..Self::default() }
    }

    /// From midnight to midnight.
    pub fn all_day() -> Self {
        DesignerRange { open_all_day: true, ..Self::default() }
    }
}

/// Dates whose regular hours are replaced by other hours, or by none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DesignerSpecialDay {
    /// What the day is called.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// The first date, `YYYY-MM-dd`, or `MM-dd` for every year. Without it the entry has no effect.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The last date, included; the first one if missing. A yearly span may pass New Year.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// The hours that open on each of the dates; closed if empty.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hours: Vec<DesignerRange>,
}

/// From one date to another, both included and written `YYYY-MM-dd`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DateSpan {
    /// The first date.
    pub from: String,
    /// The last date.
    pub to: String,
}

impl DesignerHours {
    /// An office of that zone that is never open, to be filled in.
    pub fn in_zone(time_zone: &str) -> Self {
        DesignerHours {
            name: String::new(),
            tags: Vec::new(),
            time_zone: time_zone.to_owned(),
            follow_overrides: true,
            days: DesignerDays::default(),
            special_days: Vec::new(),
            effective_dates: Vec::new(),
        }
    }
}

impl DesignerDays {
    /// Each weekday with its hours, Monday first.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &[DesignerRange])> {
        [
            ("monday", self.monday.as_slice()),
            ("tuesday", &self.tuesday),
            ("wednesday", &self.wednesday),
            ("thursday", &self.thursday),
            ("friday", &self.friday),
            ("saturday", &self.saturday),
            ("sunday", &self.sunday),
        ]
        .into_iter()
    }
}

pub(super) fn read(source: &DesignerHours, zones: &ZoneDatabase) -> Result<OfficeHours, BadHours> {
    let mut faults = Faults::default();
    let zone = zones.zone(&source.time_zone);
    if let Err(unknown) = &zone {
        faults.add("time_zone", unknown);
    }
    let mut plan = Plan::default();
    for ((day, source), ranges) in source.days.iter().zip(&mut plan.week) {
        *ranges = read_ranges(&format!("days.{day}"), source, &mut faults);
    }
    for (index, special) in source.special_days.iter().enumerate() {
        let place = format!("special_days[{index}]");
        let ranges = read_ranges(&format!("{place}.hours"), &special.hours, &mut faults);
        let dates = read_dates(&place, special.from.as_deref(), special.to.as_deref(), &mut faults);
        if source.follow_overrides {
            plan.special_days.extend(dates.map(|dates| SpecialDay { dates, ranges }));
        }
    }
    for (index, span) in source.effective_dates.iter().enumerate() {
        let place = format!("effective_dates[{index}]");
        match read_dates(&place, Some(&span.from), Some(&span.to), &mut faults) {
            Some(Dates::Yearly(..)) => faults.add(place, "effective dates need a year, such as 2026-04-01"),
            dates => plan.effective.extend(dates),
        }
    }
    match zone {
        Ok(zone) => faults.none_or(OfficeHours::new(zone, plan)),
        // The zone is among the faults, so the second case never replaces them.
        Err(unknown) => faults.none_or(()).and(Err(BadHours::one("time_zone", unknown.to_string()))),
    }
}

fn read_ranges(place: &str, source: &[DesignerRange], faults: &mut Faults) -> Vec<DayRange> {
    let ranges = source.iter().enumerate();
    ranges.filter_map(|(index, range)| read_range(&format!("{place}[{index}]"), range, faults)).collect()
}

fn read_range(place: &str, source: &DesignerRange, faults: &mut Faults) -> Option<DayRange> {
    if source.open_all_day {
        if source.open.is_some() || source.close.is_some() {
            faults.add(place, "open_all_day goes without open and close");
        }
        return Some(DayRange::ALL_DAY);
    }
    if source.no_end_time && source.close.is_some() {
        faults.add(place, "no_end_time goes without close");
    }
    let mut time = |field: &str, text: Option<&str>| match text {
        Some(text) => faults.take(&format!("{place}.{field}"), clock(text)),
        None => {
            faults.add(place, format!("{field} is missing"));
            None
        }
    };
    let open = time("open", source.open.as_deref());
    let close = if source.no_end_time { Some(DAY_MINUTES) } else { time("close", source.close.as_deref()) };
    faults.take(place, DayRange::new(open?, close?))
}

fn read_dates(place: &str, from: Option<&str>, to: Option<&str>, faults: &mut Faults) -> Option<Dates> {
    let mut day = |field: &str, text: Option<&str>| {
        text.map(|text| faults.take(&format!("{place}.{field}"), Day::parse(text)))
    };
    match (day("from", from), day("to", to)) {
        (Some(from), None) => from.map(Day::only),
        (Some(from), Some(to)) => faults.take(place, from?.until(to?)),
        (None, Some(_)) => {
            faults.add(place, "from is missing");
            None
        }
        (None, None) => None,
    }
}

fn yes() -> bool {
    true
}

fn is_yes(flag: &bool) -> bool {
    *flag
}

fn is_no(flag: &bool) -> bool {
    !*flag
}

#[cfg(test)]
mod tests {
    use super::*;

    const FULL: &str = r#"{
        "name": "main",
        "tags": ["a"],
        "time_zone": "America/New_York",
        "days": {
            "monday": [{ "open": "09:00", "close": "12:00" }, { "open": "13:00", "no_end_time": true }],
            "sunday": [{ "open_all_day": true }]
        },
        "special_days": [
            { "name": "none" },
            { "name": "Christmas", "from": "12-24", "to": "12-26" },
            { "name": "eve", "from": "2026-12-24", "hours": [{ "open": "09:00", "close": "13:00" }] }
        ],
        "effective_dates": [{ "from": "2026-01-01", "to": "2026-12-31" }]
    }"#;

    #[test]
    fn the_object_survives_json_and_toml() {
        let hours: DesignerHours = serde_json::from_str(FULL).unwrap();
        let json = serde_json::to_string(&hours).unwrap();
        assert_eq!(serde_json::from_str::<DesignerHours>(&json).unwrap(), hours);
        let toml = toml::to_string(&hours).unwrap();
        assert_eq!(toml::from_str::<DesignerHours>(&toml).unwrap(), hours);
        assert!(serde_json::from_str::<DesignerHours>(r#"{"time_zone": "UTC", "day": {}}"#).is_err());
    }

    #[test]
    fn flags_spans_and_precedence() {
        let mut source: DesignerHours = serde_json::from_str(FULL).unwrap();
        let hours = OfficeHours::from_designer(&source, &ZoneDatabase::embedded()).unwrap();
        let open_for = |hours: &OfficeHours, at: &str| hours.open_for(at.parse().unwrap()).as_secs();
        assert_eq!(open_for(&hours, "2026-01-12T20:00:00Z"), 9 * 3600, "no end time");
        assert_eq!(open_for(&hours, "2026-01-11T20:00:00Z"), 9 * 3600, "all day");
        assert_eq!(open_for(&hours, "2026-12-24T15:00:00Z"), 3 * 3600, "dated beats yearly");
        assert_eq!(open_for(&hours, "2026-12-25T15:00:00Z"), 0, "inside the span");
        assert_eq!(open_for(&hours, "2027-01-10T15:00:00Z"), 0, "not effective");
        source.follow_overrides = false;
        let hours = OfficeHours::from_designer(&source, &ZoneDatabase::embedded()).unwrap();
        assert_eq!(open_for(&hours, "2026-12-24T15:00:00Z"), 0, "a Thursday without hours");
    }

    #[test]
    fn later_special_days_win_and_leap_days_exist_in_leap_years() {
        let day = |from: &str, to: Option<&str>, open: bool| DesignerSpecialDay {
            name: String::new(),
            from: Some(from.to_owned()),
            to: to.map(str::to_owned),
            hours: if open { vec![DesignerRange::all_day()] } else { Vec::new() },
        };
        let check = |special_days: Vec<DesignerSpecialDay>, at: &str, wanted: bool| {
            let source = DesignerHours { special_days, ..DesignerHours::in_zone("UTC") };
            let hours = OfficeHours::from_designer(&source, &ZoneDatabase::embedded()).unwrap();
            assert_eq!(hours.is_open(at.parse().unwrap()), wanted, "{:?} at {at}", source.special_days);
        };
        check(
            vec![day("2026-05-01", None, false), day("2026-05-01", None, true)],
            "2026-05-01T12:00:00Z",
            true,
        );
        check(
            vec![day("2026-05-01", None, true), day("2026-05-01", None, false)],
            "2026-05-01T12:00:00Z",
            false,
        );
        check(vec![day("05-01", None, false), day("05-01", None, true)], "2026-05-01T12:00:00Z", true);
        check(vec![day("2026-05-01", None, true), day("05-01", None, false)], "2026-05-01T12:00:00Z", true);
        check(vec![day("02-29", None, true)], "2028-02-29T12:00:00Z", true);
        check(vec![day("02-29", None, true)], "2026-03-01T12:00:00Z", false);
        check(vec![day("02-29", None, true)], "2026-02-28T12:00:00Z", false);
        check(vec![day("12-31", Some("01-02"), true)], "2026-01-02T23:59:59Z", true);
        check(vec![day("12-31", Some("01-02"), true)], "2026-01-03T00:00:00Z", false);
        check(vec![day("12-31", Some("01-02"), true)], "2026-12-31T00:00:00Z", true);
    }

    #[test]
    fn every_fault_is_told_with_its_place() {
        let text = r#"{
            "time_zone": "Mars/Olympus",
            "days": {
                "monday": [{ "open": "9", "close": "25:00" }, { "open": "09:00", "close": "09:00" }],
                "friday": [{ "open_all_day": true, "close": "17:00" }, { "close": "17:00" },
                    { "open": "09:00", "close": "17:00", "no_end_time": true }]
            },
            "special_days": [{ "from": "2026-02-30" }, { "from": "2026-01-02", "to": "2026-01-01" },
                { "to": "2026-01-01" }, { "from": "2026-01-01", "to": "01-02" }],
            "effective_dates": [{ "from": "01-01", "to": "12-31" }]
        }"#;
        let error = OfficeHours::from_designer_json(text, &ZoneDatabase::embedded()).unwrap_err();
        let places: Vec<_> = error.faults().iter().map(|fault| fault.place.as_str()).collect();
        assert_eq!(
            places,
            [
                "time_zone",
                "days.monday[0].open",
                "days.monday[0].close",
                "days.monday[1]",
                "days.friday[0]",
                "days.friday[1]",
                "days.friday[2]",
                "special_days[0].from",
                "special_days[1]",
                "special_days[2]",
                "special_days[3]",
                "effective_dates[0]"
            ]
        );
        assert!(
            error.to_string().contains("days.monday[0].open: a time such as 09:00 is needed; "),
            "{error}"
        );
        assert!(OfficeHours::from_designer_json("[", &ZoneDatabase::embedded()).is_err());
    }
}
