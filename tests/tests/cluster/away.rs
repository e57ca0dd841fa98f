//! Postgres or Redis is away: quick answers that say so, or none the worse; and all goes on by itself.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::world::{World, book, eventually, metric, shown};

#[test]
fn while_postgres_is_away_requests_get_a_quick_500_in_the_envelope_and_it_goes_on_by_itself() {
    let world = World::new();
    let site = world.site();
    let _server = site.start().unwrap();
    let kept = book(&site, Some(Duration::from_secs(3_600)));
    world.postgres.stop_immediate();
    let body = json!({ "serviceName": "Sales", "phoneNumber": "+1 519 555 0123" });
    let mut slowest = Duration::ZERO;
    for turn in 0..20 {
        let asked = Instant::now();
        let answer = match turn % 2 {
            0 => site.outside().post("/engagement/v3/callbacks/create", &body).unwrap(),
            _ => site.outside().post("/engagement/v3/callbacks/retrieve", &json!({ "id": kept })).unwrap(),
        };
        slowest = slowest.max(asked.elapsed());
        assert_eq!(answer.status, 500, "{}", answer.text());
        assert!(answer.is_failure_envelope(), "{}", answer.text());
    }
    println!("Postgres away: the slowest of 20 answers took {slowest:?}");
    eventually("it is told", || metric(&site, "DB_STATUS") == 1.0 && metric(&site, "GES_HEALTH") == 1.0);
    assert_ne!(site.inside().get("/ges/v1/health").unwrap().status, 200, "nothing can be promised");
    world.postgres.restart();
    let back = Instant::now();
    let mut booked = None;
    eventually("bookings work again by themselves", || {
        let answer = site.outside().post("/engagement/v3/callbacks/create", &body).unwrap();
        booked = (answer.status == 200).then(|| answer.data()["id"].as_str().unwrap().to_owned());
        booked.is_some()
    });
    println!("Postgres back: the first booking {:?} after it answered", back.elapsed());
    assert_eq!(world.wait_for(&[booked.unwrap()])[0].len(), 1);
    assert_eq!(shown(&site, &kept)["id"], kept);
    eventually("it is told", || site.inside().get("/ges/v1/health").unwrap().status == 200);
}

#[test]
fn while_redis_is_away_no_request_fails_and_the_gauge_says_so() {
    let world = World::new();
    let (one, other) = (world.site(), world.site());
    let (_first, _second) = (one.start().unwrap(), other.start().unwrap());
    eventually("Redis is there", || metric(&one, "REDIS_CONNECTION") == 0.0);
    world.redis.kill_nine();
    let ids: Vec<String> =
        (0..20).map(|number| book(if number % 2 == 0 { &one } else { &other }, None)).collect();
    assert!(world.wait_for(&ids).iter().all(|posts| posts.len() == 1));
    eventually("the gauge says so", || metric(&one, "REDIS_CONNECTION") == 1.0);
    assert_eq!(one.inside().get("/ges/v1/health").unwrap().status, 200, "it takes traffic all the same");
    world.redis.restart();
    eventually("it is found again", || metric(&one, "REDIS_CONNECTION") == 0.0);
    // Both heard each other anew, and neither takes the other for gone.
    let ids: Vec<String> = (0..20)
        .map(|number| book(if number % 2 == 0 { &one } else { &other }, Some(Duration::from_secs(2))))
        .collect();
    assert!(world.wait_for(&ids).iter().all(|posts| posts.len() == 1));
}
