//! Runs seeds of the simulation, or hunts the planted mistakes.
#![allow(clippy::print_stdout, reason = "a report is what it is for")]

use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use ges_sim::{Bug, hunt_all, run, run_many};

/// Several nodes of the callback engine in a world that fails, one world for each seed.
#[derive(Parser)]
#[command(name = "ges-sim")]
struct Options {
    /// How many seeds to run.
    #[arg(long, default_value_t = 1000)]
    seeds: u64,
    /// The first seed.
    #[arg(long, default_value_t = 1)]
    from: u64,
    /// Threads; as many as there are cores when absent.
    #[arg(long)]
    threads: Option<usize>,
    /// Plant each mistake in turn and tell which check notices, in which seed.
    #[arg(long)]
    bugs: bool,
    /// Run one seed and print its last events, whatever became of it.
    #[arg(long)]
    show: Option<u64>,
    /// Plant this mistake, by its name in the table of `--bugs`.
    #[arg(long)]
    bug: Option<String>,
}

fn main() -> ExitCode {
    let options = Options::parse();
    let threads =
        options.threads.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from));
    if options.bugs {
        return bugs(options.seeds, threads);
    }
    let named = |(bug, ..): &&(Bug, &str, &str)| options.bug.as_deref() == Some(format!("{bug:?}").as_str());
    let bug = Bug::ALL.iter().find(named).map(|(bug, ..)| *bug);
    if options.bug.is_some() && bug.is_none() {
        println!("there is no such mistake; --bugs lists them");
        return ExitCode::from(2);
    }
    if let Some(seed) = options.show {
        let outcome = run(seed, bug);
        println!("{}\nhash {:016x}, {} events", outcome.words(), outcome.hash, outcome.events);
        return ExitCode::from(u8::from(outcome.violation.is_some()));
    }
    let started = Instant::now();
    let summary = run_many(options.from, options.seeds, threads, bug);
    println!("{}", summary.words(started.elapsed().as_secs_f64()));
    ExitCode::from(u8::from(summary.broken > 0))
}

/// The table of planted mistakes.
fn bugs(most: u64, threads: usize) -> ExitCode {
    let found = hunt_all(most, threads);
    println!("{:<20} {:<62} {:<26} {:>6} {:>6}", "mistake", "what it breaks", "caught by", "seed", "needed");
    let mut missed = 0;
    for ((bug, breaks, _), found) in Bug::ALL.iter().zip(&found) {
        let name = format!("{bug:?}");
        match found
            .as_ref()
            .and_then(|(needed, outcome)| Some((needed, outcome.seed, outcome.violation.as_ref()?)))
        {
            Some((needed, seed, violation)) => {
                println!("{name:<20} {breaks:<62} {:<26} {seed:>6} {needed:>6}", violation.invariant);
            }
            None => {
                missed += 1;
                println!("{name:<20} {breaks:<62} {:<26} {:>6} {most:>6}", "NOT CAUGHT", "-");
            }
        }
    }
    println!("{} mistakes planted, {} caught", Bug::ALL.len(), Bug::ALL.len() - missed);
    ExitCode::from(u8::from(missed > 0))
}
