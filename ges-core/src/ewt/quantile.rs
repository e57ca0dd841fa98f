//! Quantiles of the wait, learned while the day goes on.
//!
//! Many calls do not wait at all, so a wait is zero or something spread wide: a mean says little about it.
//! Four quantiles are kept instead, each a linear function of the [`Features`] cut off at zero (censored
//! quantile regression, Powell 1986). The cut at zero is what makes the model fit: as long as idle agents
//! outweigh the queue the linear part is below zero and the wait is zero.
//!
//! The weights start from a prior in units of queueing theory, not of an office, and every answered call
//! moves them a bounded step towards what was seen (normalised gradient of the pinball loss). A class of
//! calls has its own deviation from what all share; only that deviation learns, since what all share is the
//! prior.

use serde::{Deserialize, Serialize};

use super::features::{FEATURES, Features};

/// Share of calls that wait no longer than each curve says.
const LEVELS: [f32; CURVES] = [0.1, 0.5, 0.8, 0.9];
const CURVES: usize = 4;

/// Where learning starts: the weights of
/// `[handling, departure, ahead same, ahead other, head of line, last wait, idle]`.
///
/// Read the second row as: the median grows by a good half of a departure for each call of the same class
/// ahead (some give up, and answered ones are the quicker ones), by a third of the head's age, hardly by the
/// last wait, and is held at zero by idle agents.
///
/// The numbers are fitted to the log of one call centre and rounded. They matter little: a fit to any single day of
/// it, or all of them taken at three fifths, errs at most six hundredths more on the other days.
const PRIOR: [[f32; FEATURES]; CURVES] = [
    [0.0, 0.0, 0.13, 0.0, 0.21, 0.0, 0.0],
    [0.1, 0.0, 0.55, 0.37, 0.34, 0.08, -0.2],
    [0.3, 0.2, 0.8, 0.75, 0.44, 0.18, -0.48],
    [0.47, 0.45, 1.05, 0.9, 0.42, 0.28, -0.62],
];

/// How far one answered call may move a curve, as a share of one departure.
const STEP: f32 = 0.1;
/// One departure counts as at least this long, so that a large office learns too.
const LEAST_DEPARTURE_SECS: f32 = 5.0;
/// No learned deviation exceeds this, whatever was reported.
const MOST_DEVIATION: f32 = 10.0;

/// What was learned about one class of calls: its deviation from the prior.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Curves([[f32; FEATURES]; CURVES]);

/// Keeps the share of waits inside the interval at four in five, whatever the curves say (adaptive conformal
/// inference, Gibbs and Candès 2021): every wait outside widens the interval, every wait inside narrows it a
/// quarter as much. A host's queue need not resemble the one the prior was taken from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Widening {
    /// Natural logarithm of the factor.
    log: f32,
}

impl Widening {
    const STEP: f32 = 0.03;
    /// The interval is at most halved or doubled; a queue that never waits must not shrink it to nothing.
    const MOST: f32 = std::f32::consts::LN_2;

    /// The interval widened or narrowed about its median.
    pub(super) fn apply(self, quantiles: Quantiles) -> Quantiles {
        let Quantiles { median, low, high } = quantiles;
        let factor = self.log.exp();
        Quantiles {
            median,
            low: (median - (median - low) * factor).max(0.0),
            high: median + (high - median) * factor,
        }
    }

    /// Takes note of a wait for which `quantiles` were foreseen.
    pub(super) fn learn(&mut self, quantiles: Quantiles, waited_secs: f32) {
        let Quantiles { low, high, .. } = self.apply(quantiles);
        // Seen to the second, as a caller is told.
        let inside = (low.round()..=high.round()).contains(&waited_secs.round());
        let push = if inside { -Self::STEP * 0.2 } else { Self::STEP * 0.8 };
        self.log = (self.log + push).clamp(-Self::MOST, Self::MOST);
    }
}

/// A wait in seconds: its median and the interval that holds four calls in five.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Quantiles {
    pub(super) median: f32,
    pub(super) low: f32,
    pub(super) high: f32,
}

impl Curves {
    /// The interval runs between the outer tenths; where the lower one is zero, nothing lies below it and the
    /// interval ends at four fifths.
    pub(super) fn quantiles(&self, features: &Features) -> Quantiles {
        let [low, median, four_fifths, nine_tenths] = self.values(features).map(|secs| secs.max(0.0));
        let high = if low > 0.0 { nine_tenths } else { four_fifths };
        // Curves learn apart and may cross; the interval always holds the median.
        Quantiles { median, low: low.min(median), high: high.max(median) }
    }

    /// Moves every curve towards the wait that came of these features.
    pub(super) fn learn(&mut self, features: &Features, waited_secs: f32) {
        let unit = features.departure_secs().max(LEAST_DEPARTURE_SECS);
        let norm = dot(features.as_array(), features.as_array()) + unit * unit;
        let values = self.values(features);
        for ((weights, value), level) in self.0.iter_mut().zip(values).zip(LEVELS) {
            let pull = if waited_secs > value.max(0.0) {
                level
            } else if value <= 0.0 {
                continue; // foreseen as zero and was zero: the curve below zero is free
            } else {
                level - 1.0
            };
            let step = STEP * pull * unit / norm;
            for (weight, feature) in weights.iter_mut().zip(features.as_array()) {
                *weight = (*weight + step * feature).clamp(-MOST_DEVIATION, MOST_DEVIATION);
            }
        }
    }

