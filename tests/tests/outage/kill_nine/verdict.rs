//! What must be true after each restart and at the end, counted.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use ges_core::Timestamp;
use ges_tests::receiver::{Post, Receiver};
use ges_tests::server::Site;
use serde_json::{Value, json};

use super::ledger::{Booked, Done, Ledger};
use super::load::{Tight, note_queued};

/// The first hand-over of a booking that was interrupted is repeated after 15 s; the rest is a loaded machine.
const REST_MAX: Duration = Duration::from_secs(60);

/// Everything that was found, good and bad.
#[derive(Default)]
pub struct Verdict {
    pub rounds: u64,
    pub restarts: Vec<Duration>,
    pub rest_after: Duration,
    lost: BTreeSet<String>,
    wrong: Vec<String>,
    doubled: BTreeSet<String>,
    early: BTreeSet<String>,
    cancelled_called: BTreeSet<String>,
    not_told: BTreeSet<String>,
    invented: BTreeSet<String>,
    oversold: Vec<String>,
    miscounted: Vec<String>,
    unfinished: Vec<String>,
}

impl Verdict {
    /// Every booking since the kill before, and whatever else is still waiting.
    pub fn after_restart(&mut self, round: u64, site: &Site, ledger: &Ledger, tight: &Tight) {
        let fresh: Vec<String> = {
            let pages = ledger.pages();
            pages.booked.iter().filter(|(_, booked)| !booked.checked).map(|(id, _)| id.clone()).collect()
        };
        self.look_at(site, ledger, &fresh);
        for id in &fresh {
            ledger.change(id, |booked| booked.checked = true);
        }
        self.count_places(round, site, tight);
    }

    fn look_at(&mut self, site: &Site, ledger: &Ledger, ids: &[String]) {
        let mut client = site.outside();
        for id in ids {
            // A write-back that is answered during the question explains either answer.
            let ended_before = ledger.pages().ended.get(id).copied().unwrap_or_default();
            let answer = client.post("/engagement/v3/callbacks/retrieve", &json!({ "id": id })).unwrap();
            if answer.status != 200 {
                self.lost.insert(id.clone());
                continue;
            }
            note_queued(ledger, id, &answer);
            let data = answer.data();
            let state = data["callbackState"].as_str().unwrap_or_default();
            let reason = data["callbackReason"].as_str().unwrap_or_default();
            let (booked, ended) = {
                let pages = ledger.pages();
                let ended = pages.ended.get(id).copied().unwrap_or_default();
                (pages.booked.get(id).cloned(), if ended_before == ended { ended } else { Done::Perhaps })
            };
            let Some(booked) = booked else { continue };
            if let Some(why) = contradiction(&booked, ended, state, reason) {
                self.wrong.push(format!("{id} ({}): {state} {reason}, but {why}", booked.service));
            }
        }
    }

    /// What availability says is taken equals the records, and is no more than there is.
    fn count_places(&mut self, round: u64, site: &Site, tight: &Tight) {
        let target = format!(
            "/engagement/v3/callbacks/availability/Tight?startMS={}&endMS={}&reportBusy=true",
            tight.start.as_millis(),
            tight.end().as_millis(),
        );
        let offered = site.outside().get(&target).unwrap();
        assert_eq!(offered.status, 200, "{}", offered.text());
        let mut held: BTreeMap<Timestamp, u64> = BTreeMap::new();
        for record in records(site, "_service_name=Tight&_callback_state=SCHEDULED") {
            let desired: Timestamp = record["_desired_time"].as_str().unwrap().parse().unwrap();
            let slot = Tight::MINUTES * 60_000;
            let slot = desired.as_millis() - desired.as_millis().rem_euclid(i64::try_from(slot).unwrap());
            *held.entry(Timestamp::from_millis(slot)).or_default() += 1;
        }
        let slots = offered.data()["slots"].as_array().cloned().unwrap_or_default();
        assert_eq!(slots.len() as u64, Tight::SLOTS, "every slot is reported: {}", offered.text());
        for slot in slots {
            let at: Timestamp = slot["utcTime"].as_str().unwrap().parse().unwrap();
            let (left, total) = (number(&slot["capacity"]), number(&slot["total"]));
            let records = held.remove(&at).unwrap_or(0);
            if records > Tight::PLACES {
                self.oversold.push(format!("round {round}, {at}: {records} in {} places", Tight::PLACES));
            }
            if total != Tight::PLACES || total.saturating_sub(left) != records {
                self.miscounted
                    .push(format!("round {round}, {at}: {left} of {total} left, {records} records"));
            }
        }
        self.miscounted.extend(held.into_keys().map(|at| format!("round {round}: records outside, at {at}")));
    }

