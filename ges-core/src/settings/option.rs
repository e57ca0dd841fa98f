//! The options of a callback service: one table from which they are read, written, checked and documented.
//!
//! Each option has the vendor's name, perhaps a column heading of the CALLBACK_SETTINGS table, and the name of its field
//! in the readable settings file. Both spellings pass through the same checks, so they cannot drift apart.

mod catalogue;
#[cfg(test)]
mod document;
mod value;

#[cfg(feature = "settings-file")]
pub(super) use value::Value;

use super::CallbackService;
use crate::number::Country;

/// What is known of one option of a callback service.
#[derive(Clone, Copy, Debug)]
pub struct ServiceOption {
    /// The published name, such as `_ttl` ([callback-domain §3.3, §3.4](crate::rules)); those of this engine begin with
    /// `_ges_`.
    pub key: &'static str,
    /// The column heading of the CALLBACK_SETTINGS table, also read ([callback-domain §3.2](crate::rules)).
    pub column: Option<&'static str>,
    /// The field of the readable settings file; none for options that nobody here reads.
    pub field: Option<&'static str>,
    /// What holds when the option is absent or empty.
    pub absent: Absent,
    /// What it is for.
    pub meaning: &'static str,
    /// The section of the [rules](crate::rules) of callbacks it comes from, such as `§3.3`; empty for options of this engine.
    pub source: &'static str,
    pub(super) shape: Shape,
}

/// What holds when an option is absent or empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Absent {
    /// This value, written as it would be published.
    Default(&'static str),
    /// Nothing is set, which means this.
    Unset(&'static str),
    /// A published row is refused; in the settings file it means this.
    RowRefused {
        /// What it means in the settings file.
        file: &'static str,
    },
    /// Nothing: the option is not read.
    NotRead,
}

/// The unit of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    Count,
    Seconds,
    Minutes,
}

/// The type of an option, and where its value lives.
#[derive(Clone, Copy, Debug)]
pub(super) enum Shape {
    Text {
        set: fn(&mut CallbackService, String),
        get: fn(&CallbackService) -> Option<String>,
    },
    Flag {
        set: fn(&mut CallbackService, bool),
        get: fn(&CallbackService) -> bool,
    },
    Whole {
        unit: Unit,
        allowed: Allowed,
        set: fn(&mut CallbackService, u64),
        get: fn(&CallbackService) -> Option<u64>,
    },
    /// A number that is never refused in a published row: an unusable one falls back to the defaults section, then to
    /// the built-in default ([callback-domain §3.4, Q4](crate::rules)).
    Throttle {
        unit: Unit,
        allowed: Allowed,
        set: fn(&mut CallbackService, u64),
        get: fn(&CallbackService) -> Option<u64>,
    },
    Choice {
        allowed: &'static [&'static str],
        set: fn(&mut CallbackService, &'static str),
        get: fn(&CallbackService) -> &'static str,
    },
    Names {
        set: fn(&mut CallbackService, Vec<String>),
        get: fn(&CallbackService) -> Vec<String>,
    },
    Country {
        set: fn(&mut CallbackService, Country),
        get: fn(&CallbackService) -> Country,
    },
    /// Stored and given back, read by nobody.
    Kept,
}

/// The numbers an option may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Allowed {
    Range(u64, u64),
    OneOf(&'static [u64]),
}

impl ServiceOption {
    /// Every option that is known, in the order of [callback-domain §3.3 and §3.4](crate::rules).
    pub fn all() -> &'static [ServiceOption] {
        catalogue::SERVICE_OPTIONS
    }

    pub(super) fn with_key(key: &str) -> Option<&'static ServiceOption> {
        Self::all().iter().find(|option| option.key == key || option.column == Some(key))
    }

    #[cfg(feature = "settings-file")]
    pub(super) fn with_field(field: &str) -> Option<&'static ServiceOption> {
        Self::all().iter().find(|option| option.field == Some(field))
    }

    /// What a right value looks like, with unit and range.
    ///
    /// ```
    /// use ges_core::settings::ServiceOption;
    ///
    /// let ttl = ServiceOption::all().iter().find(|option| option.key == "_ttl").map(ServiceOption::expected);
    /// assert_eq!(ttl.as_deref(), Some("a whole number of seconds from 1 to 31536000"));
    /// ```
    pub fn expected(&self) -> String {
        self.shape.expected()
    }

    /// What a right value looks like in the settings file.
    pub fn expected_in_file(&self) -> String {
        match self.shape {
            Shape::Names { .. } => r#"an array of names, such as ["a", "b"]"#.to_owned(),
            _ => self.expected(),
        }
    }

    /// Whether an unusable number in a published row falls back instead of refusing the row.
    pub fn falls_back(&self) -> bool {
        matches!(self.shape, Shape::Throttle { .. })
    }
}

impl Shape {
    fn expected(&self) -> String {
        match self {
            Shape::Text { .. } => format!("text of at most {} characters on one line", value::TEXT_MAX),
            Shape::Flag { .. } => "true or false".to_owned(),
            Shape::Whole { unit, allowed, .. } | Shape::Throttle { unit, allowed, .. } => {
                let of = match unit {
                    Unit::Count => "",
                    Unit::Seconds => " of seconds",
                    Unit::Minutes => " of minutes",
                };
                match allowed {
                    Allowed::Range(min, max) => format!("a whole number{of} from {min} to {max}"),
                    Allowed::OneOf(numbers) => {
                        let numbers: Vec<String> = numbers.iter().map(u64::to_string).collect();
                        format!("a whole number{of}, one of {}", numbers.join(", "))
                    }
                }
            }
            Shape::Choice { allowed, .. } => format!("one of {}", allowed.join(", ")),
            Shape::Names { .. } => "names separated by commas".to_owned(),
            Shape::Country { .. } => "a country's two letters, such as US".to_owned(),
            Shape::Kept => "anything".to_owned(),
        }
    }
}
