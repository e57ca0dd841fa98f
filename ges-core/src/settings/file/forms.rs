//! How hours, number rules and call-in groups are written in the file; their names are the names of their tables.

use serde::Deserialize;

use crate::callin::{Allocation, CallInGroupSpec};
use crate::hours::{DateSpan, DesignerDays, DesignerHours, DesignerSpecialDay};
use crate::number::{BlockedPattern, NumberRuleSpec};

/// Office hours, as in [`DesignerHours`], and special days that stand elsewhere in the tenant.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HoursForm {
    time_zone: String,
    #[serde(default)]
    tags: Vec<String>,
    #[serde(default = "yes")]
    follow_overrides: bool,
    #[serde(default)]
    days: DesignerDays,
    /// Names of special days of the tenant; those of the table itself come after them and so win.
    #[serde(default)]
    pub(super) shared_special_days: Vec<String>,
    #[serde(default)]
    special_days: Vec<DesignerSpecialDay>,
    #[serde(default)]
    effective_dates: Vec<DateSpan>,
}

fn yes() -> bool {
    true
}

impl HoursForm {
    pub(super) fn with_days_before(self, mut special_days: Vec<DesignerSpecialDay>) -> DesignerHours {
        special_days.extend(self.special_days);
        DesignerHours {
            name: String::new(),
            tags: self.tags,
            time_zone: self.time_zone,
            follow_overrides: self.follow_overrides,
            days: self.days,
            special_days,
            effective_dates: self.effective_dates,
        }
    }
}

/// A country and number rule, as in [`NumberRuleSpec`].
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NumberRuleForm {
    countries: Vec<String>,
    #[serde(default)]
    blocked: Vec<BlockedPattern>,
}

impl NumberRuleForm {
    pub(super) fn named(self, name: &str) -> NumberRuleSpec {
        NumberRuleSpec { name: name.to_owned(), countries: self.countries, blocked: self.blocked }
    }
}

/// A call-in group, as in [`CallInGroupSpec`]; what is absent has the defaults of that.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CallInForm {
    numbers: Vec<String>,
    #[serde(default)]
    codes: bool,
    #[serde(default = "six")]
    code_length: u8,
    #[serde(default = "thirty")]
    expiry_secs: u32,
    #[serde(default)]
    allocation: Allocation,
    #[serde(default = "yes")]
    enabled: bool,
}

fn six() -> u8 {
    6
}

fn thirty() -> u32 {
    30
}

impl CallInForm {
    pub(super) fn named(self, name: &str) -> CallInGroupSpec {
        let CallInForm { numbers, codes, code_length, expiry_secs, allocation, enabled } = self;
        CallInGroupSpec {
            name: name.to_owned(),
            numbers,
            codes,
            code_length,
            expiry_secs,
            allocation,
            enabled,
        }
    }
}
