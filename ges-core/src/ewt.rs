//! Estimated wait: what it is made of, and how sure we are.
//!
//! Two things live here. The first is the vocabulary every other part speaks: [`EwtMode`] (which of the three
//! documented methods is asked for, [callback-domain §14.2](crate::rules)) and [`Ewt`] (whole seconds, or the reason
//! why there are none, [engagement-api-v3 §3.7](crate::rules)). A wait that cannot be given is an answer, never an
//! error: no booking and no submission depends on it ([invariant 43](crate::rules)).
//!
//! The second is [`EwtEstimator`], for an office that has no routing server to ask. It is told what happens
//! on the floor ([`Observation`]) and answers from that alone: the three documented modes, and an estimate of
//! its own with an interval. It reads no clock, does no I/O and forgets what it does not need, so one queue
//! stays within a few kilobytes.
//!
//! ```
//! use ges_core::ewt::{AgentKey, CallKey, EwtEstimator, EwtMode, Joining, Observation, Quitting};
//! use ges_core::Timestamp;
//!
//! // The documented arithmetic alone: 32 calls left over 960 s, the new call is the fifth.
//! assert_eq!(Quitting { departures: 32, span_ms: 960_000 }.wait(5).seconds(), Some(150));
//!
//! // The estimator: one call was answered at once and talked for three minutes.
//! let mut queue = EwtEstimator::default();
//! let at = |secs: i64| Timestamp::from_secs(1_768_208_400 + secs);
//! queue.observe(at(0), Observation::entered(CallKey(1)));
//! queue.observe(at(0), Observation::Answered { call: CallKey(1), agent: Some(AgentKey(7)) });
//! queue.observe(at(180), Observation::Finished { call: CallKey(1) });
//!
//! let next = queue.estimate(at(200), Joining::default());
//! assert_eq!((next.position, next.ewt.seconds()), (1, Some(0)));
//! assert!(queue.mode(EwtMode::Mode2, at(200), Joining::default()).seconds().is_some());
//! ```

mod agents;
mod answered;
mod departures;
mod estimator;
mod features;
mod formula;
mod mode;
mod observation;
mod quantile;
mod result;
#[cfg(test)]
mod tests;
mod waiting;

pub use estimator::{Estimate, EstimatorConfig, EwtEstimator, LikelyWait};
pub use formula::{Handling, Quitting, WindowedWaits};
pub use mode::{EwtMode, UnknownMode};
pub use observation::{AgentKey, CallClass, CallKey, Joining, NotAClass, Observation};
pub use result::{Ewt, NoWait};
