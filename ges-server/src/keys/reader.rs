//! Looks values up in the sources and collects what is wrong with them.

use std::path::Path;

use toml::{Table, Value};

use super::key::{Key, Setting};
use super::{Mistake, Sources};

/// Reads keys from the sources; goes on after a mistake.
pub(crate) struct Reader<'s> {
    sources: &'s Sources<'s>,
    file: Table,
    mistakes: Vec<Mistake>,
}

impl<'s> Reader<'s> {
    pub(crate) fn new(sources: &'s Sources<'s>) -> Self {
        let mut reader = Reader { sources, file: Table::new(), mistakes: Vec::new() };
        if let Some((path, text)) = &sources.file {
            match text.parse::<Table>() {
                Ok(table) => reader.file = table,
                Err(error) => {
                    // The parser's own text would repeat the line, which may hold a secret.
                    let line = error.span().map_or(1, |span| {
                        1 + text.get(..span.start).unwrap_or_default().matches('\n').count()
                    });
                    let right = format!("this is not TOML at line {line}: {}", error.message());
                    reader.wrong(path.display().to_string(), None, right);
                }
            }
        }
        reader
    }

    /// Notes a mistake.
    pub(crate) fn wrong(
        &mut self,
        place: impl Into<String>,
        value: Option<String>,
        right: impl Into<String>,
    ) {
        self.mistakes.push(Mistake { place: place.into(), value, right: right.into() });
    }

    /// The value of a key that must have one.
    pub(crate) fn read<T: Setting>(&mut self, key: &Key) -> Option<T> {
        let value = self.optional(key)?;
        if value.is_none() {
            let place = format!("{} ({})", key.name, key.environment());
            self.wrong(place, None, format!("it is required: {} is expected", T::expected()));
        }
        value
    }

    /// The value of a key that may have none. The outer `None` is a mistake that was noted.
    pub(crate) fn optional<T: Setting>(&mut self, key: &Key) -> Option<Option<T>> {
        let (place, text) = match self.text(key) {
            Ok(found) => found,
            Err(mistake) => {
                self.mistakes.push(mistake);
                return None;
            }
        };
        if text.is_empty() {
            return Some(None);
        }
        match T::parse(&text) {
            Some(value) => Some(Some(value)),
            None => {
                let shown = (!key.secret).then_some(text);
                self.wrong(place, shown, format!("expected {}", T::expected()));
                None
            }
        }
    }

    /// The contents of a file that a key names.
    pub(crate) fn contents(&self, path: &Path) -> std::io::Result<String> {
        (self.sources.read_file)(path)
    }

    /// Notes keys nobody knows, and answers with all mistakes.
    pub(crate) fn finish(mut self, keys: &[&'static Key]) -> Vec<Mistake> {
        let known = |name: &str| {
            keys.iter()
                .any(|key| key.name == name || (key.secret && name.strip_suffix("_file") == Some(key.name)))
        };
        let mut names = Vec::new();
        flatten("", &self.file, &mut names);
        let given = self.sources.set.iter().map(|(name, _)| format!("--set {name}"));
        let unknown: Vec<String> = names
            .into_iter()
            .filter(|name| !known(name))
            .chain(given.filter(|given| !known(given.trim_start_matches("--set "))))
            .collect();
        for name in unknown {
            let bare = name.trim_start_matches("--set ");
            let near = keys.iter().min_by_key(|key| distance(key.name, bare)).map_or("", |key| key.name);
            self.wrong(name.clone(), None, format!("there is no such key; perhaps {near} is meant"));
        }
        self.mistakes
    }

    /// The place and text of a key's value, from the strongest source that has one.
    fn text(&self, key: &Key) -> Result<(String, String), Mistake> {
        let file_key = format!("{}_file", key.name);
        let environment = key.environment();
        let set = |name: &str| self.sources.set.iter().rev().find(|(known, _)| known == name);
        let env = |name: &str| self.sources.environment.get(name).filter(|text| !text.is_empty());
        let variables = std::iter::once(environment.as_str()).chain(key.aliases.iter().copied());
        if let Some((_, text)) = set(key.name) {
            return Ok((format!("--set {}", key.name), text.clone()));
        }
        if let Some((name, text)) = variables.clone().find_map(|name| Some((name, env(name)?))) {
            return Ok((name.to_owned(), text.clone()));
        }
        let from_file = |place: String, path: &str| match self.secret_file(path) {
            Ok(text) => Ok((place, text)),
            Err(right) => Err(Mistake { place, value: Some(path.to_owned()), right }),
        };
        let files = variables.map(|name| format!("{name}_FILE")).filter(|_| key.secret);
        for name in files {
            if let Some(path) = env(&name) {
                return from_file(name, path);
            }
        }
        let place = || match &self.sources.file {
            Some((path, _)) => format!("{} in {}", key.name, path.display()),
            None => key.name.to_owned(),
        };
        if let Some(value) = look_up(&self.file, key.name) {
            let right = || "expected a text, number, true or false".to_owned();
            let text = plain(value).ok_or_else(|| Mistake { place: place(), value: None, right: right() })?;
            return Ok((place(), text));
        }
        if let Some(Value::String(path)) = look_up(&self.file, &file_key).filter(|_| key.secret) {
            return from_file(format!("{}_file", place()), path);
        }
        Ok((key.name.to_owned(), key.default.to_owned()))
    }

    fn secret_file(&self, path: &str) -> Result<String, String> {
        let read = (self.sources.read_file)(Path::new(path));
        let text = read.map_err(|error| format!("the file cannot be read: {error}"))?;
        Ok(text.trim_end_matches(['\r', '\n']).to_owned())
    }
}

/// The value at a dotted place.
fn look_up<'t>(table: &'t Table, name: &str) -> Option<&'t Value> {
    match name.split_once('.') {
        None => table.get(name),
        Some((first, rest)) => look_up(table.get(first)?.as_table()?, rest),
    }
}

fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Integer(number) => Some(number.to_string()),
        Value::Float(number) => Some(number.to_string()),
        Value::Boolean(truth) => Some(truth.to_string()),
        Value::Datetime(_) | Value::Array(_) | Value::Table(_) => None,
    }
}

/// Every dotted name of a table.
fn flatten(prefix: &str, table: &Table, into: &mut Vec<String>) {
    for (name, value) in table {
        let full = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
        match value {
            Value::Table(inner) => flatten(&full, inner, into),
            _ => into.push(full),
        }
    }
}

/// How many letters differ, roughly: the Levenshtein distance.
fn distance(one: &str, other: &str) -> usize {
    let mut row: Vec<usize> = (0..=other.chars().count()).collect();
    for (i, a) in one.chars().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        let mut next = vec![left];
        for (b, above) in other.chars().zip(row.iter().skip(1)) {
            left = (left + 1).min(above + 1).min(diagonal + usize::from(a != b));
            diagonal = *above;
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}
