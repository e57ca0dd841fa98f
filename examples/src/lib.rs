//! What several examples share. The examples themselves are in `examples/examples`, one per capability.

pub mod call_log;
