//! A call-by-call log of a call centre, read from a tab-separated file.
//!
//! The format is the one of the published "Anonymous Bank" data: a header line that names the columns, then
//! one line per call. Columns are found by name; the ones used are `priority`, `type`, `date`, `vru_exit`,
//! `q_start`, `q_time`, `outcome`, `ser_start`, `ser_exit`, `ser_time` and `server`. Clock times carry no
//! zone and are taken as UTC: only differences matter here.
//!
//! What the log cannot say: a call that did not have to wait carries priority 0, because the customer's
//! priority was written down on queueing only. [`LoggedCall::priority`] is therefore no knowledge a caller's
//! arrival brings.

use std::collections::BTreeMap;
use std::fmt;

use chrono::NaiveDate;
use ges_core::Timestamp;
use ges_core::ewt::{AgentKey, CallClass, CallKey, Joining, Observation};

/// A log, and the lines that could not be read.
#[derive(Clone, Debug, Default)]
pub struct CallLog {
    /// The calls, in the order of the file.
    pub calls: Vec<LoggedCall>,
    /// What was wrong with lines left out.
    pub bad_lines: Vec<BadLine>,
    /// The names of the call types; a call's class is the place of its type here (15 for all beyond).
    pub types: Vec<String>,
}

/// One call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LoggedCall {
    /// Its line in the file, which also serves as its key.
    pub line: u32,
    /// The day it belongs to.
    pub date: NaiveDate,
    /// The number of its type.
    pub class: CallClass,
    /// The priority written down, see the module's warning.
    pub priority: u8,
    /// When it joined the queue (when it left the voice menu, if it had not to wait).
    pub entered: Timestamp,
    /// How long it waited, seconds.
    pub wait_secs: u32,
    /// How the wait ended.
    pub outcome: Outcome,
}

/// How a wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It reached an agent, who may be unknown, and ended then.
    Agent {
        /// Who took it.
        agent: Option<AgentKey>,
        /// When the service ended.
        finished: Timestamp,
    },
    /// The caller hung up.
    HungUp,
    /// A call without a caller, which the publishers advise to leave out.
    Phantom,
}

/// A line that could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {expected} is right")]
pub struct BadLine {
    line: u32,
    column: &'static str,
    expected: &'static str,
}

/// The file is no such log at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotALog {
    /// The header lacks a column.
    #[error("line 1: a tab-separated header with a column {0} is right")]
    NoColumn(&'static str),
    /// Every line was bad.
    #[error("no line could be read; the first: {0}")]
    AllBad(BadLine),
}

impl CallLog {
    /// Reads the text of a log. Single bad lines are left out and reported, a file that is no log is an
    /// error.
    pub fn parse(text: &str) -> Result<Self, NotALog> {
        let mut lines = text.lines().zip(1_u32..);
        let columns = Columns::find(lines.next().map_or("", |(header, _)| header))?;
        let mut log = CallLog::default();
        let mut agents = BTreeMap::new();
        for (text, line) in lines.filter(|(text, _)| !text.trim().is_empty()) {
            let row = Row { line, fields: text.split('\t').map(str::trim).collect(), columns: &columns };
            match row.call(&mut log.types, &mut agents) {
                Ok(call) => log.calls.push(call),
                Err(bad) => log.bad_lines.push(bad),
            }
        }
        match log.bad_lines.first() {
            Some(bad) if log.calls.is_empty() => Err(NotALog::AllBad(*bad)),
            _ => Ok(log),
        }
    }

    /// The number of a type, if it occurs.
    pub fn type_number(&self, name: &str) -> Option<usize> {
        self.types.iter().position(|known| known == name)
    }

    /// The calls by day that `keep` lets through, days in order.
    pub fn days(&self, keep: impl Fn(&LoggedCall) -> bool) -> BTreeMap<NaiveDate, Vec<LoggedCall>> {
        let mut days: BTreeMap<NaiveDate, Vec<LoggedCall>> = BTreeMap::new();
        for call in self.calls.iter().filter(|call| keep(call)) {
            days.entry(call.date).or_default().push(*call);
        }
        days
    }
}

