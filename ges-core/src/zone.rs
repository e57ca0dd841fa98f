//! Time zones: which offset from UTC is in force at an instant, and when it changes.
