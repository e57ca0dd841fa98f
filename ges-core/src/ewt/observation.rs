//! What the estimator is told.

use serde::{Deserialize, Serialize};

/// A call, in whatever numbering the host uses; a repeated number is the same call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct CallKey(pub u64);

/// An agent, in whatever numbering the host uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct AgentKey(pub u64);

/// The kind of a call as known when it joins (skill, language, product), where one queue serves several.
///
/// Calls of one class compete with each other first. A queue of one kind leaves the default, class 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub struct CallClass(u8);

impl CallClass {
    /// How many classes one queue can tell apart.
    pub const COUNT: usize = 16;

    /// Class `number`, from 0 to 15.
    pub fn new(number: u8) -> Result<Self, NotAClass> {
        if usize::from(number) < Self::COUNT { Ok(CallClass(number)) } else { Err(NotAClass(number)) }
    }

    pub(super) fn index(self) -> usize {
        usize::from(self.0)
    }

    pub(super) fn bit(self) -> u16 {
        // Cannot overflow: a class is below 16.
        1_u16.checked_shl(self.0.into()).unwrap_or(0)
    }
}

impl TryFrom<u8> for CallClass {
    type Error = NotAClass;
    fn try_from(number: u8) -> Result<Self, NotAClass> {
        CallClass::new(number)
    }
}

impl From<CallClass> for u8 {
    fn from(class: CallClass) -> u8 {
        class.0
    }
}

/// A class number beyond what one queue can tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("call class {0} is too large: 0 to 15 is right")]
pub struct NotAClass(u8);

/// The call that joins, as far as it is known when it does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Joining {
    /// Its kind.
    pub class: CallClass,
    /// Its priority; a higher one is served before a lower one. Say it only where it is truly known on
    /// joining.
    pub priority: u8,
}

/// Something that happened on the floor.
///
/// Observations come in the order of time. What does not fit (an answer to a call that never entered, a
/// second entry of the same call) changes nothing or as little as possible, so that a lost or repeated report
/// costs accuracy only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Observation {
    /// A call joined the queue.
    Entered {
        /// The call.
        call: CallKey,
        /// What it joined as.
        joining: Joining,
    },
    /// A call reached an agent.
    Answered {
        /// The call.
        call: CallKey,
        /// Who took it, where known.
        agent: Option<AgentKey>,
    },
    /// A call left the queue without reaching an agent.
    Abandoned {
        /// The call.
        call: CallKey,
    },
    /// A call that had reached an agent ended.
    Finished {
        /// The call.
        call: CallKey,
    },
    /// An agent logged in.
    LoggedIn {
        /// The agent.
        agent: AgentKey,
    },
    /// An agent logged out. Only hosts that report these are ever told [`NoWait::NoAgents`](super::NoWait).
    LoggedOut {
        /// The agent.
        agent: AgentKey,
    },
}

impl Observation {
    /// A call of the default class and priority joined the queue.
    pub fn entered(call: CallKey) -> Self {
        Observation::Entered { call, joining: Joining::default() }
    }
}
