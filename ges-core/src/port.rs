//! What the engine needs from the world: traits and their words, nothing else.
//!
//! Every port is object safe, `&self` and `Send + Sync`, because hosts hand in `Arc<dyn …>`. An adapter of a store
//! proves itself with the contract suite in `ges_core::testing::contract` (feature `testing`).

mod callin;
mod clock;
mod failure;
mod identity;
mod index;
mod observer;
mod orchestrator;
mod peers;
mod runtime;
mod settings;
mod store;
mod upstream;
mod windows;

pub use crate::settings::Published;
pub use callin::{CallInChange, CallInGroupState, CallInStore};
pub use clock::{Clock, IdSource, Listener, Signals};
pub use failure::StoreError;
pub use identity::Identity;
pub use index::IndexEntry;
pub use observer::{Notice, Observer, Work};
pub use orchestrator::{
    HandOverError, Handed, Look, NODE_OF_SESSION, Orchestrator, SessionKey, Submission, Unavailable,
};
pub use peers::{Gone, News, Peers, Told};
pub use runtime::Runtime;
pub use settings::{PublishError, SettingsStore};
pub use store::{
    Booked, Booking, CallbackStore, Change, Conflict, Fence, Guard, Lease, LeaseRequest, Leased, Order, Page,
    Query, Raised, Release, Tally,
};
pub use upstream::{Captcha, CaptchaVerdict, Statistic, Statistics, StatisticsError, WaitTimes};
pub use windows::RateWindows;
