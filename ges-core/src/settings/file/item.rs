//! Reading items of the file one by one, so that a mistake in one does not hide another.
//!
//! An item is read as a whole; when that fails, the field at fault is noted, taken out and the rest is read again.

use std::collections::BTreeMap;
use std::ops::Range;

use serde::de::{DeserializeOwned, IntoDeserializer};
use toml::Spanned;
use toml::de::{DeArray, DeString, DeTable, DeValue};

use crate::hours::{DesignerHours, DesignerSpecialDay, OfficeHours};
use crate::settings::rows::Options;
use crate::settings::{Fault, Faults};
use crate::zone::ZoneDatabase;

/// One reading of one file.
pub(super) struct Reading<'t> {
    /// Where lines begin, as byte offsets.
    lines: Vec<usize>,
    zones: &'t ZoneDatabase,
    faults: Vec<Fault>,
    /// The line of each section and field, for faults that are found after reading.
    places: BTreeMap<(String, String), usize>,
}

impl<'t> Reading<'t> {
    pub(super) fn new(text: &str, zones: &'t ZoneDatabase) -> Self {
        let ends = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
        let lines = std::iter::once(0).chain(ends).collect();
        Reading { lines, zones, faults: Vec::new(), places: BTreeMap::new() }
    }

    pub(super) fn zones(&self) -> &'t ZoneDatabase {
        self.zones
    }

    pub(super) fn is_clean(&self) -> bool {
        self.faults.is_empty()
    }

    fn line(&self, at: usize) -> usize {
        self.lines.partition_point(|start| *start <= at)
    }

    /// Notes a fault, with the line of its section and field where it has none.
    pub(super) fn fault(&mut self, fault: Fault) {
        let line = fault.line.or_else(|| {
            let field = fault.field.split(['.', '[']).next().unwrap_or_default();
            let place = |field: &str| self.places.get(&(fault.section.clone(), field.to_owned())).copied();
            place(field).or_else(|| place(""))
        });
        self.faults.push(fault.at_line(line));
    }

    pub(super) fn end_if_faulty(&mut self) -> Result<(), Faults> {
        Faults::none_or(std::mem::take(&mut self.faults), ())
    }

    pub(super) fn end<T>(self, value: T) -> Result<T, Faults> {
        Faults::none_or(self.faults, value)
    }

    /// Remembers where a table and its fields stand.
    pub(super) fn note(&mut self, section: &str, table: &DeTable<'_>) {
        for key in table.keys() {
            let line = self.line(key.span().start);
            self.places.entry((section.to_owned(), String::new())).or_insert(line);
            self.places.insert((section.to_owned(), key.get_ref().to_string()), line);
        }
    }

    /// Text that is no TOML.
    pub(super) fn syntax(&mut self, error: &toml::de::Error) {
        let line = error.span().map(|span| self.line(span.start));
        self.faults.push(Fault::new("", "", error.message(), "").at_line(line));
    }

    pub(super) fn unknown(&mut self, section: &str, key: &Spanned<DeString<'_>>, known: &str) {
        let line = self.line(key.span().start);
        let fault = Fault::new(section, key.get_ref(), "is not known here", format!("one of {known}"));
        self.faults.push(fault.at_line(Some(line)));
    }

    /// The members of a table whose members are tables, such as all services.
    pub(super) fn tables<'i>(
        &mut self,
        section: &str,
        value: Spanned<DeValue<'i>>,
    ) -> Vec<(String, DeTable<'i>)> {
        let Some(table) = self.table(section, value) else { return Vec::new() };
        let mut members = Vec::new();
        for (key, value) in table {
            let name = key.get_ref().to_string();
            let place = format!("{section}.{name}");
            let line = self.line(key.span().start);
            self.places.insert((place.clone(), String::new()), line);
            members.extend(self.table(&place, value).map(|table| (name, table)));
        }
        members
    }

    fn table<'i>(&mut self, section: &str, value: Spanned<DeValue<'i>>) -> Option<DeTable<'i>> {
        let line = self.line(value.span().start);
        match value.into_inner() {
            DeValue::Table(table) => Some(table),
            _ => {
                let fault = Fault::new(section, "", "has the wrong type", "a table");
                self.faults.push(fault.at_line(Some(line)));
                None
            }
        }
    }

    pub(super) fn table_item<T: DeserializeOwned>(&mut self, section: &str, table: DeTable<'_>) -> Option<T> {
        self.note(section, &table);
        self.item(section, Spanned::new(0..0, DeValue::Table(table)))
    }

    /// Reads one item; none when anything in it is at fault.
    pub(super) fn item<T: DeserializeOwned>(
        &mut self,
        section: &str,
        mut value: Spanned<DeValue<'_>>,
    ) -> Option<T> {
        // Paths are told as they stand in the file, also when something before them was taken out.
        let original = value.clone();
        let mut removed: Vec<String> = Vec::new();
        loop {
            let error = match T::deserialize(value.clone().into_deserializer()) {
                Ok(item) => return removed.is_empty().then_some(item),
                Err(error) => error,
            };
            let told = Told::from(error.message());
            let span = error.span().filter(|span| !span.is_empty() && *span != value.span());
            let path = span.as_ref().and_then(|span| take_out(&mut original.clone(), span));
            let field = match (&path, &told.missing) {
                (Some(path), Some(missing)) => format!("{path}.{missing}"),
                (Some(path), None) => path.clone(),
                (None, missing) => missing.clone().unwrap_or_default(),
            };
            // A required field that was taken out because it is at fault is not missing.
            if !removed.contains(&field) {
                let line = span.as_ref().map(|span| self.line(span.start));
                self.fault(Fault::new(section, &field, told.problem, told.expected).at_line(line));
            }
            // Each round takes something out, so this ends.
            span.and_then(|span| take_out(&mut value, &span))?;
            removed.push(field);
        }
    }

    /// The options of a raw section; numbers and booleans are taken as the text they would be.
    pub(super) fn options(&mut self, section: &str, table: DeTable<'_>) -> Options {
        let mut options = Options::new();
        for (key, value) in table {
            let text = match value.get_ref() {
                DeValue::String(text) => Some(text.to_string()),
                DeValue::Integer(number) => Some(number.to_string()),
                DeValue::Float(number) => Some(number.to_string()),
                DeValue::Boolean(flag) => Some(flag.to_string()),
                DeValue::Datetime(_) | DeValue::Array(_) | DeValue::Table(_) => None,
            };
            match text {
                Some(text) => {
                    options.insert(key.get_ref().to_string(), text);
                }
                None => self.fault(Fault::new(
                    section,
                    key.get_ref(),
                    "has the wrong type",
                    "text, a number or a boolean",
                )),
            }
        }
        options
    }

    /// Reports what is wrong with a special day by itself.
    pub(super) fn special_day(&mut self, place: &str, day: &DesignerSpecialDay) {
        if let Err(bad) = OfficeHours::from_designer(&only_day(day), self.zones) {
            for fault in bad.faults() {
                let field = fault.place.strip_prefix("special_days[0]").unwrap_or(&fault.place);
                self.fault(Fault::new(place, field.trim_start_matches('.'), &fault.fault, ""));
            }
        }
    }

    pub(super) fn is_good_day(&self, day: &DesignerSpecialDay) -> bool {
        OfficeHours::from_designer(&only_day(day), self.zones).is_ok()
    }
}

