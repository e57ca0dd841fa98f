//! Keys of the stores.

use std::path::PathBuf;

use super::postgres::{self, Postgres};
use crate::keys::{Key, Reader, Setting};

const KIND: Key = Key::new(
    "storage.kind",
    "embedded",
    "Where callbacks are remembered: `embedded` (files of this machine, one process), `postgres` (any number of nodes) or `memory` (nothing survives).",
);
const DIRECTORY: Key =
    Key::new("storage.directory", "./ges-data", "The directory of the embedded store; created when missing.");

pub(super) fn keys() -> Vec<&'static Key> {
    [&[&KIND, &DIRECTORY], postgres::KEYS].concat()
}

/// Where callbacks are remembered.
#[derive(Clone, Debug)]
pub enum Storage {
    /// Files of this machine, in this directory.
    Embedded(PathBuf),
    /// A database that nodes share.
    Postgres(Box<Postgres>),
    /// Nothing survives; for trials.
    Memory,
}

enum Kind {
    Embedded,
    Postgres,
    Memory,
}

impl Setting for Kind {
    fn parse(text: &str) -> Option<Self> {
        match text {
            "embedded" => Some(Kind::Embedded),
            "postgres" => Some(Kind::Postgres),
            "memory" => Some(Kind::Memory),
            _ => None,
        }
    }
    fn expected() -> String {
        "embedded, postgres or memory".to_owned()
    }
}

impl Storage {
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Storage> {
        let (kind, directory) = (reader.read::<Kind>(&KIND), reader.read(&DIRECTORY));
        match kind? {
            Kind::Memory => Some(Storage::Memory),
            Kind::Postgres => Postgres::read(reader).map(|postgres| Storage::Postgres(Box::new(postgres))),
            Kind::Embedded => Some(Storage::Embedded(directory?)),
        }
    }
}
