//! One published section: option → text, in the vendor's spelling ([callback-domain §3.1, §3.3](crate::rules)).
//!
//! A publication carries more than callback services: GMS publishes office hours and capacity the same way, told apart
//! by `_service`. Unknown options are kept, never refused, and unknown kinds of sections are passed over.

mod service;

use std::collections::BTreeMap;

#[cfg(feature = "settings-file")]
pub(super) use service::bad_name;
pub use service::{read_service, write_service};

/// The options of one section.
pub type Options = BTreeMap<String, String>;

/// The section whose throttle options hold where a service has none of its own ([callback-domain §3.4](crate::rules),
/// override order).
pub const DEFAULTS_SECTION: &str = "callback";

/// The beginning of the names of sections that are services.
const SERVICE_PREFIX: &str = "service.";

/// What a section is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SectionKind<'a> {
    /// A callback service of that name.
    Service(&'a str),
    /// Office hours of that name (`_service=office-hours`).
    Hours(&'a str),
    /// A capacity rule of that name (`_service=capacity`).
    Capacity(&'a str),
    /// Throttle options for all services, [`DEFAULTS_SECTION`].
    Defaults,
    /// Nothing this engine reads.
    Other,
}

/// Tells what a section is by its name and its `_service` option.
///
/// ```
/// use ges_core::settings::{Options, SectionKind, section_kind};
///
/// let hours = Options::from([("_service".to_owned(), "office-hours".to_owned())]);
/// assert_eq!(section_kind("service.Paris", &hours), SectionKind::Hours("Paris"));
/// assert_eq!(section_kind("service.Sales", &Options::new()), SectionKind::Service("Sales"));
/// assert_eq!(section_kind("log", &Options::new()), SectionKind::Other);
/// ```
pub fn section_kind<'a>(section: &'a str, options: &Options) -> SectionKind<'a> {
    let (name, prefixed) = match section.strip_prefix(SERVICE_PREFIX) {
        Some(name) => (name, true),
        None => (section, false),
    };
    match options.get("_service").map(|kind| kind.trim()).filter(|kind| !kind.is_empty()) {
        Some("office-hours") => SectionKind::Hours(name),
        Some("capacity") => SectionKind::Capacity(name),
        Some("callback") => SectionKind::Service(name),
        Some(_) => SectionKind::Other,
        None if prefixed => SectionKind::Service(name),
        None if section == DEFAULTS_SECTION => SectionKind::Defaults,
        None => SectionKind::Other,
    }
}

/// The section under which a service is published.
pub fn service_section(service: &str) -> String {
    format!("{SERVICE_PREFIX}{service}")
}
