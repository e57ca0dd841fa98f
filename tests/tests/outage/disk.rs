//! The disk is full, or cannot be written: requests fail clearly, nothing is half done, and it goes on by itself.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use ges_core::port::Clock;
use ges_core::system::SystemClock;
use ges_tests::http::{Answer, NoAnswer};
use ges_tests::receiver::{Post, Receiver};
use ges_tests::server::Site;
use serde_json::json;

const SERVICES: &[(&str, &str)] = &[(
    "Sales",
    "immediate = true\nscheduled = true\ninterval_minutes = 30\ncapacity = 1000000\nrequire_logged_in = false\n\
     duplicate_check = \"false\"\nsubmit_early = \"off\"\ndaily_max = 1000000\nactive_max = 1000000\n\
     window_1_accepted = 1000000\nwindow_2_accepted = 1000000\n\
     refuse_impossible_numbers = false\nrefuse_premium_numbers = false",
)];
const DAY: Duration = Duration::from_secs(86_400);
/// What was overdue goes out as soon as the store works again, not only when its leases have run out.
const RECOVERY_MAX: Duration = Duration::from_secs(20);

/// A small file system of our own.
struct Disk {
    folder: tempfile::TempDir,
}

impl Disk {
    /// `None`, said loudly, where file systems cannot be mounted.
    #[allow(clippy::print_stdout, reason = "a test that did not run must not look like one that did")]
    fn of(size: &str) -> Option<Disk> {
        let folder = tempfile::tempdir().unwrap();
        let mounted = mount(&["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"], folder.path());
        if !mounted {
            println!("DID NOT RUN: no file system can be mounted here; it takes root");
        }
        mounted.then_some(Disk { folder })
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Takes what is left.
    fn fill(&self) {
        let mut filler = File::create(self.path().join("filler")).unwrap();
        for size in [64 * 1024, 4_096, 1] {
            while filler.write_all(&vec![7; size]).is_ok() {}
        }
    }

    fn make_room(&self) {
        fs::remove_file(self.path().join("filler")).unwrap();
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.path()).status();
    }
}

fn mount(options: &[&str], at: &Path) -> bool {
    Command::new("mount").args(options).arg(at).output().is_ok_and(|done| done.status.success())
}

/// A site and what its customers know.
struct Office {
    receiver: Receiver,
    site: Site,
    acknowledged: BTreeSet<String>,
}

impl Office {
    fn on(storage: &Path) -> Self {
        let receiver = Receiver::open().unwrap();
        let site = Site::new(receiver.address(), SERVICES).stored_in(storage);
        let site = site.configured("telemetry.health_secs", "1");
        Office { receiver, site, acknowledged: BTreeSet::new() }
    }

    fn ask(&self, ahead: Duration) -> Result<Answer, NoAnswer> {
        let body = json!({
            "serviceName": "Sales",
            "phoneNumber": "+15195550123",
            "desiredTime": (SystemClock.now() + ahead).to_string(),
            "userData": { "story": noise(16 * 1024) },
        });
        self.site.outside().post("/engagement/v3/callbacks/create", &body)
    }

    fn try_to_book(&mut self, ahead: Duration) -> Answer {
        let answer = self.ask(ahead);
        let answer = answer.unwrap_or_else(|none| panic!("{none:?}; the server wrote:\n{}", self.site.log()));
        if answer.status == 200 {
            self.acknowledged.insert(answer.data()["id"].as_str().unwrap().to_owned());
        }
        answer
    }

    fn book(&mut self, ahead: Duration) {
        let answer = self.try_to_book(ahead);
        assert_eq!(answer.status, 200, "{}", answer.text());
    }

    /// Books until it fails.
    fn book_until_it_fails(&mut self) -> Answer {
        let until = Instant::now() + RECOVERY_MAX;
        loop {
            let answer = self.try_to_book(DAY);
            if answer.status != 200 {
                return answer;
            }
            assert!(Instant::now() < until, "bookings go on although nothing can be written");
        }
    }

    fn book_until_it_works(&mut self) -> Duration {
        let begun = Instant::now();
        while self.try_to_book(DAY).status != 200 {
            assert!(begun.elapsed() < RECOVERY_MAX, "no booking although there is room again");
            thread::sleep(Duration::from_millis(10));
        }
        begun.elapsed()
    }

