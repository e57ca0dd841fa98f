//! The embedded store: the contract of the ports, and what it promises beyond it.
#![cfg(feature = "embedded")]

mod contract;
mod copies;
mod crash;
mod damage;
mod full_disk;
mod open;
mod races;
mod support;
