//! Why a callback ended.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

/// A completion reason ([callback-domain §7.3](crate::rules)). Stored as text: an unknown one from a session is kept
/// verbatim.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Reason(Cow<'static, str>);

impl Reason {
    /// The customer and an agent were connected.
    pub const AGENT_CONNECTED: Reason = Reason(Cow::Borrowed("AGENT_CONNECTED"));
    /// Cancelled through an API.
    pub const CANCELLED: Reason = Reason(Cow::Borrowed("CANCELLED"));
    /// Cancelled by an administrator, alone or in bulk.
    pub const CANCELLED_BY_ADMIN: Reason = Reason(Cow::Borrowed("CANCELLED_BY_ADMIN"));
    /// The orchestrator refused the hand-over for good.
    pub const SUBMIT_FAILED: Reason = Reason(Cow::Borrowed("SUBMIT_FAILED"));
    /// The session died without a word.
    pub const FAIL_ERROR: Reason = Reason(Cow::Borrowed("FAIL_ERROR"));
    /// Not finished within its life limit.
    pub const FAIL_TIMEOUT_TTL: Reason = Reason(Cow::Borrowed("FAIL_TIMEOUT_TTL"));
    /// The customer was not reached in any dial attempt.
    pub const FAIL_CALL_TO_CUSTOMER: Reason = Reason(Cow::Borrowed("FAIL_CALL_TO_CUSTOMER"));
    /// The session ended without giving a reason.
    pub const NOT_AVAILABLE: Reason = Reason(Cow::Borrowed("NOT_AVAILABLE"));

    /// The longest reason kept; a longer one from a session is cut.
    pub const MAX_CHARS: usize = 128;

    /// The reason a session gave; blank counts as [`Reason::NOT_AVAILABLE`], control characters are dropped.
    pub fn from_session(text: &str) -> Reason {
        let kept: String = text.trim().chars().filter(|c| !c.is_control()).take(Self::MAX_CHARS).collect();
        if kept.is_empty() { Self::NOT_AVAILABLE } else { Reason(Cow::Owned(kept)) }
    }

    /// Its name, an upper-case token.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the end was decided here and not by the session, which therefore has to be told.
    pub fn is_ours(&self) -> bool {
        self.frees_place() || *self == Self::FAIL_TIMEOUT_TTL
    }

    /// Whether a record that ended so gives its place back ([callback-domain §5.3](crate::rules)).
    pub fn frees_place(&self) -> bool {
        *self == Self::CANCELLED || *self == Self::CANCELLED_BY_ADMIN
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
