//! What a process keeps by itself keeps the contract of its ports.

use std::sync::Arc;

use async_trait::async_trait;
use ges_core::in_process::{LocalWindows, QueueEstimators};
use ges_core::port::{RateWindows, WaitTimes};
use ges_core::testing::contract::{Missing, waits, windows};
use pollster::block_on;

struct Process;

struct Counting(Arc<LocalWindows>);

#[async_trait]
impl windows::WindowsUnderTest for Process {
    async fn fresh(&self) -> Box<dyn windows::Counting> {
        Box::new(Counting(Arc::default()))
    }
}

impl windows::Counting for Counting {
    fn windows(&self) -> Arc<dyn RateWindows> {
        self.0.clone()
    }
}

#[test]
fn windows_of_a_process_keep_the_contract() {
    // It shares with nobody.
    block_on(windows::run_all(&Process)).assert_missing(&[Missing::Another, Missing::CutOff]);
}

struct Floor(QueueEstimators);

#[async_trait]
impl waits::WaitsUnderTest for Process {
    async fn fresh(&self) -> Box<dyn waits::Floor> {
        Box::new(Floor(QueueEstimators::default()))
    }
}

impl waits::Floor for Floor {
    fn waits(&self) -> &dyn WaitTimes {
        &self.0
    }
}

#[test]
fn waits_of_a_process_keep_the_contract() {
    block_on(waits::run_all(&Process)).assert_missing(&[Missing::Another]);
}
