//! Country and number rules: what an administrator writes, and what is checked by.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

#[cfg(feature = "numbering-plan")]
use super::matcher::Matcher;
use super::{BlockedPattern, Country, NotACountry, PatternProblem};

/// Most blocked patterns of a rule ([callback-administration §4.3](crate::rules)).
const MAX_PATTERNS: usize = 200;
/// Longest rule name, in characters.
const MAX_NAME_CHARS: usize = 64;

/// A rule as it stands in settings.
///
/// ```
/// use ges_core::number::{NumberRule, NumberRuleSpec};
///
/// let spec: NumberRuleSpec = toml::from_str(r#"
///     name = "NorthAmerica"
///     countries = ["US", "CA"]
///     blocked = [{ simple = "1900*" }, { regex = '^1\d{3}555\d{4}$' }]
/// "#)?;
/// let rule = NumberRule::try_from(spec)?;
/// assert_eq!(rule.name(), "NorthAmerica");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NumberRuleSpec {
    /// Letters and digits only, 1 to 64 ([callback-domain §9.1](crate::rules)).
    pub name: String,
    /// Countries that may be called, at least one; all others are refused.
    pub countries: Vec<String>,
    /// Numbers of these countries that are refused, in the order they are tried; at most 200.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub blocked: Vec<BlockedPattern>,
}

/// A rule that has been checked and compiled ([callback-domain §9.1](crate::rules),
/// [callback-administration §4.3](crate::rules)).
///
/// Serialises as its [`NumberRuleSpec`]; reading one back checks it again.
#[derive(Clone, Serialize, Deserialize)]
#[serde(try_from = "NumberRuleSpec", into = "NumberRuleSpec")]
pub struct NumberRule {
    spec: NumberRuleSpec,
    countries: BTreeSet<Country>,
    #[cfg(feature = "numbering-plan")]
    blocked: Vec<Matcher>,
}

impl NumberRule {
    /// The rule's name.
    pub fn name(&self) -> &str {
        &self.spec.name
    }

    /// The rule as it was written.
    pub fn spec(&self) -> &NumberRuleSpec {
        &self.spec
    }

    #[cfg(feature = "numbering-plan")]
    pub(super) fn countries(&self) -> impl Iterator<Item = Country> {
        self.countries.iter().copied()
    }

    /// Whether numbers of that country may be called at all.
    pub fn permits(&self, country: Country) -> bool {
        self.countries.contains(&country)
    }

    /// Index of the first blocked pattern that matches. `digits` and `e164` are the two forms without punctuation.
    #[cfg(feature = "numbering-plan")]
    pub(super) fn blocking(&self, digits: &str, e164: &str) -> Option<usize> {
        self.blocked.iter().position(|pattern| pattern.blocks(digits, e164))
    }
}

impl TryFrom<NumberRuleSpec> for NumberRule {
    type Error = InvalidNumberRule;
    /// Checks everything and reports every problem at once.
    fn try_from(spec: NumberRuleSpec) -> Result<Self, InvalidNumberRule> {
        let mut problems = Vec::new();
        let chars = spec.name.chars().count();
        if !(1..=MAX_NAME_CHARS).contains(&chars) || !spec.name.chars().all(char::is_alphanumeric) {
            problems.push(NumberRuleProblem::Name);
        }
        if spec.countries.is_empty() {
            problems.push(NumberRuleProblem::NoCountry);
        }
        let mut countries = BTreeSet::new();
        for (index, text) in spec.countries.iter().enumerate() {
            match text.parse() {
                Ok(country) => _ = countries.insert(country),
                Err(problem) => problems.push(NumberRuleProblem::Country { index, problem }),
            }
        }
        if spec.blocked.len() > MAX_PATTERNS {
            problems.push(NumberRuleProblem::TooManyPatterns { patterns: spec.blocked.len() });
        }
        #[cfg(feature = "numbering-plan")]
        let blocked = compiled(&spec.blocked, &mut problems);
        #[cfg(not(feature = "numbering-plan"))]
        problems.push(NumberRuleProblem::NoPlan);
        if problems.is_empty() {
            Ok(NumberRule {
                spec,
                countries,
                #[cfg(feature = "numbering-plan")]
                blocked,
            })
        } else {
            Err(InvalidNumberRule { name: spec.name.chars().take(MAX_NAME_CHARS).collect(), problems })
        }
    }
}

/// The patterns that can be used; of the others, why not.
#[cfg(feature = "numbering-plan")]
fn compiled(patterns: &[BlockedPattern], problems: &mut Vec<NumberRuleProblem>) -> Vec<Matcher> {
    let mut blocked = Vec::new();
    // Patterns past the limit are not compiled: the count alone refuses the rule.
    for (index, pattern) in patterns.iter().take(MAX_PATTERNS).enumerate() {
        match Matcher::compile(pattern) {
            Ok(matcher) => blocked.push(matcher),
            Err(problem) => problems.push(NumberRuleProblem::Pattern { index, problem }),
        }
    }
    blocked
}

impl From<NumberRule> for NumberRuleSpec {
    fn from(rule: NumberRule) -> NumberRuleSpec {
        rule.spec
    }
}

impl PartialEq for NumberRule {
    fn eq(&self, other: &Self) -> bool {
        self.spec == other.spec
    }
}

impl Eq for NumberRule {}

impl fmt::Debug for NumberRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NumberRule")
            .field("name", &self.spec.name)
            .field("countries", &self.countries)
            .field("blocked", &self.spec.blocked.len())
            .finish()
    }
}

/// A rule that cannot be saved, with everything that is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidNumberRule {
    /// The name as written, cut to 64 characters.
    pub name: String,
    /// At least one problem, in the order of the rule's members.
    pub problems: Vec<NumberRuleProblem>,
}

impl std::error::Error for InvalidNumberRule {}

impl fmt::Display for InvalidNumberRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "number rule {:?}", self.name)?;
        for (index, problem) in self.problems.iter().enumerate() {
            write!(f, "{} {problem}", if index == 0 { ":" } else { ";" })?;
        }
        Ok(())
    }
}

/// One thing wrong with a rule. Indices count from 0.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NumberRuleProblem {
    /// The name is empty, too long or has other characters.
    #[error("name: 1 to 64 letters and digits are needed")]
    Name,
    /// The list of countries is empty.
    #[error("countries: at least one country is needed, for example [\"US\"]")]
    NoCountry,
    /// A country nobody knows.
    #[error("countries[{index}]: {problem}")]
    Country {
        /// Place in the list.
        index: usize,
        /// What is wrong with it.
        problem: NotACountry,
    },
    /// More patterns than are taken.
    #[error("blocked: {patterns} patterns, at most 200 are taken")]
    TooManyPatterns {
        /// Patterns in the rule.
        patterns: usize,
    },
    /// A pattern that cannot be used.
    #[error("blocked[{index}]: {problem}")]
    Pattern {
        /// Place in the list.
        index: usize,
        /// What is wrong with it.
        problem: PatternProblem,
    },
    /// The library was built without the numbering plan, so no rule can be kept.
    #[error("countries: no country can be told, because this program has no numbering plan")]
    NoPlan,
}
