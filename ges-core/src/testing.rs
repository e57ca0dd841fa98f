//! What a host needs to test against the engine: a clock that is told the time, ids from a seed, scripted upstreams,
//! records with few words, and the contract suite for stores (feature `testing`).
//!
//! Only the world is faked here, never the engine's own code.

pub mod contract;
pub mod fixtures;

mod clock;
mod ids;
mod interrupted;
mod listener;
mod orchestrator;
mod runtime;
mod threads;
mod unsteady;
mod waits;

pub use clock::ManualClock;
pub use ids::SeededIds;
pub use interrupted::dropped_at;
pub use listener::{RecordingListener, RecordingSignals};
pub use orchestrator::{Answer, ScriptedOrchestrator, Seen};
pub use runtime::ManualRuntime;
pub use unsteady::Unsteady;
pub use waits::FixedWaits;
