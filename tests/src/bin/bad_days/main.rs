//! The bad days of a cluster: real nodes on real Postgres and Redis, under load, one fault after the other.
//!
//! `cargo run --release -p ges-tests --bin ges-bad-days` prints the faults, what they did to requests, and what must never
//! be: lost, doubled, early, oversold. `--short` is one fault of each kind, `--only killed` those of that name. The exit
//! code tells whether all promises were kept. Every choice comes from a seed that is printed and can be given again (`--seed`), but what real processes
//! make of it is their own.

#![allow(clippy::print_stdout, reason = "the tables are what the run is for")]

mod fault;
mod ledger;
mod load;
mod node;
mod ors;
mod plan;
mod pulse;
mod run;
mod session;
mod table;
mod verdict;
mod world;

use std::process::ExitCode;

use ges_core::port::Clock;
use ges_core::system::SystemClock;
use ges_tests::chance::Chance;

use plan::Plan;

fn main() -> anyhow::Result<ExitCode> {
    let seed = SystemClock.now().as_millis().unsigned_abs() % 1_000_000;
    let plan = Plan::read(std::env::args().skip(1), seed)?;
    println!("bad days: --seed {} --nodes {} --rate {}", plan.seed, plan.nodes, plan.rate);
    let report = run::run(&plan, &Chance::seeded(plan.seed));
    table::print(&report.happened, &report.verdict, &report.ledger, report.lasted);
    let shortcomings = table::shortcomings(&report.happened);
    for shortcoming in &shortcomings {
        println!("fell short: {shortcoming}");
    }
    let is_clean = report.verdict.is_clean() && shortcomings.is_empty();
    println!("\n{}", if is_clean { "Every promise was kept." } else { "A promise was broken." });
    Ok(if is_clean { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
