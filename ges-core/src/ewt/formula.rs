//! The arithmetic of the three documented modes, apart from how its numbers are gathered
//! ([callback-domain §14.2](crate::rules)).

use super::result::{Ewt, NoWait};

/// What mode1 needs: how fast calls left the queue lately, whether answered or given up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quitting {
    /// Calls that left, at most the last 32.
    pub departures: u32,
    /// Milliseconds over which they left.
    pub span_ms: u64,
}

impl Quitting {
    /// Position (1-based) times average quitting time; unknown when nothing has left.
    pub fn wait(self, position: u32) -> Ewt {
        Ewt::from_ratio(u128::from(position) * u128::from(self.span_ms), u128::from(self.departures))
            .unwrap_or(Ewt::Unknown(NoWait::NothingPassed))
    }
}

/// What mode2 needs: how long the present agents handle a call, each judged by the last 10.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Handling {
    /// Agents present who serve the queue.
    pub agents: u32,
    /// Calls the handling time is taken over.
    pub calls: u32,
    /// Milliseconds these calls were handled for, together.
    pub total_ms: u64,
}

impl Handling {
    /// Position (1-based) times mean handling time, divided by the agents.
    ///
    /// Without agents the answer is [`NoWait::NoAgents`]; with agents but no finished call
    /// [`NoWait::NothingPassed`].
    pub fn wait(self, position: u32) -> Ewt {
        if self.agents == 0 {
            return Ewt::Unknown(NoWait::NoAgents);
        }
        let shares = u128::from(self.calls) * u128::from(self.agents);
        Ewt::from_ratio(u128::from(position) * u128::from(self.total_ms), shares)
            .unwrap_or(Ewt::Unknown(NoWait::NothingPassed))
    }
}

/// What mode3 needs: the calls answered in the last ten minutes.
///
/// The method is documented only as "sliding 10-minute window adjusted by position". Read here as: every
/// answered call says how long one place in the queue took it; a new call needs as many places as it has to
/// move up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WindowedWaits {
    /// Sum of the positions (1-based) the answered calls joined at.
    pub positions: u64,
    /// Milliseconds these calls waited, together.
    pub total_ms: u64,
}

impl WindowedWaits {
    /// Position (1-based) times wait per position; unknown when no call was answered in the window.
    pub fn wait(self, position: u32) -> Ewt {
        Ewt::from_ratio(u128::from(position) * u128::from(self.total_ms), u128::from(self.positions))
            .unwrap_or(Ewt::Unknown(NoWait::NothingPassed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn worked_examples() {
        let aqt = Quitting { departures: 32, span_ms: 960_000 };
        assert_eq!(aqt.wait(1), Ewt::Known(30), "E1 AQT");
        assert_eq!(aqt.wait(5), Ewt::Known(150), "E1 EWT");

        let handling = Handling { agents: 10, calls: 100, total_ms: 100 * 300_000 };
        assert_eq!(handling.wait(1), Ewt::Known(30), "E2 per departure");
        assert_eq!(handling.wait(9), Ewt::Known(270), "E2 EWT");
    }

    #[test]
    fn nothing_known_is_said_so() {
        assert_eq!(Quitting::default().wait(1), Ewt::Unknown(NoWait::NothingPassed));
        assert_eq!(Handling::default().wait(1), Ewt::Unknown(NoWait::NoAgents));
        assert_eq!(
            Handling { agents: 1, ..Handling::default() }.wait(1),
            Ewt::Unknown(NoWait::NothingPassed)
        );
        assert_eq!(WindowedWaits::default().wait(1), Ewt::Unknown(NoWait::NothingPassed));
    }

    #[test]
    fn mode3_scales_the_wait_per_place() {
        let window = WindowedWaits { positions: 6, total_ms: 180_000 };
        assert_eq!(window.wait(1), Ewt::Known(30));
        assert_eq!(window.wait(4), Ewt::Known(120));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]
        #[test]
        fn a_later_position_never_waits_less(
            departures in any::<u32>(), span_ms in any::<u64>(), agents in any::<u32>(), position in 0..u32::MAX,
        ) {
            let aqt = Quitting { departures, span_ms };
            prop_assert!(aqt.wait(position).seconds_or_zero() <= aqt.wait(position + 1).seconds_or_zero());
            let handling = Handling { agents, calls: departures, total_ms: span_ms };
            prop_assert!(handling.wait(position).seconds_or_zero() <= handling.wait(position + 1).seconds_or_zero());
        }
    }
}
