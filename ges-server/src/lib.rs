//! How the callback engine is reached: HTTP in, HTTP out, and the composition of both with the engine.
//!
//! The crate is a library with a thin binary, so that tests (and hosts that want the whole server inside their own
//! process) can build it from a configuration value and call its services without a socket. Nothing here decides
//! anything about callbacks: that is `ges-core`.

pub mod adapters;
pub mod app;
pub mod chance;
pub mod command;
pub mod config;
pub mod demonstration;
pub mod health;
pub mod identity;
pub mod keys;
pub mod listener;
pub mod logs;
pub mod metrics;
pub mod reload;
pub mod tenants;
pub mod zones;