    /// Nobody disturbs any more: everything due is handed over.
    pub fn come_to_rest(&mut self, site: &Site, ledger: &Ledger, receiver: &Receiver) {
        let begun = Instant::now();
        loop {
            let mut waiting = records(site, "_service_name=Now&_callback_state=SCHEDULED");
            waiting.extend(records(site, "_service_name=Soon&_callback_state=SCHEDULED"));
            let told = missing_cancels(ledger, receiver);
            if waiting.is_empty() && told.is_empty() {
                break;
            }
            if begun.elapsed() > REST_MAX {
                self.unfinished.extend(waiting.iter().map(|record| record["_id"].to_string()));
                self.not_told.extend(told);
                break;
            }
            // Something new arrives, or a while passes.
            let seen = receiver.count();
            receiver.wait(Duration::from_millis(200), |posts| posts.len() > seen);
        }
        self.rest_after = begun.elapsed();
    }

    /// Everything, once more.
    pub fn at_the_end(&mut self, site: &Site, ledger: &Ledger, receiver: &Receiver) {
        let all: Vec<String> = ledger.pages().booked.keys().cloned().collect();
        self.look_at(site, ledger, &all);
        let starts = receiver.starts();
        let pages = ledger.pages();
        for (id, posts) in &starts {
            let booked = pages.booked.get(id);
            let tag = posts[0].body["params"]["userData"]["tag"].as_str().unwrap_or_default();
            if booked.is_none() && !pages.open.contains(tag) {
                self.invented.insert(id.clone());
            }
            self.judge_starts(id, posts, booked);
        }
        for (id, booked) in &pages.booked {
            let due = booked.service != "Tight" && booked.cancel == Done::No;
            if due && !starts.contains_key(id) {
                self.lost.insert(id.clone());
            }
        }
    }

    fn judge_starts(&mut self, id: &str, posts: &[Post], booked: Option<&Booked>) {
        let one_session = posts
            .iter()
            .all(|post| post.attempt() == 1 && post.key == format!("{id}:1") && post.body == posts[0].body);
        let seen = booked.and_then(|booked| booked.queued_seen);
        let after_confirmed = seen.is_some_and(|seen| posts.iter().any(|post| post.instant > seen));
        if !one_session || after_confirmed {
            self.doubled.insert(id.to_owned());
        }
        if posts.iter().any(|post| post.desired().is_none_or(|desired| post.at < desired)) {
            self.early.insert(id.to_owned());
        }
        // Cancelled before its instant: then nothing was under way yet, and nothing may come.
        if let Some(Booked { desired: Some(desired), cancel: Done::At(at), .. }) = booked
            && at < desired
        {
            self.cancelled_called.insert(id.to_owned());
        }
    }

    #[allow(clippy::print_stdout, reason = "the table is what the run is for")]
    pub fn print(&self, lasted: Duration, ledger: &Ledger, receiver: &Receiver) {
        let pages = ledger.pages();
        let starts = receiver.starts();
        let repeats: usize = starts.values().map(|posts| posts.len() - 1).sum();
        let mut restarts = self.restarts.clone();
        restarts.sort_unstable();
        let last = restarts.len().saturating_sub(1);
        let at = |percent: usize| restarts.get(last * percent / 100).map_or(0, |ready| ready.as_millis());
        println!("\n| kill -9 | |\n|---|---|");
        for (what, value) in [
            ("rounds", self.rounds.to_string()),
            ("bookings acknowledged", pages.booked.len().to_string()),
            ("bookings without an answer", pages.open.len().to_string()),
            ("refused, slot full", pages.refused.to_string()),
            ("cancels acknowledged", pages.cancels.to_string()),
            ("write-backs acknowledged", pages.write_backs.to_string()),
            ("callbacks handed over", starts.len().to_string()),
            ("repeats under the same key", repeats.to_string()),
            ("**answers nothing explains**", pages.strange.len().to_string()),
            ("**lost**", self.lost.len().to_string()),
            ("**in a wrong state**", self.wrong.len().to_string()),
            ("**doubled**", self.doubled.len().to_string()),
            ("**early**", self.early.len().to_string()),
            ("**called after an answered cancel**", self.cancelled_called.len().to_string()),
            ("**session not told of a cancel**", self.not_told.len().to_string()),
            ("**invented**", self.invented.len().to_string()),
            ("**oversold**", self.oversold.len().to_string()),
            ("**places unlike records**", self.miscounted.len().to_string()),
            ("**never handed over**", self.unfinished.len().to_string()),
            ("ready after a kill, median / p99 / most", format!("{} / {} / {} ms", at(50), at(99), at(100))),
            ("at rest after the last round", format!("{:?}", self.rest_after)),
            ("whole run", format!("{lasted:?}")),
        ] {
            println!("| {what} | {value} |");
        }
    }

