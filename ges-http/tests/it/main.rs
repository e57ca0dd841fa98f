//! The service as its callers see it, in process.

#![allow(clippy::unwrap_used, reason = "a test may stop where it fails")]

mod changes;
mod fixture;
mod mount;
mod service;
mod stream;
