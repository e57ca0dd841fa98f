//! Whether an immediate or a scheduled callback may be offered now, and why not.