impl LoggedCall {
    /// Its key.
    pub fn key(&self) -> CallKey {
        CallKey(self.line.into())
    }

    /// Whether it reached an agent.
    pub fn was_answered(&self) -> bool {
        matches!(self.outcome, Outcome::Agent { .. })
    }

    /// When its wait ended.
    pub fn left(&self) -> Timestamp {
        self.entered + std::time::Duration::from_secs(self.wait_secs.into())
    }
}

/// Everything that happened to these calls, in the order of time. Within a second agents become free first; a
/// call enters before it leaves.
pub fn observations(calls: &[LoggedCall]) -> Vec<(Timestamp, Observation)> {
    let mut events = Vec::with_capacity(calls.len() * 3);
    for call in calls {
        let key = call.key();
        let joining = Joining { class: call.class, ..Joining::default() };
        events.push((call.entered, 1, call.line, Observation::Entered { call: key, joining }));
        match call.outcome {
            Outcome::Agent { agent, finished } => {
                events.push((call.left(), 2, call.line, Observation::Answered { call: key, agent }));
                let rank = if finished > call.left() { 0 } else { 3 };
                events.push((finished, rank, call.line, Observation::Finished { call: key }));
            }
            Outcome::HungUp | Outcome::Phantom => {
                events.push((call.left(), 2, call.line, Observation::Abandoned { call: key }));
            }
        }
    }
    events.sort_by_key(|(at, rank, line, _)| (*at, *rank, *line));
    events.into_iter().map(|(at, _, _, observation)| (at, observation)).collect()
}

/// Where each column stands.
struct Columns([usize; NAMES.len()]);

const NAMES: [&str; 11] = [
    "priority",
    "type",
    "date",
    "vru_exit",
    "q_start",
    "q_time",
    "outcome",
    "ser_start",
    "ser_exit",
    "ser_time",
    "server",
];

impl Columns {
    fn find(header: &str) -> Result<Self, NotALog> {
        let names: Vec<&str> = header.split('\t').map(str::trim).collect();
        let mut places = [0; NAMES.len()];
        for (place, name) in places.iter_mut().zip(NAMES) {
            *place = names.iter().position(|known| *known == name).ok_or(NotALog::NoColumn(name))?;
        }
        Ok(Columns(places))
    }
}

struct Row<'a> {
    line: u32,
    fields: Vec<&'a str>,
    columns: &'a Columns,
}

