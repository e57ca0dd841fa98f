//! Where the servers' programs are.

use std::ffi::OsString;
use std::path::PathBuf;

/// Debian keeps those that administrators run here, which is not in everybody's path.
const PLACES: &[&str] = &["/usr/local/bin", "/usr/local/sbin", "/usr/bin", "/usr/sbin", "/bin", "/sbin"];
/// Debian keeps each major version of Postgres in a folder of its own.
const POSTGRES: &str = "/usr/lib/postgresql";

/// A program of Postgres: in `GES_POSTGRES_BIN`, the newest of Debian's, or in the path.
pub fn of_postgres(name: &str) -> PathBuf {
    if let Some(folder) = std::env::var_os("GES_POSTGRES_BIN") {
        return PathBuf::from(folder).join(name);
    }
    let versions = std::fs::read_dir(POSTGRES).into_iter().flatten().flatten();
    let newest = versions
        .filter(|version| version.path().join("bin").join(name).exists())
        .max_by_key(|version| version.file_name().to_string_lossy().parse::<u32>().unwrap_or(0));
    newest.map(|version| version.path().join("bin").join(name)).or_else(|| in_path(name)).unwrap_or_else(
        || panic!("{name} is not there: install Debian's package postgresql, or set GES_POSTGRES_BIN"),
    )
}

/// A program in the path or where Debian puts it.
pub fn of(name: &str, package: &str) -> PathBuf {
    in_path(name).unwrap_or_else(|| panic!("{name} is not there: install Debian's package {package}"))
}

fn in_path(name: &str) -> Option<PathBuf> {
    let path: OsString = std::env::var_os("PATH").unwrap_or_default();
    let known = PLACES.iter().map(PathBuf::from);
    std::env::split_paths(&path)
        .chain(known)
        .map(|folder| folder.join(name))
        .find(|program| program.is_file())
}
