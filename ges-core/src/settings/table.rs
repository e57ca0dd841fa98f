//! A publication as text: sections and what is to be deleted ([callback-domain §3.1](crate::rules)).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::Value;

use super::rows::{self, Options};
use super::{Fault, Faults};

/// Most sections in one publication.
pub const SECTIONS_MAX: usize = 20_000;
/// Most options in one section.
const OPTIONS_MAX: usize = 1000;
/// Longest name of a section or an option, in characters.
const NAME_MAX: usize = 255;
/// Longest value, in bytes.
const VALUE_MAX: usize = 64 * 1024;

/// What a publication changes: sections put in place as a whole, and sections deleted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// Sections that replace whatever stood under their names.
    pub upserts: BTreeMap<String, Options>,
    /// Names of sections that go.
    pub deletes: BTreeSet<String>,
}

impl Change {
    /// The change that leaves exactly these sections.
    pub fn replacing(current: &BTreeMap<String, Options>, table: BTreeMap<String, Options>) -> Change {
        let deletes = current.keys().filter(|section| !table.contains_key(*section)).cloned().collect();
        Change { upserts: table, deletes }
    }

    /// Reads sections to be put in place, from JSON: an object of sections, each an object of options, or a list of
    /// rows of the CALLBACK_SETTINGS table. A row is named by `section`, `_vq` or `Virtual Queue`. Numbers and booleans
    /// are taken as the text they would be; null and an absent option are the same.
    ///
    /// ```
    /// use ges_core::settings::Change;
    ///
    /// let by_name = Change::upserts_from_json(r#"{"service.Sales": {"_ttl": 3600, "_immediate_enabled": true}}"#)?;
    /// let as_rows = Change::upserts_from_json(r#"[{"_vq": "Sales", "_ttl": "3600", "_immediate_enabled": "true"}]"#)?;
    /// assert_eq!(by_name.upserts["service.Sales"]["_ttl"], "3600");
    /// assert_eq!(as_rows.upserts["service.Sales"]["_immediate_enabled"], "true");
    /// # Ok::<(), ges_core::settings::Faults>(())
    /// ```
    ///
    /// # Errors
    ///
    /// What makes the text no table; every name used twice, value of another kind and bound exceeded.
    pub fn upserts_from_json(text: &str) -> Result<Change, Faults> {
        let table: Table = serde_json::from_str(text).map_err(|error| {
            let place = format!("is not such a table, see line {}, column {}", error.line(), error.column());
            Faults::one(Fault::new(
                "",
                "",
                place,
                "a JSON object of sections, each an object of options, or a list of rows",
            ))
        })?;
        let mut faults = Vec::new();
        let mut upserts = BTreeMap::new();
        let sections = match table {
            Table::Sections(Pairs(sections)) => sections,
            Table::Rows(rows) => named(rows, &mut faults),
        };
        if sections.len() > SECTIONS_MAX {
            let expected = format!("at most {SECTIONS_MAX} sections");
            return Err(Faults::one(Fault::new("", "", "has too many sections", expected)));
        }
        for (section, Pairs(options)) in sections {
            let options = texts(&section, options, &mut faults);
            if upserts.contains_key(&section) {
                faults.push(Fault::new(&section, "", "is there twice", "each section once"));
            }
            upserts.insert(section, options);
        }
        let change = Change { upserts, deletes: BTreeSet::new() };
        faults.extend(change.beyond_bounds());
        Faults::none_or(faults, change)
    }

    /// Faults of names and sizes.
    pub(super) fn beyond_bounds(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        let mut wrong = |section: &str, field: &str, problem: &str, expected: String| {
            faults.push(Fault::new(section, field, problem, expected));
        };
        let bad_name = |name: &str| {
            name.trim().is_empty() || name.chars().count() > NAME_MAX || name.chars().any(char::is_control)
        };
        let a_name = || format!("1 to {NAME_MAX} characters on one line");
        for (section, options) in &self.upserts {
            if bad_name(section) {
                wrong(section, "", "has an unusable name", a_name());
            }
            if self.deletes.contains(section) {
                wrong(section, "", "is both put in place and deleted", "one of the two".to_owned());
            }
            if options.len() > OPTIONS_MAX {
                wrong(section, "", "has too many options", format!("at most {OPTIONS_MAX}"));
            }
            for (option, text) in options {
                if bad_name(option) {
                    wrong(section, option, "has an unusable name", a_name());
                }
                if text.len() > VALUE_MAX {
                    wrong(section, option, "is too long", format!("at most {VALUE_MAX} bytes"));
                }
            }
        }
        faults
    }
}

