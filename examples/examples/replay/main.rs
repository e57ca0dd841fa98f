//! A day of a real call centre against a running server: who hung up in the queue is offered a callback.
//!
//! `cargo run --release --example replay -- <log> [--day YYMMDD] [--speed N] [--url http://… --key K] [--service S]`
//!
//! The log has the format of [`ges_examples::call_log`]. Each caller who hung up while he waited is offered a callback at
//! the moment he hung up, and each caller of type TT, who asked to be called back, when his wait ended: in turn where
//! queue-status offers that, otherwise in the first free slot. Every booking is followed until it is COMPLETED or the
//! patience after the end of the day is over.
//!
//! **Time.** The server lives in real time, so the day is compressed: its first caller comes at once, and what happened
//! `t` later in the log happens `t / speed` later here. Without `--url` a server is built and started for the run, on
//! private ports, in a folder that is removed afterwards, with telephony that is played and compressed alike; the times
//! of the report are given as measured and, multiplied by the speed, as the day would have had them. A server of your
//! own is not compressed; what it dials are **made-up numbers, so attach no telephony that really calls.**

mod arguments;
mod callers;
mod client;
mod day;
mod report;
mod server;

use std::process::ExitCode;

use clap::Parser;
use ges_examples::call_log::CallLog;

use arguments::Arguments;
use client::Client;
use server::OwnServer;

#[allow(clippy::print_stdout, clippy::print_stderr)] // printing is what it is for
fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(report) => {
            print!("{report}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("replay: {error}");
            ExitCode::FAILURE
        }
    }
}

type Error = Box<dyn std::error::Error + Send + Sync>;

fn run(arguments: &Arguments) -> Result<report::Report, Error> {
    let path = arguments.log.display();
    let text = std::fs::read_to_string(&arguments.log).map_err(|error| format!("{path}: {error}"))?;
    let log = CallLog::parse(&text).map_err(|error| format!("{path}: {error}"))?;
    let (date, callers) = callers::of_day(&log, arguments.day)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let (own, url, key) = match (&arguments.url, &arguments.key) {
            (Some(url), Some(key)) => (None, url.clone(), key.clone()),
            _ => {
                let own = OwnServer::start(arguments.speed).await?;
                let (url, key) = (own.url.clone(), own.key.clone());
                (Some(own), url, key)
            }
        };
        let client = Client::new(&url, &key)?;
        let outcomes = day::replay(&client, &callers, arguments).await;
        // Its folder goes with it.
        drop(own);
        Ok(report::Report { date, callers: callers.len(), speed: arguments.speed, outcomes: outcomes? })
    })
}
