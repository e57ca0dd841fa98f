//! A published section ↔ a callback service.

use super::Options;
use crate::settings::option::{Absent, ServiceOption};
use crate::settings::{CallbackService, Fault};

const NAME_CHARS_MAX: usize = 255;
/// Either of these says what to run.
const APPLICATION: &str = "_callback_application";
const WORKSPACE: &str = "_designer_workspace";

/// Reads the published options of one service. `defaults` are the options that hold where a throttle option of the row
/// is empty, invalid or absent. Options nobody reads go to [`CallbackService::extra`].
///
/// ```
/// use ges_core::settings::{Options, read_service};
///
/// let row = [("_route_point", "8001"), ("_designer_workspace", "ws"), ("_stream", "Development"),
///     ("_business_hours_service", "Paris"), ("_ttl", "3600"), ("_colour", "blue")];
/// let row: Options = row.map(|(key, text)| (key.to_owned(), text.to_owned())).into();
/// let service = read_service("service.Sales", "Sales", &row, &Options::new()).map_err(|faults| faults[0].to_string())?;
/// assert_eq!(service.ttl.as_secs(), 3600);
/// assert_eq!(service.extra["_colour"], "blue");
/// # Ok::<(), String>(())
/// ```
///
/// # Errors
///
/// One fault for each option that cannot be used and each missing one without which a row is refused.
pub fn read_service(
    section: &str,
    name: &str,
    row: &Options,
    defaults: &Options,
) -> Result<CallbackService, Vec<Fault>> {
    let mut faults = Vec::new();
    if let Some(problem) = bad_name(name) {
        faults.push(Fault::new(section, "", problem, "a service name of 1 to 255 characters on one line"));
    }
    let mut service = CallbackService::named(name, "");
    for option in ServiceOption::all().iter().filter(|option| option.absent != Absent::NotRead) {
        let given = match given(row, option) {
            Ok(given) => given,
            Err(problem) => {
                faults.push(Fault::new(section, option.key, problem, option.expected()));
                continue;
            }
        };
        if option.falls_back() {
            let candidates = [given, value_of(defaults, option.key)];
            // The first usable one counts; with none, the built-in default stays.
            let _ = candidates.into_iter().flatten().find(|text| put(&mut service, option, text).is_ok());
            continue;
        }
        match given {
            Some(text) => {
                if let Err(problem) = put(&mut service, option, text) {
                    faults.push(Fault::new(section, option.key, problem, option.expected()));
                }
            }
            None if option.key == WORKSPACE && service.application.is_some() => {}
            None => {
                if let Absent::RowRefused { .. } = option.absent {
                    let expected = match option.key {
                        WORKSPACE => format!("this option or {APPLICATION}"),
                        _ => option.expected(),
                    };
                    faults.push(Fault::new(section, option.key, "is missing", expected));
                }
            }
        }
    }
    let unread =
        |key: &str| ServiceOption::with_key(key).is_none_or(|option| option.absent == Absent::NotRead);
    let kept = row.iter().filter(|(key, _)| unread(key));
    service.extra.extend(kept.map(|(key, text)| (key.clone(), text.clone())));
    if faults.is_empty() { Ok(service) } else { Err(faults) }
}

/// Writes a service as a section that reads back as the same service: what differs from the defaults, what a row must
/// have, and everything that was kept.
pub fn write_service(service: &CallbackService) -> Options {
    let default = CallbackService::named(service.name.clone(), "");
    let mut row = service.extra.clone();
    for option in ServiceOption::all() {
        let text = option.write(service);
        let differs = text != option.write(&default);
        row.extend(text.filter(|_| differs).map(|text| (option.key.to_owned(), text)));
    }
    row
}

pub(in crate::settings) fn bad_name(name: &str) -> Option<&'static str> {
    if name.trim().is_empty() {
        Some("has no name")
    } else if name.chars().count() > NAME_CHARS_MAX {
        Some("has a name that is too long")
    } else if name.chars().any(char::is_control) {
        Some("has a control character in its name")
    } else {
        None
    }
}

/// The text of an option under its published name or its column heading; empty counts as absent.
fn given<'a>(row: &'a Options, option: &ServiceOption) -> Result<Option<&'a str>, String> {
    let by_key = value_of(row, option.key);
    let by_column = option.column.and_then(|column| value_of(row, column));
    match (by_key, by_column) {
        (Some(key), Some(column)) if key != column => {
            Err(format!("differs from the column {:?} of the same row", option.column.unwrap_or_default()))
        }
        (key, column) => Ok(key.or(column)),
    }
}

fn value_of<'a>(row: &'a Options, key: &str) -> Option<&'a str> {
    row.get(key).map(|text| text.trim()).filter(|text| !text.is_empty())
}

fn put(service: &mut CallbackService, option: &ServiceOption, text: &str) -> Result<(), &'static str> {
    let value = option.read(text)?;
    option.apply(service, value)
}

#[cfg(test)]
mod tests;
