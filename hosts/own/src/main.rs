//! A store of one's own, and the suite that says whether it keeps what the engine relies on.

mod store;

use ges_core::testing::contract;

fn main() {
    pollster::block_on(contract::run_all(&store::Counted));
    println!("the store keeps {} promises", contract::CASES.len());
}
