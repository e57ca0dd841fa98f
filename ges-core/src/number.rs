//! Customer numbers: comparison form, allowed countries, blocked patterns.
