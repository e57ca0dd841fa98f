//! The one file that names every adapter: what a server can be put together from.
//!
//! A kind of store or of telephony is a file beside this one: it has the keys of the kind, reads them, makes the adapter
//! and says what only this kind can do. The rest of the server holds ports and the traits of [`store`]. A new kind is a new file and its lines here; CONTRIBUTING.md tells the way.

pub mod embedded;
mod memory;
mod postgres;
pub mod store;

use crate::keys::Key;
use store::StoreKind;

/// The kinds of durable store, in the order in which people are told of them.
pub(crate) const STORES: &[StoreKind] = &[embedded::KIND, postgres::KIND, memory::KIND];

/// Which of them is used.
pub(crate) const STORE: Key = Key::new(
    "storage.kind",
    "embedded",
    "Where callbacks are remembered: `embedded` (files of this machine, one process), `postgres` (any number of nodes) or `memory` (nothing survives).",
);

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
        for (key, kind) in stores {
            assert!(key.meaning.contains(&format!("`{kind}`")), "{kind} in {}", key.name);
        }
    }
}
