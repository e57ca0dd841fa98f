//! The newer of the time-zone data compiled in and that on this machine's disk.
//!
//! Governments change clocks at short notice, and the operating system's data is updated more often than this program.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use ges_core::zone::{BadZoneData, ZoneDatabase};

/// The file of a zone directory that names its version in the first line.
const VERSION_FILE: &str = "tzdata.zi";

/// The newer data. A directory that is not there, names no version or is older is passed over; so is one whose files
/// are damaged, which is logged: the data compiled in is complete.
pub fn newest(directory: Option<&Path>) -> ZoneDatabase {
    let embedded = ZoneDatabase::embedded();
    let Some(directory) = directory else { return embedded };
    let Some(version) = version_of(directory) else { return embedded };
    match read(directory, &version) {
        Ok(newest) => newest,
        Err(error) => {
            tracing::error!(error = %error, %version, "the machine's time-zone data is not used");
            embedded
        }
    }
}

/// `2026f` of a first line `# version 2026f`.
fn version_of(directory: &Path) -> Option<String> {
    let file = std::fs::File::open(directory.join(VERSION_FILE)).ok()?;
    let mut line = String::new();
    BufReader::new(file).read_line(&mut line).ok()?;
    line.strip_prefix("# version ").map(|version| version.trim().to_owned())
}

fn read(directory: &Path, version: &str) -> Result<ZoneDatabase, BadZoneData> {
    // An empty list tells whether the version would win, before hundreds of files are read.
    if ZoneDatabase::with_tzif(version, std::iter::empty::<(&str, &[u8])>())?.version() != version {
        return Ok(ZoneDatabase::embedded());
    }
    let mut files = Vec::new();
    collect(directory, directory, 0, &mut files);
    ZoneDatabase::with_tzif(version, files)
}

/// Every file below, named by its path inside the directory; what cannot be read is passed over.
fn collect(root: &Path, folder: &Path, depth: u8, files: &mut Vec<(String, Vec<u8>)>) {
    const DEPTH_MAX: u8 = 3;
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for path in entries.flatten().map(|entry| entry.path()) {
        // Copies of the same zones in other spellings of time, which no settings name.
        let other = |name: &str| folder == root && path.file_name().is_some_and(|known| known == name);
        if path.is_dir() && depth < DEPTH_MAX && !other("posix") && !other("right") {
            collect(root, &path, depth + 1, files);
        } else if let (Some(name), Ok(bytes)) = (name_of(root, &path), std::fs::read(&path)) {
            files.push((name, bytes));
        }
    }
}

fn name_of(root: &Path, path: &Path) -> Option<String> {
    path.strip_prefix(root).ok().map(PathBuf::from)?.into_os_string().into_string().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder with a zone of its own: a day and a quarter east of the real one.
    fn folder(version: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("ges-zones-{version}-{}", std::process::id()));
        std::fs::create_dir_all(folder.join("Europe")).unwrap();
        std::fs::write(folder.join(VERSION_FILE), format!("# version {version}\n# more\n")).unwrap();
        std::fs::write(folder.join("zone.tab"), "a table").unwrap();
        let mut tzif = b"TZif2".to_vec();
        tzif.resize(44, 0);
        // One type, no transitions, four bytes of abbreviation; in both blocks.
        tzif[39] = 1;
        tzif[43] = 4;
        let block = [&2700_i32.to_be_bytes()[..], &[0, 0], b"XXX\0"].concat();
        let twice = [&tzif[..], &block, &tzif, &block, b"\nXXX-0:45\n"].concat();
        std::fs::write(folder.join("Europe/Paris"), twice).unwrap();
        folder
    }

    #[test]
    fn newer_data_on_disk_wins_and_older_does_not() {
        let summer = "2026-07-01T12:00:00Z".parse().unwrap();
        for (version, expected) in [("2099z", 2700), ("2001a", 7200)] {
            let folder = folder(version);
            let zones = newest(Some(&folder));
            assert_eq!(zones.zone("Europe/Paris").unwrap().offset_at(summer), expected, "{version}");
            assert!(zones.zone("America/New_York").is_ok(), "zones of the embedded data stay");
            std::fs::remove_dir_all(folder).unwrap();
        }
    }

    #[test]
    fn without_a_directory_the_embedded_data_serves() {
        let embedded = ZoneDatabase::embedded();
        for directory in [None, Some(Path::new("/nowhere"))] {
            assert_eq!(newest(directory).version(), embedded.version());
        }
    }
}
