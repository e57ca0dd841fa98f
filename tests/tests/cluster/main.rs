//! Many equal nodes on one Postgres and one Redis, as an operator has them: real processes, real servers.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "helpers of tests fail as tests do, and print what they measured"
)]

mod away;
mod clocks;
mod commands;
mod idle;
mod nodes;
mod readme;
mod upgrade;
mod world;