fn only_day(day: &DesignerSpecialDay) -> DesignerHours {
    DesignerHours { special_days: vec![day.clone()], ..DesignerHours::in_zone("UTC") }
}

/// Takes out the innermost field that covers a span, and tells its path.
fn take_out(value: &mut Spanned<DeValue<'_>>, span: &Range<usize>) -> Option<String> {
    let covers = |by: Range<usize>| by.start <= span.start && span.end <= by.end;
    match value.get_mut() {
        DeValue::Table(table) => {
            let mut whole = None;
            for (key, member) in table.iter_mut() {
                // A key is at fault itself when it is unknown.
                if !covers(key.span())
                    && let Some(inner) = take_out(member, span)
                {
                    let dot = if inner.starts_with('[') { "" } else { "." };
                    return Some(format!("{}{dot}{inner}", key.get_ref()));
                }
                if covers(key.span()) || covers(member.span()) {
                    whole = Some(key.clone());
                }
            }
            let key = whole?;
            table.remove(key.get_ref().as_ref());
            Some(key.get_ref().to_string())
        }
        DeValue::Array(members) => {
            let mut whole = None;
            for (index, member) in members.iter_mut().enumerate() {
                if let Some(inner) = take_out(member, span) {
                    let dot = if inner.starts_with('[') { "" } else { "." };
                    return Some(format!("[{index}]{dot}{inner}"));
                }
                if covers(member.span()) {
                    whole = Some(index);
                }
            }
            let index = whole?;
            let others = std::mem::replace(members, DeArray::new()).into_iter().enumerate();
            *members = others.filter(|(at, _)| *at != index).map(|(_, member)| member).collect();
            Some(format!("[{index}]"))
        }
        _ => None,
    }
}

/// A message of the reader in our words, without the value it may repeat.
struct Told {
    /// The field that is missing, if that is what is wrong.
    missing: Option<String>,
    problem: String,
    expected: String,
}

impl From<&str> for Told {
    fn from(message: &str) -> Self {
        let expected =
            message.split_once(", expected ").map_or("", |(_, expected)| expected).replace('`', "");
        let told = |problem: &str| Told { missing: None, problem: problem.to_owned(), expected };
        if let Some(rest) = message.strip_prefix("missing field `") {
            let field = rest.trim_end_matches('`').to_owned();
            return Told { missing: Some(field), problem: "is missing".into(), expected: String::new() };
        }
        for (beginning, problem) in [
            ("unknown field", "is not known here"),
            ("unknown variant", "is not known"),
            ("invalid type", "has the wrong type"),
            ("invalid value", "has a value that cannot be used"),
            ("invalid length", "has the wrong length"),
        ] {
            if message.starts_with(beginning) {
                return told(problem);
            }
        }
        Told { missing: None, problem: message.to_owned(), expected: String::new() }
    }
}
