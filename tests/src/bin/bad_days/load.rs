//! The load: bookings of three kinds, cancels, moves, questions.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use ges_core::Timestamp;
use ges_core::port::Clock;
use ges_core::system::SystemClock;
use ges_tests::chance::Chance;
use ges_tests::http::{Answer, Client, NoAnswer};
use ges_tests::server::{KEY, TENANT};
use serde_json::json;

use super::ledger::{Booked, Done, Ledger, Wish};
use super::pulse::{Doors, Outcome, Pulse};
use super::session::Sessions;

/// No limit but the places of `Tight` is ever reached, and the numbering plan is never read.
pub const SERVICES: &[(&str, &str)] = &[
    ("Now", "immediate = true\nrequire_logged_in = false\nactive_max = 1000000\ndaily_max = 1000000"),
    ("Soon", "scheduled = true\ninterval_minutes = 30\ncapacity = 1000000\nsubmit_early = \"off\""),
    ("Tight", "scheduled = true\ninterval_minutes = 30\ncapacity = 3"),
];
/// What all of them have.
pub const COMMON: &str = "duplicate_check = \"false\"\nwindow_1_accepted = 1000000\nwindow_2_accepted = 1000000\n\
                          refuse_impossible_numbers = false\nrefuse_premium_numbers = false";

/// How long a client waits for an answer before it gives up.
const PATIENCE: Duration = Duration::from_secs(7);
/// What is behind by more than this is not caught up with: after an outage the load goes on as before.
const BEHIND_MAX: Duration = Duration::from_secs(1);
/// With so many sessions under way, callers wait.
const RUNNING_MAX: usize = 1_000;
/// How many of its own callbacks a client remembers to cancel or move.
const OWN_MAX: usize = 200;

/// The slots everybody wants.
#[derive(Clone, Copy, Debug)]
pub struct Tight {
    pub start: Timestamp,
}

impl Tight {
    pub const SLOTS: u64 = 240;
    pub const MINUTES: u64 = 30;
    pub const PLACES: u64 = 3;

    /// From tomorrow on.
    pub fn after(now: Timestamp) -> Self {
        let grid = i64::try_from(Self::MINUTES * 60_000).unwrap_or(1);
        let after = (now + Duration::from_secs(86_400)).as_millis();
        Tight { start: Timestamp::from_millis((after / grid + 1) * grid) }
    }

    fn any(&self, chance: &Chance) -> Timestamp {
        self.start + Duration::from_millis(chance.below(Self::SLOTS * Self::MINUTES * 60_000))
    }
}

/// Gives clients their turns, so many in a second.
pub struct Pace {
    each: Duration,
    next: Mutex<Instant>,
}

impl Pace {
    pub fn of(rate: u64) -> Self {
        Pace {
            each: Duration::from_secs(1) / u32::try_from(rate).unwrap_or(1),
            next: Mutex::new(Instant::now()),
        }
    }

    /// Waits for the next turn.
    fn wait(&self) {
        let mut next = self.next.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let now = Instant::now();
        let turn = if now.saturating_duration_since(*next) > BEHIND_MAX { now } else { *next };
        *next = turn + self.each;
        drop(next);
        thread::sleep(turn.saturating_duration_since(now));
    }
}

/// A client of every node.
pub struct Clients {
    outside: Vec<Client>,
    inside: Vec<Client>,
}

impl Clients {
    pub fn of(doors: &[Doors]) -> Self {
        let outside = |doors: &Doors| Client::new(doors.external).with("x-api-key", KEY).patient(PATIENCE);
        let inside =
            |doors: &Doors| Client::new(doors.internal).with("ContactCenterId", TENANT).patient(PATIENCE);
        Clients { outside: doors.iter().map(outside).collect(), inside: doors.iter().map(inside).collect() }
    }

    fn post(
        &mut self,
        pulse: &Pulse,
        chance: &Chance,
        path: &str,
        body: &serde_json::Value,
    ) -> Result<Answer, NoAnswer> {
        send(&mut self.outside, pulse, chance, "POST", path, body)
    }

