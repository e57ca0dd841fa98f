//! Office hours: a weekly plan, special days and a time zone become open intervals.
//!
//! An instant is open if and only if the wall clock of the zone, read at that instant, lies inside an opening range in
//! force on that local date ([callback-domain §4.2](crate::rules)). [`OfficeHours::is_open`] is that sentence as code;
//! everything else is computed from [`OfficeHours::open_spans`], which reads whole stretches of constant offset at
//! once. Clock changes need no rule of their own.
//!
//! Hours come from a Designer-like object ([`DesignerHours`]) or from GMS options ([`OfficeHours::from_gms`]). Both
//! report every fault at once, each with the place where it stands.

mod compile;
mod designer;
mod fault;
mod gms;
#[cfg(test)]
mod invariants;
mod plan;
mod spans;
mod special_day;
#[cfg(test)]
pub(crate) mod worked_examples;

use std::sync::Arc;
use std::time::Duration;

use crate::zone::{Zone, ZoneDatabase};
use crate::{Interval, Timestamp};
use plan::Plan;

pub use designer::{DateSpan, DesignerDays, DesignerHours, DesignerRange, DesignerSpecialDay};
pub use fault::{BadHours, Fault};
pub use spans::OpenSpans;

/// The greatest answer of `open_for`: 14 days ([callback-domain §4.3](crate::rules)).
pub const OPEN_FOR_MAX: Duration = Duration::from_secs(1_209_600);

/// How far ahead `next_open`, and how far back `period_start`, looks: 400 days ([callback-domain §4.3](crate::rules)).
pub const SEARCH_MAX: Duration = Duration::from_secs(400 * 86_400);

/// When an office is open, in its own zone. Cloning copies two pointers.
///
/// The methods here read the plan anew each time. Whoever asks often compiles [`OfficeHours::open_spans`] once per
/// version of the settings and asks those.
///
/// ```
/// use ges_core::{hours::OfficeHours, zone::ZoneDatabase};
///
/// let hours = OfficeHours::from_designer_json(
///     r#"{
///         "time_zone": "America/New_York",
///         "days": { "monday": [{ "open": "09:00", "close": "17:00" }] },
///         "special_days": [{ "name": "Memorial Day", "from": "2026-05-25" }]
///     }"#,
///     &ZoneDatabase::embedded(),
/// )?;
/// assert_eq!(hours.open_for("2026-01-12T15:00:00Z".parse()?).as_secs(), 25_200);
/// assert!(!hours.is_open("2026-05-25T15:00:00Z".parse()?));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct OfficeHours {
    zone: Zone,
    plan: Arc<Plan>,
}

impl OfficeHours {
    fn new(zone: Zone, plan: Plan) -> Self {
        OfficeHours { zone, plan: Arc::new(plan) }
    }

    /// An office that never closes; also what a service without business hours has.
    pub fn always(zone: Zone) -> Self {
        Self::new(zone, Plan::always())
    }

    /// Reads a Designer-like object.
    ///
    /// # Errors
    ///
    /// All faults of the object, not only the first.
    pub fn from_designer(source: &DesignerHours, zones: &ZoneDatabase) -> Result<Self, BadHours> {
        designer::read(source, zones)
    }

    /// Reads a Designer-like object from JSON text.
    ///
    /// # Errors
    ///
    /// What makes the text no such object, or all faults of the object.
    pub fn from_designer_json(text: &str, zones: &ZoneDatabase) -> Result<Self, BadHours> {
        let source = serde_json::from_str(text).map_err(|error| BadHours::one("hours", error.to_string()))?;
        Self::from_designer(&source, zones)
    }

    /// Reads the options of a GMS office-hours service, as (name, value) pairs ([callback-domain §4.1](crate::rules)):
    /// `_timezone`, `_bh_regular<n>`, `_bh_add<n>`, `_holiday<n>` and `_effective_dates<n>`. Options that have nothing
    /// to do with hours are passed over; options that would change the hours in a way not supported are faults.
    ///
    /// ```
    /// use ges_core::{hours::OfficeHours, zone::ZoneDatabase};
    ///
    /// let options = [("_timezone", "Europe/Paris"), ("_bh_regular1", "Mon-Fri 9:00-17:00"), ("_holiday1", "12-25")];
    /// let hours = OfficeHours::from_gms(options, &ZoneDatabase::embedded())?;
    /// assert!(hours.is_open("2026-01-12T08:00:00Z".parse()?));
    ///
    /// let options = [("_timezone", "Europe/Pariss"), ("_bh_regular1", "Mon-Fry 9:00-17:00")];
    /// let faults = OfficeHours::from_gms(options, &ZoneDatabase::embedded()).unwrap_err();
    /// assert_eq!(faults.faults().len(), 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// All faults, each with the name of its option.
    pub fn from_gms<N, V>(
        options: impl IntoIterator<Item = (N, V)>,
        zones: &ZoneDatabase,
    ) -> Result<Self, BadHours>
    where
        N: AsRef<str>,
        V: AsRef<str>,
    {
        gms::read(options, zones)
    }

    /// The zone whose wall clock is read.
    pub fn zone(&self) -> &Zone {
        &self.zone
    }

    /// Whether the office is open: the definition itself ([callback-domain §4.2](crate::rules)).
    pub fn is_open(&self, at: Timestamp) -> bool {
        self.plan.is_open(self.zone.local(at))
    }

    /// How long the office stays open, rounded up to whole seconds: 0 exactly when it is closed, otherwise the time to
    /// the first later closed instant; at most [`OPEN_FOR_MAX`].
    pub fn open_for(&self, at: Timestamp) -> Duration {
        self.open_spans(Interval::new(at, at + OPEN_FOR_MAX)).open_for(at)
    }

    /// The first open instant at or after `at`, if there is one within [`SEARCH_MAX`].
    pub fn next_open(&self, at: Timestamp) -> Option<Timestamp> {
        let end = at + SEARCH_MAX;
        let mut window = Interval::new(at, (at + CHUNK).min(end));
        while !window.is_empty() {
            if let Some(open) = self.open_spans(window).next_open(at) {
                return Some(open);
            }
            window = Interval::new(window.end, (window.end + CHUNK).min(end));
        }
        None
    }

    /// The instant at which the open period around `at` began; none when closed. A period that has lasted longer than
    /// [`SEARCH_MAX`] is said to have begun then.
    pub fn period_start(&self, at: Timestamp) -> Option<Timestamp> {
        let earliest = at - SEARCH_MAX;
        let mut back = CHUNK;
        loop {
            let window = Interval::new((at - back).max(earliest), at + Duration::from_millis(1));
            let start = self.open_spans(window).period_start(at)?;
            if start > window.start || window.start <= earliest {
                return Some(start);
            }
            back = back.saturating_mul(4);
        }
    }

    /// The open stretches within a window. The cost grows with the number of local days in it.
    pub fn open_spans(&self, window: Interval) -> OpenSpans {
        compile::open_spans(&self.zone, &self.plan, window)
    }
}

/// Enough for most questions without reading far more days than needed.
const CHUNK: Duration = Duration::from_secs(16 * 86_400);
