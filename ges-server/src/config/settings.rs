//! The keys of what tenants are configured by.

use std::path::PathBuf;

use crate::keys::{Key, Reader};

const FILE: Key = Key::new(
    "settings.file",
    "",
    "The file of tenants: API-key hashes, origins, services, hours and rules; read again when it changes.",
);
const ZONES: Key = Key::new(
    "settings.zone_directory",
    "/usr/share/zoneinfo",
    "Time-zone data of this machine (TZif files); used when it is newer than the data compiled in.",
);

pub(super) const KEYS: &[&Key] = &[&FILE, &ZONES];

/// What tenants are configured by.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The settings file; none in a demonstration.
    pub file: Option<PathBuf>,
    /// Where the machine keeps its time-zone data.
    pub zone_directory: Option<PathBuf>,
}

impl Settings {
    /// A file is required beside a configuration; a demonstration makes up its own.
    pub(super) fn read(reader: &mut Reader<'_>, demonstration: bool) -> Option<Settings> {
        let file = if demonstration { reader.optional(&FILE) } else { reader.read(&FILE).map(Some) };
        let zones = reader.optional(&ZONES);
        Some(Settings { file: file?, zone_directory: zones? })
    }
}
