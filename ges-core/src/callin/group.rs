//! Groups of numbers that requests are given from.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::ToNumber;
use super::code::CODE_DIGITS;

/// A group as it stands in settings ([callback-administration §9.3](crate::rules)).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CallInGroupSpec {
    /// 1 to 64 of `A-Z`, `a-z`, `0-9`, `_` and `-`.
    pub name: String,
    /// 1 to 100 numbers in E.164 form with `+`; a number belongs to one group.
    pub numbers: Vec<String>,
    /// Whether requests get an access code; off unless set.
    #[serde(default)]
    pub codes: bool,
    /// Digits of a code, 4 to 9; 6 unless set.
    #[serde(default = "default_code_length")]
    pub code_length: u8,
    /// Seconds until a request expires, 10 to 3600; 30 unless set.
    #[serde(default = "default_expiry_secs")]
    pub expiry_secs: u32,
    /// How a number is chosen; at random unless set.
    #[serde(default)]
    pub allocation: Allocation,
    /// Whether requests are taken; on unless set.
    #[serde(default = "default_enabled")]
    pub enabled: bool,
}

fn default_code_length() -> u8 {
    6
}

fn default_expiry_secs() -> u32 {
    30
}

fn default_enabled() -> bool {
    true
}

/// How a number is chosen among the free ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Allocation {
    /// Each with the same chance.
    #[default]
    Random,
    /// The one after the last.
    RoundRobin,
}

/// A group that has been checked. Serialises as its [`CallInGroupSpec`]; reading one back checks it again.
///
/// ```
/// use ges_core::callin::CallInGroup;
///
/// let group: CallInGroup = toml::from_str(r#"
///     name = "technical_help"
///     numbers = ["+15195550199"]
///     codes = true
/// "#)?;
/// assert_eq!(group.code_length(), Some(6));
/// # Ok::<(), toml::de::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "CallInGroupSpec", into = "CallInGroupSpec")]
pub struct CallInGroup {
    spec: CallInGroupSpec,
    numbers: Vec<ToNumber>,
}

impl CallInGroup {
    /// The group's name.
    pub fn name(&self) -> &str {
        &self.spec.name
    }

    /// Its numbers, at least one.
    pub fn numbers(&self) -> &[ToNumber] {
        &self.numbers
    }

    /// Digits of its access codes; `None` when it has none.
    pub fn code_length(&self) -> Option<u8> {
        self.spec.codes.then_some(self.spec.code_length)
    }

    /// How long a request waits for its call.
    pub fn expiry(&self) -> Duration {
        Duration::from_secs(self.spec.expiry_secs.into())
    }

    /// How a number is chosen.
    pub fn allocation(&self) -> Allocation {
        self.spec.allocation
    }

    /// Whether requests are taken.
    pub fn is_enabled(&self) -> bool {
        self.spec.enabled
    }
}

impl TryFrom<CallInGroupSpec> for CallInGroup {
    type Error = InvalidCallInGroup;
    /// Checks everything and reports every problem at once.
    fn try_from(spec: CallInGroupSpec) -> Result<Self, InvalidCallInGroup> {
        use CallInGroupProblem as Problem;
        let mut problems = Vec::new();
        let is_name = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
        if !(1..=64).contains(&spec.name.len()) || !spec.name.bytes().all(is_name) {
            problems.push(Problem::Name);
        }
        if !(1..=100).contains(&spec.numbers.len()) {
            problems.push(Problem::Count { numbers: spec.numbers.len() });
        }
        let mut numbers: Vec<ToNumber> = Vec::new();
        for (index, text) in spec.numbers.iter().take(100).enumerate() {
            match text.parse() {
                Ok(number) if numbers.contains(&number) => problems.push(Problem::Twice { index }),
                Ok(number) => numbers.push(number),
                Err(_) => problems.push(Problem::Number { index }),
            }
        }
        if !CODE_DIGITS.contains(&spec.code_length) {
            problems.push(Problem::CodeLength { digits: spec.code_length });
        }
        if !(10..=3600).contains(&spec.expiry_secs) {
            problems.push(Problem::Expiry { secs: spec.expiry_secs });
        }
        if problems.is_empty() {
            Ok(CallInGroup { spec, numbers })
        } else {
            Err(InvalidCallInGroup { name: spec.name.chars().take(64).collect(), problems })
        }
    }
}

impl From<CallInGroup> for CallInGroupSpec {
    fn from(group: CallInGroup) -> Self {
        group.spec
    }
}

/// Numbers that stand in more than one group, each with the two groups concerned: a call to such a number would belong
/// to both. Empty when all is well.
pub fn shared_numbers<'g>(
    groups: impl IntoIterator<Item = &'g CallInGroup>,
) -> Vec<(ToNumber, &'g str, &'g str)> {
    let mut owners: BTreeMap<ToNumber, &str> = BTreeMap::new();
    let mut shared = Vec::new();
    for group in groups {
        for &number in group.numbers() {
            match owners.get(&number) {
                Some(first) => shared.push((number, *first, group.name())),
                None => _ = owners.insert(number, group.name()),
            }
        }
    }
    shared
}

/// A group that cannot be saved, with everything that is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidCallInGroup {
    /// The name as written, cut to 64 characters.
    pub name: String,
    /// At least one problem, in the order of the group's members.
    pub problems: Vec<CallInGroupProblem>,
}

impl std::error::Error for InvalidCallInGroup {}

impl fmt::Display for InvalidCallInGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "call-in group {:?}", self.name)?;
        for (index, problem) in self.problems.iter().enumerate() {
            write!(f, "{} {problem}", if index == 0 { ":" } else { ";" })?;
        }
        Ok(())
    }
}

/// One thing wrong with a group. Indices count from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallInGroupProblem {
    /// The name.
    #[error("name: 1 to 64 letters A-Z, digits, '_' and '-' are needed")]
    Name,
    /// No numbers, or too many.
    #[error("numbers: {numbers} given, 1 to 100 are needed")]
    Count {
        /// How many there are.
        numbers: usize,
    },
    /// A text that is no E.164 number.
    #[error(
        "numbers[{index}]: not in E.164 form; '+' and 7 to 15 digits are expected, the first of them not 0"
    )]
    Number {
        /// Place in the list.
        index: usize,
    },
    /// A number the group has already.
    #[error("numbers[{index}]: stands in the list already")]
    Twice {
        /// Place in the list.
        index: usize,
    },
    /// The length of codes.
    #[error("code_length: {digits} digits; 4 to 9 are possible, more do not fit the clients' 32-bit integer")]
    CodeLength {
        /// Digits asked for.
        digits: u8,
    },
    /// The life of a request.
    #[error("expiry_secs: {secs} seconds; 10 to 3600 are possible")]
    Expiry {
        /// Seconds asked for.
        secs: u32,
    },
}