impl Row<'_> {
    fn call(
        &self,
        types: &mut Vec<String>,
        agents: &mut BTreeMap<String, u64>,
    ) -> Result<LoggedCall, BadLine> {
        const DATE: &str = "a date as yymmdd";
        let date =
            NaiveDate::parse_from_str(self.field("date")?, "%y%m%d").map_err(|_| self.bad("date", DATE))?;
        let midnight = date.and_hms_opt(0, 0, 0).ok_or_else(|| self.bad("date", DATE))?;
        let second = |secs: i64| Timestamp::from_secs(midnight.and_utc().timestamp() + secs);

        let vru_exit = self.clock("vru_exit")?;
        let entered = match self.clock("q_start")? {
            0 => vru_exit,
            // A call that left the menu just before midnight and queued after it.
            q_start if q_start < vru_exit - 43_200 => q_start + 86_400,
            q_start => q_start,
        };
        let wait_secs = self.number("q_time")?;
        let outcome = match self.field("outcome")? {
            "AGENT" => {
                let talk: u32 = self.number("ser_time")?;
                let start = self.clock("ser_start")?;
                let end = self.clock("ser_exit")?;
                let left = entered + i64::from(wait_secs);
                // Past midnight the end is smaller than the start; then the length is what is left to go by.
                let finished = if end >= start { end } else { start + i64::from(talk) };
                Outcome::Agent { agent: self.agent(agents)?, finished: second(finished.max(left)) }
            }
            "HANG" => Outcome::HungUp,
            "PHANTOM" => Outcome::Phantom,
            _ => return Err(self.bad("outcome", "AGENT, HANG or PHANTOM")),
        };
        Ok(LoggedCall {
            line: self.line,
            date,
            class: self.class(types)?,
            priority: self.number("priority")?,
            entered: second(entered),
            wait_secs,
            outcome,
        })
    }

    fn class(&self, types: &mut Vec<String>) -> Result<CallClass, BadLine> {
        let name = self.field("type")?;
        let number = types.iter().position(|known| known == name).unwrap_or_else(|| {
            types.push(name.to_owned());
            types.len() - 1
        });
        let number = u8::try_from(number.min(CallClass::COUNT - 1)).unwrap_or(0);
        CallClass::new(number).map_err(|_| self.bad("type", "a type of call"))
    }

    fn agent(&self, agents: &mut BTreeMap<String, u64>) -> Result<Option<AgentKey>, BadLine> {
        let name = self.field("server")?;
        if name == "NO_SERVER" || name.is_empty() {
            return Ok(None);
        }
        let next = agents.len() as u64;
        Ok(Some(AgentKey(*agents.entry(name.to_owned()).or_insert(next))))
    }

    /// Seconds since midnight.
    fn clock(&self, column: &'static str) -> Result<i64, BadLine> {
        let bad = || self.bad(column, "a clock time as h:mm:ss");
        let mut parts = self.field(column)?.split(':').map(|part| part.parse::<u8>());
        let mut next = |below: u8| match parts.next() {
            Some(Ok(number)) if number < below => Ok(i64::from(number)),
            _ => Err(bad()),
        };
        // The hour may pass midnight.
        let secs = next(48)? * 3600 + next(60)? * 60 + next(60)?;
        if parts.next().is_some() { Err(bad()) } else { Ok(secs) }
    }

    fn number<N: std::str::FromStr>(&self, column: &'static str) -> Result<N, BadLine> {
        self.field(column)?.parse().map_err(|_| self.bad(column, "a whole number that is not negative"))
    }

    fn field(&self, column: &'static str) -> Result<&str, BadLine> {
        let place = NAMES.iter().position(|name| *name == column).and_then(|n| self.columns.0.get(n));
        let field = place.and_then(|place| self.fields.get(*place)).copied();
        field.ok_or_else(|| self.bad(column, "a field for every column of the header"))
    }

    fn bad(&self, column: &'static str, expected: &'static str) -> BadLine {
        BadLine { line: self.line, column, expected }
    }
}

