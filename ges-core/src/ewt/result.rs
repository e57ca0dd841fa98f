//! A wait, or the reason why there is none.

use std::fmt;

use serde::{Deserialize, Serialize};

/// An estimated wait as every face of the engine speaks of it ([engagement-api-v3 §3.7](crate::rules)).
///
/// ```
/// use ges_core::ewt::{Ewt, NoWait};
///
/// let wait = Ewt::from_millis(119_500);
/// assert_eq!((wait.seconds(), wait.to_string()), (Some(120), "120 s".to_owned()));
///
/// let night = Ewt::Unknown(NoWait::NoAgents);
/// assert_eq!((night.seconds(), night.to_string()), (None, "no agent is logged in".to_owned()));
/// assert_eq!(night.seconds_or_zero(), 0); // an unknown wait never closes an offer
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Ewt {
    /// Whole seconds.
    Known(u64),
    /// No number can be given.
    Unknown(NoWait),
}

/// Why no wait can be given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum NoWait {
    /// Nothing has passed through the queue yet.
    NothingPassed,
    /// No agent is logged in.
    NoAgents,
    /// No queue of that name is known ([engagement-api-v3 §3.7](crate::rules)).
    UnknownQueue,
    /// The source that knows the wait did not answer ([callback-domain §6.2](crate::rules)).
    SourceUnavailable,
}

impl Ewt {
    /// A known wait from milliseconds: whole seconds, half a second rounds up, negative counts as zero
    /// ([callback-domain §14.2](crate::rules)).
    pub fn from_millis(millis: i64) -> Self {
        let millis = millis.max(0).unsigned_abs();
        Ewt::Known(millis / 1000 + u64::from(millis % 1000 >= 500))
    }

    /// A known wait of `numerator / denominator` milliseconds, rounded like [`Ewt::from_millis`] but without
    /// an intermediate rounding; `None` when the denominator is zero.
    pub(super) fn from_ratio(numerator: u128, denominator: u128) -> Option<Self> {
        let per_second = denominator.checked_mul(1000).filter(|denominator| *denominator > 0)?;
        let rounded = numerator.saturating_add(per_second / 2) / per_second;
        Some(Ewt::Known(u64::try_from(rounded).unwrap_or(u64::MAX)))
    }

    /// Seconds, when known.
    pub const fn seconds(self) -> Option<u64> {
        match self {
            Ewt::Known(seconds) => Some(seconds),
            Ewt::Unknown(_) => None,
        }
    }

    /// `E` of the offer rule: seconds, where unknown counts as zero ([callback-domain §6.2](crate::rules)).
    pub const fn seconds_or_zero(self) -> u64 {
        match self {
            Ewt::Known(seconds) => seconds,
            Ewt::Unknown(_) => 0,
        }
    }
}

/// The wait as a person is told it: `120 s`, or why there is none.
impl fmt::Display for Ewt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Ewt::Known(seconds) => write!(f, "{seconds} s"),
            Ewt::Unknown(why) => why.fmt(f),
        }
    }
}

impl fmt::Display for NoWait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            NoWait::NothingPassed => "nothing has passed through the queue yet",
            NoWait::NoAgents => "no agent is logged in",
            NoWait::UnknownQueue => "the queue is not known",
            NoWait::SourceUnavailable => "the wait could not be read",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_a_second_rounds_up_and_negative_is_zero() {
        for (millis, seconds) in [(0, 0), (499, 0), (500, 1), (1_499, 1), (1_500, 2), (-1, 0), (i64::MIN, 0)]
        {
            assert_eq!(Ewt::from_millis(millis), Ewt::Known(seconds), "{millis} ms");
        }
        assert_eq!(Ewt::from_millis(i64::MAX), Ewt::Known(9_223_372_036_854_776));
    }

    #[test]
    fn a_ratio_is_rounded_once() {
        assert_eq!(Ewt::from_ratio(1_000, 2), Some(Ewt::Known(1)));
        assert_eq!(Ewt::from_ratio(999, 2), Some(Ewt::Known(0)));
        assert_eq!(Ewt::from_ratio(1, 0), None);
        assert_eq!(Ewt::from_ratio(u128::MAX, 1), Some(Ewt::Known(u64::MAX)));
        assert_eq!(Ewt::from_ratio(1, u128::MAX), None);
    }

    /// No refusal may rest on a wait nobody knows: for every reason it counts as no wait at all.
    #[test]
    fn invariant_43_an_unknown_wait_blocks_nothing() {
        use NoWait::{NoAgents, NothingPassed, SourceUnavailable, UnknownQueue};
        for reason in [NothingPassed, NoAgents, UnknownQueue, SourceUnavailable] {
            let wait = Ewt::Unknown(reason);
            assert_eq!((wait.seconds(), wait.seconds_or_zero()), (None, 0), "{reason:?}");
        }
    }
}
