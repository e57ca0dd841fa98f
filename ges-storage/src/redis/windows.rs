//! Rate windows that all nodes count together ([callback-domain §9.2](ges_core::rules)).
//!
//! One script takes the units of a request, all or none, at the cost of three commands; `now` comes from the caller.
//! What Redis does not answer is counted by this node alone, so a request never waits for it or fails because of it.

mod question;
mod returns;

use std::fmt;
use std::hash::{BuildHasher as _, Hasher as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use ges_core::Timestamp;
use ges_core::in_process::LocalWindows;
use ges_core::port::RateWindows;
use ges_core::throttle::{Exceeded, Reservation, Unit, WindowRequest};

use self::question::{Digests, Question};
use self::returns::Returns;
use super::answer::Answer;
use super::failure::Failure;
use super::handle::Redis;
use super::keys::Keys;
use super::script::Script;

/// A window is told from earlier ones under its key by a number of so many bits, the first of them by chance.
const SERIAL_BITS: u64 = (1 << 40) - 1;

/// Rate windows in Redis, and in this process while Redis is away.
///
/// Must be used within a tokio runtime: what a dropped request has taken is given back by a task.
pub struct RedisWindows {
    shared: Arc<Shared>,
    alone: LocalWindows,
    counted: AtomicU64,
    counted_alone: AtomicU64,
}

impl fmt::Debug for RedisWindows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisWindows").finish_non_exhaustive()
    }
}

/// What reservations and tasks know of Redis.
struct Shared {
    redis: Redis,
    keys: Keys,
    digests: Digests,
    reserve: Script,
    release: Script,
    serial: AtomicU64,
    returns: Returns,
}

/// How requests were counted since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    /// Together with the other nodes.
    pub together: u64,
    /// By this node alone, because Redis did not answer.
    pub alone: u64,
}

impl RedisWindows {
    /// Windows under the names `keys`. Values that are counted are personal data and leave the process as digests under
    /// `secret`, which all nodes have in common and nobody else has.
    pub fn new(redis: Redis, keys: Keys, secret: &[u8]) -> Self {
        let chance = std::hash::RandomState::new().build_hasher().finish();
        let shared = Shared {
            redis,
            keys,
            digests: Digests::new(secret),
            reserve: Script::new(include_str!("../../scripts/reserve.lua")),
            release: Script::new(include_str!("../../scripts/release.lua")),
            serial: AtomicU64::new(chance & SERIAL_BITS),
            returns: Returns::default(),
        };
        RedisWindows {
            shared: Arc::new(shared),
            alone: LocalWindows::default(),
            counted: AtomicU64::new(0),
            counted_alone: AtomicU64::new(0),
        }
    }

    /// How requests were counted. While `alone` grows, each node allows as many as the limits say.
    pub fn counted(&self) -> Counted {
        Counted {
            together: self.counted.load(Ordering::Relaxed),
            alone: self.counted_alone.load(Ordering::Relaxed),
        }
    }

    /// Asks in a task of its own: whoever asks may stop waiting, but the answer is read, and what was taken goes back.
    async fn ask(
        &self,
        asked: &[WindowRequest],
        now: Timestamp,
    ) -> Result<Result<Reservation, Exceeded>, Failure> {
        self.shared.send_returns();
        let (shared, asked) = (self.shared.clone(), asked.to_vec());
        let answer = tokio::spawn(async move { shared.ask(&asked, now).await });
        answer.await.unwrap_or_else(|_| Err(Failure::unexpected()))
    }
}

impl Shared {
    async fn ask(
        self: &Arc<Self>,
        asked: &[WindowRequest],
        now: Timestamp,
    ) -> Result<Result<Reservation, Exceeded>, Failure> {
        self.give_back().await?;
        let serial = self.serial.fetch_add(1, Ordering::Relaxed) & SERIAL_BITS;
        let question = Question::reserve(&self.keys, &self.digests, asked, now, serial);
        let answer = self.redis.run(&self.reserve, &question.keys, &question.arguments).await?;
        let outcome = read(&answer, asked, now).ok_or_else(Failure::unexpected)?;
        Ok(outcome.map(|units| Reservation::new(units, self.clone())))
    }

    async fn release(&self, units: &[Unit]) -> Result<(), Failure> {
        let question = Question::release(&self.keys, &self.digests, units);
        self.redis.run(&self.release, &question.keys, &question.arguments).await.map(drop)
    }
}

#[async_trait]
impl RateWindows for RedisWindows {
    async fn reserve(&self, asked: &[WindowRequest], now: Timestamp) -> Result<Reservation, Exceeded> {
        if asked.is_empty() {
            return Ok(Reservation::of_nothing());
        }
        match self.ask(asked, now).await {
            Ok(outcome) => {
                self.counted.fetch_add(1, Ordering::Relaxed);
                outcome
            }
            Err(_) => {
                self.counted_alone.fetch_add(1, Ordering::Relaxed);
                self.alone.reserve(asked, now).await
            }
        }
    }
}

/// What the script says; `None` when it is not what it says.
fn read(answer: &Answer, asked: &[WindowRequest], now: Timestamp) -> Option<Result<Vec<Unit>, Exceeded>> {
    let Answer::List(parts) = answer else { return None };
    let (verdict, rest) = parts.split_first()?;
    match verdict {
        Answer::Number(1) if rest.len() == asked.len() => {
            let unit = |(request, serial): (&WindowRequest, &Answer)| {
                Some((request.key.clone(), serial.text()?.parse::<u64>().ok()?))
            };
            Some(Ok(asked.iter().zip(rest).map(unit).collect::<Option<_>>()?))
        }
        Answer::Number(0) => {
            let place: usize = rest.first().and_then(Answer::text)?.parse().ok()?;
            let ends: i64 = rest.get(1).and_then(Answer::text)?.parse().ok()?;
            let request = asked.get(place.checked_sub(1)?)?;
            Some(Err(Exceeded {
                kind: request.key.kind().clone(),
                limit: request.limit,
                retry_after: Timestamp::from_millis(ends).since(now),
            }))
        }
        _ => None,
    }
}
