//! The estimator as its host sees it: observations in, waits out.

use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::time::Timestamp;

fn at(secs: i64) -> Timestamp {
    Timestamp::from_secs(1_768_208_400 + secs)
}

fn entered(call: u64) -> Observation {
    Observation::entered(CallKey(call))
}

fn answered(call: u64, agent: u64) -> Observation {
    Observation::Answered { call: CallKey(call), agent: Some(AgentKey(agent)) }
}

fn finished(call: u64) -> Observation {
    Observation::Finished { call: CallKey(call) }
}

fn abandoned(call: u64) -> Observation {
    Observation::Abandoned { call: CallKey(call) }
}

fn told(observations: impl IntoIterator<Item = (i64, Observation)>) -> EwtEstimator {
    let mut estimator = EwtEstimator::default();
    observations.into_iter().for_each(|(secs, observation)| estimator.observe(at(secs), observation));
    estimator
}

fn mode(estimator: &EwtEstimator, mode: EwtMode, secs: i64) -> Ewt {
    estimator.mode(mode, at(secs), Joining::default())
}

fn estimate(estimator: &EwtEstimator, secs: i64) -> Estimate {
    estimator.estimate(at(secs), Joining::default())
}

#[test]
fn e1_from_observations() {
    let mut queue = told((0..40).map(|n| (0, entered(n))));
    // Slow at first, then every 30 s, answered and given up alike: only the last 32 count.
    queue.observe(at(1_000), abandoned(0));
    for n in 1..=32 {
        let left = if n % 2 == 0 { abandoned(n) } else { answered(n, n) };
        queue.observe(at(1_000 + 30 * i64::try_from(n).unwrap()), left);
    }
    (33..36).for_each(|n| queue.observe(at(1_960 + 30 * (i64::try_from(n).unwrap() - 32)), abandoned(n)));
    assert_eq!(estimate(&queue, 2_060).position, 5, "four still wait");
    assert_eq!(mode(&queue, EwtMode::Mode1, 2_060), Ewt::Known(150), "E1");
}

#[test]
fn e2_from_observations() {
    let mut queue = EwtEstimator::default();
    for n in 0..10 {
        queue.observe(at(0), entered(n));
        queue.observe(at(0), answered(n, n));
    }
    (0..10).for_each(|n| queue.observe(at(300), finished(n)));
    (20..28).for_each(|n| queue.observe(at(310), entered(n)));
    assert_eq!(estimate(&queue, 310).position, 9);
    assert_eq!(mode(&queue, EwtMode::Mode2, 310), Ewt::Known(270), "E2");
    // Without reports of logins an agent who has been silent for long counts as gone.
    assert_eq!(mode(&queue, EwtMode::Mode2, 1_300), Ewt::Unknown(NoWait::NothingPassed));
}

#[test]
fn mode2_judges_an_agent_by_the_last_ten_calls() {
    let mut queue = EwtEstimator::default();
    for n in 0..20 {
        let start = i64::try_from(n).unwrap() * 1_000;
        queue.observe(at(start), entered(n));
        queue.observe(at(start), answered(n, 1));
        queue.observe(at(start + if n < 10 { 900 } else { 60 }), finished(n));
    }
    assert_eq!(mode(&queue, EwtMode::Mode2, 19_100), Ewt::Known(60));
}

#[test]
fn mode3_takes_the_waits_of_ten_minutes_per_place() {
    let mut queue = told([(0, entered(1)), (0, entered(2)), (30, answered(1, 1)), (60, answered(2, 2))]);
    assert_eq!(mode(&queue, EwtMode::Mode3, 100), Ewt::Known(30), "90 s for places 1 and 2");
    queue.observe(at(100), entered(3));
    assert_eq!(mode(&queue, EwtMode::Mode3, 100), Ewt::Known(60));
    assert_eq!(mode(&queue, EwtMode::Mode3, 700), Ewt::Unknown(NoWait::NothingPassed));
}

#[test]
fn before_anything_has_passed_the_wait_is_unknown() {
    let queue = told([(0, entered(1)), (50, abandoned(1)), (60, entered(2))]);
    let expected = Estimate { ewt: Ewt::Unknown(NoWait::NothingPassed), position: 2, likely: None };
    assert_eq!(estimate(&queue, 70), expected);
    for mode in EwtMode::ALL {
        let unknown = Ewt::Unknown(NoWait::NothingPassed);
        assert_eq!(EwtEstimator::default().mode(mode, at(0), Joining::default()), unknown, "{mode}");
    }
}

