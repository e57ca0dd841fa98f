//! A node: what turns decisions into calls on time.
//!
//! Every process that keeps promises is a node. [`Publisher`] puts settings into force on it, and [`Publications`]
//! follows what other nodes publish.

mod publications;
mod publisher;

pub use publications::{CaughtUp, Publications, Unusable};
pub use publisher::{Announce, NotPublished, Outcome, Publisher};
