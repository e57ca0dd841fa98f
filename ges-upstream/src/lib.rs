#![cfg_attr(feature = "webhook", doc = include_str!("../README.md"))]
#![cfg_attr(
    not(feature = "webhook"),
    doc = "How the callback engine reaches out. The README has an example."
)]
#![warn(missing_debug_implementations)]

#[cfg(feature = "captcha")]
pub mod captcha;
#[cfg(feature = "client")]
pub mod client;
#[cfg(any(feature = "webhook", feature = "ors"))]
mod entry;
mod observer;
#[cfg(feature = "ors")]
pub mod ors;
#[cfg(any(feature = "ors", feature = "sandbox"))]
mod rest;
#[cfg(feature = "sandbox")]
pub mod sandbox;
#[cfg(feature = "statistics")]
pub mod statistics;
#[cfg(feature = "webhook")]
pub mod webhook;

pub use observer::Observer;

/// Addresses, as the public interface shows them.
#[cfg(feature = "client")]
pub use hyper::Uri;
/// Secrets, as the public interface shows them: nothing prints what is in them.
#[cfg(feature = "client")]
pub use secrecy;

/// What went wrong below an adapter.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Everything but the characters that mean nothing in a path.
#[cfg(any(feature = "webhook", feature = "ors"))]
const SEGMENT: &percent_encoding::AsciiSet =
    &percent_encoding::NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