    pub fn assert_clean(&self, site: &Site, ledger: &Ledger) {
        let log = site.log();
        assert!(!log.contains("panicked"), "a panic in the server's log:\n{log}");
        let first = |of: &BTreeSet<String>| of.iter().take(5).cloned().collect::<Vec<_>>();
        let strange: Vec<String> = ledger.pages().strange.iter().take(5).cloned().collect();
        let found = [
            ("answers nothing explains", strange),
            ("lost", first(&self.lost)),
            ("in a wrong state", self.wrong.iter().take(5).cloned().collect()),
            ("doubled", first(&self.doubled)),
            ("early", first(&self.early)),
            ("called after an answered cancel", first(&self.cancelled_called)),
            ("not told of a cancel", first(&self.not_told)),
            ("invented", first(&self.invented)),
            ("oversold", self.oversold.iter().take(5).cloned().collect()),
            ("places unlike records", self.miscounted.iter().take(5).cloned().collect()),
            ("never handed over", self.unfinished.iter().take(5).cloned().collect()),
        ];
        let bad: Vec<_> = found.iter().filter(|(_, examples)| !examples.is_empty()).collect();
        assert!(bad.is_empty(), "{bad:#?}");
    }
}

/// Why a record cannot be in this state, given what its clients were answered.
fn contradiction(booked: &Booked, ended: Done, state: &str, reason: &str) -> Option<&'static str> {
    let cancelled = state == "COMPLETED" && reason == "CANCELLED";
    let completed = state == "COMPLETED" && reason == "AGENT_CONNECTED";
    match (booked.cancel, ended) {
        (Done::At(_), _) => (!cancelled).then_some("its cancel was answered"),
        (cancel, Done::At(_)) => {
            let fits = completed || cancelled && cancel == Done::Perhaps;
            (!fits).then_some("its session's end was answered")
        }
        (cancel, ended) => {
            let open = match booked.service {
                "Tight" => state == "SCHEDULED",
                _ => matches!(state, "SCHEDULED" | "QUEUED"),
            };
            let fits = open || cancelled && cancel == Done::Perhaps || completed && ended == Done::Perhaps;
            if !fits {
                return Some("nobody ended it");
            }
            let back = state == "SCHEDULED" && booked.queued_seen.is_some();
            back.then_some("it had been seen QUEUED")
        }
    }
}

/// Callbacks whose cancel was answered, whose session began, and whose session has not been told.
fn missing_cancels(ledger: &Ledger, receiver: &Receiver) -> Vec<String> {
    let posts = receiver.posts();
    let told: BTreeSet<&str> = posts.iter().filter(|post| !post.is_start()).map(Post::id).collect();
    let pages = ledger.pages();
    let begun = posts.iter().filter(|post| post.is_start()).map(Post::id);
    let cancelled = |id: &&str| matches!(pages.booked.get(*id), Some(Booked { cancel: Done::At(_), .. }));
    begun.filter(cancelled).filter(|id| !told.contains(id)).map(str::to_owned).collect()
}

fn records(site: &Site, query: &str) -> Vec<Value> {
    let answer = site.inside().get(&format!("/genesys/1/service/callback?{query}")).unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json().as_array().cloned().unwrap_or_default()
}

fn number(value: &Value) -> u64 {
    value.as_u64().or_else(|| value.as_str()?.parse().ok()).unwrap_or(u64::MAX)
}
