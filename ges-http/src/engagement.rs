//! The Engagement API v3 on the wire: what its bodies, queries and answers look like
//! ([engagement-api-v3 §3](ges_core::rules)).
//!
//! Everything here translates, in plain functions that know neither sockets nor stores; the routes in
//! `route/engagement.rs` call them around the engine.

pub mod availability;
pub mod call_in;
pub mod callback;
pub mod create;
pub mod members;
pub mod query;
pub mod statistics;
pub mod wait;

pub use members::{BadInput, Members};
pub use query::Query;
