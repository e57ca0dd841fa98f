//! The conformance checklist of the wire (engagement-api-v3 §6), check by check, over real sockets against the real
//! server library. Every test is named by its check and begins with the check's sentence.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod client;
mod clients;
mod create;
mod documents;
mod gms;
mod hostile;
mod idempotency;
mod life;
mod offer;
mod privacy;
mod transport;
mod waits;
mod whole;
mod world;