/// Gives each row the name of its section.
fn named(rows: Vec<Pairs<Value>>, faults: &mut Vec<Fault>) -> Vec<(String, Pairs<Value>)> {
    let mut sections = Vec::new();
    for (index, Pairs(mut row)) in rows.into_iter().enumerate() {
        let text_of = |row: &[(String, Value)], key: &str| {
            let value = row.iter().find(|(name, _)| name == key).map(|(_, value)| value);
            value.and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned)
        };
        let section = text_of(&row, "section").or_else(|| {
            let queue = text_of(&row, "_vq").or_else(|| text_of(&row, "Virtual Queue"));
            queue.map(|queue| rows::service_section(&queue))
        });
        row.retain(|(name, _)| name != "section");
        match section {
            Some(section) => sections.push((section, Pairs(row))),
            None => faults.push(Fault::new(
                format!("row {}", index + 1),
                "_vq",
                "is missing",
                "the virtual queue, or `section` with the name of a section",
            )),
        }
    }
    sections
}

fn texts(section: &str, options: Vec<(String, Value)>, faults: &mut Vec<Fault>) -> Options {
    let mut texts = Options::new();
    let mut seen = BTreeSet::new();
    for (option, value) in options {
        if !seen.insert(option.clone()) {
            faults.push(Fault::new(section, &option, "is there twice", "each option once"));
        }
        let text = match value {
            Value::String(text) => text,
            Value::Bool(flag) => flag.to_string(),
            Value::Number(number) => number.to_string(),
            Value::Null => continue,
            // Capacity statements are JSON themselves, and some clients do not quote them.
            value @ (Value::Object(_) | Value::Array(_)) if option.starts_with("_capacity") => {
                value.to_string()
            }
            Value::Object(_) | Value::Array(_) => {
                faults.push(Fault::new(
                    section,
                    &option,
                    "is no single value",
                    "text, a number or a boolean",
                ));
                continue;
            }
        };
        texts.insert(option, text);
    }
    texts
}

/// Either form of a table.
enum Table {
    Sections(Pairs<Pairs<Value>>),
    Rows(Vec<Pairs<Value>>),
}

impl<'de> Deserialize<'de> for Table {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = Table;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of sections or a list of rows")
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Table, A::Error> {
                pairs(map).map(Table::Sections)
            }
            fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut seq: A) -> Result<Table, A::Error> {
                let mut rows = Vec::new();
                while let Some(row) = seq.next_element()? {
                    rows.push(row);
                }
                Ok(Table::Rows(rows))
            }
        }
        deserializer.deserialize_any(Either)
    }
}

/// An object as it is written, so that a name that is there twice is noticed.
struct Pairs<V>(Vec<(String, V)>);

impl<'de, V: Deserialize<'de>> Deserialize<'de> for Pairs<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object<V>(std::marker::PhantomData<V>);
        impl<'de, V: Deserialize<'de>> Visitor<'de> for Object<V> {
            type Value = Pairs<V>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Pairs<V>, A::Error> {
                pairs(map)
            }
        }
        deserializer.deserialize_map(Object(std::marker::PhantomData))
    }
}

fn pairs<'de, A: MapAccess<'de>, V: Deserialize<'de>>(mut map: A) -> Result<Pairs<V>, A::Error> {
    let mut pairs = Vec::new();
    while let Some(pair) = map.next_entry()? {
        pairs.push(pair);
    }
    Ok(Pairs(pairs))
}

#[cfg(test)]
mod tests;
