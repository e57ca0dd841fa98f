//! Services of the file: the same options as published rows, under readable names.

use toml::de::{DeTable, DeValue};

use super::item::Reading;
use crate::settings::option::{Shape, Value};
use crate::settings::rows::bad_name;
use crate::settings::{CallbackService, Fault, ServiceOption};

/// Options nobody reads, in the vendor's spelling.
const EXTRA: &str = "extra";

pub(super) fn read(
    reading: &mut Reading<'_>,
    section: &str,
    name: &str,
    table: DeTable<'_>,
) -> CallbackService {
    reading.note(section, &table);
    if let Some(problem) = bad_name(name) {
        reading.fault(Fault::new(section, "", problem, "a service name of 1 to 255 characters on one line"));
    }
    let mut service = CallbackService::named(name, "");
    for (key, value) in table {
        match ServiceOption::with_field(key.get_ref()) {
            Some(option) => {
                let applied =
                    option.read_toml(value.get_ref()).and_then(|value| option.apply(&mut service, value));
                if let Err(problem) = applied {
                    reading.fault(Fault::new(section, key.get_ref(), problem, option.expected_in_file()));
                }
            }
            None if key.get_ref() == EXTRA => match value.into_inner() {
                DeValue::Table(table) => {
                    let place = format!("{section}.{EXTRA}");
                    reading.note(&place, &table);
                    service.extra = reading.options(&place, table);
                }
                _ => reading.fault(Fault::new(section, EXTRA, "has the wrong type", "a table")),
            },
            None => {
                let fields: Vec<&str> =
                    ServiceOption::all().iter().filter_map(|option| option.field).chain([EXTRA]).collect();
                reading.unknown(section, &key, &fields.join(", "));
            }
        }
    }
    for key in service.extra.keys() {
        if let Some(field) = ServiceOption::with_key(key).and_then(|option| option.field) {
            let place = format!("{section}.{EXTRA}");
            reading.fault(Fault::new(place, key, "has a field of its own", format!("the field {field}")));
        }
    }
    service
}

impl ServiceOption {
    /// Reads a value of the settings file, where types are strict.
    fn read_toml(&self, value: &DeValue<'_>) -> Result<Value, &'static str> {
        const WRONG_TYPE: &str = "has the wrong type";
        match (self.shape, value) {
            (Shape::Text { .. } | Shape::Country { .. } | Shape::Choice { .. }, DeValue::String(text)) => {
                Ok(Value::Text(text.to_string()))
            }
            (Shape::Flag { .. } | Shape::Choice { .. }, DeValue::Boolean(flag)) => Ok(Value::Flag(*flag)),
            (Shape::Whole { .. } | Shape::Throttle { .. }, DeValue::Integer(number)) => {
                let read = u64::from_str_radix(number.as_str(), number.radix());
                read.map(Value::Whole).map_err(|_| "is out of range")
            }
            (Shape::Names { .. }, DeValue::Array(names)) => {
                let names = names.iter().map(|name| name.get_ref().as_str().map(str::to_owned));
                names.collect::<Option<_>>().map(Value::Names).ok_or(WRONG_TYPE)
            }
            _ => Err(WRONG_TYPE),
        }
    }
}
