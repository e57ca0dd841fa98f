//! A graceful stop under load: what was asked is answered, what was answered is there, and it ends well.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use ges_core::port::Clock;
use ges_core::system::SystemClock;
use ges_storage::embedded::{EmbeddedStore, Options};
use ges_tests::chance::Chance;
use ges_tests::http::NoAnswer;
use ges_tests::receiver::{Post, Receiver};
use ges_tests::server::Site;
use serde_json::json;

const SERVICES: &[(&str, &str)] = &[(
    "Sales",
    "immediate = true\nscheduled = true\ncapacity = 1000000\nrequire_logged_in = false\n\
     duplicate_check = \"false\"\nsubmit_early = \"off\"\ndaily_max = 1000000\nactive_max = 1000000\n\
     window_1_accepted = 1000000\nwindow_2_accepted = 1000000\n\
     refuse_impossible_numbers = false\nrefuse_premium_numbers = false",
)];
/// Longer than the drain time of the default configuration.
const STOP_MAX: Duration = Duration::from_secs(30);

#[test]
fn a_stop_under_load_answers_what_was_asked_and_keeps_what_was_answered() {
    let chance = Chance::of_this_run("SIGTERM under load");
    let receiver = Receiver::open().unwrap();
    let site = Site::new(receiver.address(), SERVICES);
    for _ in 0..5 {
        let server = site.start().unwrap();
        let acknowledged = Mutex::new(Vec::new());
        let (answered, cut) = (AtomicU64::new(0), AtomicU64::new(0));
        let status = thread::scope(|scope| {
            for _ in 0..4 {
                let (chance, acknowledged, answered, cut) = (chance.branch(), &acknowledged, &answered, &cut);
                let site = &site;
                scope.spawn(move || {
                    let mut client = site.outside();
                    loop {
                        let mut body = json!({ "serviceName": "Sales", "phoneNumber": "+15195550123" });
                        if chance.percent(50) {
                            let ahead = Duration::from_millis(chance.between(50, 3_000));
                            body["desiredTime"] = (SystemClock.now() + ahead).to_string().into();
                        }
                        match client.post("/engagement/v3/callbacks/create", &body) {
                            Ok(answer) if answer.status == 200 => {
                                answered.fetch_add(1, Ordering::Relaxed);
                                let id = answer.data()["id"].as_str().unwrap().to_owned();
                                acknowledged.lock().unwrap().push(id);
                            }
                            Ok(answer) => {
                                assert!(answer.is_failure_envelope(), "{}", answer.text());
                                assert_eq!(answer.status, 503, "{}", answer.text());
                            }
                            // A connection that was idle at that moment may end without a word.
                            Err(NoAnswer::Unknown) => {
                                cut.fetch_add(1, Ordering::Relaxed);
                            }
                            Err(NoAnswer::NotSent) => return,
                        }
                    }
                });
            }
            while answered.load(Ordering::Relaxed) < chance.between(20, 200) {
                thread::yield_now();
            }
            server.terminate(STOP_MAX)
        });
        let status = status.expect("it ends within its drain time");
        assert_eq!(status.code(), Some(0), "{}", site.log());
        let cut = cut.load(Ordering::Relaxed);
        assert!(cut <= 4, "at most the one request of each client that crossed the stop: {cut}");
        let server = site.start().unwrap();
        let mut client = site.outside();
        let acknowledged = acknowledged.into_inner().unwrap();
        for id in &acknowledged {
            let answer = client.post("/engagement/v3/callbacks/retrieve", &json!({ "id": id })).unwrap();
            assert_eq!(answer.status, 200, "{id} was acknowledged: {}", answer.text());
        }
        let all_started = receiver.wait(Duration::from_secs(40), |posts| {
            let started: std::collections::BTreeSet<&str> = posts.iter().map(Post::id).collect();
            acknowledged.iter().all(|id| started.contains(id.as_str()))
        });
        assert!(all_started, "everything acknowledged is handed over");
        for (id, posts) in receiver.starts() {
            let early = posts.iter().any(|post| post.desired().is_none_or(|desired| post.at < desired));
            assert!(!early, "{id} was early");
            assert!(posts.iter().all(|post| post.attempt() == 1), "{id}: one attempt");
        }
        drop(server);
    }
}

#[test]
fn a_running_store_is_copied_and_the_copy_holds_what_was_answered() {
    let receiver = Receiver::open().unwrap();
    let site = Site::new(receiver.address(), SERVICES);
    let server = site.start().unwrap();
    let body = json!({ "serviceName": "Sales", "phoneNumber": "+15195550123" });
    let answer = site.outside().post("/engagement/v3/callbacks/create", &body).unwrap();
    let id = answer.data()["id"].as_str().unwrap().to_owned();
    server.signal("USR1");
    let asked = Instant::now();
    let copy = loop {
        assert!(asked.elapsed() < STOP_MAX, "no copy was written; the log says:\n{}", site.log());
        match copies(site.folder()).pop() {
            Some(copy) => break copy,
            None => thread::sleep(Duration::from_millis(20)),
        }
    };
    let copied = EmbeddedStore::open(&copy, Options::default()).unwrap();
    let lines = Arc::new(Mutex::new(Vec::new()));
    let taken = lines.clone();
    let export = copied.export(move |line| {
        taken.lock().unwrap().push(line.to_owned());
        Ok(())
    });
    pollster::block_on(export).unwrap();
    assert!(lines.lock().unwrap().iter().any(|line| line.contains(&id)), "the booking is in the copy");
    assert!(server.terminate(STOP_MAX).unwrap().success());
}

/// Finished copies anywhere below a folder.
fn copies(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for path in std::fs::read_dir(folder).unwrap().flatten().map(|entry| entry.path()) {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if path.is_dir() {
            found.extend(copies(&path));
        } else if name.starts_with("backup-") && name.ends_with(".db") {
            found.push(path);
        }
    }
    found
}
