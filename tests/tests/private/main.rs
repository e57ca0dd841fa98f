//! The private servers themselves: they start, answer, survive what their verbs promise, and leave nothing behind.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "helpers of tests fail as tests do, and say what did not run"
)]

mod place;
mod postgres;
mod redis;
mod wire;