    pub fn put(
        &mut self,
        pulse: &Pulse,
        chance: &Chance,
        path: &str,
        body: &serde_json::Value,
    ) -> Result<Answer, NoAnswer> {
        send(&mut self.inside, pulse, chance, "PUT", path, body)
    }
}

/// To one of the nodes that are there.
fn send(
    clients: &mut [Client],
    pulse: &Pulse,
    chance: &Chance,
    method: &str,
    path: &str,
    body: &serde_json::Value,
) -> Result<Answer, NoAnswer> {
    let node = pulse.choose(chance);
    let client = &mut clients[node];
    pulse.ask(node, || judged(client.send(method, path, Some(body))))
}

fn judged(answer: Result<Answer, NoAnswer>) -> (Outcome, Result<Answer, NoAnswer>) {
    let outcome = match &answer {
        Ok(answer) if answer.status < 500 => Outcome::Answered,
        Ok(_) => Outcome::Failed,
        Err(NoAnswer::NotSent) => Outcome::NotThere,
        Err(NoAnswer::Unknown) => Outcome::Silent,
    };
    (outcome, answer)
}

/// What all clients share.
#[derive(Clone, Copy)]
pub struct Street<'a> {
    pub sessions: &'a Sessions,
    pub ledger: &'a Ledger,
    pub pulse: &'a Pulse,
    pub pace: &'a Pace,
    pub tight: Tight,
}

/// One client, until it is over.
pub fn run(chance: &Chance, street: Street<'_>, over: &AtomicBool) {
    let mut caller = Caller { chance, street, clients: Clients::of(street.pulse.doors()), own: Vec::new() };
    while !over.load(Ordering::SeqCst) {
        street.pace.wait();
        // Agents cannot serve more than they are; nobody books into a queue of hours.
        if street.sessions.running() < RUNNING_MAX {
            caller.act();
        }
    }
}

struct Caller<'a> {
    chance: &'a Chance,
    street: Street<'a>,
    clients: Clients,
    own: Vec<String>,
}