#[test]
fn without_agents_the_wait_is_unknown_and_says_so() {
    let agent = AgentKey(1);
    let mut queue =
        told([(0, Observation::LoggedIn { agent }), (1, entered(1)), (1, answered(1, 1)), (9, finished(1))]);
    assert_eq!(estimate(&queue, 5_000).ewt, Ewt::Known(0), "logged in, however long idle");
    queue.observe(at(5_000), Observation::LoggedOut { agent });
    assert_eq!(estimate(&queue, 5_001).ewt, Ewt::Unknown(NoWait::NoAgents));
    assert_eq!(mode(&queue, EwtMode::Mode2, 5_001), Ewt::Unknown(NoWait::NoAgents));
    assert!(mode(&queue, EwtMode::Mode1, 5_001).seconds().is_some(), "mode1 is blind to agents");
    queue.observe(at(5_010), Observation::LoggedIn { agent });
    assert!(estimate(&queue, 5_011).ewt.seconds().is_some());
}

#[test]
fn idle_agents_mean_no_wait_and_each_call_ahead_lengthens_it() {
    let mut queue = EwtEstimator::default();
    for n in 0..10 {
        queue.observe(at(0), entered(n));
        queue.observe(at(0), answered(n, n));
    }
    (0..5).for_each(|n| queue.observe(at(180), finished(n)));
    assert_eq!(estimate(&queue, 180).ewt, Ewt::Known(0));
    (5..10).for_each(|n| queue.observe(at(180), finished(n)));
    for n in 20..30 {
        queue.observe(at(180), entered(n));
        queue.observe(at(180), answered(n, n - 20));
    }
    let mut before = None;
    for n in 40..60 {
        let now = estimate(&queue, 185).ewt.seconds();
        assert!(now > before, "{now:?} after {before:?}");
        before = now;
        queue.observe(at(185), entered(n));
    }
}

#[test]
fn priority_decides_who_is_ahead() {
    let joining = |priority| Joining { priority, ..Joining::default() };
    let enter = |call, priority| Observation::Entered { call: CallKey(call), joining: joining(priority) };
    let queue = told([(0, enter(1, 0)), (1, enter(2, 2)), (2, enter(3, 0)), (3, enter(4, 1))]);
    let positions = [1, 2, 3, 4].map(|call| queue.position_of(CallKey(call)));
    assert_eq!(positions, [Some(3), Some(1), Some(4), Some(2)]);
    assert_eq!(queue.position_of(CallKey(9)), None);
    assert_eq!([0, 1, 2].map(|priority| queue.estimate(at(4), joining(priority)).position), [5, 3, 2]);
}

#[test]
fn classes_learn_apart() {
    let class = |number| Joining { class: CallClass::new(number).unwrap(), priority: 0 };
    let mut queue = EwtEstimator::default();
    for n in 0..200_u64 {
        let start = i64::try_from(n).unwrap() * 400;
        for (call, joining) in [(2 * n, class(0)), (2 * n + 1, class(1))] {
            queue.observe(at(start), Observation::Entered { call: CallKey(call), joining });
        }
        queue.observe(at(start + 5), answered(2 * n, 1));
        queue.observe(at(start + 150), answered(2 * n + 1, 1));
        queue.observe(at(start + 300), finished(2 * n + 1));
    }
    let [quick, slow] = [0, 1].map(|number| queue.estimate(at(80_000), class(number)).ewt.seconds_or_zero());
    assert!(quick < 20 && slow > 30, "{quick} {slow}");
    assert_eq!(CallClass::new(16).unwrap_err().to_string(), "call class 16 is too large: 0 to 15 is right");
}

#[test]
fn repeated_and_unfounded_reports_change_nothing() {
    let base =
        [(0, entered(1)), (10, answered(1, 1)), (20, entered(2)), (30, entered(3)), (40, abandoned(3))];
    let queue = told(base);
    let noise = [entered(2), entered(1), answered(1, 2), abandoned(3), abandoned(99), finished(98)];
    for observation in noise {
        let mut noisy = queue.clone();
        noisy.observe(at(40), observation);
        assert_eq!(noisy, queue, "{observation:?}");
    }
}

#[test]
fn time_running_backwards_is_taken_as_now() {
    let base = [(0, entered(1)), (10, answered(1, 1)), (20, entered(2))];
    let mut one = told(base);
    let mut other = one.clone();
    one.observe(at(5), answered(2, 2));
    other.observe(at(20), answered(2, 2));
    assert_eq!(one, other);
    assert_eq!(estimate(&one, -100), estimate(&one, 20));
}

