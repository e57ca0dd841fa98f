//! A simulation of several nodes: the real engine and dispatcher under one seed, in a world that fails.
//!
//! Time, network, database, Redis, voice platform, clocks, customers and faults are simulated on one thread; the
//! engine, the dispatcher and the memory store are the real ones. Faults come first, and what must never happen is
//! checked at every step; then the faults stop, and everything must come to rest. The oracle is a plain model that never
//! asks the engine. The same seed gives the same world, event by event.
//!
//! What it is not: it does not run the adapters of Postgres and Redis. It holds the engine to its promises over adapters
//! that keep theirs in the worst way allowed.

mod bugs;
mod clients;
mod clock;
mod database;
mod dropped;
mod executor;
mod faults;
mod hot;
mod invariants;
mod net;
mod node;
mod offices;
mod oracle;
mod report;
mod run;
mod trace;
mod voice;
mod world;

pub use bugs::Bug;
pub use executor::Millis;
pub use faults::Kind;
pub use oracle::Violation;
pub use report::{Summary, hunt, hunt_all, run_many};
pub use run::{Outcome, run};
