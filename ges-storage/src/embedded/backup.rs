//! Copying the file while it is in use.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use super::error::BackupError;
use super::file::{Place, beside, folder_of};

/// Writes a copy, as of one instant, under another name first, so that a file of the wanted name is always whole.
pub(super) fn backup(place: &Place, to: &Path) -> Result<(), BackupError> {
    let path = || to.to_owned();
    let inaccessible = |source| BackupError::Inaccessible { path: path(), source };
    if to.exists() {
        return Err(BackupError::Exists { path: path() });
    }
    let begun = beside(to, ".partial");
    discard(&begun).map_err(inaccessible)?;
    let name = begun.to_str().ok_or_else(|| {
        inaccessible(io::Error::new(io::ErrorKind::InvalidInput, "the name of a backup has to be Unicode"))
    })?;
    let copied = place.aside().and_then(|connection| connection.execute("VACUUM INTO ?1", [name]));
    if let Err(source) = copied {
        // The first failure is the one to tell.
        let _ = discard(&begun);
        return Err(BackupError::Database { path: path(), source: Box::new(source) });
    }
    let moved = File::open(&begun)
        .and_then(|file| file.sync_all())
        .and_then(|()| fs::rename(&begun, to))
        .and_then(|()| File::open(folder_of(to))?.sync_all());
    moved.map_err(inaccessible)
}

fn discard(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