#[test]
fn calls_whose_end_was_never_reported_are_forgotten() {
    let served = [(0, entered(0)), (0, answered(0, 1)), (0, finished(0))];
    let mut queue = told(served.into_iter().chain([(0, entered(1)), (0, entered(2)), (0, answered(1, 1))]));
    let late = 4 * 3600 + 1;
    queue.observe(at(late), entered(3));
    assert_eq!(queue.position_of(CallKey(2)), None);
    assert_eq!(queue.position_of(CallKey(3)), Some(1));
    let handled = queue.clone();
    queue.observe(at(late), finished(1));
    assert_eq!(queue, handled, "a service of four hours is no handling time");
    let unknown = Ewt::Unknown(NoWait::NothingPassed);
    assert_eq!(mode(&queue, EwtMode::Mode2, late), unknown, "nor is the agent still busy with it");
}

#[test]
fn a_new_call_of_an_agent_ends_the_one_before() {
    let mut queue = told([(0, entered(1)), (0, entered(2)), (0, answered(1, 1)), (100, answered(2, 1))]);
    let before = queue.clone();
    queue.observe(at(100), finished(1));
    assert_eq!(queue, before, "its end is not known, so neither is its handling time");
    queue.observe(at(160), finished(2));
    assert_eq!(mode(&queue, EwtMode::Mode2, 160), Ewt::Known(60));
}

#[test]
fn calls_beyond_the_bound_still_count_for_the_position() {
    let mut queue = EwtEstimator::new(EstimatorConfig { max_waiting: 3, ..EstimatorConfig::default() });
    (0..10).for_each(|n| queue.observe(at(0), entered(n)));
    assert_eq!(estimate(&queue, 1).position, 11);
    (0..3).for_each(|n| queue.observe(at(10), answered(n, n)));
    assert_eq!(estimate(&queue, 11).position, 8);
    (3..6).for_each(|n| queue.observe(at(20), abandoned(n)));
    assert_eq!(estimate(&queue, 21).position, 5);
    let mut lost = queue.clone();
    lost.observe(at(4 * 3600 + 1), Observation::LoggedIn { agent: AgentKey(1) });
    assert_eq!(estimate(&lost, 4 * 3600 + 1).position, 1, "no report of the others ever came");
    (6..10).for_each(|n| queue.observe(at(20), abandoned(n)));
    assert_eq!(estimate(&queue, 21).position, 1);
    queue.observe(at(22), abandoned(50));
    assert_eq!(estimate(&queue, 23).position, 1);
}

#[test]
fn a_persisted_estimator_carries_on() {
    let mut queue = Office::new(7).run(3_000, |_, _, _| {});
    let text = serde_json::to_string(&queue).unwrap();
    let mut read: EwtEstimator = serde_json::from_str(&text).unwrap();
    assert_eq!(estimate(&read, 90_000), estimate(&queue, 90_000));
    for estimator in [&mut queue, &mut read] {
        estimator.observe(at(90_000), entered(1_000_000));
        estimator.observe(at(90_060), answered(1_000_000, 1));
    }
    assert_eq!(estimate(&read, 90_061), estimate(&queue, 90_061));
}

/// A small office with a rush every few hours: calls arrive at random, the first free agent takes the one
/// that waits longest, who waits too long gives up.
struct Office {
    seed: u64,
    agents: u64,
    handling_secs: f64,
}

impl Office {
    fn new(seed: u64) -> Self {
        Office { seed, agents: 6, handling_secs: 240.0 }
    }

