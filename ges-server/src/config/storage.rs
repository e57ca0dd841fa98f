//! Keys of the stores.

use std::path::PathBuf;

use super::key::{Key, Setting};
use super::reader::Reader;

const KIND: Key = Key::new(
    "storage.kind",
    "embedded",
    "Where callbacks are remembered: `embedded` (files of this machine) or `memory` (nothing survives).",
);
const DIRECTORY: Key =
    Key::new("storage.directory", "./ges-data", "The directory of the embedded store; created when missing.");

pub(super) const KEYS: &[&Key] = &[&KIND, &DIRECTORY];

/// Where callbacks are remembered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Storage {
    /// Files of this machine, in this directory.
    Embedded(PathBuf),
    /// Nothing survives; for trials.
    Memory,
}

enum Kind {
    Embedded,
    Memory,
}

impl Setting for Kind {
    fn parse(text: &str) -> Option<Self> {
        match text {
            "embedded" => Some(Kind::Embedded),
            "memory" => Some(Kind::Memory),
            _ => None,
        }
    }
    fn expected() -> String {
        "embedded or memory".to_owned()
    }
}

impl Storage {
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Storage> {
        let (kind, directory) = (reader.read::<Kind>(&KIND), reader.read(&DIRECTORY));
        match kind? {
            Kind::Memory => Some(Storage::Memory),
            Kind::Embedded => Some(Storage::Embedded(directory?)),
        }
    }
}
