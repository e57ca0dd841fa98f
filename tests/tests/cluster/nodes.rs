//! Nodes come and go; what was booked is handed over once, never early, whoever does it.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use ges_tests::receiver::Post;
use ges_tests::server::Site;
use serde_json::json;

use crate::world::{PATIENCE, World, book, eventually, shown};

/// A batch of callbacks for the same instant, booked at both nodes in turn.
fn booked_at_both(one: &Site, other: &Site, many: usize, ahead: Duration) -> Vec<String> {
    (0..many).map(|number| book(if number % 2 == 0 { one } else { other }, Some(ahead))).collect()
}

/// Each was handed over under one attempt, once, and not before its time.
pub fn assert_once_and_never_early(all: &[Vec<Post>]) {
    for posts in all {
        assert_eq!(posts.len(), 1, "{} was handed over once", posts[0].id());
        assert_eq!(posts[0].attempt(), 1);
        assert!(posts.iter().all(|post| post.desired().is_none_or(|desired| post.at >= desired)));
    }
}

/// The longest time between an instant and what came after it.
pub fn latest(all: &[Vec<Post>]) -> Duration {
    let late = all.iter().flatten().filter_map(|post| Some(post.at.since(post.desired()?)));
    late.max().unwrap_or_default()
}

#[test]
fn what_is_booked_on_one_is_seen_on_the_other_and_handed_over_once() {
    let world = World::new();
    let (one, other) = (world.site(), world.site());
    // Together, so that both find an empty database.
    let (first, second) = std::thread::scope(|scope| {
        let starting = scope.spawn(|| one.start().unwrap());
        (other.start().unwrap(), starting.join().unwrap())
    });
    let now: Vec<String> = (0..10).map(|_| book(&one, None)).collect();
    let later = booked_at_both(&one, &other, 40, Duration::from_secs(3));
    assert_eq!(shown(&other, &now[0])["id"], now[0]);
    let all: Vec<String> = now.into_iter().chain(later).collect();
    assert_once_and_never_early(&world.wait_for(&all));
    // Both look ahead all the time; whoever was slower had leased nothing of it.
    eventually("each is queued", || all.iter().all(|id| shown(&other, id)["callbackState"] == "QUEUED"));
    assert_once_and_never_early(&world.wait_for(&all));
    drop((first, second));
}

#[test]
fn the_promises_of_a_killed_node_are_kept_by_the_other() {
    let world = World::new();
    let (one, other) = (world.site(), world.site());
    let (first, _second) = (one.start().unwrap(), other.start().unwrap());
    // Booked where the signal to look goes, so it is the first that leases them; it looks ten seconds ahead.
    let ids: Vec<String> = (0..100).map(|_| book(&one, Some(Duration::from_secs(4)))).collect();
    eventually("the node that booked has leased them", || leased(&world) == ids.len());
    assert_eq!(world.receiver.count(), 0, "none of it is due yet");
    first.kill();
    let killed = Instant::now();
    let all = world.wait_for(&ids);
    assert_once_and_never_early(&all);
    let out = all.iter().flatten().map(|post| post.instant).max().unwrap();
    println!(
        "kill -9: all {} handed over {:?} after the kill, the last {:?} after its instant",
        ids.len(),
        out.duration_since(killed),
        latest(&all)
    );
}

#[test]
fn the_promises_of_a_killed_node_that_are_due_are_kept_at_once() {
    let world = World::new();
    let (one, other) = (world.site(), world.site());
    let (first, _second) = (one.start().unwrap(), other.start().unwrap());
    let ids: Vec<String> = (0..20).map(|_| book(&one, Some(Duration::from_millis(1_500)))).collect();
    eventually("the node that booked has leased them", || leased(&world) == ids.len());
    // As its promises fall due it can no longer keep them.
    first.signal("STOP");
    std::thread::sleep(Duration::from_millis(1_600));
    let killed = Instant::now();
    first.kill();
    let all = world.wait_for(&ids);
    assert_once_and_never_early(&all);
    let out = all.iter().flatten().map(|post| post.instant).max().unwrap();
    println!("kill -9 of a node whose promises are due: handed over after {:?}", out.duration_since(killed));
}

#[test]
fn the_promises_of_a_frozen_node_are_kept_by_the_other_and_not_twice() {
    let world = World::new();
    let (one, other) = (world.site(), world.site());
    let (first, _second) = (one.start().unwrap(), other.start().unwrap());
    let ids: Vec<String> = (0..50).map(|_| book(&one, Some(Duration::from_secs(2)))).collect();
    eventually("the node that booked has leased them", || leased(&world) == ids.len());
    first.signal("STOP");
    let frozen = Instant::now();
    let all = world.wait_for(&ids);
    let out = all.iter().flatten().map(|post| post.instant).max().unwrap();
    println!("SIGSTOP: handed over {:?} after it", out.duration_since(frozen));
    // It wakes up in the middle of what it held, and must find that it holds nothing.
    first.signal("CONT");
    let probe = book(&one, Some(Duration::from_millis(500)));
    assert_once_and_never_early(&world.wait_for(&[probe]));
    assert_once_and_never_early(&world.wait_for(&ids));
}

#[test]
fn a_node_that_is_asked_to_stop_gives_back_what_it_holds() {
    let world = World::new();
    let (one, other) = (world.site(), world.site());
    let (first, _second) = (one.start().unwrap(), other.start().unwrap());
    let ids: Vec<String> = (0..50).map(|_| book(&one, Some(Duration::from_secs(4)))).collect();
    eventually("the node that booked has leased them", || leased(&world) == ids.len());
    let status = first.terminate(PATIENCE).expect("it ends within its drain time");
    assert_eq!(status.code(), Some(0), "{}", one.log());
    assert_eq!(nodes(&world), 1, "it has left the registry");
    assert_once_and_never_early(&world.wait_for(&ids));
    println!("SIGTERM: the last {:?} after its instant", latest(&world.wait_for(&ids)));
}

#[test]
fn settings_published_on_one_are_in_force_on_the_other() {
    let world = World::new();
    let (one, other) = (world.site(), world.site());
    let (_first, _second) = (one.start().unwrap(), other.start().unwrap());
    let row = json!({ "_route_point": "8001", "_designer_workspace": "w", "_stream": "Live",
        "_business_hours_service": "always" });
    let answer = one.inside().send("PUT", "/genesys/1/admin/settings/service.Fresh", Some(&row)).unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text());
    let published = Instant::now();
    let on_offer = |site: &Site| site.outside().get("/engagement/v3/callbacks/open-for/Fresh").unwrap();
    assert_eq!(on_offer(&one).status, 200, "at once where it was published");
    eventually("the other learns of it", || on_offer(&other).status == 200);
    println!("settings published on one were in force on the other after {:?}", published.elapsed());
}

/// Records that somebody has leased.
fn leased(world: &World) -> usize {
    world.ask("SELECT count(*) FROM due WHERE owner <> ''")[0].parse().unwrap()
}

/// Nodes of the registry.
fn nodes(world: &World) -> usize {
    let rows: BTreeSet<String> = world.ask("SELECT * FROM node").into_iter().collect();
    rows.len()
}
