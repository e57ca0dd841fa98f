//! The one file that names every adapter: what a server can be put together from.
//!
//! A kind of store or of telephony is a file beside this one: it has the keys of the kind, reads them, makes the adapter
//! and says what only this kind can do. The rest of the server holds ports and the traits of [`store`] and
//! [`telephony`]. A new kind is a new file and its lines here; CONTRIBUTING.md tells the way.

pub(crate) mod captcha;
mod connection;
pub mod embedded;
mod memory;
pub mod ors;
pub(crate) mod outgoing;
mod postgres;
pub(crate) mod redis;
mod sandbox;
pub(crate) mod statistics;
pub mod store;
pub mod telephony;
mod webhook;

use ges_http::BoxError;

use crate::keys::Key;
use store::StoreKind;
use telephony::TelephonyKind;

/// The kinds of durable store, in the order in which people are told of them.
pub(crate) const STORES: &[StoreKind] = &[embedded::KIND, postgres::KIND, memory::KIND];

/// Which of them is used.
pub(crate) const STORE: Key = Key::new(
    "storage.kind",
    "embedded",
    "Where callbacks are remembered: `embedded` (files of this machine, one process), `postgres` (any number of nodes) or `memory` (nothing survives).",
);

/// The kinds of telephony, in the same order.
pub(crate) const TELEPHONY: &[TelephonyKind] = &[ors::KIND, webhook::KIND, sandbox::KIND];

/// Which of them is used.
pub(crate) const ORCHESTRATOR: Key = Key::new(
    "orchestrator.kind",
    "",
    "Who calls the customers: `ors` (the voice platform), `webhook` (any telephony) or `sandbox` (played in this process). Required; a demonstration plays.",
);

/// What calls the customers of a demonstration.
pub(crate) const DEMONSTRATION: &TelephonyKind = &sandbox::KIND;

/// Why a server cannot be put together.
#[derive(Debug, thiserror::Error)]
#[error("{key} cannot be used")]
pub struct BuildError {
    /// The key that is wrong, such as `orchestrator.ors.stream`; a part of the server where no key is to blame.
    pub key: &'static str,
    /// What is wrong with it.
    #[source]
    pub source: BoxError,
}

impl BuildError {
    /// What is configured under this key is to blame.
    pub(crate) fn of<E: Into<BoxError>>(key: &'static str) -> impl FnOnce(E) -> BuildError {
        move |source| BuildError { key, source: source.into() }
    }
}

/// Names as people say them: `ors, webhook or sandbox`.
fn one_of<'n>(names: impl Iterator<Item = &'n str>) -> String {
    let names: Vec<&str> = names.collect();
    match names.split_last() {
        Some((last, [])) => (*last).to_owned(),
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_told_as_people_do_and_each_is_in_the_meaning_of_its_key() {
        assert_eq!(one_of(["a"].into_iter()), "a");
        assert_eq!(one_of(["a", "b", "c"].into_iter()), "a, b or c");
        let stores = STORES.iter().map(|kind| (&STORE, kind.name));
        let telephony = TELEPHONY.iter().map(|kind| (&ORCHESTRATOR, kind.name));
        for (key, kind) in stores.chain(telephony) {
            assert!(key.meaning.contains(&format!("`{kind}`")), "{kind} in {}", key.name);
        }
    }
}
