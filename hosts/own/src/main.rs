//! A store and an orchestrator of one's own, and the suites that say whether they keep what the engine relies on.

mod desk;
mod store;

use ges_core::testing::contract;

fn main() {
    pollster::block_on(contract::run_all(&store::Counted));
    println!("the store keeps {} promises", contract::CASES.len());
    pollster::block_on(contract::orchestrator::run_all(&desk::Desks));
    println!("the desk keeps {} promises", contract::orchestrator::CASES.len());
}
