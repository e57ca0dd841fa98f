//! The bad days: what customers were promised must survive them.
//!
//! The first ones happen to the real server process: it is killed, starved of disk, cut off from its telephony and
//! talked to by strangers. The clock of a process cannot be moved safely, so the last one runs the engine on the real
//! store under a clock of its own. Every random choice comes from a seed that is printed and can be given again as
//! `GES_SEED`.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "helpers of tests fail as tests do, and print their seeds"
)]

mod clock;
mod disk;
mod hostile;
mod kill_nine;
mod stop;
mod telephony;
