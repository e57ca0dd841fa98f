//! A store and an orchestrator of one's own, and the suites that say whether they keep what the engine relies on.

mod desk;
mod store;

use ges_core::testing::contract::{self, Missing};

fn main() {
    let store = pollster::block_on(contract::run_all(&store::Counted));
    // It lives in the memory of one process: no other has it, and no disk can damage it.
    store.assert_missing(&[Missing::Reopen, Missing::Another, Missing::Spoil]);
    println!("the store: {store}");
    let desk = pollster::block_on(contract::orchestrator::run_all(&desk::Desks));
    // Nothing lies behind a desk that could fall silent.
    desk.assert_missing(&[Missing::Silence]);
    println!("the desk: {desk}");
}
