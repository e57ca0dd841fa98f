//! Bookings made before or while something is measured.

use std::net::SocketAddr;
use std::thread::JoinHandle;
use std::time::Duration;

use ges_core::Timestamp;

use crate::booking::{self, SIZING};
use crate::client::{self, Outcome, Until};
use crate::server::Server;

use super::stream::Entry;

/// Clients at once.
pub const CONNECTIONS: usize = 64;

/// From [`distant_slot`] to the horizon of 14 days; each has room for 101.
const SLOTS: u64 = 1_340;

/// Books the sizing example through the street's door.
pub fn book_sizing(node: &Server, now: Timestamp) -> anyhow::Result<Outcome> {
    book_distant(node, now, SIZING)
}

/// Books so many of the sizing example; the first slot is at least half an hour ahead, so that nothing falls due while the
/// server is looked at.
pub fn book_distant(node: &Server, now: Timestamp, count: u64) -> anyhow::Result<Outcome> {
    let request = booking::sizing_in(distant_slot(now), SLOTS);
    checked(client::run(node.external, CONNECTIONS, Until::Count(count), request)?)
}

/// The sizing example, dealt out to so many tenants.
pub fn book_sizing_of(node: &Server, now: Timestamp, tenants: usize) -> anyhow::Result<()> {
    let each = Until::Count(SIZING / tenants as u64);
    for of in 0..tenants {
        let request = booking::sizing_inside(crate::settings::tenant(of), distant_slot(now), SLOTS);
        checked(client::run(node.internal, CONNECTIONS, each, request)?)?;
    }
    Ok(())
}

/// The first slot after half an hour.
pub fn distant_slot(now: Timestamp) -> Timestamp {
    booking::first_slot(now + Duration::from_secs(30 * 60))
}

/// Lets sessions report ROUTING, PROCESSING and COMPLETED for these attempts, each state for all before the next.
pub fn complete(node: SocketAddr, entries: &[Entry]) -> anyhow::Result<()> {
    for (sequence, state) in (1..).zip(["ROUTING", "PROCESSING", "COMPLETED"]) {
        let attempts: Vec<[String; 3]> = entries
            .iter()
            .map(|entry| ["serviceName", "callbackId", "attempt"].map(|name| entry.field(name).to_owned()))
            .collect();
        let until = Until::Count(attempts.len() as u64);
        let request = move |of: u64, out: &mut Vec<u8>| {
            let Some([service, id, attempt]) = usize::try_from(of).ok().and_then(|of| attempts.get(of))
            else {
                return;
            };
            booking::write_back(out, service, id, attempt, state, sequence);
        };
        checked(client::run(node, CONNECTIONS, until, request)?)?;
    }
    Ok(())
}

/// A run on a thread of its own.
pub fn aside<R>(
    node: SocketAddr,
    connections: usize,
    until: Until,
    request: impl FnOnce() -> R + Send + 'static,
) -> JoinHandle<std::io::Result<Outcome>>
where
    R: Fn(u64, &mut Vec<u8>) + 'static,
{
    std::thread::spawn(move || client::run(node, connections, until, request()))
}

/// Only runs in which every request was accepted say anything.
pub fn checked(outcome: Outcome) -> anyhow::Result<Outcome> {
    match &outcome.complaint {
        None => Ok(outcome),
        Some(answer) => {
            anyhow::bail!("not all were answered with 200: {:?}; first: {answer}", outcome.statuses)
        }
    }
}
