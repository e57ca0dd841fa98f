//! Notices that a file has changed, by signal or by its time stamp.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use tokio::sync::{Notify, watch};

/// How often the time stamps are looked at; a few system calls, no reading.
const LOOK_EVERY: Duration = Duration::from_secs(3);

/// The time stamp and size of a file; none when it is not there.
type Stamp = Option<(SystemTime, u64)>;

/// Files to be watched, and how they looked last.
pub struct Watched {
    files: BTreeMap<PathBuf, Stamp>,
}

impl Watched {
    /// These files, as they look now.
    pub fn new(files: impl IntoIterator<Item = PathBuf>) -> Self {
        Watched { files: files.into_iter().map(|file| (file.clone(), stamp(&file))).collect() }
    }

    /// Whether any looks different than at the last call.
    pub fn changed(&mut self) -> bool {
        let mut changed = false;
        for (file, known) in &mut self.files {
            let now = stamp(file);
            changed |= now != *known;
            *known = now;
        }
        changed
    }
}

fn stamp(file: &Path) -> Stamp {
    let known = std::fs::metadata(file).ok()?;
    Some((known.modified().ok()?, known.len()))
}

/// Calls `reload` after each change of the files and each `wake`, until `stop` turns true. `reload` answers with the
/// files to be watched from then on, which a new configuration may have changed.
pub async fn run(
    mut watched: Watched,
    wake: &Notify,
    mut stop: watch::Receiver<bool>,
    mut reload: impl FnMut() -> Vec<PathBuf>,
) {
    loop {
        let asked = tokio::select! {
            _ = stop.wait_for(|stop| *stop) => return,
            () = wake.notified() => true,
            () = tokio::time::sleep(LOOK_EVERY) => false,
        };
        if watched.changed() || asked {
            watched = Watched::new(reload());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_seen_once() {
        let file = std::env::temp_dir().join(format!("ges-reload-{}", std::process::id()));
        std::fs::write(&file, "a").unwrap();
        let mut watched = Watched::new([file.clone()]);
        assert!(!watched.changed());
        std::fs::write(&file, "longer").unwrap();
        assert_eq!((watched.changed(), watched.changed()), (true, false));
        std::fs::remove_file(&file).unwrap();
        assert!(watched.changed());
    }
}
