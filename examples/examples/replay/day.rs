//! The day itself: every caller at his moment, every booking to its end.

use std::time::Duration;

use futures_util::future::try_join_all;
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep, sleep_until};

use crate::Error;
use crate::arguments::Arguments;
use crate::callers::Caller;
use crate::client::{Client, Wish};

/// How often a booking is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// What became of one caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The queue offered nothing, or had no free slot.
    NotOffered,
    /// The server refused, for this reason.
    Refused(String),
    /// Booked and followed.
    Booked {
        /// In turn, not for a time.
        immediate: bool,
        /// How it ended.
        end: End,
    },
}

/// How a booking ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// An agent spoke with the customer, so long after the offer.
    Connected(Duration),
    /// It was over for this reason.
    Over(String),
    /// It was not over when patience was; its last state.
    Unfinished(String),
}

/// Replays the day. One exchange that fails ends the run: half a day would be no result.
pub async fn replay(
    client: &Client,
    callers: &[Caller],
    arguments: &Arguments,
) -> Result<Vec<Outcome>, Error> {
    let start = Instant::now();
    let moment = |caller: &Caller| start + caller.after / arguments.speed;
    let end_of_day = callers.last().map_or(start, moment);
    let one = Replay {
        client,
        service: &arguments.service,
        until: end_of_day + Duration::from_secs(arguments.patience),
        permits: Semaphore::new(arguments.concurrency.into()),
    };
    // Asked first, so that a wrong address, key or name is told at once and once.
    client.offers(&arguments.service).await?;
    try_join_all(callers.iter().map(|caller| one.caller(caller, moment(caller)))).await
}

struct Replay<'a> {
    client: &'a Client,
    service: &'a str,
    until: Instant,
    permits: Semaphore,
}

impl Replay<'_> {
    async fn caller(&self, caller: &Caller, moment: Instant) -> Result<Outcome, Error> {
        sleep_until(moment).await;
        let (wish, immediate) = {
            let _permit = self.permits.acquire().await?;
            let (immediate, scheduled) = self.client.offers(self.service).await?;
            let desired = match (immediate, scheduled) {
                (true, _) => None,
                (false, true) => match self.client.first_slot(self.service).await? {
                    Some(slot) => Some(slot),
                    None => return Ok(Outcome::NotOffered),
                },
                (false, false) => return Ok(Outcome::NotOffered),
            };
            let wish = self.client.book(self.service, &caller.number, desired.as_deref()).await?;
            (wish, desired.is_none())
        };
        match wish {
            Wish::Refused(reason) => Ok(Outcome::Refused(reason)),
            Wish::Booked(id) => Ok(Outcome::Booked { immediate, end: self.follow(&id, moment).await? }),
        }
    }

    async fn follow(&self, id: &str, offered: Instant) -> Result<End, Error> {
        let mut spoke = None;
        loop {
            let (state, reason) = {
                let _permit = self.permits.acquire().await?;
                self.client.state(id).await?
            };
            if state == "PROCESSING" && spoke.is_none() {
                spoke = Some(offered.elapsed());
            }
            if state == "COMPLETED" {
                return Ok(match reason {
                    Some(reason) if reason == "AGENT_CONNECTED" => {
                        End::Connected(spoke.unwrap_or_else(|| offered.elapsed()))
                    }
                    reason => End::Over(reason.unwrap_or_default()),
                });
            }
            if Instant::now() >= self.until {
                return Ok(End::Unfinished(state));
            }
            sleep(LOOK_EVERY).await;
        }
    }
}
