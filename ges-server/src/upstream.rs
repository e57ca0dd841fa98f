//! The neighbours, as adapters of the core's ports over one HTTP client.
//!
//! No adapter repeats a call by itself: the engine knows what a repeat costs and keeps the key that makes it harmless.

pub mod captcha;
pub mod client;
pub mod entry;
pub mod ors;
pub mod redis_check;
pub mod sandbox;
pub mod statistics;
pub mod webhook;
