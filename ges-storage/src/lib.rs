//! How the callback engine remembers: adapters of the storage ports of [`ges_core::port`].
//!
//! - [`embedded`] (feature `embedded`, on by default): one file on a local disk, one process, nothing to operate. An
//!   answer is given after the data is on the disk; many callers share one write to it.
//! - `redis` (feature `redis`): the hot state many nodes share, none of which is missed when it is lost.
//!
//! - [`postgres`] (feature `postgres`): many nodes on one PostgreSQL, which alone decides.
//!
//! Every adapter is held to the same contract suite, `ges_core::testing::contract`.
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let folder = folder.path();
//! use ges_core::port::CallbackStore;
//! use ges_storage::embedded::{EmbeddedStore, Options};
//!
//! let store = EmbeddedStore::open(folder, Options::default())?;
//! // Any executor will do: the store has threads of its own and brings no runtime.
//! pollster::block_on(async {
//!     store.check().await?;
//!     assert_eq!(store.next_wake().await?, None);
//!     Ok::<(), ges_core::port::StoreError>(())
//! })?;
//!
//! // The file belongs to one store at a time.
//! assert!(EmbeddedStore::open(folder, Options::default()).is_err());
//! # Ok(())
//! # }
//! ```

#[cfg(feature = "embedded")]
pub mod embedded;
#[cfg(feature = "postgres")]
pub mod postgres;
#[cfg(any(feature = "embedded", feature = "postgres"))]
mod record;
#[cfg(feature = "redis")]
pub mod redis;
