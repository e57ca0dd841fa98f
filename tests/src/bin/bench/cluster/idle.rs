//! A node that has nothing to do.

use std::thread;
use std::time::Duration;

use super::peers::Peers;
use super::stream::Reader;
use super::world::{self, World};
use super::{count, load};
use crate::server::Server;
use crate::table::Table;
use crate::{lateness, machine, settings};

/// Until whatever a start or a burst left to be done has been done.
const SETTLE: Duration = Duration::from_secs(15);
const DURING: Duration = Duration::from_secs(30);

/// Rest with and without many tenants and waiting callbacks; one tenant with all waiting is measured after the creates.
pub fn measure(world: &World, peers: &Peers, table: &mut Table) -> anyhow::Result<()> {
    peers.measure("idle")?;
    if !peers.line("idle").is_empty() {
        table.row(
            "idle peers, one worker, over 10 s",
            "",
            peers.line("idle"),
            format!("tuned: {}", peers.line("idle, tuned")),
        );
    }
    for (tenants, waiting) in [(1, false), (50, false), (50, true)] {
        let cluster = world.cluster(settings::tenants(tenants));
        let reader = Reader::start(world.voice.address())?;
        let node = cluster.node()?;
        if waiting {
            load::book_sizing_of(&node, lateness::now(), tenants)?;
        }
        let what = format!(
            "{tenants} tenant{}, {} waiting",
            if tenants > 1 { "s" } else { "" },
            if waiting { "134,400" } else { "0" }
        );
        rest(world, &reader, &what, &node, table)?;
    }
    Ok(())
}

/// What the servers count while this node rests.
pub fn rest(
    world: &World,
    reader: &Reader,
    what: &str,
    node: &Server,
    table: &mut Table,
) -> anyhow::Result<()> {
    world::keep_house(&world.postgres, false);
    thread::sleep(SETTLE);
    let (spent, before) = (machine::cpu_time(node.id())?, count::look(world, Some(reader)));
    thread::sleep(DURING);
    let counted = before.until(&count::look(world, Some(reader)));
    world::keep_house(&world.postgres, true);
    let spent = machine::cpu_time(node.id())?.saturating_sub(spent);
    table.row(
        &format!("idle node, {what}, over {} s", DURING.as_secs()),
        "≤ 1 Redis command/s, ≤ 0.2 transactions/s",
        format!(
            "{:.2} commands/s, {:.2} transactions/s",
            counted.per_second(counted.commands()),
            counted.per_second(counted.transactions)
        ),
        format!(
            "{}; {:.3} % of a core",
            counted.by_name(),
            100.0 * spent.as_secs_f64() / DURING.as_secs_f64()
        ),
    );
    Ok(())
}
