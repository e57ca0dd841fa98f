//! How a key of the configuration is read: where its value may stand, which types it can have, what is wrong with it.
//!
//! It knows no key by name. Whoever has keys (a listener, a kind of store) describes them with [`Key`] and asks the
//! reader for their values; all mistakes are collected, so that they are told at once.

mod key;
mod reader;

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

pub(crate) use key::{Given, List, Node, Secret, Url, Whole};
pub use key::{Key, Setting};
pub(crate) use reader::Reader;

/// Reads a file that a key names, such as `…_file`.
pub type ReadFile<'a> = &'a dyn Fn(&std::path::Path) -> std::io::Result<String>;

/// Where the values come from; gathered by the host, so that reading them is a plain function.
pub struct Sources<'a> {
    /// The configuration file and its text; none starts a demonstration.
    pub file: Option<(PathBuf, String)>,
    /// The environment.
    pub environment: BTreeMap<String, String>,
    /// `--set` of the command line, in order.
    pub set: Vec<(String, String)>,
    /// Reads the secrets' files.
    pub read_file: ReadFile<'a>,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// The key, and where its value came from.
    pub place: String,
    /// The value; secrets are not shown.
    pub value: Option<String>,
    /// What would be right.
    pub right: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.value {
            Some(value) => write!(f, "{}: {value:?} cannot be used; {}", self.place, self.right),
            None => write!(f, "{}: {}", self.place, self.right),
        }
    }
}

/// Everything that is wrong, in the order of the keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistakes(pub Vec<Mistake>);

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the configuration has {} mistake(s):", self.0.len())?;
        self.0.iter().try_for_each(|mistake| write!(f, "\n  {mistake}"))
    }
}

impl std::error::Error for Mistakes {}
