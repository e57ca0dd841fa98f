//! Durable creates over HTTP, and the node that holds them all.

use std::thread;
use std::time::Duration;

use super::load::{self, CONNECTIONS};
use super::peers::Peers;
use super::stream::Reader;
use super::world::World;
use super::{count, idle};
use crate::booking::SIZING;
use crate::table::Table;
use crate::{lateness, machine, settings};

/// The sizing example booked over HTTP; the node's memory then, and its rest.
pub fn measure(world: &World, peers: &Peers, table: &mut Table) -> anyhow::Result<()> {
    peers.measure("adds")?;
    let cluster = world.cluster(settings::cluster());
    let node = cluster.node()?;
    let (before, postgres_before) = (machine::cpu_time(node.id())?, world.postgres_cpu());
    let begun = count::look(world, None);
    let outcome = load::book_sizing(&node, lateness::now())?;
    let spent = machine::cpu_time(node.id())?.saturating_sub(before);
    let postgres_spent = world.postgres_cpu().saturating_sub(postgres_before);
    // The database counts with a delay.
    thread::sleep(Duration::from_secs(2));
    let counted = begun.until(&count::look(world, None));
    let each = |time: Duration| time.as_secs_f64() * 1e6 / SIZING as f64;
    let times =
        |best: Option<f64>| best.map_or("?".to_owned(), |best| format!("{:.1}", outcome.per_second() / best));
    table.row(
        &format!("create, durable, over HTTP, {CONNECTIONS} clients, {SIZING} in all"),
        "≥ 10,000/s, ≥ 5 × the best durable peer",
        format!(
            "{:.0}/s (p50 {:.1} ms, p99 {:.1} ms); {} × the best on Postgres, {} × BullMQ with appendfsync always",
            outcome.per_second(),
            outcome.percentile_ms(0.5),
            outcome.percentile_ms(0.99),
            times(peers.best_on_postgres()),
            times(peers.per_second("bullmq-always")),
        ),
        format!(
            "{:.0} µs of a core each, Postgres {:.0} µs; {:.1} creates to a commit; {}",
            each(spent),
            each(postgres_spent),
            SIZING as f64 / counted.transactions.max(1) as f64,
            peers.line("adds"),
        ),
    );
    table.row(
        "bytes per callback in Postgres",
        "≤ 1,000",
        format!("{:.0}", cluster.stored_bytes() / SIZING as f64),
        "with all indexes, some 40 bytes of user data each",
    );
    let resident = machine::resident_mib(node.id())?;
    table.row(
        "node memory, 134,400 booked",
        "≤ 48 MiB",
        format!("{resident:.1} MiB"),
        "resident, after the burst of creates",
    );
    let reader = Reader::start(world.voice.address())?;
    idle::rest(world, &reader, "1 tenant, 134,400 waiting", &node, table)?;
    let node = {
        node.kill()?;
        cluster.node()?
    };
    thread::sleep(Duration::from_secs(5));
    let resident = machine::resident_mib(node.id())?;
    let beside = format!("ready after {:.0} ms", node.ready_after.as_secs_f64() * 1000.0);
    table.row(
        "node memory, 134,400 booked, after a restart",
        "≤ 48 MiB",
        format!("{resident:.1} MiB"),
        beside,
    );
    Ok(())
}
