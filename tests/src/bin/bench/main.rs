//! Measures a release build of the server and prints one table: what, goal, measured, beside it.
//!
//! ```text
//! ges-bench all --server <ges-server> [--folder <on the disk to be measured>] [--only <part>,<part>]
//! ```
//!
//! The parts are `start`, `http`, `booked`, `webhook` and `hosted`. Nothing here passes or fails: goals stand beside
//! the figures, and a shared or slow machine shows in both columns.

// The client indexes its own buffers; figures are shown as floats.
#![allow(clippy::cast_precision_loss, clippy::print_stdout)]

mod booking;
mod client;
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

const USAGE: &str = "usage: ges-bench all --server <ges-server> [--folder <folder>] [--only start,http,booked,webhook,hosted]";

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    match arguments.next().as_deref() {
        Some("echo") => echo::serve(),
        Some("all") => {
            let (mut server, mut folder, mut only) = (None, std::env::temp_dir(), None);
            while let Some(name) = arguments.next() {
                let value = arguments.next().context(USAGE)?;
                match name.as_str() {
                    "--server" => server = Some(PathBuf::from(value)),
                    "--folder" => folder = PathBuf::from(value),
                    "--only" => only = Some(value),
                    _ => bail!(USAGE),
                }
            }
            parts::all(&server.context(USAGE)?, &folder, only.as_deref())
        }
        _ => bail!(USAGE),
    }
}
