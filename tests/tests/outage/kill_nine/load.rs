//! The load: bookings of both kinds, cancels, questions, and sessions that write back.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver as Incoming, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use ges_core::Timestamp;
use ges_core::port::Clock;
use ges_core::system::SystemClock;
use ges_tests::chance::Chance;
use ges_tests::http::{Answer, Client, NoAnswer};
use ges_tests::receiver::Post;
use ges_tests::server::Site;
use serde_json::{Value, json};

use super::ledger::{Done, Ledger};

/// At once; soon; and tomorrow in slots of three places. No limit but the places is ever reached, and the numbering plan
/// is never read: reading it for the first time takes longer than many a round.
pub const SERVICES: &[(&str, &str)] = &[
    (
        "Now",
        "immediate = true\nrequire_logged_in = false\nduplicate_check = \"false\"\nactive_max = 1000000\n\
         daily_max = 1000000\nwindow_1_accepted = 1000000\nwindow_2_accepted = 1000000\n\
         refuse_impossible_numbers = false\nrefuse_premium_numbers = false",
    ),
    (
        "Soon",
        "scheduled = true\ninterval_minutes = 30\ncapacity = 1000000\nduplicate_check = \"false\"\nsubmit_early = \"off\"\n\
         refuse_impossible_numbers = false\nrefuse_premium_numbers = false",
    ),
    (
        "Tight",
        "scheduled = true\ninterval_minutes = 30\ncapacity = 3\nduplicate_check = \"false\"\n\
         refuse_impossible_numbers = false\nrefuse_premium_numbers = false",
    ),
];

/// The slots everybody wants.
pub struct Tight {
    pub start: Timestamp,
}

impl Tight {
    pub const SLOTS: u64 = 12;
    pub const MINUTES: u64 = 30;
    pub const PLACES: u64 = 3;

    pub fn tomorrow(now: Timestamp) -> Self {
        let grid = i64::try_from(Self::MINUTES * 60_000).unwrap();
        let after = (now + Duration::from_secs(86_400)).as_millis();
        Tight { start: Timestamp::from_millis((after / grid + 1) * grid) }
    }

    pub fn end(&self) -> Timestamp {
        self.start + Duration::from_secs(Self::SLOTS * Self::MINUTES * 60)
    }

    fn any(&self, chance: &Chance) -> Timestamp {
        self.start + Duration::from_millis(chance.below(Self::SLOTS * Self::MINUTES * 60_000))
    }
}

/// One client, until the server is gone and the round is over.
pub fn run(chance: &Chance, site: &Site, ledger: &Ledger, stop: &AtomicBool, tight: &Tight) {
    let mut client = site.outside();
    let mut own: Vec<String> = Vec::new();
    while !stop.load(Ordering::SeqCst) {
        let outcome = match chance.below(100) {
            0..25 => book(&mut client, ledger, &mut own, "Now", None),
            25..55 => {
                let desired = SystemClock.now() + Duration::from_millis(chance.between(20, 1_500));
                book(&mut client, ledger, &mut own, "Soon", Some(desired))
            }
            55..72 => book(&mut client, ledger, &mut own, "Tight", Some(tight.any(chance))),
            72..88 => cancel(&mut client, ledger, chance.pick(&own)),
            _ => retrieve(&mut client, ledger, chance.pick(&own)),
        };
        if outcome.is_err() {
            // Gone. Whether the round is over is decided by whoever killed it.
            client = site.outside();
            thread::yield_now();
        }
    }
}

fn book(
    client: &mut Client,
    ledger: &Ledger,
    own: &mut Vec<String>,
    service: &'static str,
    desired: Option<Timestamp>,
) -> Result<(), NoAnswer> {
    let tag = ledger.fresh_tag();
    let mut body =
        json!({ "serviceName": service, "phoneNumber": "+1 519 555 0123", "userData": { "tag": tag } });
    if let Some(desired) = desired {
        body["desiredTime"] = desired.to_string().into();
    }
    let answer = match client.post("/engagement/v3/callbacks/create", &body) {
        Ok(answer) => answer,
        Err(NoAnswer::NotSent) => {
            ledger.not_booked(&tag);
            return Err(NoAnswer::NotSent);
        }
        Err(unknown) => return Err(unknown),
    };
    match (answer.status, answer.data()["id"].as_str()) {
        (200, Some(id)) => {
            ledger.acknowledged(&tag, id, service, desired);
            own.push(id.to_owned());
        }
        (429, _) if service == "Tight" => ledger.not_booked(&tag),
        _ => ledger.strange(format!("create {service}: {} {}", answer.status, answer.text())),
    }
    Ok(())
}

