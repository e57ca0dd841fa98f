//! How it is remembered.
