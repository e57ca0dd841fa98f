//! The settings model: callback services, rules and tenants, imported and validated as a whole.
//!
//! Two sources fill it: option sections in the vendor's spelling, as Designer publishes them
//! ([callback-domain §3.3](crate::rules)), and a readable settings file (feature `settings-file`). Both end in one
//! [`TenantSettings`], which is replaced as a whole, never edited ([invariant 39](crate::rules)).
//!
//! Every option of a service stands once, in the table behind [`ServiceOption`]: its names, type, unit, range, default
//! and meaning. Nothing here reads a file or a store; texts come in and settings or [`Faults`] go out.

mod definitions;
mod fault;
#[cfg(feature = "settings-file")]
mod file;
mod option;
mod publication;
mod rows;
mod service;
mod table;
mod tenant;

pub use definitions::Definitions;
pub use fault::{Fault, Faults};
#[cfg(feature = "settings-file")]
#[cfg_attr(docsrs, doc(cfg(feature = "settings-file")))]
pub use file::{
    Captcha, KeyHash, NotAKeyHash, PushCredentials, SecretSource, SettingsFile, StatisticsCredentials,
    TenantFile, TenantIdentity,
};
pub use option::{Absent, ServiceOption};
pub use publication::{Accepted, Published, publish, settings_in_force};
pub use rows::{
    DEFAULTS_SECTION, Options, SectionKind, read_service, section_kind, service_section, write_service,
};
pub use service::{CallbackService, Dial, Immediate, Push, Scheduled};
pub use table::{Change, SECTIONS_MAX};
pub use tenant::TenantSettings;