impl fmt::Display for CallLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} calls of {} types, {} bad lines",
            self.calls.len(),
            self.types.len(),
            self.bad_lines.len()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "vru+line\tcall_id\tcustomer_id\tpriority\ttype\tdate\tvru_entry\tvru_exit\tvru_time\t\
                          q_start\tq_exit\tq_time\toutcome\tser_start\tser_exit\tser_time\tserver";

    fn log(rows: &[&str]) -> Result<CallLog, NotALog> {
        let rows: Vec<String> = rows.iter().map(|row| row.replace(' ', "\t")).collect();
        CallLog::parse(&format!("{HEADER}\r\n{}\n", rows.join("\r\n")))
    }

    fn at(day: &str, clock: &str) -> Timestamp {
        format!("{day}T{clock}Z").parse().unwrap()
    }

    #[test]
    fn calls_are_read() {
        let log = log(&[
            "A 1 0 0 PS 990201 7:02:47 7:02:56 9 0:00:00 0:00:00 0 AGENT 7:02:55 7:05:41 166 ANN",
            "A 2 7 2 NW 990201 8:19:42 8:19:47 5 8:19:47 8:20:21 34 AGENT 8:20:20 8:22:04 104 NO_SERVER",
            "A 3 7 2 PS 990202 8:09:16 8:09:22 6 8:09:22 8:09:27 5 HANG 0:00:00 0:00:00 0 NO_SERVER",
            "A 4 7 2 PS 990202 23:59:50 23:59:58 6 0:00:02 0:00:07 5 AGENT 23:59:58 0:01:00 62 BEA",
        ])
        .unwrap();
        assert_eq!(log.types, ["PS", "NW"]);
        assert!(log.bad_lines.is_empty());
        let [first, second, third, late] = log.calls.as_slice() else { panic!("four calls") };
        assert_eq!(first.entered, at("1999-02-01", "07:02:56"));
        let finished = at("1999-02-01", "07:05:41");
        assert_eq!(first.outcome, Outcome::Agent { agent: Some(AgentKey(0)), finished });
        assert_eq!((second.left(), second.priority), (at("1999-02-01", "08:20:21"), 2));
        assert!(matches!(second.outcome, Outcome::Agent { agent: None, .. }));
        assert_eq!((third.class.into(), third.outcome), (0_u8, Outcome::HungUp));
        assert_eq!(late.entered, at("1999-02-03", "00:00:02"));
        assert_eq!(log.days(|_| true).len(), 2);
        assert_eq!(log.days(LoggedCall::was_answered).values().map(Vec::len).sum::<usize>(), 3);
    }

    #[test]
    fn bad_lines_are_named_and_left_out() {
        let good = "A 1 0 0 PS 990201 7:02:47 7:02:56 9 0:00:00 0:00:00 0 AGENT 7:02:55 7:05:41 166 ANN";
        let rows = [
            ("990201", "990231", "line 2, column date: a date as yymmdd is right"),
            ("7:02:56", "7:61:56", "line 2, column vru_exit: a clock time as h:mm:ss is right"),
            ("AGENT", "GONE", "line 2, column outcome: AGENT, HANG or PHANTOM is right"),
            (" 0 AGENT", " -1 AGENT", "line 2, column q_time: a whole number that is not negative is right"),
            (" 166 ANN", "", "line 2, column ser_time: a field for every column of the header is right"),
        ];
        for (right, wrong, expected) in rows {
            let read = log(&[&good.replacen(right, wrong, 1), good]).unwrap();
            let texts: Vec<String> = read.bad_lines.iter().map(ToString::to_string).collect();
            assert_eq!((texts, read.calls.len()), (vec![expected.to_owned()], 1));
            assert!(matches!(log(&[&good.replacen(right, wrong, 1)]), Err(NotALog::AllBad(_))));
        }
        assert_eq!(CallLog::parse("a\tb").unwrap_err(), NotALog::NoColumn("priority"));
        assert!(CallLog::parse(HEADER).unwrap().calls.is_empty());
    }

    #[test]
    fn within_a_second_agents_become_free_first_and_calls_enter_before_they_leave() {
        let log = log(&[
            "A 1 0 0 PS 990201 7:00:00 7:00:10 9 0:00:00 0:00:00 0 AGENT 7:00:09 7:00:30 20 ANN",
            "A 2 0 0 PS 990201 7:00:00 7:00:20 9 7:00:20 7:00:30 10 AGENT 7:00:30 7:00:30 0 ANN",
            "A 3 0 0 PS 990201 7:00:00 7:00:30 9 0:00:00 0:00:00 0 HANG 0:00:00 0:00:00 0 NO_SERVER",
        ])
        .unwrap();
        let joining = Joining { class: CallClass::default(), priority: 0 };
        let ann = Some(AgentKey(0));
        let [one, two, three] = [CallKey(2), CallKey(3), CallKey(4)];
        let expected = [
            Observation::Entered { call: one, joining },
            Observation::Answered { call: one, agent: ann },
            Observation::Entered { call: two, joining },
            Observation::Finished { call: one },
            Observation::Entered { call: three, joining },
            Observation::Answered { call: two, agent: ann },
            Observation::Abandoned { call: three },
            Observation::Finished { call: two },
        ];
        let seen: Vec<Observation> = observations(&log.calls).into_iter().map(|(_, seen)| seen).collect();
        assert_eq!(seen, expected);
    }
}
