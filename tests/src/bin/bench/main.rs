//! Measures a release build of the server and prints one table: what, goal, measured, beside it.
//!
//! ```text
//! ges-bench all --server <ges-server> [--folder <on the disk to be measured>] [--only <part>,<part>]
//! ges-bench cluster --server <ges-server> [--peers <tests/bench/peers>] [--folder …] [--only …]
//!           [--sizing-minutes 4] [--stored 10000] [--waiting 1000000]
//! ```
//!
//! `all` measures one server with a store of its own, in the parts `start`, `http`, `booked`, `webhook` and `hosted`;
//! `cluster` measures nodes on Postgres and Redis, in the parts named in [`cluster::PARTS`]. Nothing here passes or fails: goals stand beside
//! the figures, and a shared or slow machine shows in both columns.

// The client indexes its own buffers; figures are shown as floats.
#![allow(clippy::cast_precision_loss, clippy::print_stdout)]

mod booking;
mod client;
mod cluster;
mod echo;
mod hosted;
mod lateness;
mod machine;
mod parts;
mod receiver;
mod server;
mod settings;
mod table;

use std::path::PathBuf;

use anyhow::{Context, bail};

const USAGE: &str =
    "usage: ges-bench all --server <ges-server> [--folder <folder>] [--only start,http,booked,webhook,hosted]
       ges-bench cluster --server <ges-server> [--peers <folder>] [--folder <folder>] [--only <part>,<part>]
                 [--sizing-minutes <minutes>] [--stored <callbacks>] [--waiting <callbacks>]";

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let what = arguments.next().context(USAGE)?;
    if what == "echo" {
        return echo::serve();
    }
    let (mut server, mut folder, mut only, mut peers) = (None, std::env::temp_dir(), None, None);
    let (mut sizing_minutes, mut stored, mut waiting) = (4, 10_000, 1_000_000);
    while let Some(name) = arguments.next() {
        let value = arguments.next().context(USAGE)?;
        match name.as_str() {
            "--server" => server = Some(PathBuf::from(value)),
            "--folder" => folder = PathBuf::from(value),
            "--only" => only = Some(value),
            "--peers" => peers = Some(PathBuf::from(value)),
            "--sizing-minutes" => sizing_minutes = value.parse().context(USAGE)?,
            "--stored" => stored = value.parse().context(USAGE)?,
            "--waiting" => waiting = value.parse().context(USAGE)?,
            _ => bail!(USAGE),
        }
    }
    let server = server.context(USAGE)?;
    match what.as_str() {
        "all" => parts::all(&server, &folder, only.as_deref()),
        "cluster" => {
            cluster::all(&cluster::Wanted { server, folder, peers, only, sizing_minutes, stored, waiting })
        }
        _ => bail!(USAGE),
    }
}
