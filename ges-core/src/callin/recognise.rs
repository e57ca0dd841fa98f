//! Which request a call belongs to.

use std::fmt;

use uuid::Uuid;

use super::{AccessCode, CallInRequest};
use crate::Timestamp;
use crate::number::ComparisonNumber;

/// Wrong codes after which a call is not asked again ([callback-administration §9.3](crate::rules)).
pub const MAX_WRONG_CODES: u8 = 3;

/// A call that has come in. `Debug` shows neither numbers nor what was typed.
#[derive(Clone)]
pub struct InboundCall {
    /// The number called, compared by its digits.
    pub called: ComparisonNumber,
    /// The number of the caller in the form requests are compared by (see [`super::Caller::new`]); `None` when withheld.
    pub caller: Option<ComparisonNumber>,
    /// What the caller typed, if anything.
    pub code: Option<String>,
    /// Wrong codes typed before in the same call.
    pub wrong_codes: u8,
}

impl fmt::Debug for InboundCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InboundCall").field("wrong_codes", &self.wrong_codes).finish_non_exhaustive()
    }
}

/// What a call was recognised by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecognisedBy {
    /// The access code.
    Code,
    /// The number of the caller.
    Caller,
    /// Only the number called.
    Called,
}

/// The request a call belongs to, or what to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Match {
    /// It belongs to this request; commit [`CallInRequest::matched`] before acting on it, so that it counts once.
    Found {
        /// Id of the request.
        id: Uuid,
        /// What told.
        by: RecognisedBy,
        /// Whether others were as likely; this one is the oldest.
        ambiguous: bool,
    },
    /// Only requests with a code wait on this number: ask for it.
    AskCode,
    /// The code is that of no live request.
    WrongCode {
        /// Whether it was wrong often enough to stop asking.
        stop: bool,
    },
    /// No live request waits on this number.
    Nothing,
}

/// Recognises a call ([callback-administration §9.3](crate::rules)).
///
/// Dead requests are ignored and the number called must be that of the request. Requests with a code are found by their
/// code alone. Those without are found by the number of the caller, else by waiting on the number called; of several
/// the oldest is taken and flagged. A code typed where none waits is ignored.
pub fn match_inbound<'r>(
    requests: impl IntoIterator<Item = &'r CallInRequest>,
    call: &InboundCall,
    now: Timestamp,
) -> Match {
    let mine = |request: &&CallInRequest| request.is_live(now) && request.to.comparison() == call.called;
    let (coded, plain): (Vec<_>, Vec<_>) =
        requests.into_iter().filter(mine).partition(|request| request.code.is_some());
    if let Some(typed) = call.code.as_ref().filter(|_| !coded.is_empty()) {
        if call.wrong_codes >= MAX_WRONG_CODES {
            return Match::WrongCode { stop: true };
        }
        let typed: Option<AccessCode> = typed.parse().ok();
        let same = coded.into_iter().filter(|request| typed.is_some() && request.code == typed);
        let stop = call.wrong_codes.saturating_add(1) >= MAX_WRONG_CODES;
        return oldest(same, RecognisedBy::Code).unwrap_or(Match::WrongCode { stop });
    }
    let from = |request: &&&CallInRequest| {
        call.caller.is_some() && request.from.as_ref().map(|from| from.comparison) == call.caller
    };
    let by_caller = oldest(plain.iter().filter(from).copied(), RecognisedBy::Caller);
    let by_called = || oldest(plain.iter().copied(), RecognisedBy::Called);
    let otherwise = if coded.is_empty() { Match::Nothing } else { Match::AskCode };
    by_caller.or_else(by_called).unwrap_or(otherwise)
}

/// The request that waits longest; ids decide between two of the same instant.
fn oldest<'r>(candidates: impl Iterator<Item = &'r CallInRequest>, by: RecognisedBy) -> Option<Match> {
    let mut count = 0usize;
    let first = candidates.inspect(|_| count += 1).min_by_key(|request| (request.created_at, request.id))?;
    Some(Match::Found { id: first.id, by, ambiguous: count > 1 })
}
