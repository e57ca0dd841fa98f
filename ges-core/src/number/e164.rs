//! Numbers in the form the whole world knows them by.

use std::fmt;

use super::ComparisonNumber;

/// A number in E.164 form: country calling code and national number, at most 15 digits. Personal data: its `Debug`
/// does not show it. Only the numbering plan makes one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct E164(pub(super) ComparisonNumber);

impl E164 {
    /// The digits without `+`, the form the platform stores.
    pub fn digits(self) -> String {
        self.0.digits().to_string()
    }

    /// With its `+`.
    pub fn with_plus(self) -> String {
        format!("+{}", &*self.0.digits())
    }
}

impl fmt::Debug for E164 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("E164(..)")
    }
}