    /// The records are exactly what was acknowledged, and so are the places.
    fn assert_whole(&self) {
        let listed = self.site.inside().get("/genesys/1/service/callback?_service_name=Sales").unwrap();
        assert_eq!(listed.status, 200, "{}", listed.text());
        let records = listed.json().as_array().cloned().unwrap_or_default();
        let ids: BTreeSet<String> =
            records.iter().map(|record| record["_id"].as_str().unwrap().to_owned()).collect();
        assert_eq!(ids, self.acknowledged, "the records are what was acknowledged, no more and no less");
        let offered = self
            .site
            .outside()
            .get("/engagement/v3/callbacks/availability/Sales?numberOfDays=3&reportBusy=true")
            .unwrap();
        assert_eq!(offered.status, 200, "{}", offered.text());
        let slots = offered.data()["slots"].as_array().cloned().unwrap_or_default();
        let taken: u64 = slots
            .iter()
            .map(|slot| slot["total"].as_u64().unwrap() - slot["capacity"].as_u64().unwrap())
            .sum();
        // The slot that has begun is not on offer any more; times of one form compare as text.
        let first = slots.first().and_then(|slot| slot["utcTime"].as_str());
        let ahead = records.iter().filter(|record| record["_desired_time"].as_str() >= first).count();
        assert_eq!(taken, ahead as u64, "places and records");
    }
}

fn assert_clear(answer: &Answer) {
    assert_eq!(answer.status, 500, "{}", answer.text());
    assert!(answer.is_failure_envelope(), "{}", answer.text());
    assert!(!answer.text().contains('/'), "no path of ours goes outside: {}", answer.text());
}

/// Text that cannot be made much shorter.
fn noise(length: usize) -> String {
    let chance = ges_tests::chance::Chance::seeded(length as u64);
    (0..length).map(|_| char::from(b'a' + u8::try_from(chance.below(26)).unwrap())).collect()
}

#[test]
#[allow(clippy::print_stdout, reason = "how long a recovery took is worth knowing")]
fn a_full_disk_fails_clearly_loses_nothing_and_recovers_without_restart() {
    let Some(disk) = Disk::of("6m") else { return };
    let mut office = Office::on(&disk.path().join("data"));
    let mut server = office.site.start().unwrap();
    for _ in 0..20 {
        office.book(DAY);
    }
    // Falls due while the disk is full.
    office.book(Duration::from_millis(2_500));
    let due = Instant::now() + Duration::from_millis(2_500);
    disk.fill();
    assert_clear(&office.book_until_it_fails());
    while Instant::now() < due + Duration::from_millis(500) {
        assert_clear(&office.book_until_it_fails());
        // What is there can still be read.
        let id = office.acknowledged.first().unwrap();
        let shown =
            office.site.outside().post("/engagement/v3/callbacks/retrieve", &json!({ "id": id })).unwrap();
        assert_eq!(shown.status, 200, "{}", shown.text());
    }
    office.assert_whole();
    disk.make_room();
    let again = office.book_until_it_works();
    office.assert_whole();
    let freed = Instant::now();
    let handed_over = office.receiver.wait(RECOVERY_MAX, |posts| posts.iter().any(Post::is_start));
    assert!(handed_over, "what fell due meanwhile is handed over");
    println!("full disk: booking again after {again:?}, the overdue hand-over after {:?}", freed.elapsed());
    assert!(server.is_alive());
    server.kill();
    let _server = office.site.start().unwrap();
    office.assert_whole();
    let starts = office.receiver.starts();
    assert_eq!(starts.len(), 1);
    assert!(starts.values().flatten().all(|post| post.attempt() == 1 && Some(post.at) >= post.desired()));
}

