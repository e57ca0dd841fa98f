//! The server as its callers see it, in process and over real sockets.

#![allow(clippy::unwrap_used, reason = "a test may stop where it fails")]

mod config;
mod socket;
