#![cfg_attr(feature = "embedded", doc = include_str!("../README.md"))]
// The example of the page needs the embedded store.
#![cfg_attr(
    not(feature = "embedded"),
    doc = "How the callback engine remembers: adapters of the storage ports of `ges-core`."
)]
#![warn(missing_debug_implementations)]

#[cfg(feature = "embedded")]
pub mod embedded;
#[cfg(feature = "import")]
pub mod import;
#[cfg(feature = "postgres")]
pub mod postgres;
#[cfg(any(feature = "embedded", feature = "postgres"))]
mod record;
#[cfg(feature = "redis")]
pub mod redis;
