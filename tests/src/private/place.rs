//! A temporary folder, the processes that work in it, and their certain end.
//!
//! Every server has its place as working folder, so its processes and all their children are found by that, whoever
//! started them. A *watchdog* outside the process of the test holds one end of a pipe; when the pipe closes, however the
//! test ended, it kills what works in the place and removes it. That needs no code that is unsafe and no identifiers
//! that the system may have given to somebody else meanwhile.

use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::disk::Disk;
use super::{binary, patience};

/// Reads one line: `done` when everything was removed in good order, its end when the test is gone. A process that
/// starts another while it is being killed makes one more round necessary.
const WATCHDOG: &str = r#"
trap '' HUP INT QUIT TERM
read -r how
[ "$how" = done ] && exit 0
round=0
while [ $round -lt 100 ]; do
    found=
    for process in /proc/[0-9]*; do
        case "$(readlink "$process/cwd" 2>/dev/null)" in
            "$1"|"$1"/*) kill -KILL "${process#/proc/}" 2>/dev/null && found=yes ;;
        esac
    done
    [ -n "$found" ] || break
    round=$((round + 1))
done
umount -l "$1" 2>/dev/null
rm -rf "$1"
"#;

/// A folder that is empty at first, and whatever was started in it.
#[derive(Debug)]
pub struct Place {
    folder: PathBuf,
    user: Option<User>,
    disk: Option<Disk>,
    watchdog: Child,
}

/// Whom servers run as when the test runs as root, which Postgres refuses to do.
#[derive(Clone, Copy, Debug)]
struct User {
    id: u32,
    group: u32,
}

impl Place {
    /// An empty place.
    pub fn new() -> Self {
        Place::on(None)
    }

    /// An empty place on a file system of its own of so many mebibytes; `None` where that cannot be had, which takes root.
    pub fn of_size(mebibytes: u32) -> Option<Self> {
        let mut place = Place::new();
        place.disk = Some(Disk::mount(&place.folder, mebibytes)?);
        place.give_away();
        Some(place)
    }

    /// An empty place whose programs run as the test does, whoever that is.
    pub fn of_our_own() -> Self {
        let mut place = Place::new();
        place.user = None;
        place
    }

    fn on(disk: Option<Disk>) -> Self {
        let folder = tempfile::Builder::new().prefix("ges-private-").tempdir();
        let folder = folder.unwrap_or_else(|error| panic!("a temporary folder: {error}")).keep();
        // Processes are found by the name that the system knows.
        let folder = fs::canonicalize(&folder).unwrap_or(folder);
        let watchdog = Command::new("/bin/sh")
            .args(["-c", WATCHDOG, "watchdog"])
            .arg(&folder)
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // What is sent to the group of the test must not end whoever tidies up after it.
            .process_group(0)
            .spawn()
            .unwrap_or_else(|error| panic!("/bin/sh: {error}"));
        let place = Place { folder, user: unprivileged(), disk, watchdog };
        place.give_away();
        place
    }

    fn give_away(&self) {
        if let Some(user) = self.user {
            let given = chown(&self.folder, Some(user.id), Some(user.group));
            given.unwrap_or_else(|error| panic!("{}: {error}", self.folder.display()));
        }
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Its file system, when it has one of its own.
    pub(super) fn disk(&self) -> Option<&Disk> {
        self.disk.as_ref()
    }

    /// Writes a file that only the servers in this place can read.
    pub fn put(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.join(name);
        fs::write(&path, text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let private = fs::Permissions::from_mode(0o600);
        fs::set_permissions(&path, private).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        if let Some(user) = self.user {
            chown(&path, Some(user.id), Some(user.group))
                .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        }
        path
    }

    /// A program that works in this place, unprivileged, and writes to the file `log` in it.
    pub fn command(&self, program: &Path) -> Command {
        let mut command = match self.user {
            Some(user) => {
                let mut command = Command::new(binary::of("setpriv", "util-linux"));
                command.arg(format!("--reuid={}", user.id)).arg(format!("--regid={}", user.group));
                command.args(["--clear-groups", "--"]).arg(program);
                command
            }
            None => Command::new(program),
        };
        let log = || {
            let log = fs::File::options().create(true).append(true).open(self.folder.join("log"));
            log.map_or_else(|_| Stdio::null(), Stdio::from)
        };
        command.current_dir(&self.folder).stdin(Stdio::null()).stdout(log()).stderr(log());
        command
    }

    /// The same, run to its end; panics with its log when it fails.
    pub fn run(&self, what: &str, command: &mut Command) {
        let status = command.status().unwrap_or_else(|error| panic!("{what}: {error}"));
        assert!(status.success(), "{what}: {status}\n{}", self.log());
    }

    /// What was written to the log, the last part of it.
    pub fn log(&self) -> String {
        let mut text = Vec::new();
        let _ = fs::File::open(self.folder.join("log")).and_then(|mut file| file.read_to_end(&mut text));
        let from = text.len().saturating_sub(4_000);
        String::from_utf8_lossy(text.get(from..).unwrap_or_default()).into_owned()
    }

    /// All processes that work here.
    pub fn processes(&self) -> Vec<u32> {
        let all = fs::read_dir("/proc").into_iter().flatten().flatten();
        let here = |process: &u32| {
            fs::read_link(format!("/proc/{process}/cwd")).is_ok_and(|folder| folder.starts_with(&self.folder))
        };
        all.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).filter(here).collect()
    }

    /// Sends a signal to all of them, again until there are no others than those that have it.
    pub fn signal_all(&self, name: &str) {
        let mut told = Vec::new();
        loop {
            let mut fresh = self.processes();
            fresh.retain(|process| !told.contains(process));
            if fresh.is_empty() {
                return;
            }
            signal(name, &fresh);
            told.extend(fresh);
        }
    }

    /// Ends all of them as a power cut would, and waits until they are gone.
    pub fn kill_all(&self) {
        patience::until("the end of killed processes", || {
            let left = self.processes();
            signal("KILL", &left);
            if left.is_empty() { Ok(()) } else { Err(format!("{left:?}")) }
        });
    }
}

impl Default for Place {
    fn default() -> Self {
        Place::new()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.kill_all();
        drop(self.disk.take());
        if fs::remove_dir_all(&self.folder).is_ok()
            && let Some(mut pipe) = self.watchdog.stdin.take()
        {
            let _ = pipe.write_all(b"done\n");
        }
        // With its pipe closed it ends, and does what could not be done here.
        drop(self.watchdog.stdin.take());
        let _ = self.watchdog.wait();
    }
}

/// Sends a signal by its name; a process that is gone already is no failure.
pub(super) fn signal(name: &str, processes: &[u32]) {
    if processes.is_empty() {
        return;
    }
    let numbers = processes.iter().map(u32::to_string);
    let words = ["-c", "signal=$1; shift; kill -s \"$signal\" \"$@\"", "signal", name];
    let words = words.into_iter().map(str::to_owned).chain(numbers);
    let _ = Command::new("/bin/sh").args(words).stderr(Stdio::null()).status();
}

/// Nobody in particular when this is root; ourselves otherwise.
fn unprivileged() -> Option<User> {
    let me = fs::metadata("/proc/self").unwrap_or_else(|error| panic!("/proc: {error}"));
    if me.uid() != 0 {
        return None;
    }
    let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let user = |name: &str| {
        let line = users.lines().find(|line| line.split(':').next() == Some(name))?;
        let mut numbers = line.split(':').skip(2).map(str::parse);
        Some(User { id: numbers.next()?.ok()?, group: numbers.next()?.ok()? })
    };
    Some(user("postgres").or_else(|| user("nobody")).unwrap_or(User { id: 65_534, group: 65_534 }))
}
