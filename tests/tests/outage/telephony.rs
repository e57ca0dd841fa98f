//! The telephony is down, slow, talks nonsense or says no: what it did not take is kept, and repeated by the rules
//! (callback-domain §8.2), under the same attempt.

use std::time::Duration;

use ges_core::port::Clock;
use ges_core::system::SystemClock;
use ges_tests::http::Client;
use ges_tests::receiver::{Mode, Post, Receiver};
use ges_tests::server::{Server, Site};
use serde_json::{Value, json};

/// Longer than every pause of the first few tries together.
const PATIENCE: Duration = Duration::from_secs(40);
/// The posts' time limit in these tests.
const TIMEOUT_MS: u64 = 400;

const SERVICES: &[(&str, &str)] = &[(
    "Sales",
    "immediate = true\nscheduled = true\nrequire_logged_in = false\nduplicate_check = \"false\"\n\
     submit_early = \"off\"\nrefuse_impossible_numbers = false\nrefuse_premium_numbers = false",
)];

struct World {
    receiver: Receiver,
    site: Site,
    server: Server,
}

impl World {
    fn new() -> Self {
        let receiver = Receiver::open().unwrap();
        let site = Site::new(receiver.address(), SERVICES)
            .configured("orchestrator.webhook.timeout_ms", &TIMEOUT_MS.to_string());
        let server = site.start().unwrap();
        World { receiver, site, server }
    }

    fn book(&self, ahead: Option<Duration>) -> String {
        let mut body = json!({ "serviceName": "Sales", "phoneNumber": "+1 519 555 0123" });
        if let Some(ahead) = ahead {
            body["desiredTime"] = (SystemClock.now() + ahead).to_string().into();
        }
        let answer = self.site.outside().post("/engagement/v3/callbacks/create", &body).unwrap();
        assert_eq!(answer.status, 200, "a booking never depends on the telephony: {}", answer.text());
        answer.data()["id"].as_str().unwrap().to_owned()
    }

    fn shown(&self, id: &str) -> Value {
        shown(&mut self.site.outside(), id)
    }

    fn state(&self, id: &str) -> String {
        self.shown(id)["callbackState"].as_str().unwrap_or_default().to_owned()
    }

    fn starts(&self, id: &str) -> Vec<Post> {
        self.receiver.starts().remove(id).unwrap_or_default()
    }

    fn wait_for_starts(&self, id: &str, count: usize) {
        let of_id = |posts: &[Post]| posts.iter().filter(|post| post.is_start() && post.id() == id).count();
        let came = self.receiver.wait(PATIENCE, |posts| of_id(posts) >= count);
        assert!(came, "{count} starts of {id} were expected, not {}", self.starts(id).len());
    }

