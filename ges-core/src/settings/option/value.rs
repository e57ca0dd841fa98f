//! Values of options: from published text, into a service, and back to text.

use super::{Allowed, ServiceOption, Shape};
use crate::settings::CallbackService;

/// Longest text value, in characters.
pub(super) const TEXT_MAX: usize = 1024;

/// A value whose type is known and whose range is not yet checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::settings) enum Value {
    Text(String),
    Flag(bool),
    Whole(u64),
    Names(Vec<String>),
}

impl ServiceOption {
    /// Reads a published text that is not empty. Booleans come in several spellings, as configuration servers write
    /// them.
    pub(in crate::settings) fn read(&self, text: &str) -> Result<Value, &'static str> {
        let text = text.trim();
        match self.shape {
            Shape::Text { .. } | Shape::Choice { .. } | Shape::Country { .. } | Shape::Kept => {
                Ok(Value::Text(text.to_owned()))
            }
            Shape::Flag { .. } => flag(text).map(Value::Flag).ok_or("is neither true nor false"),
            Shape::Whole { .. } => whole(text)?.map(Value::Whole).ok_or("is out of range"),
            // Huge limits count as the largest.
            Shape::Throttle { allowed, .. } => {
                Ok(Value::Whole(whole(text)?.unwrap_or(u64::MAX).min(allowed.greatest())))
            }
            Shape::Names { .. } => {
                let inner = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
                let names = inner.split([',', ';']).map(|name| name.trim().trim_matches('"').trim());
                Ok(Value::Names(names.filter(|name| !name.is_empty()).map(str::to_owned).collect()))
            }
        }
    }

    /// Checks a value and puts it into the service; nothing is changed if it is refused.
    pub(in crate::settings) fn apply(
        &self,
        service: &mut CallbackService,
        value: Value,
    ) -> Result<(), &'static str> {
        match (self.shape, value) {
            (Shape::Text { set, .. }, Value::Text(text)) => set(service, line(text)?),
            (Shape::Flag { set, .. }, Value::Flag(flag)) => set(service, flag),
            (
                Shape::Whole { allowed, set, .. } | Shape::Throttle { allowed, set, .. },
                Value::Whole(number),
            ) => {
                set(service, allowed.checked(number)?);
            }
            (Shape::Choice { allowed, set, .. }, Value::Text(text)) => {
                let known = allowed.iter().find(|known| known.eq_ignore_ascii_case(&text));
                set(service, known.ok_or("is not known")?);
            }
            (Shape::Choice { allowed, set, .. }, Value::Flag(flag)) => {
                let known = allowed.iter().find(|known| **known == if flag { "true" } else { "false" });
                set(service, known.ok_or("is not known")?);
            }
            (Shape::Names { set, .. }, Value::Names(names)) => {
                set(service, names.into_iter().map(name).collect::<Result<_, _>>()?);
            }
            (Shape::Country { set, .. }, Value::Text(text)) => {
                set(service, text.parse().map_err(|_| "names no country")?);
            }
            _ => return Err("has the wrong type"),
        }
        Ok(())
    }

    /// The value as it would be published; none when it is unset.
    pub(in crate::settings) fn write(&self, service: &CallbackService) -> Option<String> {
        let text = match self.shape {
            Shape::Text { get, .. } => get(service)?,
            Shape::Flag { get, .. } => get(service).to_string(),
            Shape::Whole { get, .. } | Shape::Throttle { get, .. } => get(service)?.to_string(),
            Shape::Choice { get, .. } => get(service).to_owned(),
            // No names is not the same as absent, where there is a default.
            Shape::Names { get, .. } => match get(service) {
                names if names.is_empty() => "[]".to_owned(),
                names => names.join(", "),
            },
            Shape::Country { get, .. } => get(service).to_string(),
            Shape::Kept => return None,
        };
        (!text.is_empty()).then_some(text)
    }
}

impl Allowed {
    fn greatest(self) -> u64 {
        match self {
            Allowed::Range(_, max) => max,
            Allowed::OneOf(numbers) => numbers.iter().copied().max().unwrap_or_default(),
        }
    }

    fn checked(self, number: u64) -> Result<u64, &'static str> {
        let within = match self {
            Allowed::Range(min, max) => (min..=max).contains(&number),
            Allowed::OneOf(numbers) => numbers.contains(&number),
        };
        if within { Ok(number) } else { Err("is out of range") }
    }
}

fn flag(text: &str) -> Option<bool> {
    let is = |words: [&str; 4]| words.iter().any(|word| word.eq_ignore_ascii_case(text));
    if is(["true", "yes", "on", "1"]) {
        Some(true)
    } else if is(["false", "no", "off", "0"]) {
        Some(false)
    } else {
        None
    }
}

/// Plain digits; none when they say a number beyond this type.
fn whole(text: &str) -> Result<Option<u64>, &'static str> {
    let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if plain { Ok(text.parse().ok()) } else { Err("is not a whole number") }
}

fn line(text: String) -> Result<String, &'static str> {
    let text = text.trim();
    if text.chars().count() > TEXT_MAX {
        Err("is too long")
    } else if text.chars().any(char::is_control) {
        Err("has a line break or another control character")
    } else {
        Ok(text.to_owned())
    }
}

fn name(text: String) -> Result<String, &'static str> {
    let text = line(text)?;
    if text.is_empty() {
        Err("has an empty name")
    } else if text.contains([',', ';', '[', ']', '"']) {
        Err("has a name with a comma, semicolon, bracket or quote")
    } else {
        Ok(text)
    }
}
