//! The two sides on which callbacks are reached.

/// Which listener a request came through ([engagement-api-v3 §1.1](ges_core::rules)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Face {
    /// The street: the Engagement API alone; tenant headers are blanked.
    External,
    /// Inside the deployment: everything, and callers are trusted to name their tenant.
    Internal,
}

impl Face {
    /// A word for logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Face::External => "external",
            Face::Internal => "internal",
        }
    }
}