    fn values(&self, features: &Features) -> [f32; CURVES] {
        let mut values = [0.0; CURVES];
        for ((value, prior), own) in values.iter_mut().zip(&PRIOR).zip(&self.0) {
            *value = dot(prior, features.as_array()) + dot(own, features.as_array());
        }
        values
    }
}

fn dot(a: &[f32; FEATURES], b: &[f32; FEATURES]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn features(values: [f32; FEATURES]) -> Features {
        serde_json::from_value(serde_json::json!(values)).unwrap()
    }

    #[test]
    fn idle_agents_hold_the_wait_at_zero_and_a_queue_lifts_it() {
        let curves = Curves::default();
        let idle = curves.quantiles(&features([180.0, 18.0, 0.0, 0.0, 0.0, 0.0, 180.0]));
        assert_eq!(idle, Quantiles { median: 0.0, low: 0.0, high: 0.0 });
        let one = curves.quantiles(&features([180.0, 18.0, 18.0, 0.0, 10.0, 20.0, 0.0]));
        let five = curves.quantiles(&features([180.0, 18.0, 90.0, 0.0, 10.0, 20.0, 0.0]));
        assert!(0.0 < one.median && one.median < five.median, "{one:?} {five:?}");
        assert!(one.low <= one.median && one.median <= one.high, "{one:?}");
    }

    #[test]
    fn the_interval_ends_at_four_fifths_where_nothing_lies_below_it() {
        let curves = Curves::default();
        let no_head = features([0.0, 0.0, 0.0, 100.0, 0.0, 0.0, 0.0]);
        assert_eq!(curves.quantiles(&no_head), Quantiles { median: 37.0, low: 0.0, high: 75.0 });
        let head = features([0.0, 0.0, 0.0, 0.0, 100.0, 0.0, 0.0]);
        assert_eq!(curves.quantiles(&head), Quantiles { median: 34.0, low: 21.0, high: 42.0 });
    }

    #[test]
    fn curves_that_cross_still_give_an_interval_about_the_median() {
        let only_head = |weight| [0.0, 0.0, 0.0, 0.0, weight, 0.0, 0.0];
        let crossed = Curves([only_head(1.0), only_head(0.0), only_head(-0.3), only_head(-0.3)]);
        let head = features([0.0, 0.0, 0.0, 0.0, 100.0, 0.0, 0.0]);
        assert_eq!(crossed.quantiles(&head), Quantiles { median: 34.0, low: 34.0, high: 34.0 });
    }

    #[test]
    fn each_curve_settles_where_its_share_of_waits_lies_below() {
        let mut curves = Curves::default();
        let x = features([180.0, 18.0, 36.0, 0.0, 60.0, 50.0, 0.0]);
        for n in 0..20_000_u32 {
            // Every wait from 0 to 99 s equally often, in mixed order.
            curves.learn(&x, (n.wrapping_mul(37) % 100) as f32);
        }
        for (value, level) in curves.values(&x).into_iter().zip(LEVELS) {
            assert!((value - 100.0 * level).abs() < 4.0, "{value} at {level}");
        }
    }

    #[test]
    fn a_wait_foreseen_as_zero_teaches_nothing() {
        let mut curves = Curves::default();
        let idle = features([180.0, 18.0, 0.0, 0.0, 0.0, 0.0, 180.0]);
        curves.learn(&idle, 0.0);
        assert_eq!(curves.0[1..], Curves::default().0[1..]);
    }

    #[test]
    fn the_interval_is_widened_until_four_waits_in_five_are_inside() {
        let narrow = Quantiles { median: 50.0, low: 25.0, high: 75.0 };
        let mut widening = Widening::default();
        let mut inside = 0;
        for n in 0..10_000_u32 {
            let waited = (n.wrapping_mul(37) % 100) as f32;
            let Quantiles { low, high, .. } = widening.apply(narrow);
            inside += u32::from((low..=high).contains(&waited));
            widening.learn(narrow, waited);
        }
        assert!((7_700..8_300).contains(&inside), "{inside}");
    }

    #[test]
    fn the_interval_is_never_more_than_halved_or_doubled() {
        let q = Quantiles { median: 50.0, low: 30.0, high: 70.0 };
        let mut widening = Widening::default();
        (0..1_000).for_each(|_| widening.learn(q, 50.0));
        assert_eq!(widening.apply(q), Quantiles { median: 50.0, low: 40.0, high: 60.0 });
        (0..1_000).for_each(|_| widening.learn(q, 500.0));
        assert_eq!(widening.apply(q), Quantiles { median: 50.0, low: 10.0, high: 90.0 });
    }
}
