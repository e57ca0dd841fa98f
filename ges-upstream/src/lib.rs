//! The neighbours, as adapters of the core's ports over one HTTP client.
//!
//! No adapter repeats a call by itself: the engine knows what a repeat costs and keeps the key that makes it harmless.

pub mod captcha;
pub mod client;
pub mod entry;
mod observer;
pub mod ors;
pub mod sandbox;
pub mod statistics;
pub mod webhook;

pub use observer::Observer;

/// What went wrong below an adapter.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;
