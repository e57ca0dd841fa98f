//! How it is reached.
fn main() {}
