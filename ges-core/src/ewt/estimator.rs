//! The estimator: what was seen goes in, a wait comes out.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::agents::{Agents, Presence};
use super::answered::AnsweredWindow;
use super::departures::Departures;
use super::features::{Features, View};
use super::mode::EwtMode;
use super::observation::{CallClass, CallKey, Joining, Observation};
use super::quantile::{Curves, Widening};
use super::result::{Ewt, NoWait};
use super::waiting::{Waiting, WaitingCall};
use crate::time::Timestamp;

/// Bounds and starting points of an [`EwtEstimator`].
///
/// The defaults keep one queue below 16 KiB. A larger office raises the bounds, at some 60 bytes for a
/// waiting call and 150 for an agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct EstimatorConfig {
    /// How many waiting calls are followed one by one; more are counted only. Default 64.
    pub max_waiting: u16,
    /// How many agents, and how many calls in service, are followed. Default 64.
    pub max_agents: u16,
    /// How long a call is handled before anything was seen. Default 180 s.
    pub typical_handling: Duration,
    /// How long an agent counts as present after the last call, where logins are not reported. Default 15
    /// min.
    pub agent_present: Duration,
    /// After this long, a waiting or served call is taken for gone without a report. Default 4 h.
    pub lost_after: Duration,
}

impl Default for EstimatorConfig {
    fn default() -> Self {
        EstimatorConfig {
            max_waiting: 64,
            max_agents: 64,
            typical_handling: Duration::from_secs(180),
            agent_present: Duration::from_secs(15 * 60),
            lost_after: Duration::from_secs(4 * 3600),
        }
    }
}

/// Estimates the wait of one queue from what is seen of it, for an office without a routing server.
///
/// Feed it every [`Observation`] in the order of time; ask whenever needed. Both take microseconds. Times
/// that run backwards are taken as the latest instant seen. The whole state is serialisable; a host that
/// keeps it may carry on after a restart, one that does not starts from a general prior and has learned again
/// within some dozens of calls.
///
/// The wait estimated is that of calls that stay until an agent answers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct EwtEstimator {
    config: EstimatorConfig,
    latest: Option<Timestamp>,
    waiting: Waiting,
    agents: Agents,
    departures: Departures,
    answered: AnsweredWindow,
    handling: MeanHandling,
    classes: Vec<Learned>,
    widening: Widening,
}

/// An estimate for a call that joins now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Estimate {
    /// The wait that half of such calls do not exceed, or why it is not known.
    pub ewt: Ewt,
    /// Where the call would stand, 1 for the head of the line.
    pub position: u32,
    /// The interval in which four waits in five fall; present exactly when `ewt` is known.
    pub likely: Option<LikelyWait>,
}

/// The interval in which four waits in five fall, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LikelyWait {
    /// Lower end, seconds, never above the estimate.
    pub low_secs: u64,
    /// Upper end, seconds, never below the estimate.
    pub high_secs: u64,
}

/// What was learned about one class of calls.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Learned {
    last_wait_ms: u64,
    curves: Curves,
}

/// Mean handling time: a plain mean at first, then of about the last fifty calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct MeanHandling {
    seen: u32,
    secs: f64,
}

impl MeanHandling {
    const MEMORY: u32 = 50;
    /// How many calls the typical handling time counts for.
    const PRIOR_CALLS: u32 = 5;

    fn secs(&self, typical: Duration) -> f64 {
        if self.seen == 0 { typical.as_secs_f64() } else { self.secs }
    }

    fn learn(&mut self, handled_secs: f64, typical: Duration) {
        self.secs = self.secs(typical);
        self.seen = self.seen.saturating_add(1);
        let calls = self.seen.saturating_add(Self::PRIOR_CALLS).min(Self::MEMORY);
        self.secs += (handled_secs - self.secs) / f64::from(calls);
    }
}

impl EwtEstimator {
    /// An estimator that has seen nothing yet.
    pub fn new(config: EstimatorConfig) -> Self {
        EwtEstimator { config, ..EwtEstimator::default() }
    }

    /// Takes note of what happened at `at`.
    pub fn observe(&mut self, at: Timestamp, observation: Observation) {
        let at = self.not_before_latest(at);
        self.latest = Some(at);
        self.departures.seen(at);
        self.waiting.forget_before(at - self.config.lost_after);
        self.agents.forget_before(at - self.config.lost_after);
        let max_agents = self.config.max_agents.into();
        match observation {
            Observation::Entered { call, joining } => {
                if !self.waiting.contains(call) && !self.agents.is_serving(call) {
                    let features = Features::of(&self.view(at, joining));
                    self.waiting.enter(call, at, joining, features, self.config.max_waiting.into());
                }
            }
            Observation::Answered { call, agent } => {
                if !self.agents.is_serving(call) {
                    let left = self.leave(at, call);
                    let class = left.as_ref().map(|left| left.joining.class);
                    self.agents.answered(call, agent, class, at, max_agents);
                    if let Some(left) = left {
                        self.learn(at, &left);
                    }
                }
            }
            Observation::Abandoned { call } => {
                self.leave(at, call);
            }
            Observation::Finished { call } => {
                if let Some(handled_ms) = self.agents.finished(call, at) {
                    self.handling.learn(handled_ms as f64 / 1000.0, self.config.typical_handling);
                }
            }
            Observation::LoggedIn { agent } => self.agents.logged_in(agent, at, max_agents),
            Observation::LoggedOut { agent } => self.agents.logged_out(agent),
        }
    }

