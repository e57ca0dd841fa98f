//! The voice platform: reads the stream, starts a session for every attempt it has not seen, and writes back what becomes
//! of it, sometimes twice, sometimes in the wrong order.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use ges_core::Timestamp;
use ges_tests::chance::Chance;
use ges_tests::private::{Reply, Talk};
use serde_json::json;

use super::ledger::{Done, Ledger};
use super::load::{Clients, caller};
use super::ors::Ors;
use super::pulse::Pulse;

/// The stream, as it is called by default.
const STREAM: &str = "NewCallbackStream";

/// A session that is not heard says it again after a while, and then more rarely.
const PAUSE_MIN: Duration = Duration::from_millis(50);
const PAUSE_MAX: Duration = Duration::from_secs(1);

/// One entry of the stream.
#[derive(Clone, Debug)]
pub struct Entry {
    pub callback: String,
    pub attempt: u32,
    pub service: String,
    pub caller: Option<u64>,
    pub desired: Option<Timestamp>,
    /// When it was appended, by the clock of the stream's server.
    pub at: Timestamp,
}

/// Everything that was read.
#[derive(Default)]
pub struct Sessions {
    entries: Mutex<HashMap<String, Vec<Entry>>>,
    /// Sessions that were started and have not said their last word.
    running: AtomicUsize,
}

impl Sessions {
    /// The entries of each callback.
    pub fn by_callback(&self) -> MutexGuard<'_, HashMap<String, Vec<Entry>>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many sessions have not said their last word.
    pub fn running(&self) -> usize {
        self.running.load(Ordering::Relaxed)
    }

    /// Notes an entry; answers whether it starts a session, or is one more of an attempt that is known.
    fn note(&self, entry: &Entry) -> bool {
        let mut all = self.by_callback();
        let known = all.entry(entry.callback.clone()).or_default();
        let is_first = known.iter().all(|before| before.attempt != entry.attempt);
        known.push(entry.clone());
        self.running.fetch_add(usize::from(is_first), Ordering::Relaxed);
        is_first
    }
}

/// Reads the stream from its beginning until it is over, whatever happens to its server meanwhile.
pub fn read(
    from: SocketAddr,
    sessions: &Sessions,
    ledger: &Ledger,
    started: &Sender<Entry>,
    over: &AtomicBool,
) {
    let mut last = "0-0".to_owned();
    let mut talk: Option<Talk> = None;
    while !over.load(Ordering::SeqCst) {
        let Some(open) = talk.as_mut() else {
            talk = Talk::to(from, None).ok();
            if talk.is_none() {
                thread::sleep(Duration::from_millis(20));
            }
            continue;
        };
        let reply = open.ask(&["XREAD", "COUNT", "500", "BLOCK", "200", "STREAMS", STREAM, &last]);
        let Ok(reply) = reply else {
            talk = None;
            thread::sleep(Duration::from_millis(20));
            continue;
        };
        let entries = reply.list().first().and_then(|stream| stream.list().get(1)).map(Reply::list);
        for raw in entries.unwrap_or_default() {
            let Some(entry) = parse(raw) else {
                ledger.strange(format!("an entry nobody understands: {:?}", raw.list().first()));
                continue;
            };
            last = raw.list().first().map(Reply::text).unwrap_or_default();
            if sessions.note(&entry) {
                let _ = started.send(entry);
            }
        }
    }
}

fn parse(raw: &Reply) -> Option<Entry> {
    let id = raw.list().first()?.text();
    let fields = raw.list().get(1)?.list();
    let field = |name: &str| {
        let pair = fields.chunks(2).find(|pair| pair.first().is_some_and(|key| key.text() == name))?;
        Some(pair.get(1)?.text())
    };
    Some(Entry {
        callback: field("callbackId")?,
        attempt: field("attempt")?.parse().ok()?,
        service: field("serviceName")?,
        caller: caller(&field("phoneNumber")?),
        desired: field("desiredTime")?.parse().ok(),
        at: Timestamp::from_millis(id.split('-').next()?.parse().ok()?),
    })
}

/// What a session is called.
pub fn name(callback: &str, attempt: u32) -> String {
    format!("session-{callback}-{attempt}")
}

/// One worker that plays sessions until there are none left and it is over.
pub fn play(
    chance: &Chance,
    started: &Mutex<Receiver<Entry>>,
    sessions: &Sessions,
    ledger: &Ledger,
    pulse: &Pulse,
    (ors, dying_percent): (&Ors, u64),
    over: &AtomicBool,
) {
    let mut clients = Clients::of(pulse.doors());
    loop {
        let next =
            started.lock().unwrap_or_else(PoisonError::into_inner).recv_timeout(Duration::from_millis(50));
        match next {
            Ok(_) if over.load(Ordering::SeqCst) => return,
            Ok(entry) => {
                let dies = entry.attempt == 1 && chance.percent(dying_percent);
                let words = if dies { vec![(1, "ROUTING")] } else { words(chance, ledger) };
                say(chance, &entry, &words, &mut clients, ledger, pulse, over);
                sessions.running.fetch_sub(1, Ordering::Relaxed);
                if dies {
                    ors.dies(&name(&entry.callback, entry.attempt));
                }
            }
            Err(RecvTimeoutError::Timeout) if !over.load(Ordering::SeqCst) => {}
            Err(_) => return,
        }
    }
}

/// What a session reports, as a rule in this order.
fn words(chance: &Chance, ledger: &Ledger) -> Vec<(u32, &'static str)> {
    let mut words = vec![(1, "ROUTING"), (2, "PROCESSING"), (3, "COMPLETED")];
    if chance.percent(20) {
        words.swap(usize::try_from(chance.below(2)).unwrap_or(0), 2);
        ledger.pages().out_of_order += 1;
    }
    if chance.percent(20) {
        words = words.into_iter().flat_map(|word| [word, word]).collect();
        ledger.pages().repeated += 1;
    }
    words
}

/// Says these words, each until it is heard.
fn say(
    chance: &Chance,
    entry: &Entry,
    words: &[(u32, &str)],
    clients: &mut Clients,
    ledger: &Ledger,
    pulse: &Pulse,
    over: &AtomicBool,
) {
    let path = format!("/genesys/1/service/callback/{}/{}", entry.service, entry.callback);
    let reference = name(&entry.callback, entry.attempt);
    for &(sequence, state) in words {
        let mut body = json!({
            "_callback_state": state, "_attempt": entry.attempt, "_seq": sequence, "_ors_session_id": reference
        });
        if state == "COMPLETED" {
            body["_callback_reason"] = "AGENT_CONNECTED".into();
        }
        let mut pause = PAUSE_MIN;
        loop {
            match clients.put(pulse, chance, &path, &body) {
                Ok(answer) if answer.status == 200 => {
                    let mut pages = ledger.pages();
                    pages.write_backs += 1;
                    if state == "COMPLETED" {
                        pages.ended.insert(entry.callback.clone());
                    }
                    break;
                }
                Ok(answer) if answer.status < 500 => {
                    let cancelled =
                        ledger.get(&entry.callback).is_none_or(|booked| booked.cancel != Done::No);
                    if !cancelled {
                        ledger.strange(format!("write-back {state}: {} {}", answer.status, answer.text()));
                    }
                    break;
                }
                _ if over.load(Ordering::SeqCst) => return,
                _ => {
                    thread::sleep(pause);
                    pause = PAUSE_MAX.min(pause * 2);
                }
            }
        }
    }
}
