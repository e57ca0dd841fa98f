//! The command line.

use std::path::PathBuf;

use chrono::NaiveDate;
use clap::Parser;

/// Replays a day of a call log against a server, and offers a callback to everybody who hung up.
#[derive(Debug, Parser)]
pub struct Arguments {
    /// The call log: tab-separated, with a header line.
    pub log: PathBuf,

    /// The day to replay; the first one of the log when absent.
    #[arg(long, value_name = "YYMMDD", value_parser = day)]
    pub day: Option<NaiveDate>,

    /// How many seconds of the day pass in one.
    #[arg(long, default_value_t = 600, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub speed: u32,

    /// A server that runs; without it one is started for this run.
    #[arg(long, requires = "key")]
    pub url: Option<String>,

    /// An API key of the server at `--url`.
    #[arg(long, requires = "url")]
    pub key: Option<String>,

    /// The callback service, which is also the name of its queue.
    #[arg(long, default_value = "Sales")]
    pub service: String,

    /// How many seconds to follow bookings after the end of the day.
    #[arg(long, default_value_t = 60)]
    pub patience: u64,

    /// How many requests may be under way at once.
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub concurrency: u16,
}

fn day(text: &str) -> Result<NaiveDate, String> {
    NaiveDate::parse_from_str(text, "%y%m%d")
        .map_err(|_| "a day as yymmdd is right, such as 990201".to_owned())
}
