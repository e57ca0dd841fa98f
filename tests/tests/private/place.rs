//! What is left of a place: nothing, however the test ended.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use ges_tests::private::{Place, Redis};

/// Tells the other side of the last test that it is to start a server and wait for its end.
const PART: &str = "GES_PRIVATE_PART";

#[test]
fn a_dropped_place_takes_its_processes_and_its_folder_with_it() {
    let place = Place::new();
    let folder = place.folder().to_owned();
    let mut parent = place.command("/bin/sh".as_ref()).args(["-c", "sleep 600 & sleep 600"]).spawn().unwrap();
    wait_until(|| place.processes().len() >= 2);
    drop(place);
    assert!(!parent.wait().unwrap().success());
    assert!(!folder.exists());
}

#[test]
fn a_panic_leaves_nothing() {
    let (tell, told) = std::sync::mpsc::channel();
    let ended = std::thread::spawn(move || {
        let redis = Redis::start();
        tell.send((redis.folder(), redis.processes())).unwrap();
        panic!("as a test does that fails");
    });
    let (folder, processes) = told.recv().unwrap();
    assert!(ended.join().is_err());
    assert!(!folder.exists() && processes.iter().all(|process| is_gone(*process)));
}

/// The part of the test below that is killed: not a test of its own.
#[test]
fn a_part_that_waits_to_be_killed() {
    let Ok(note) = std::env::var(PART) else { return };
    let redis = Redis::start();
    let paused = Redis::start();
    paused.pause();
    let lines: String = [&redis, &paused]
        .into_iter()
        .map(|server| format!("{} {}\n", server.processes()[0], server.folder().display()))
        .collect();
    std::fs::write(format!("{note}.partial"), lines).unwrap();
    std::fs::rename(format!("{note}.partial"), note).unwrap();
    loop {
        std::thread::park();
    }
}

#[test]
fn a_killed_test_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let note = folder.path().join("note");
    let mut part = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "place::a_part_that_waits_to_be_killed"])
        .env(PART, &note)
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    wait_until(|| note.exists());
    let lines = std::fs::read_to_string(&note).unwrap();
    let left: Vec<(u32, &str)> = lines
        .lines()
        .map(|line| line.split_once(' ').unwrap())
        .map(|(process, folder)| (process.parse().unwrap(), folder))
        .collect();
    assert!(left.len() == 2 && left.iter().all(|(process, _)| !is_gone(*process)));
    part.kill().unwrap();
    part.wait().unwrap();
    for (process, folder) in left {
        wait_until(|| is_gone(process) && !std::path::Path::new(folder).exists());
    }
}

fn is_gone(process: u32) -> bool {
    // What has ended and waits for its parent to notice has no folder any more.
    std::fs::read_link(format!("/proc/{process}/cwd")).is_err()
}

pub fn wait_until(mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < Duration::from_secs(30), "not within 30 s");
        std::thread::sleep(Duration::from_millis(5));
    }
}
