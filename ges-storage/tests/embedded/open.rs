//! Which files are opened, and what is said about the others.

use std::fs;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use ges_core::port::CallbackStore;
use ges_core::testing::fixtures::{id, tenant};
use ges_storage::embedded::{Check, EmbeddedStore, OpenError, Options};
use rusqlite::Connection;

use super::support::{Mounted, fill, folder, open, record, refusal, wait};

#[test]
fn a_folder_is_made_and_the_file_in_it_has_a_name() {
    let home = folder();
    let store = open(&home.path().join("data/store"));
    assert_eq!(store.path(), home.path().join("data/store/ges.db"));
}

#[test]
fn a_file_may_be_named() {
    let home = folder();
    let path = home.path().join("callbacks.db");
    fill(&open(&path), 0..3);
    assert_eq!(wait(open(&path).get(&tenant(), id(2))).expect("get"), Some(record(2)));
}

#[test]
fn a_second_store_is_told_who_has_the_file() {
    let home = folder();
    let first = open(home.path());
    let refused = refusal(home.path());
    let said = refused.to_string();
    assert!(
        matches!(refused, OpenError::Locked { holder: Some(pid), .. } if pid == std::process::id()),
        "{said}"
    );
    assert!(said.contains(&*home.path().to_string_lossy()), "{said}");
    drop(first);
    open(home.path());
}

#[test]
fn a_file_of_something_else_is_left_untouched() {
    let home = folder();
    let text = home.path().join("notes.db");
    fs::write(&text, "not a database, but somebody's notes of some length, so that a header could be in it")
        .expect("write");
    let short = home.path().join("short.db");
    fs::write(&short, "x").expect("write");
    let other = home.path().join("other.db");
    Connection::open(&other).expect("open").execute_batch("CREATE TABLE theirs (x)").expect("a table");
    for path in [text, short, other] {
        let before = fs::read(&path).expect("read");
        let refused = refusal(&path);
        assert!(matches!(refused, OpenError::Foreign { .. }), "{}: {refused}", path.display());
        assert_eq!(fs::read(&path).expect("read"), before, "{} was touched", path.display());
    }
}

#[test]
fn a_file_of_a_later_release_is_refused_with_both_versions() {
    let home = folder();
    let path = open(home.path()).path().to_owned();
    Connection::open(&path).expect("open").pragma_update(None, "user_version", 99).expect("the version");
    let refused = refusal(home.path());
    assert!(matches!(refused, OpenError::Newer { found: 99, known: 1, .. }), "{refused}");
}

#[test]
fn a_file_without_tables_is_brought_to_the_present_version() {
    let home = folder();
    let path = home.path().join("ges.db");
    // What is left when the very first start was cut off after its first write.
    Connection::open(&path)
        .expect("open")
        .pragma_update(None, "application_id", 0x6765_7343)
        .expect("the mark");
    fill(&open(home.path()), 0..3);
    let version: i64 = Connection::open(&path)
        .expect("open")
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .expect("the version");
    assert_eq!(version, 1);
}

#[test]
fn an_empty_file_counts_as_none() {
    let home = folder();
    fs::write(home.path().join("ges.db"), "").expect("write");
    fill(&open(home.path()), 0..3);
}

#[test]
fn a_closed_store_leaves_one_file_and_its_lock() {
    let home = folder();
    fill(&open(home.path()), 0..100);
    let mut names: Vec<_> = fs::read_dir(home.path())
        .expect("the folder")
        .map(|entry| entry.expect("an entry").file_name().into_string().expect("a name"))
        .collect();
    names.sort();
    assert_eq!(names, ["ges.db", "ges.db-lock"]);
}

#[test]
fn every_way_of_checking_opens_a_good_file() {
    let home = folder();
    fill(&open(home.path()), 0..100);
    for check in [Check::Always, Check::AfterUncleanStop, Check::Never] {
        let store =
            EmbeddedStore::open(home.path(), Options::default().check(check)).expect("the store opens");
        assert_eq!(wait(store.get(&tenant(), id(99))).expect("get"), Some(record(99)), "{check:?}");
    }
}

#[test]
fn a_folder_that_cannot_be_written_is_named() {
    let home = folder();
    let file = home.path().join("file.txt");
    fs::write(&file, "").expect("write");
    let refused = refusal(&file.join("below"));
    assert!(matches!(refused, OpenError::Inaccessible { .. }), "{refused}");

    let Some(mounted) = Mounted::new("size=4m") else { return };
    fill(&open(mounted.path()), 0..3);
    mounted.remount("ro");
    let refused = refusal(mounted.path());
    assert!(matches!(refused, OpenError::Inaccessible { .. }), "{refused}");
    assert!(refused.to_string().contains(&*mounted.path().to_string_lossy()), "{refused}");
}

#[test]
fn closing_frees_the_file_although_processes_are_being_started() {
    let home = folder();
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        // A process that is just being started has all open files of its parent for a moment, locks included.
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                Command::new("true").status().expect("a process");
            }
        });
        let opened = (0..200).map(|_| EmbeddedStore::open(home.path(), Options::default()).map(drop));
        let refused: Vec<_> = opened.filter_map(Result::err).collect();
        done.store(true, Ordering::Relaxed);
        assert!(refused.is_empty(), "{} of 200 refused: {:?}", refused.len(), refused.first());
    });
}
