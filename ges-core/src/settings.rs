//! The settings model: callback services, rules and tenants, imported and validated as a whole.
