//! The callback engine: what is true. No I/O, no runtime, no clock of its own.

pub mod callin;
pub mod capacity;
pub mod civil;
pub mod ewt;
pub mod hours;
pub mod number;
pub mod offer;
pub mod settings;
pub mod slots;
pub mod throttle;
pub mod time;
pub mod user_data;
pub mod zone;

pub use time::{Interval, Timestamp};
