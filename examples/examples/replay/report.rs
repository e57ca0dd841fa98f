//! What became of everybody.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use chrono::NaiveDate;

use crate::day::{End, Outcome};

/// A day that was replayed.
pub struct Report {
    /// Which.
    pub date: NaiveDate,
    /// How many callers there were to offer one.
    pub callers: usize,
    /// How many seconds of the day passed in one.
    pub speed: u32,
    /// One for each caller.
    pub outcomes: Vec<Outcome>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut refused: BTreeMap<&str, usize> = BTreeMap::new();
        let mut over: BTreeMap<&str, usize> = BTreeMap::new();
        let mut unfinished: BTreeMap<&str, usize> = BTreeMap::new();
        let mut connected = Vec::new();
        let (mut immediate_count, mut scheduled, mut not_offered) = (0, 0, 0);
        for outcome in &self.outcomes {
            match outcome {
                Outcome::NotOffered => not_offered += 1,
                Outcome::Refused(reason) => *refused.entry(reason).or_default() += 1,
                Outcome::Booked { immediate, end } => {
                    if *immediate {
                        immediate_count += 1
                    } else {
                        scheduled += 1
                    }
                    match end {
                        End::Connected(after) => connected.push(*after),
                        End::Over(reason) => *over.entry(reason).or_default() += 1,
                        End::Unfinished(state) => *unfinished.entry(state).or_default() += 1,
                    }
                }
            }
        }
        let not_reached = over.remove("FAIL_CALL_TO_CUSTOMER").unwrap_or_default();
        writeln!(f, "{}, {} times as fast", self.date, self.speed)?;
        writeln!(f, "hung up or asked     {:5}", self.callers)?;
        writeln!(f, "not offered          {not_offered:5}")?;
        writeln!(f, "offered              {:5}", self.outcomes.len() - not_offered)?;
        lines(f, "refused", &refused)?;
        writeln!(f, "booked immediate     {immediate_count:5}")?;
        writeln!(f, "booked scheduled     {scheduled:5}")?;
        writeln!(f, "connected            {:5}", connected.len())?;
        writeln!(f, "not reached          {not_reached:5}")?;
        lines(f, "ended", &over)?;
        lines(f, "unfinished", &unfinished)?;
        if let Some(mean) = mean(&connected) {
            let day = mean * self.speed;
            let (measured, day) = (mean.as_secs_f64(), day.as_secs_f64());
            writeln!(f, "mean from hang-up to connection: {measured:.1} s measured, {day:.0} s of the day")?;
        }
        Ok(())
    }
}

fn lines(f: &mut fmt::Formatter<'_>, what: &str, counts: &BTreeMap<&str, usize>) -> fmt::Result {
    counts.iter().try_for_each(|(name, count)| writeln!(f, "{:<20} {count:5}", format!("{what} {name}")))
}

fn mean(all: &[Duration]) -> Option<Duration> {
    let count = u32::try_from(all.len()).ok().filter(|count| *count > 0)?;
    Some(all.iter().sum::<Duration>() / count)
}

#[cfg(test)]
#[test]
fn everybody_is_counted_once() {
    let booked = |immediate, end| Outcome::Booked { immediate, end };
    let connected = |secs| End::Connected(Duration::from_secs(secs));
    let outcomes = vec![
        Outcome::NotOffered,
        Outcome::Refused("SLOT_FULL".to_owned()),
        Outcome::Refused("SLOT_FULL".to_owned()),
        booked(true, connected(2)),
        booked(false, connected(4)),
        booked(true, End::Over("FAIL_CALL_TO_CUSTOMER".to_owned())),
        booked(true, End::Over("FAIL_ERROR".to_owned())),
        booked(false, End::Unfinished("SCHEDULED".to_owned())),
    ];
    let date = NaiveDate::from_ymd_opt(1999, 2, 1).unwrap();
    let report = Report { date, callers: 8, speed: 60, outcomes };
    let expected = "1999-02-01, 60 times as fast
hung up or asked         8
not offered              1
offered                  7
refused SLOT_FULL        2
booked immediate         3
booked scheduled         2
connected                2
not reached              1
ended FAIL_ERROR         1
unfinished SCHEDULED     1
mean from hang-up to connection: 3.0 s measured, 180 s of the day
";
    assert_eq!(report.to_string(), expected);
}
