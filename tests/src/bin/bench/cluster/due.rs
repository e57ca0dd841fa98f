//! How late callbacks reach the stream.

use std::thread;
use std::time::Duration;

use ges_core::Timestamp;

use super::load::{self, CONNECTIONS};
use super::peers::Peers;
use super::stream::Reader;
use super::world::World;
use crate::client::{self, Until};
use crate::lateness::{self, Lateness};
use crate::server::Server;
use crate::table::Table;
use crate::{booking, machine, settings};

/// A stream of due callbacks.
pub fn steady(world: &World, peers: &Peers, table: &mut Table) -> anyhow::Result<()> {
    let what = "500 due a second for 10 s";
    beside_peers(world, peers, "steady", what, "p99 ≤ 5 ms, none early", lateness::steady, table)
}

/// An instant of many.
pub fn instant(world: &World, peers: &Peers, table: &mut Table) -> anyhow::Result<()> {
    let what = "10,000 due at one instant";
    beside_peers(world, peers, "instant", what, "last ≤ 400 ms, none early", lateness::burst, table)
}

/// An instant of more than any of the peers is asked for.
pub fn flood(world: &World, table: &mut Table) -> anyhow::Result<()> {
    for nodes in [1, 2] {
        let instants = |at| vec![at; 100_000];
        row(world, nodes, "100,000 due at one instant", "last ≤ 4 s, none early", instants, "", table)?;
    }
    Ok(())
}

fn beside_peers(
    world: &World,
    peers: &Peers,
    case: &str,
    what: &str,
    goal: &str,
    instants: Instants,
    table: &mut Table,
) -> anyhow::Result<()> {
    peers.measure(case)?;
    row(world, 1, what, goal, instants, &peers.line(case), table)?;
    row(world, 2, what, goal, instants, "", table)
}

type Instants = fn(Timestamp) -> Vec<Timestamp>;

fn row(
    world: &World,
    nodes: usize,
    what: &str,
    goal: &str,
    instants: Instants,
    beside: &str,
    table: &mut Table,
) -> anyhow::Result<()> {
    let (lateness, spent) = run(world, nodes, instants)?;
    let what = format!("{what}, {nodes} node{}", if nodes > 1 { "s" } else { "" });
    table.row(&what, goal, lateness.line(), format!("{spent}; {beside}").trim_end_matches("; ").to_owned());
    Ok(())
}

fn run(world: &World, nodes: usize, instants: Instants) -> anyhow::Result<(Lateness, String)> {
    let cluster = world.cluster(settings::cluster());
    let reader = Reader::start(world.voice.address())?;
    let nodes = (0..nodes).map(|_| cluster.node()).collect::<anyhow::Result<Vec<_>>>()?;
    let first_node = nodes.first().ok_or_else(|| anyhow::anyhow!("no node"))?;
    let count = instants(Timestamp::MIN).len();
    // The ten seconds ahead of which nodes take what is due, with some to spare, and the time to book them all.
    let lead = Duration::from_secs(14) + time_to_book(first_node, count)?;
    let desired = instants(lateness::now() + lead);
    let first = desired.iter().min().copied().unwrap_or(Timestamp::MAX);
    let last = desired.iter().max().copied().unwrap_or(Timestamp::MIN);
    let until = Until::Count(count as u64);
    load::checked(client::run(first_node.external, CONNECTIONS, until, booking::at_instants(desired))?)?;
    let spare = first.as_millis() - lateness::now().as_millis();
    anyhow::ensure!(spare > 500, "booking took so long that only {spare} ms were left");
    thread::sleep(Duration::from_millis(u64::try_from(spare).unwrap_or(0).saturating_sub(100)));
    let spent = |nodes: &[Server]| -> anyhow::Result<Duration> {
        nodes.iter().map(|node| machine::cpu_time(node.id())).sum()
    };
    let (before, postgres_before) = (spent(&nodes)?, world.postgres_cpu());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    runtime.block_on(lateness::until_all(|| reader.count(), count, last));
    let each = |time: Duration| time.as_secs_f64() * 1e6 / count as f64;
    let beside = format!(
        "nodes {:.0} µs of a core each, Postgres {:.0} µs",
        each(spent(&nodes)?.saturating_sub(before)),
        each(world.postgres_cpu().saturating_sub(postgres_before))
    );
    Ok((Lateness::of(count, &reader.arrivals()?), beside))
}

/// How long booking so many takes this machine: twice what a sample of distant ones tells, since a machine is not equally
/// quick all the time.
fn time_to_book(node: &Server, count: usize) -> anyhow::Result<Duration> {
    const SAMPLE: u64 = 2_000;
    let sample = load::book_distant(node, lateness::now(), SAMPLE)?;
    Ok(sample.elapsed.mul_f64(2.0 * count as f64 / SAMPLE as f64))
}
