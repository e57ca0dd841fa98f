//! One mistake in the settings, told so that it can be put right.

use std::fmt;

/// Most characters of a name that an error repeats.
const SHOWN_MAX: usize = 64;

/// One mistake: where it stands, what is wrong and what would be right.
///
/// Values are not repeated, only names: a value may be a secret or somebody's number.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct Fault {
    /// The published section or the table of the settings file, such as `service.Sales` or
    /// `tenants.acme.hours.office`; empty for the text as a whole.
    pub section: String,
    /// The option or field; empty when it is about the section as a whole.
    pub field: String,
    /// The line in the settings file, from 1; none for published sections.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// What is wrong.
    pub problem: String,
    /// What would be right.
    pub expected: String,
}

impl Fault {
    /// A fault without a line. Names longer than any that would be right are cut.
    pub fn new(
        section: impl AsRef<str>,
        field: impl AsRef<str>,
        problem: impl Into<String>,
        expected: impl Into<String>,
    ) -> Self {
        Fault {
            section: shown(section.as_ref(), 4 * SHOWN_MAX),
            field: shown(field.as_ref(), SHOWN_MAX),
            line: None,
            problem: problem.into(),
            expected: expected.into(),
        }
    }

    #[cfg(any(test, feature = "settings-file"))]
    pub(super) fn at_line(mut self, line: Option<usize>) -> Self {
        self.line = line;
        self
    }
}

fn shown(name: &str, most: usize) -> String {
    name.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).take(most).collect()
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.line {
            write!(f, "line {line}: ")?;
        }
        let place = [self.section.as_str(), self.field.as_str()].into_iter().filter(|part| !part.is_empty());
        let place = place.collect::<Vec<_>>().join(", ");
        if !place.is_empty() {
            write!(f, "{place}: ")?;
        }
        f.write_str(&self.problem)?;
        if !self.expected.is_empty() {
            write!(f, "; expected: {}", self.expected)?;
        }
        Ok(())
    }
}

/// Settings that cannot be used, with every reason; never empty.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.iter().map(Fault::to_string).collect::<Vec<_>>().join("\n"))]
pub struct Faults(Vec<Fault>);

impl Faults {
    /// Every mistake: by line where there are lines, else by section and field.
    pub fn list(&self) -> &[Fault] {
        &self.0
    }

    /// `value` if there is no fault.
    pub(super) fn none_or<T>(mut faults: Vec<Fault>, value: T) -> Result<T, Faults> {
        if faults.is_empty() {
            return Ok(value);
        }
        faults.sort_by(|a, b| (a.line, &a.section, &a.field).cmp(&(b.line, &b.section, &b.field)));
        faults.dedup();
        Err(Faults(faults))
    }

    pub(super) fn one(fault: Fault) -> Faults {
        Faults(vec![fault])
    }
}

impl IntoIterator for Faults {
    type Item = Fault;
    type IntoIter = std::vec::IntoIter<Fault>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_says_where_what_and_what_would_be_right() {
        let fault = Fault::new("service.Sales", "_ttl", "is not a whole number", "seconds from 1 to 9");
        let told = "service.Sales, _ttl: is not a whole number; expected: seconds from 1 to 9";
        assert_eq!(fault.to_string(), told);
        assert_eq!(fault.at_line(Some(7)).to_string(), format!("line 7: {told}"));
        assert_eq!(Fault::new("", "", "is no TOML", "").to_string(), "is no TOML");
        assert_eq!(Fault::new("a\nb", "x".repeat(99), "", "").section, "a\u{fffd}b");
    }
}