    fn wait_for_state(&self, id: &str, state: &str) {
        let mut client = self.site.outside();
        let until = std::time::Instant::now() + PATIENCE;
        loop {
            let shown = shown(&mut client, id);
            if shown["callbackState"] == state {
                return;
            }
            assert!(std::time::Instant::now() < until, "{state} was expected, not {shown}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

fn shown(client: &mut Client, id: &str) -> Value {
    let answer = client.post("/engagement/v3/callbacks/retrieve", &json!({ "id": id })).unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.data()
}

/// Both kinds of booking meet the trouble, stay SCHEDULED through at least two tries, and arrive once it is over.
fn kept_and_delivered_after(trouble: Mode) {
    let mut world = World::new();
    world.receiver.behave(trouble);
    let at_once = world.book(None);
    let soon = world.book(Some(Duration::from_millis(700)));
    assert_eq!(world.state(&at_once), "SCHEDULED", "{trouble:?}: not taken, so still waiting");
    for id in [&at_once, &soon] {
        world.wait_for_starts(id, 2);
        assert_eq!(world.state(id), "SCHEDULED", "{trouble:?}: no try is burnt while it is away");
    }
    world.receiver.behave(Mode::Take);
    for id in [&at_once, &soon] {
        world.wait_for_state(id, "QUEUED");
        assert_one_attempt(id, &world.starts(id));
        let pauses = pauses(&world.starts(id));
        assert!(pauses[0] >= Duration::from_millis(1_000), "{trouble:?}: a pause of 1 s, not {pauses:?}");
        let doubled = pauses.get(1).is_none_or(|second| *second >= Duration::from_millis(2_000));
        assert!(doubled, "{trouble:?}: the second pause is 2 s, not {pauses:?}");
    }
    assert!(world.server.is_alive());
}

fn assert_one_attempt(id: &str, starts: &[Post]) {
    for post in starts {
        assert_eq!(
            (post.attempt(), post.key.as_str()),
            (1, format!("{id}:1").as_str()),
            "one attempt, one key"
        );
        assert_eq!(post.body, starts[0].body, "every repeat says the same");
        assert!(post.desired().is_some_and(|desired| post.at >= desired), "never early");
    }
}

fn pauses(starts: &[Post]) -> Vec<Duration> {
    starts.windows(2).map(|two| two[1].instant - two[0].instant).collect()
}

#[test]
fn while_it_answers_500_callbacks_wait() {
    kept_and_delivered_after(Mode::Status(500));
}

#[test]
fn while_it_answers_429_callbacks_wait() {
    kept_and_delivered_after(Mode::Status(429));
}

#[test]
fn while_it_talks_nonsense_callbacks_wait() {
    kept_and_delivered_after(Mode::Garbage);
}

#[test]
fn while_it_is_slower_than_the_time_limit_callbacks_wait() {
    kept_and_delivered_after(Mode::Hang);
}

#[test]
fn an_answer_that_breaks_off_is_repeated_under_the_same_key() {
    kept_and_delivered_after(Mode::TakeAndBreak);
}

#[test]
fn while_it_is_down_callbacks_wait_and_a_cancelled_one_never_arrives() {
    let world = World::new();
    world.receiver.close();
    let at_once = world.book(None);
    let soon = world.book(Some(Duration::from_millis(500)));
    let cancelled = world.book(Some(Duration::from_secs(3)));
    assert_eq!(world.state(&at_once), "SCHEDULED");
    let answer =
        world.site.outside().post("/engagement/v3/callbacks/cancel", &json!({ "id": cancelled })).unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text());
    // A restart in the middle forgets nothing either.
    let World { receiver, site, server } = world;
    server.kill();
    let server = site.start().unwrap();
    let world = World { receiver, site, server };
    assert_eq!(world.state(&at_once), "SCHEDULED");
    world.receiver.listen().unwrap();
    for id in [&at_once, &soon] {
        world.wait_for_state(id, "QUEUED");
        assert_one_attempt(id, &world.starts(id));
    }
    assert!(world.starts(&cancelled).is_empty(), "invariant 28");
    assert_eq!(world.shown(&cancelled)["callbackReason"], "CANCELLED");
}

#[test]
fn three_refusals_end_it_with_pauses_of_one_and_two_seconds() {
    for status in [400, 404, 302] {
        let world = World::new();
        world.receiver.behave(Mode::Status(status));
        let id = world.book(Some(Duration::from_millis(300)));
        world.wait_for_state(&id, "COMPLETED");
        assert_eq!(world.shown(&id)["callbackReason"], "SUBMIT_FAILED", "{status}");
        let starts = world.starts(&id);
        assert_one_attempt(&id, &starts);
        let pauses = pauses(&starts);
        assert_eq!(pauses.len(), 2, "{status}: three tries");
        assert!(pauses[0] >= Duration::from_secs(1) && pauses[1] >= Duration::from_secs(2), "{pauses:?}");
    }
}

#[test]
fn a_refusal_before_recovery_does_not_end_it() {
    let world = World::new();
    world.receiver.behave(Mode::Status(400));
    let id = world.book(None);
    world.wait_for_starts(&id, 2);
    world.receiver.behave(Mode::Take);
    world.wait_for_state(&id, "QUEUED");
    assert_one_attempt(&id, &world.starts(&id));
}
