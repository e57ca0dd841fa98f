//! One session: calls the customer, connects an agent, and reports each step. Here it only pretends.

use std::fmt;

use super::Error;
use super::consumer::Attempt;
use super::write_back::{Answer, WriteBack};

/// How a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Customer and agent have talked.
    Connected,
    /// The callback was over before that, by a cancel for example.
    Over,
}

/// Runs a session. Whoever runs it once more reports the same steps under the same numbers, which changes nothing.
pub async fn run(attempt: &Attempt, write_back: &WriteBack) -> Result<Ended, Error> {
    // Your telephony dials here: `dialPrefix` and `phoneNumber`, by way of `routePoint`.
    let steps = [("QUEUED", ""), ("ROUTING", ""), ("PROCESSING", ""), ("COMPLETED", "AGENT_CONNECTED")];
    for (number, (state, reason)) in (1..).zip(steps) {
        if write_back.report(attempt, number, state, reason).await? == Answer::Over {
            return Ok(Ended::Over);
        }
    }
    Ok(Ended::Connected)
}

impl fmt::Display for Ended {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(match self {
            Ended::Connected => "an agent was connected",
            Ended::Over => "was over before an agent was connected",
        })
    }
}
