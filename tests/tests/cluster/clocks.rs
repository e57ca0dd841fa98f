//! The wall clocks of the nodes are wrong; they go by the clock of Postgres.

use std::time::Duration;

use chrono::{DateTime, FixedOffset, TimeDelta};
use ges_tests::server::Site;

use crate::nodes::{assert_once_and_never_early, latest};
use crate::world::{World, book, shown};

/// Far more than anybody needs on a busy machine, and less than the clocks are wrong by.
const LATE_MAX: Duration = Duration::from_secs(30);

#[test]
fn nodes_whose_wall_clocks_are_a_minute_wrong_are_neither_early_nor_late() {
    let world = World::new();
    let fast = world.site().with_wall_clock_off_by("+60s");
    let slow = world.site().with_wall_clock_off_by("-60s");
    let (first, second) = (fast.start().unwrap(), slow.start().unwrap());
    let apart = wall_clock(&fast) - wall_clock(&slow);
    assert!(apart > TimeDelta::seconds(100), "the clocks are not wrong: {apart}");
    let mut ids = Vec::new();
    for site in [&fast, &slow] {
        ids.extend((0..20).map(|_| book(site, Some(Duration::from_secs(2)))));
        ids.push(book(site, None));
    }
    let all = world.wait_for(&ids);
    assert_once_and_never_early(&all);
    assert!(latest(&all) < LATE_MAX, "{:?}", latest(&all));
    assert_eq!(shown(&fast, &ids[0])["id"], ids[0]);
    println!("two minutes apart: the last {:?} after its instant", latest(&all));
    // What one of them holds is taken over by the other, at its instant as well.
    let ids: Vec<String> = (0..20).map(|_| book(&fast, Some(Duration::from_secs(3)))).collect();
    first.kill();
    assert!(fast.inside().get("/ges/v1/health").is_err(), "the node is still there");
    let all = world.wait_for(&ids);
    assert_once_and_never_early(&all);
    assert!(latest(&all) < LATE_MAX, "{:?}", latest(&all));
    drop(second);
}

/// What a node takes for the time of day, as it dates its answers.
fn wall_clock(site: &Site) -> DateTime<FixedOffset> {
    let answer = site.inside().get("/ges/v1/health").unwrap();
    let date = answer.head.lines().find_map(|line| line.strip_prefix("date: "));
    DateTime::parse_from_rfc2822(date.unwrap()).unwrap()
}