fn cancel(client: &mut Client, ledger: &Ledger, id: Option<&String>) -> Result<(), NoAnswer> {
    let Some(id) = id else { return Ok(()) };
    let mut was = Done::No;
    ledger.change(id, |booked| {
        was = booked.cancel;
        if was == Done::No {
            booked.cancel = Done::Perhaps;
        }
    });
    let answer = match client.post("/engagement/v3/callbacks/cancel", &json!({ "id": id })) {
        Ok(answer) => answer,
        Err(NoAnswer::NotSent) => {
            ledger.change(id, |booked| booked.cancel = was);
            return Err(NoAnswer::NotSent);
        }
        Err(unknown) => return Err(unknown),
    };
    let at = SystemClock.now();
    match (answer.status, was) {
        (200, Done::At(_)) => ledger.strange(format!("{id} was cancelled twice")),
        (200, _) => {
            ledger.change(id, |booked| booked.cancel = Done::At(at));
            ledger.pages().cancels += 1;
        }
        // It had ended already, by a cancel before or by its session.
        (400, _) => ledger.change(id, |booked| booked.cancel = was),
        _ => ledger.strange(format!("cancel: {} {}", answer.status, answer.text())),
    }
    Ok(())
}

fn retrieve(client: &mut Client, ledger: &Ledger, id: Option<&String>) -> Result<(), NoAnswer> {
    let Some(id) = id else { return Ok(()) };
    let answer = client.post("/engagement/v3/callbacks/retrieve", &json!({ "id": id }))?;
    if answer.status == 200 {
        note_queued(ledger, id, &answer);
        ledger.pages().retrieved += 1;
    } else {
        ledger.strange(format!("retrieve: {} {}", answer.status, answer.text()));
    }
    Ok(())
}

/// Remembers that a client has seen the hand-over.
pub fn note_queued(ledger: &Ledger, id: &str, answer: &Answer) {
    if answer.data()["callbackState"] == "QUEUED" {
        let seen = Instant::now();
        ledger.change(id, |booked| booked.queued_seen = booked.queued_seen.or(Some(seen)));
    }
}

/// Half of the sessions end and say so, again and again until they are heard.
pub fn write_back(taken: &Incoming<Post>, ledger: &Ledger, over: &AtomicBool) {
    while !over.load(Ordering::SeqCst) {
        let post = match taken.recv_timeout(Duration::from_millis(20)) {
            Ok(post) => post,
            Err(RecvTimeoutError::Timeout) => continue,
            Err(RecvTimeoutError::Disconnected) => return,
        };
        if post.id().bytes().last().is_some_and(|last| last % 2 == 0) {
            say_completed(&post, ledger, over);
        }
    }
}

fn say_completed(post: &Post, ledger: &Ledger, over: &AtomicBool) {
    let to = &post.body["writeBack"];
    let (Some(url), Some(token)) = (to["url"].as_str(), to["token"].as_str()) else {
        return ledger.strange(format!("a start without write-back: {}", post.body));
    };
    let Some((address, path)) = url.trim_start_matches("http://").split_once('/') else {
        return ledger.strange(format!("a write-back address {url}"));
    };
    let body: Value = json!({ "_callback_state": "COMPLETED", "_callback_reason": "AGENT_CONNECTED", "_attempt": post.attempt() });
    let path = format!("/{path}");
    while !over.load(Ordering::SeqCst) {
        let bearer = format!("Bearer {token}");
        let mut client = Client::new(address.parse().unwrap()).with("Authorization", &bearer);
        ledger.pages().ended.entry(post.id().to_owned()).or_insert(Done::Perhaps);
        match client.send("PUT", &path, Some(&body)) {
            Ok(answer) if answer.status == 200 => {
                let at = SystemClock.now();
                ledger.pages().ended.insert(post.id().to_owned(), Done::At(at));
                ledger.pages().write_backs += 1;
                return;
            }
            Ok(answer) => {
                return ledger.strange(format!("write-back: {} {}", answer.status, answer.text()));
            }
            Err(_) => thread::yield_now(),
        }
    }
}
