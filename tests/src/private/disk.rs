//! A small file system that can be filled.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A file system mounted on a folder; unmounted when dropped.
#[derive(Debug)]
pub struct Disk {
    folder: PathBuf,
}

impl Disk {
    /// `None` where file systems cannot be mounted.
    pub fn mount(folder: &Path, mebibytes: u32) -> Option<Disk> {
        let size = format!("size={mebibytes}m");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(folder).output();
        mounted.is_ok_and(|done| done.status.success()).then(|| Disk { folder: folder.to_owned() })
    }

    /// Takes all that is left.
    pub fn fill(&self) {
        let filler = File::options().create(true).append(true).open(self.filler());
        let Ok(mut filler) = filler else { return };
        for size in [1 << 20, 64 << 10, 4_096, 1] {
            while filler.write_all(&vec![7; size]).is_ok() {}
        }
    }

    /// Gives it back.
    pub fn make_room(&self) {
        let _ = fs::remove_file(self.filler());
    }

    fn filler(&self) -> PathBuf {
        self.folder.join("filler")
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.folder).output();
    }
}
