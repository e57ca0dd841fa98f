//! The adapters over Redis keep the contracts of their ports.

mod orchestrator;
mod waits;
mod windows;
