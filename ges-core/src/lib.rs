//! The callback engine: what is true. No I/O, no runtime, no clock of its own.
//!
//! A contact centre offers its callers "we call you back", in turn or at a chosen time. This crate keeps that promise as
//! plain functions and one aggregate behind ports, so that any Rust service can link it: give it a store, an
//! orchestrator that makes the calls, a clock and ids, and it books, shows, moves, cancels and hands over callbacks
//! exactly once and on time.
//!
//! - What is decided: [`hours`], [`capacity`], [`slots`], [`offer`], [`ewt`], [`number`], [`throttle`], [`callin`].
//! - What a callback is and what can happen to it: [`callback`] and its pure [`callback::step`].
//! - What a host calls: [`engine::Engine`], and [`node::Node`], which keeps its promises.
//! - What a host provides: the traits of [`port`].
//!
//! # Features
//!
//! All but the last are on by default; without them the crate needs half as many packages.
//!
//! - `settings-file`: [`settings::SettingsFile`], all tenants in one TOML text.
//! - `numbering-plan`: number rules and the checks for impossible and premium numbers. Without it, settings that ask for
//!   one of these are refused.
//! - `zone-data`: the time-zone database, compiled in. Without it a host hands in TZif data
//!   ([`zone::ZoneDatabase::with_tzif`]).
//! - `testing`: fakes for every port and the contract suite for stores.
//!
//! The rules follow a published description of the vendor's product. The docs name the section they come from, such as
//! [callback-domain §6.4](crate::rules); [`rules`] says where that stands.
#![cfg_attr(docsrs, feature(doc_cfg))]
#![warn(missing_debug_implementations)]

mod bell;
pub mod callback;
pub mod callin;
pub mod capacity;
pub mod civil;
pub mod dispatch;
pub mod engine;
pub mod ewt;
pub mod hours;
pub mod id;
pub mod in_process;
pub mod lead;
pub mod memory;
pub mod node;
pub mod number;
pub mod offer;
pub mod port;
pub mod rules;
pub mod settings;
pub mod slots;
#[cfg(feature = "tokio")]
pub mod system;
#[cfg(feature = "testing")]
#[cfg_attr(docsrs, doc(cfg(feature = "testing")))]
pub mod testing;
pub mod throttle;
pub mod time;
pub mod user_data;
pub mod wait;
pub mod zone;

pub use callback::Callback;
/// Dates, as the public interface shows them.
pub use chrono;
pub use id::{CallbackId, NodeId, ServiceName, TenantId};
/// User data, as the public interface shows it.
pub use serde_json;
pub use time::{Interval, Timestamp};
/// Ids, as the public interface shows them.
pub use uuid;