    /// A number between 0 and 1, from a fixed sequence (SplitMix64).
    fn chance(&mut self) -> f64 {
        self.seed = self.seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.seed;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn random(&mut self, mean: f64) -> i64 {
        (-mean * (1.0 - self.chance()).ln()) as i64
    }

    /// Runs that many calls; tells `seen` of each that reached an agent what was foreseen, the wait of the
    /// last one answered before it joined, and how long it waited.
    fn run(&mut self, calls: u64, mut seen: impl FnMut(Estimate, i64, i64)) -> EwtEstimator {
        let mut estimator = EwtEstimator::default();
        let mut free: Vec<i64> = vec![0; usize::try_from(self.agents).unwrap()];
        let mut events: Vec<(i64, u8, Observation)> = Vec::new();
        let mut joined = Vec::new();
        let mut now = 0;
        for call in 0..calls {
            let rush = if (now / 7_200) % 2 == 0 { 1.15 } else { 0.7 };
            now += self.random(self.handling_secs / self.agents as f64 / rush);
            let patience = 30 + self.random(400.0);
            let agent = (0..free.len()).min_by_key(|agent| free[*agent]).unwrap();
            let start = free[agent].max(now);
            events.push((now, 1, entered(call)));
            if start - now > patience {
                events.push((now + patience, 2, abandoned(call)));
            } else {
                free[agent] = start + 10 + self.random(self.handling_secs - 10.0);
                events.push((start, 2, answered(call, u64::try_from(agent).unwrap())));
                events.push((free[agent], 0, finished(call)));
                joined.push((call, now, start - now));
            }
        }
        events.sort_by_key(|(secs, rank, _)| (*secs, *rank));
        let mut joined = joined.into_iter().peekable();
        let mut last = 0;
        let mut waits = std::collections::BTreeMap::new();
        for (secs, _, observation) in events {
            if let Observation::Entered { call, .. } = observation
                && let Some((_, start, wait)) = joined.next_if(|(next, ..)| CallKey(*next) == call)
            {
                seen(estimator.estimate(at(start), Joining::default()), last, wait);
                waits.insert(call.0, wait);
            }
            if let Observation::Answered { call, .. } = observation {
                last = waits.get(&call.0).copied().unwrap_or(last);
            }
            estimator.observe(at(secs), observation);
        }
        estimator
    }
}

#[test]
fn in_an_office_never_seen_before_it_beats_the_last_wait_and_covers_four_in_five() {
    for seed in 1..=5 {
        let [mut ours, mut last_wait, mut inside, mut known] = [0, 0, 0, 0_u64];
        Office::new(seed).run(4_000, |estimate, last, waited| {
            let waited = u64::try_from(waited).unwrap();
            let Some(likely) = estimate.likely else { return };
            known += 1;
            ours += estimate.ewt.seconds_or_zero().abs_diff(waited);
            last_wait += u64::try_from(last).unwrap().abs_diff(waited);
            inside += u64::from((likely.low_secs..=likely.high_secs).contains(&waited));
        });
        assert!(ours * 100 < last_wait * 85, "seed {seed}: {ours} against {last_wait} over {known} calls");
        assert!((known * 76..=known * 84).contains(&(inside * 100)), "seed {seed}: {inside} of {known}");
    }
}

/// An observation about few calls and agents, so that reports contradict and repeat each other.
fn any_observation() -> impl Strategy<Value = Observation> {
    (0..7_u8, 0..200_u64, 0..100_u64, 0..16_u8, 0..3_u8).prop_map(|(kind, call, agent, class, priority)| {
        let (call, agent) = (CallKey(call), AgentKey(agent));
        match kind {
            0 | 1 => {
                let joining = Joining { class: CallClass::new(class).unwrap(), priority };
                Observation::Entered { call, joining }
            }
            2 => Observation::Answered { call, agent: (agent.0 != 0).then_some(agent) },
            3 => Observation::Abandoned { call },
            4 => Observation::Finished { call },
            5 => Observation::LoggedIn { agent },
            _ => Observation::LoggedOut { agent },
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn whatever_is_reported_the_answer_is_sound_and_the_memory_bounded(
        reports in proptest::collection::vec((any_observation(), prop_oneof![0..100_i64, any::<i64>()]), 0..400),
        class in 0..16_u8,
    ) {
        let mut queue = EwtEstimator::default();
        let joining = Joining { class: CallClass::new(class).unwrap(), priority: 0 };
        let mut now = at(0);
        for (observation, step) in reports {
            now = now + Duration::from_secs(step.unsigned_abs() % 1_000);
            let told = if step > 100 { Timestamp::from_millis(step) } else { now };
            queue.observe(told, observation);
            let estimate = queue.estimate(now, joining);
            prop_assert!(estimate.position >= 1);
            prop_assert_eq!(estimate.likely.is_some(), estimate.ewt.seconds().is_some());
            if let (Some(likely), Some(wait)) = (estimate.likely, estimate.ewt.seconds()) {
                prop_assert!(likely.low_secs <= wait && wait <= likely.high_secs);
            }
            for mode in EwtMode::ALL {
                queue.mode(mode, now, joining);
            }
        }
        prop_assert!(queue.memory_bytes() <= 16 * 1024, "{} bytes", queue.memory_bytes());
    }
}

#[test]
fn a_full_queue_stays_within_sixteen_kibibytes() {
    let mut queue = EwtEstimator::default();
    for n in 0..10_000_u64 {
        let class = CallClass::new(u8::try_from(n % 16).unwrap()).unwrap();
        let joining = Joining { class, priority: 0 };
        let secs = i64::try_from(n).unwrap();
        queue.observe(at(secs), Observation::Entered { call: CallKey(n), joining });
        if n >= 200 {
            queue.observe(at(secs), answered(n - 200, n % 1_000));
        }
        if n >= 300 && n % 2 == 0 {
            queue.observe(at(secs), finished(n - 300));
        }
    }
    assert!(queue.memory_bytes() > 10 * 1024, "{} bytes: not full", queue.memory_bytes());
    assert!(queue.memory_bytes() <= 16 * 1024, "{} bytes", queue.memory_bytes());
}
