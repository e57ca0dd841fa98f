//! How good are the estimates of the wait, on the log of a real call centre?
//!
//! ```text
//! cargo run --release --example ewt_accuracy -- <log> [--per-day] [--one-class]
//! ```
//!
//! Every day is walked on its own, with estimators that know nothing of other days. The calls that reached an
//! agent or hung up are walked, calls of type IN left out. A wait is foreseen at the instant the call joins,
//! from what was observed in earlier seconds only: of the events of its own second, whose order the log does
//! not keep, nothing is known yet. Of the call itself its type is known, its priority is not (see
//! `call_log`). The error is the absolute difference to the wait written down, over the calls that reached an
//! agent.

use std::process::ExitCode;

use ges_core::Timestamp;
use ges_core::ewt::{CallClass, EwtEstimator, EwtMode, Joining, Observation};
use ges_examples::call_log::{CallLog, LoggedCall, NotALog, Outcome, observations};

const USAGE: &str = "usage: ewt_accuracy <log> [--per-day] [--one-class]";

#[allow(clippy::print_stdout, clippy::print_stderr)] // printing is what it is for
fn main() -> ExitCode {
    let (flags, paths): (Vec<String>, Vec<String>) =
        std::env::args().skip(1).partition(|argument| argument.starts_with("--"));
    let known = flags.iter().all(|flag| flag == "--per-day" || flag == "--one-class");
    let ([path], true) = (paths.as_slice(), known) else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    let text = match std::fs::read(path) {
        Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(error) => {
            eprintln!("{path}: {error}");
            return ExitCode::FAILURE;
        }
    };
    let has = |name: &str| flags.iter().any(|flag| flag == name);
    match report(&text, has("--per-day"), has("--one-class")) {
        Ok((report, warnings)) => {
            eprint!("{warnings}");
            print!("{report}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{path}: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The table, and what to warn of.
fn report(text: &str, per_day: bool, one_class: bool) -> Result<(String, String), NotALog> {
    let log = CallLog::parse(text)?;
    let mut warnings = String::new();
    for bad in log.bad_lines.iter().take(5) {
        warnings += &format!("left out: {bad}\n");
    }
    if log.bad_lines.len() > 5 {
        warnings += &format!("left out: {} lines in all\n", log.bad_lines.len());
    }
    let internet = log.type_number("IN");
    let walked = |call: &LoggedCall| {
        Some(usize::from(u8::from(call.class))) != internet && call.outcome != Outcome::Phantom
    };
    let mut total = Score::default();
    let mut rows = String::new();
    for (date, mut calls) in log.days(walked) {
        if one_class {
            calls.iter_mut().for_each(|call| call.class = CallClass::default());
        }
        let score = walk(&calls);
        if per_day {
            rows += &format!("{date}  {}\n", score.line());
        }
        total.add(&score);
    }
    if per_day {
        rows = format!("{:10}  {}\n{rows}\n", "day", Score::LINE_HEADER);
    }
    Ok((format!("{rows}{}", total.table()), warnings))
}

/// The predictors compared, in the order of [`Score::errors`].
const PREDICTORS: [&str; 8] = [
    "LES (last to enter service)",
    "LES of the same type",
    "HOL (head of the line)",
    "HOL of the same type",
    "mode1",
    "mode2",
    "mode3",
    "ours",
];
const LES: usize = 0;
const HOL: usize = 2;
const MODE1: usize = 4;
const OURS: usize = 7;

#[derive(Clone, Debug, Default)]
struct Score {
    calls: u64,
    unknown: u64,
    covered: u64,
    width_secs: u64,
    errors: [u64; PREDICTORS.len()],
}

/// Walks one day and scores every prediction.
fn walk(calls: &[LoggedCall]) -> Score {
    let mut score = Score::default();
    let mut floor = Floor::default();
    let events = observations(calls);
    let mut joining: Vec<&LoggedCall> = calls.iter().filter(|call| call.was_answered()).collect();
    joining.sort_by_key(|call| call.entered);
    let mut joining = joining.into_iter().peekable();
    for second in events.chunk_by(|(a, _), (b, _)| a == b) {
        while let Some(call) = joining.next_if(|call| second.iter().any(|(at, _)| *at == call.entered)) {
            score.count(call, &floor);
        }
        for (at, observation) in second {
            floor.observe(*at, *observation);
        }
    }
    score
}

/// The estimator, and the simple predictors beside it.
#[derive(Default)]
struct Floor {
    estimator: EwtEstimator,
    waiting: Vec<(Timestamp, Observation)>,
    last_wait: u64,
    last_wait_of: [u64; CallClass::COUNT],
}

impl Floor {
    fn observe(&mut self, at: Timestamp, observation: Observation) {
        self.estimator.observe(at, observation);
        match observation {
            Observation::Entered { .. } => self.waiting.push((at, observation)),
            Observation::Answered { call, .. } | Observation::Abandoned { call } => {
                let is_it =
                    |seen: &Observation| matches!(seen, Observation::Entered { call: c, .. } if *c == call);
                let Some(place) = self.waiting.iter().position(|(_, seen)| is_it(seen)) else { return };
                let (since, entered) = self.waiting.remove(place);
                if let (Observation::Answered { .. }, Observation::Entered { joining, .. }) =
                    (observation, entered)
                {
                    self.last_wait = at.since(since).as_secs();
                    self.last_wait_of[usize::from(u8::from(joining.class))] = self.last_wait;
                }
            }
            _ => {}
        }
    }

    fn head_of_line(&self, at: Timestamp, of: impl Fn(CallClass) -> bool) -> u64 {
        let head = self
            .waiting
            .iter()
            .find(|(_, seen)| matches!(seen, Observation::Entered { joining, .. } if of(joining.class)));
        head.map_or(0, |(since, _)| at.since(*since).as_secs())
    }
}

impl Score {
    fn count(&mut self, call: &LoggedCall, floor: &Floor) {
        let joining = Joining { class: call.class, ..Joining::default() };
        let waited = u64::from(call.wait_secs);
        let ours = floor.estimator.estimate(call.entered, joining);
        let mode = |mode| floor.estimator.mode(mode, call.entered, joining).seconds_or_zero();
        let foreseen = [
            floor.last_wait,
            floor.last_wait_of[usize::from(u8::from(call.class))],
            floor.head_of_line(call.entered, |_| true),
            floor.head_of_line(call.entered, |class| class == call.class),
            mode(EwtMode::Mode1),
            mode(EwtMode::Mode2),
            mode(EwtMode::Mode3),
            ours.ewt.seconds_or_zero(),
        ];
        self.calls += 1;
        for (error, foreseen) in self.errors.iter_mut().zip(foreseen) {
            *error += foreseen.abs_diff(waited);
        }
        match ours.likely {
            Some(likely) => {
                self.covered += u64::from((likely.low_secs..=likely.high_secs).contains(&waited));
                self.width_secs += likely.high_secs - likely.low_secs;
            }
            None => self.unknown += 1,
        }
    }

    fn add(&mut self, other: &Score) {
        self.calls += other.calls;
        self.unknown += other.unknown;
        self.covered += other.covered;
        self.width_secs += other.width_secs;
        self.errors.iter_mut().zip(other.errors).for_each(|(sum, error)| *sum += error);
    }

    fn mae(&self, predictor: usize) -> f64 {
        self.errors[predictor] as f64 / self.calls.max(1) as f64
    }

    fn known(&self) -> f64 {
        (self.calls - self.unknown).max(1) as f64
    }

    const LINE_HEADER: &str = "calls     LES     HOL   mode1    ours  /LES /mode1  coverage  width";

    fn line(&self) -> String {
        format!(
            "{:5} {:7.2} {:7.2} {:7.2} {:7.2} {:5.3}  {:5.3}   {:5.1} % {:6.1}",
            self.calls,
            self.mae(LES),
            self.mae(HOL),
            self.mae(MODE1),
            self.mae(OURS),
            self.mae(OURS) / self.mae(LES),
            self.mae(OURS) / self.mae(MODE1),
            100.0 * self.covered as f64 / self.known(),
            self.width_secs as f64 / self.known(),
        )
    }

    fn table(&self) -> String {
        let mut table = format!("calls that reached an agent: {}\n\n", self.calls);
        table += &format!("{:30} {:>8} {:>12} {:>14}\n", "predictor", "MAE s", "ours / it", "reduction");
        for (predictor, name) in PREDICTORS.iter().enumerate() {
            let ratio = self.mae(OURS) / self.mae(predictor);
            let reduction = 100.0 * (1.0 - ratio);
            table += &format!("{name:30} {:8.2} {ratio:12.3} {reduction:12.1} %\n", self.mae(predictor));
        }
        table += &format!(
            "\nour 80 % interval: coverage {:.1} %, mean width {:.1} s; unknown (taken as 0 s): {} calls\n",
            100.0 * self.covered as f64 / self.known(),
            self.width_secs as f64 / self.known(),
            self.unknown
        );
        table
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str =
        "priority\ttype\tdate\tvru_exit\tq_start\tq_time\toutcome\tser_start\tser_exit\tser_time\tserver";

    fn log(rows: &[&str]) -> String {
        let rows: Vec<String> = rows.iter().map(|row| row.replace(' ', "\t")).collect();
        format!("{HEADER}\n{}\n", rows.join("\n"))
    }

    /// One agent: the first call is answered at once, the second waits 60 s, the third hangs up, the fourth
    /// is answered at once; two are not walked.
    fn day(date: &str) -> Vec<String> {
        [
            "0 PS DAY 9:00:00 0:00:00 0 AGENT 9:00:00 9:02:00 120 ANN",
            "1 PS DAY 9:01:00 9:01:00 60 AGENT 9:02:00 9:04:00 120 ANN",
            "0 PS DAY 9:01:30 9:01:30 20 HANG 0:00:00 0:00:00 0 NO_SERVER",
            "0 IN DAY 9:01:31 9:01:31 400 AGENT 9:08:11 9:09:00 49 BEA",
            "0 PS DAY 9:01:32 9:01:32 5 PHANTOM 0:00:00 0:00:00 0 NO_SERVER",
            "0 PS DAY 9:10:00 0:00:00 0 AGENT 9:10:00 9:12:00 120 ANN",
        ]
        .map(|row| row.replace("DAY", date))
        .to_vec()
    }

    #[test]
    fn simple_predictors_are_scored_as_by_hand() {
        let rows = day("990201");
        let log = CallLog::parse(&log(&rows.iter().map(String::as_str).collect::<Vec<_>>())).unwrap();
        let internet = log.type_number("IN").unwrap();
        let walked = |call: &LoggedCall| {
            usize::from(u8::from(call.class)) != internet && call.outcome != Outcome::Phantom
        };
        let score = walk(log.days(walked).values().next().unwrap());
        assert_eq!((score.calls, score.unknown), (3, 1));
        // LES foresees 0, 0, 60 for waits of 0, 60, 0; HOL always 0.
        assert_eq!((score.errors[LES], score.errors[HOL]), (120, 60));
        // mode1 knows nothing, then a departure after 0 s, then three within 120 s.
        assert_eq!(score.errors[MODE1], 60 + 40);
    }

    #[test]
    fn a_call_is_foreseen_before_anything_of_its_second_is_known() {
        // Both join in the same second; were the first one's waiting known, HOL and mode1 could not tell, but
        // the position would. Neither sees the other: both are unknown.
        let rows = [
            "0 PS 990201 9:00:00 0:00:00 0 AGENT 9:00:00 9:02:00 120 ANN",
            "0 PS 990201 9:00:00 9:00:00 30 AGENT 9:00:30 9:02:00 120 BEA",
        ];
        let log = CallLog::parse(&log(&rows)).unwrap();
        assert_eq!(walk(&log.calls).unknown, 2);
    }

    #[test]
    fn days_do_not_know_of_each_other() {
        let rows: Vec<String> = ["990201", "990202"].iter().flat_map(|date| day(date)).collect();
        let (table, warnings) =
            report(&log(&rows.iter().map(String::as_str).collect::<Vec<_>>()), true, false).unwrap();
        let days: Vec<&str> = table.lines().filter_map(|line| line.strip_prefix("1999-02-0")).collect();
        assert_eq!(days.len(), 2, "{table}");
        assert_eq!(days[0][1..], days[1][1..], "{table}");
        assert!(table.contains("unknown (taken as 0 s): 2 calls"), "{table}");
        assert_eq!(warnings, "");
    }

    #[test]
    fn bad_lines_are_warned_of() {
        let mut rows = day("990201");
        rows.push("0 PS 990201 9:00:00 0:00:00 x AGENT 9:00:00 9:02:00 120 ANN".to_owned());
        let (_, warnings) =
            report(&log(&rows.iter().map(String::as_str).collect::<Vec<_>>()), false, true).unwrap();
        assert_eq!(
            warnings,
            "left out: line 8, column q_time: a whole number that is not negative is right\n"
        );
        assert!(report("nothing of the kind", false, false).is_err());
    }
}
