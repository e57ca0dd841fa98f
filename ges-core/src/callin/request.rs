//! The record of a request, and the ways it ends.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::AccessCode;
use crate::Timestamp;
use crate::number::{ComparisonNumber, NotANumber, PhoneNumber};
use crate::user_data::UserData;

/// How long a record is kept after it expired, like that of a callback ([callback-administration §9.3](crate::rules)).
pub const RETAINED: Duration = Duration::from_secs(14 * 24 * 3600);

/// A number of the contact centre that customers call, in E.164 form: `+` and 7 to 15 digits, the first not 0.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ToNumber(ComparisonNumber);

impl ToNumber {
    /// With its `+`.
    pub fn with_plus(self) -> String {
        format!("+{}", &*self.0.digits())
    }

    /// The digits a called number is compared with.
    pub fn comparison(self) -> ComparisonNumber {
        self.0
    }
}

impl std::str::FromStr for ToNumber {
    type Err = NotANumber;
    fn from_str(text: &str) -> Result<Self, NotANumber> {
        let digits = text.strip_prefix('+').ok_or(NotANumber::Plus { position: 1 })?;
        if let Some(index) = digits.chars().position(|c| !c.is_ascii_digit()) {
            return Err(NotANumber::Character { position: index + 2 });
        }
        if digits.len() < 7 {
            return Err(NotANumber::TooFewDigits { digits: digits.len() });
        }
        if digits.starts_with('0') {
            return Err(NotANumber::Character { position: 2 });
        }
        Ok(ToNumber(digits.parse()?))
    }
}

impl TryFrom<String> for ToNumber {
    type Error = NotANumber;
    fn try_from(text: String) -> Result<Self, NotANumber> {
        text.parse()
    }
}

impl From<ToNumber> for String {
    fn from(number: ToNumber) -> String {
        number.with_plus()
    }
}

impl fmt::Debug for ToNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ToNumber(..)")
    }
}

/// The number a customer will call from: as given, and as compared with the number of a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Caller {
    /// As the request gave it; goes back in the answer.
    pub given: PhoneNumber,
    /// What it is compared by.
    pub comparison: ComparisonNumber,
}

impl Caller {
    /// Compared by its digits.
    pub fn new(given: PhoneNumber) -> Self {
        let comparison = given.comparison();
        Caller { given, comparison }
    }
}

/// A request to call in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallInRequest {
    /// Its id, minted by the caller.
    pub id: Uuid,
    /// Name of its group.
    pub group: String,
    /// The number to call.
    pub to: ToNumber,
    /// The number the customer will call from, if given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Caller>,
    /// The code to type, if the group has codes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<AccessCode>,
    /// The callback it is tied to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub callback_id: Option<Uuid>,
    /// Data attached to the call.
    #[serde(default, skip_serializing_if = "UserData::is_empty")]
    pub user_data: UserData,
    /// When it was made.
    pub created_at: Timestamp,
    /// First instant at which it is dead.
    pub expires_at: Timestamp,
    /// Where it stands.
    #[serde(flatten)]
    pub state: CallInState,
}

/// Where a request stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", content = "at", rename_all = "UPPERCASE")]
pub enum CallInState {
    /// For its call, until it expires.
    Waiting,
    /// The call came at that instant.
    Matched(Timestamp),
    /// No call came; noticed at that instant.
    Expired(Timestamp),
    /// Withdrawn at that instant.
    Cancelled(Timestamp),
}

impl CallInState {
    /// The word of the records view.
    pub fn name(self) -> &'static str {
        match self {
            CallInState::Waiting => "WAITING",
            CallInState::Matched(_) => "MATCHED",
            CallInState::Expired(_) => "EXPIRED",
            CallInState::Cancelled(_) => "CANCELLED",
        }
    }
}

impl CallInRequest {
    /// Whether a call can still be matched with it.
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.state == CallInState::Waiting && now < self.expires_at
    }

    /// The same request after its call came. The number or code is free again.
    ///
    /// # Errors
    ///
    /// [`NotWaiting`] when it ended before, or its time is over.
    pub fn matched(self, now: Timestamp) -> Result<Self, NotWaiting> {
        self.live(now)?;
        Ok(CallInRequest { state: CallInState::Matched(now), ..self })
    }

    /// The same request, withdrawn. The number or code is free again.
    ///
    /// # Errors
    ///
    /// [`NotWaiting`] when it ended before, or its time is over.
    pub fn cancelled(self, now: Timestamp) -> Result<Self, NotWaiting> {
        self.live(now)?;
        Ok(CallInRequest { state: CallInState::Cancelled(now), ..self })
    }

    /// The same request, marked as expired if it waits past its time; unchanged otherwise. Nothing depends on the mark:
    /// from [`CallInRequest::expires_at`] on it is dead in any case.
    pub fn expired(self, now: Timestamp) -> Self {
        let overdue = self.state == CallInState::Waiting && self.expires_at <= now;
        if overdue { CallInRequest { state: CallInState::Expired(now), ..self } } else { self }
    }

    /// When the record may be removed.
    pub fn purge_at(&self) -> Timestamp {
        self.expires_at + RETAINED
    }

    fn live(&self, now: Timestamp) -> Result<(), NotWaiting> {
        match self.state {
            CallInState::Waiting if self.is_live(now) => Ok(()),
            CallInState::Waiting => Err(NotWaiting { state: "EXPIRED" }),
            ended => Err(NotWaiting { state: ended.name() }),
        }
    }
}

/// A request that is over already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the call-in request is {state}, only a WAITING one can be matched or cancelled")]
pub struct NotWaiting {
    /// The state it is in.
    pub state: &'static str,
}
