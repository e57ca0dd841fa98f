//! What is done with hostile input, one function for each place where input is read.
//!
//! The targets of `fuzz/` call these, and so does a test that runs them over their seeds and thousands of mutations of
//! those, so that no nightly compiler is needed to notice a panic. Beyond not panicking each asserts what must hold of
//! whatever it read, above all that it reads back what it writes.

pub mod mutate;
mod requests;
mod settings;
mod texts;

pub use requests::{create_body, gms_body, query_string};
pub use settings::{capacity_json, designer_hours, gms_hours, settings_file, settings_rows};
pub use texts::{date, phone_number};

/// A function that takes any bytes.
pub type Target = fn(&[u8]);

/// Every target with the name of its folder of seeds in `fuzz/corpus`.
pub const TARGETS: &[(&str, Target)] = &[
    ("capacity_json", capacity_json),
    ("create_body", create_body),
    ("date", date),
    ("designer_hours", designer_hours),
    ("gms_body", gms_body),
    ("gms_hours", gms_hours),
    ("phone_number", phone_number),
    ("query_string", query_string),
    ("settings_file", settings_file),
    ("settings_rows", settings_rows),
];
