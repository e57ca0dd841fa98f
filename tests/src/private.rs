//! Real servers for one test: Postgres clusters, Redis in all its shapes, and a wire between them that can be cut.
//!
//! Everything listens on loopback on ports of its own, lives in a temporary folder, answers when its `start` returns, and
//! is gone with its folder when it is dropped: also after a panic, and also when the process of the test is killed (see
//! [`Place`]). Nothing here is simulated. A server that is not installed is a panic that says what to install.
//!
//! All calls block, so that a test can use them from plain threads as well as from a runtime.

mod binary;
mod certificates;
mod disk;
mod patience;
mod place;
mod postgres;
mod redis;
mod wire;

pub use certificates::Certificates;
pub use place::Place;
pub use postgres::{Postgres, PostgresOptions};
pub use redis::{Redis, RedisCluster, RedisOptions, RedisSentinel, Reply, Talk};
pub use wire::{Toward, Wire};
