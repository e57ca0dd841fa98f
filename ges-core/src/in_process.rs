//! What one process needs no neighbour for, behind the ports: windows of accepted requests, and waits that are learned
//! from what happens on the floor. A node of many falls back to these while what the nodes share is away.

mod waits;
mod windows;

pub use waits::QueueEstimators;
pub use windows::LocalWindows;
