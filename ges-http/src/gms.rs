//! The GMS-compatible API on the wire: what Designer, IVR applications and sessions send and read
//! ([callback-domain §12](ges_core::rules)).
//!
//! Everything here translates, in plain functions that know neither sockets nor stores; the routes in
//! `route/gms.rs` call them around the engine. Where the reference leaves a body open, the shape chosen is said in
//! the documentation of the function that writes it.

pub mod calendar;
pub mod cancel;
pub mod change;
pub mod create;
pub mod filter;
pub mod number;
pub mod properties;
pub mod queues;
pub mod record;
pub mod wait;
