//! The hot state and the stream of the voice platform on real Redis servers, well and unwell.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by a panic that says what broke")]

mod consumer;
mod contract;
mod layouts;
mod outage;
mod presence;
mod sessions;
mod stream;
mod support;
mod windows;

/// What the parts of the example are to each other.
#[path = "../../../examples/examples/ors_consumer"]
mod example {
    #![allow(dead_code, reason = "its program is not among it")]

    pub mod consumer;
    pub mod session;
    pub mod write_back;

    pub type Error = Box<dyn std::error::Error + Send + Sync>;
}
