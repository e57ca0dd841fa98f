//! The hot state that nodes share: Redis 6 or later, alone, behind Sentinels, or as a cluster (feature `redis`).
//!
//! Nothing here decides about a promise, and nothing here may be missed: what Redis holds may be gone at any moment, and
//! then windows open anew and nodes count for themselves. While it is away every call answers at once, because only one
//! of them tries, at most once a second.
//!
//! - [`RedisWindows`]: rate windows that all nodes count together.
//! - [`Presence`]: one message a second, by which nodes know of each other, of settings that changed, and of what was
//!   seen in queues, which [`SharedWaits`] learns from.
//!
//! The commands, keys and lifetimes are in [`keys`] and in `docs/storage.md`.

mod answer;
mod circuit;
mod cluster;
mod dial;
mod failure;
mod handle;
pub mod keys;
mod node;
mod options;
pub mod presence;
mod script;
mod slots;
mod tls;
mod waits;
mod windows;

pub use answer::Answer;
pub use circuit::State;
pub use failure::Failure;
pub use handle::Redis;
pub use options::{Address, Layout, Login, Misconfigured, Options, Password, Tls};
pub use presence::{Peer, Presence};
pub use script::Script;
pub use slots::slot_of;
pub use waits::SharedWaits;
pub use windows::{Counted, RedisWindows};
