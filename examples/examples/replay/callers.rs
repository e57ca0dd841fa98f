//! Who is offered a callback, and when.

use std::time::Duration;

use chrono::NaiveDate;
use ges_core::Timestamp;
use ges_examples::call_log::{CallLog, LoggedCall, Outcome};

/// The type of calls whose callers asked to be called back.
const ASKS: &str = "TT";

/// Somebody who is offered a callback.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// When, from the first call of the day on, in the log's own time.
    pub after: Duration,
    /// A made-up number, always the same for the same line of the log.
    pub number: String,
}

/// The day asked for, or the first one, and its callers in the order of time.
pub fn of_day(log: &CallLog, day: Option<NaiveDate>) -> Result<(NaiveDate, Vec<Caller>), String> {
    let days = log.days(|_| true);
    let first = days.keys().next().copied().ok_or("the log has no calls")?;
    let date = day.unwrap_or(first);
    let Some(calls) = days.get(&date) else {
        let known: Vec<String> = days.keys().map(|day| day.format("%y%m%d").to_string()).collect();
        return Err(format!(
            "the log has no calls on {}; it has {}",
            date.format("%y%m%d"),
            known.join(", ")
        ));
    };
    let asks = log.type_number(ASKS);
    let start = calls.iter().map(|call| call.entered).min().unwrap_or(Timestamp::MIN);
    let mut offered: Vec<&LoggedCall> = calls.iter().filter(|call| is_offered(call, asks)).collect();
    offered.sort_by_key(|call| (call.left(), call.line));
    let caller = |call: &LoggedCall| Caller { after: call.left().since(start), number: number(call.line) };
    Ok((date, offered.into_iter().map(caller).collect()))
}

fn is_offered(call: &LoggedCall, asks: Option<usize>) -> bool {
    let class: u8 = call.class.into();
    match call.outcome {
        Outcome::Phantom => false,
        _ if asks == Some(usize::from(class)) => true,
        Outcome::HungUp => call.wait_secs > 0,
        Outcome::Agent { .. } => false,
    }
}

/// A number of the North American plan, one for each line.
fn number(line: u32) -> String {
    format!("1519{:03}{:04}", 220 + line / 10_000 % 80, line % 10_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str =
        "priority\ttype\tdate\tvru_exit\tq_start\tq_time\toutcome\tser_start\tser_exit\tser_time\tserver
0\tPS\t990201\t7:00:00\t0:00:00\t0\tAGENT\t7:00:00\t7:01:00\t60\tANN
0\tPS\t990201\t7:10:00\t7:10:00\t30\tHANG\t0:00:00\t0:00:00\t0\tNO_SERVER
0\tPS\t990201\t7:11:00\t0:00:00\t0\tHANG\t0:00:00\t0:00:00\t0\tNO_SERVER
0\tTT\t990201\t7:09:00\t7:09:00\t20\tAGENT\t7:09:20\t7:10:00\t40\tANN
0\tTT\t990201\t7:20:00\t7:20:00\t5\tPHANTOM\t0:00:00\t0:00:00\t0\tNO_SERVER
0\tPS\t990202\t7:00:00\t7:00:00\t5\tHANG\t0:00:00\t0:00:00\t0\tNO_SERVER
";

    #[test]
    fn who_hung_up_waiting_or_asked_is_offered_one_when_the_wait_ended() {
        let log = CallLog::parse(LOG).unwrap();
        let (date, callers) = of_day(&log, None).unwrap();
        assert_eq!(date.to_string(), "1999-02-01");
        let seen: Vec<(u64, &str)> =
            callers.iter().map(|caller| (caller.after.as_secs(), caller.number.as_str())).collect();
        assert_eq!(seen, [(560, "15192200005"), (630, "15192200003")]);
    }

    #[test]
    fn a_day_the_log_lacks_is_told_with_the_days_it_has() {
        let log = CallLog::parse(LOG).unwrap();
        let missing = of_day(&log, NaiveDate::from_ymd_opt(1999, 3, 1)).unwrap_err();
        assert_eq!(missing, "the log has no calls on 990301; it has 990201, 990202");
        assert_eq!(of_day(&log, NaiveDate::from_ymd_opt(1999, 2, 2)).unwrap().1.len(), 1);
    }
}