#[test]
fn killed_on_a_full_disk_it_comes_back_with_everything() {
    let Some(disk) = Disk::of("6m") else { return };
    let mut office = Office::on(&disk.path().join("data"));
    let server = office.site.start().unwrap();
    for _ in 0..10 {
        office.book(DAY);
    }
    disk.fill();
    assert_clear(&office.book_until_it_fails());
    server.kill();
    // It comes up, says that it is not well, and shows what it has.
    let _server = office.site.start_until(|health| health.status == 503).unwrap();
    office.assert_whole();
    assert_clear(&office.try_to_book(DAY));
    disk.make_room();
    office.book_until_it_works();
    let until = Instant::now() + RECOVERY_MAX;
    while office.site.inside().get("/ges/v1/health").unwrap().status != 200 {
        assert!(Instant::now() < until, "it does not notice that it is well again");
        thread::sleep(Duration::from_millis(20));
    }
    office.assert_whole();
}

#[test]
fn a_folder_that_cannot_be_written_is_refused_by_name() {
    let Some(disk) = Disk::of("2m") else { return };
    let folder = disk.path().join("data");
    fs::create_dir(&folder).unwrap();
    assert!(mount(&["-o", "remount,ro"], disk.path()));
    let office = Office::on(&folder);
    let ended = office.site.start().map(|_| ()).expect_err("it cannot keep a promise here");
    assert!(!ended.status.success());
    assert!(ended.output.contains(&folder.display().to_string()), "the folder is named: {}", ended.output);
    assert!(!ended.output.contains("panicked"), "{}", ended.output);
    assert!(mount(&["-o", "remount,rw"], disk.path()));
    let _server = office.site.start().unwrap();
}

#[test]
fn a_store_that_becomes_unwritable_while_running_fails_clearly_and_recovers() {
    let folder = tempfile::tempdir().unwrap();
    let mut office = Office::on(folder.path());
    let mut server = office.site.start().unwrap();
    office.book(DAY);
    // Not the index of the log, which is memory the processor writes to: see the test below.
    let Some(locked) = Locked::files_in(folder.path(), |name| !name.ends_with("-shm")) else { return };
    for _ in 0..5 {
        assert_clear(&office.try_to_book(DAY));
    }
    office.assert_whole();
    drop(locked);
    office.book_until_it_works();
    office.assert_whole();
    assert!(server.is_alive());
    server.kill();
    let _server = office.site.start().unwrap();
    office.assert_whole();
}

/// When the whole folder turns read-only at once, the system may end a process that writes to a mapped page of it. That
/// is a kill like any other: nothing is lost, nothing half done, and a restart finds everything.
#[test]
fn a_folder_that_turns_read_only_as_a_whole_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut office = Office::on(folder.path());
    let mut server = office.site.start().unwrap();
    for _ in 0..5 {
        office.book(DAY);
    }
    let Some(locked) = Locked::files_in(folder.path(), |_| true) else { return };
    for _ in 0..5 {
        match office.ask(DAY) {
            Ok(answer) => assert_clear(&answer),
            // Its connections break a little before it is gone.
            Err(_) => assert!(server.end_within(RECOVERY_MAX).is_some(), "a server that lives answers"),
        }
    }
    drop(locked);
    if server.is_alive() {
        server.kill();
    }
    let _server = office.site.start().unwrap();
    office.assert_whole();
    office.book(DAY);
}

/// Files nobody can write, not even who has them open.
struct Locked(Vec<PathBuf>);

impl Locked {
    /// `None`, said loudly, where files cannot be made so.
    #[allow(clippy::print_stdout, reason = "a test that did not run must not look like one that did")]
    fn files_in(folder: &Path, which: impl Fn(&str) -> bool) -> Option<Self> {
        let files = fs::read_dir(folder).unwrap().filter_map(|entry| Some(entry.ok()?.path()));
        let wanted = files.filter(|path| path.is_file() && which(&path.to_string_lossy()));
        let locked = Locked(wanted.filter(|path| chattr("+i", path)).collect());
        if locked.0.is_empty() {
            println!("DID NOT RUN: files cannot be made immutable here; it takes root and ext4 or alike");
            return None;
        }
        Some(locked)
    }
}

impl Drop for Locked {
    fn drop(&mut self) {
        for path in &self.0 {
            chattr("-i", path);
        }
    }
}

fn chattr(how: &str, path: &Path) -> bool {
    Command::new("chattr").arg(how).arg(path).output().is_ok_and(|done| done.status.success())
}
