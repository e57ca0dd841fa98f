//! What is wrong with described hours, all of it at once.

use std::fmt;

/// One mistake in a description of office hours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Where: the name of a GMS option, or a path such as `days.monday[0].close`.
    pub place: String,
    /// What is wrong and what would be right.
    pub fault: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.fault)
    }
}

/// Office hours that cannot be used, with every reason.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", listed(.0))]
pub struct BadHours(Vec<Fault>);

impl BadHours {
    /// Every mistake, in the order of the description; at least one.
    pub fn faults(&self) -> &[Fault] {
        &self.0
    }

    pub(super) fn one(place: &str, fault: String) -> Self {
        BadHours(vec![Fault { place: place.to_owned(), fault }])
    }
}

fn listed(faults: &[Fault]) -> String {
    faults.iter().map(Fault::to_string).collect::<Vec<_>>().join("; ")
}

/// Collects mistakes while the rest is still being read.
#[derive(Default)]
pub(super) struct Faults(Vec<Fault>);

impl Faults {
    pub(super) fn add(&mut self, place: impl Into<String>, fault: impl ToString) {
        self.0.push(Fault { place: place.into(), fault: fault.to_string() });
    }

    /// The value, or a note of why there is none.
    pub(super) fn take<T, E: ToString>(&mut self, place: &str, read: Result<T, E>) -> Option<T> {
        read.map_err(|fault| self.add(place, fault)).ok()
    }

    /// `value` if there was no mistake.
    pub(super) fn none_or<T>(self, value: T) -> Result<T, BadHours> {
        if self.0.is_empty() { Ok(value) } else { Err(BadHours(self.0)) }
    }
}
