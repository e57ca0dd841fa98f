//! Who may ask how often.