impl Caller<'_> {
    fn act(&mut self) {
        let chance = self.chance;
        match chance.below(100) {
            0..30 => self.book(Wish::Now, None),
            30..78 => {
                let ahead = if chance.percent(70) {
                    chance.between(50, 3_000)
                } else {
                    chance.between(3_000, 25_000)
                };
                self.book(Wish::Soon, Some(SystemClock.now() + Duration::from_millis(ahead)));
            }
            78..84 => self.book(Wish::Tight, Some(self.street.tight.any(chance))),
            84..91 => self.cancel(),
            91..96 => self.postpone(),
            _ => self.retrieve(),
        }
    }

    fn book(&mut self, wish: Wish, desired: Option<Timestamp>) {
        let ledger = self.street.ledger;
        let caller = ledger.fresh_caller();
        let mut body = json!({ "serviceName": wish.service(), "phoneNumber": number(caller), "userData": { "caller": caller } });
        if let Some(desired) = desired {
            body["desiredTime"] = desired.to_string().into();
        }
        let answer =
            self.clients.post(self.street.pulse, self.chance, "/engagement/v3/callbacks/create", &body);
        match answer {
            Err(NoAnswer::NotSent) => ledger.not_booked(caller),
            Err(NoAnswer::Unknown) => {}
            Ok(answer) => match (answer.status, answer.data()["id"].as_str()) {
                (200, Some(id)) => {
                    let at = SystemClock.now();
                    let booked = Booked {
                        caller,
                        wish,
                        at,
                        desired,
                        perhaps_moved: false,
                        moved_from: None,
                        cancel: Done::No,
                    };
                    ledger.booked(id, booked);
                    self.remember(id);
                }
                (429, _) if wish == Wish::Tight => ledger.not_booked(caller),
                // The instant passed on the way: an honest refusal, which needs a slow node.
                (400, _) if wish == Wish::Soon => ledger.not_booked(caller),
                (500.., _) if answer.is_failure_envelope() => {}
                _ => {
                    ledger.strange(format!("create {}: {} {}", wish.service(), answer.status, answer.text()))
                }
            },
        }
    }

    fn cancel(&mut self) {
        let Some(id) = self.chance.pick(&self.own).cloned() else { return };
        let ledger = self.street.ledger;
        let mut was = Done::No;
        ledger.change(&id, |booked| {
            was = booked.cancel;
            if was == Done::No {
                booked.cancel = Done::Perhaps;
            }
        });
        let body = json!({ "id": id });
        match self.clients.post(self.street.pulse, self.chance, "/engagement/v3/callbacks/cancel", &body) {
            Err(NoAnswer::NotSent) => ledger.change(&id, |booked| booked.cancel = was),
            Err(NoAnswer::Unknown) => {}
            Ok(answer) => match (answer.status, was) {
                (200, Done::At(_)) => ledger.strange(format!("{id} was cancelled twice")),
                (200, _) => {
                    let at = SystemClock.now();
                    ledger.change(&id, |booked| booked.cancel = Done::At(at));
                    ledger.pages().cancels += 1;
                }
                // It had ended already, by a cancel before or by its session, or an agent has it.
                (400, _) => ledger.change(&id, |booked| booked.cancel = was),
                (500.., _) if answer.is_failure_envelope() => {}
                _ => ledger.strange(format!("cancel: {} {}", answer.status, answer.text())),
            },
        }
    }

    /// Wishes another instant: of what is tight, any other; of what is soon, a little later.
    fn postpone(&mut self) {
        let Some(id) = self.chance.pick(&self.own).cloned() else { return };
        let ledger = self.street.ledger;
        let Some(Booked { wish, desired: Some(from), cancel: Done::No, .. }) = ledger.get(&id) else {
            return;
        };
        let to = match wish {
            Wish::Tight => self.street.tight.any(self.chance),
            _ => from + Duration::from_millis(self.chance.between(500, 5_000)),
        };
        ledger.change(&id, |booked| booked.perhaps_moved = true);
        let path = format!("/genesys/1/service/callback/{}/{id}", wish.service());
        let body = json!({ "_desired_time": to.to_string() });
        let sure = |moved: bool| {
            let at = SystemClock.now();
            ledger.change(&id, |booked| {
                booked.perhaps_moved = false;
                if moved {
                    booked.moved_from = Some((from, at));
                    booked.desired = Some(to);
                }
            });
        };
        match self.clients.put(self.street.pulse, self.chance, &path, &body) {
            Err(NoAnswer::NotSent) => sure(false),
            Err(NoAnswer::Unknown) => {}
            Ok(answer) if answer.status == 200 => {
                sure(true);
                ledger.pages().moves += 1;
            }
            // Under way or ended, no place, or past.
            Ok(answer) if answer.status < 500 => {
                sure(false);
                ledger
                    .pages()
                    .refused_moves
                    .insert(id.clone(), format!("{} {}", answer.status, answer.text()));
            }
            Ok(_) => {}
        }
        // What may or may not have moved is left alone from now on: one open question is enough to judge by.
        self.own.retain(|known| *known != id);
    }

    fn retrieve(&mut self) {
        let Some(id) = self.chance.pick(&self.own).cloned() else { return };
        let body = json!({ "id": id });
        let answer =
            self.clients.post(self.street.pulse, self.chance, "/engagement/v3/callbacks/retrieve", &body);
        if let Ok(answer) = answer {
            let is_fine = answer.status == 200 || answer.status >= 500 && answer.is_failure_envelope();
            if !is_fine {
                self.street.ledger.strange(format!("retrieve {id}: {} {}", answer.status, answer.text()));
            }
        }
    }

    fn remember(&mut self, id: &str) {
        if self.own.len() >= OWN_MAX {
            self.own.swap_remove(usize::try_from(self.chance.below(OWN_MAX as u64)).unwrap_or(0));
        }
        self.own.push(id.to_owned());
    }
}

/// A number of its own for each caller.
fn number(caller: u64) -> String {
    format!("+4930{caller:08}")
}

/// The caller who has this number.
pub fn caller(number: &str) -> Option<u64> {
    number.get(number.len().checked_sub(8)?..)?.parse().ok()
}