    /// The wait of a call that would join at `at`, judged by everything observed before.
    pub fn estimate(&self, at: Timestamp, joining: Joining) -> Estimate {
        let at = self.not_before_latest(at);
        let view = self.view(at, joining);
        let position = view.ahead.position();
        if let Some(no_wait) = self.no_wait() {
            return Estimate { ewt: Ewt::Unknown(no_wait), position, likely: None };
        }
        let untaught = Curves::default();
        let curves = self.classes.get(joining.class.index()).map_or(&untaught, |learned| &learned.curves);
        let quantiles = self.widening.apply(curves.quantiles(&Features::of(&view)));
        let [low, median, high] = [quantiles.low, quantiles.median, quantiles.high].map(whole_secs);
        let likely = LikelyWait { low_secs: low, high_secs: high };
        Estimate { ewt: Ewt::Known(median), position, likely: Some(likely) }
    }

    /// The wait of a call that would join at `at` by one of the documented methods
    /// ([callback-domain §14.2](crate::rules)).
    pub fn mode(&self, mode: EwtMode, at: Timestamp, joining: Joining) -> Ewt {
        let at = self.not_before_latest(at);
        let position = self.waiting.ahead_of(joining).position();
        match mode {
            EwtMode::Mode1 => self.departures.quitting().wait(position),
            EwtMode::Mode2 if self.agents.none_logged_in() => Ewt::Unknown(NoWait::NoAgents),
            EwtMode::Mode2 => {
                let handling = self.agents.handling(joining.class, self.presence(at));
                match handling.wait(position) {
                    // Nobody was active lately, yet nobody is known to have left either.
                    Ewt::Unknown(_) => Ewt::Unknown(NoWait::NothingPassed),
                    known => known,
                }
            }
            EwtMode::Mode3 => self.answered.waits(at).wait(position),
        }
    }

    /// Where a waiting call stands, 1 for the head of the line; `None` when it is not known to wait.
    pub fn position_of(&self, call: CallKey) -> Option<u32> {
        self.waiting.position_of(call)
    }

    /// Bytes held for this queue, on the heap and off.
    #[cfg(test)]
    pub(super) fn memory_bytes(&self) -> usize {
        size_of::<Self>()
            + self.waiting.heap_bytes()
            + self.agents.heap_bytes()
            + self.departures.heap_bytes()
            + self.classes.capacity() * size_of::<Learned>()
    }

    fn no_wait(&self) -> Option<NoWait> {
        if self.agents.none_logged_in() {
            Some(NoWait::NoAgents)
        } else if self.classes.is_empty() {
            Some(NoWait::NothingPassed)
        } else {
            None
        }
    }

    /// Takes a call out of the queue and counts the departure.
    fn leave(&mut self, at: Timestamp, call: CallKey) -> Option<WaitingCall> {
        let left = self.waiting.leave(call);
        if left.is_some() || self.waiting.leave_unlisted() {
            self.departures.left(at);
        }
        left
    }

    fn learn(&mut self, at: Timestamp, left: &WaitingCall) {
        let waited = at.since(left.since);
        let waited_ms = u64::try_from(waited.as_millis()).unwrap_or(u64::MAX);
        self.answered.answered(at, waited_ms, left.position);
        let class = left.joining.class.index().min(CallClass::COUNT - 1);
        while self.classes.len() <= class {
            self.classes.push(Learned::default());
        }
        if let Some(learned) = self.classes.get_mut(class) {
            learned.last_wait_ms = waited_ms;
            self.widening.learn(learned.curves.quantiles(&left.features), waited.as_secs_f32());
            learned.curves.learn(&left.features, waited.as_secs_f32());
        }
    }

    fn view(&self, at: Timestamp, joining: Joining) -> View {
        View {
            at,
            ahead: self.waiting.ahead_of(joining),
            staff: self.agents.staff(joining.class, self.presence(at)),
            handling_secs: self.handling.secs(self.config.typical_handling),
            last_wait_ms: self.classes.get(joining.class.index()).map_or(0, |learned| learned.last_wait_ms),
        }
    }

    fn presence(&self, now: Timestamp) -> Presence {
        Presence { active_since: now - self.config.agent_present }
    }

    fn not_before_latest(&self, at: Timestamp) -> Timestamp {
        self.latest.map_or(at, |latest| latest.max(at))
    }
}

/// Whole seconds, half up. Features and weights are bounded, so the number is finite and small.
fn whole_secs(secs: f32) -> u64 {
    (secs.max(0.0) + 0.5) as u64
}
