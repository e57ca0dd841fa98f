//! Nodes on Postgres and Redis, measured beside other people's packages on servers of the same kind.
//!
//! Everything runs on private servers on this machine, forced writes on. What is counted is counted by the servers.

mod count;
mod create;
mod due;
mod footprint;
mod growth;
mod idle;
mod load;
mod operations;
mod peers;
mod stream;
mod takeover;
mod wiped;
mod world;

use std::path::PathBuf;

use crate::machine;
use crate::table::Table;
use peers::Peers;
use world::World;

/// What can be measured alone.
pub const PARTS: [&str; 11] = [
    "create",
    "steady",
    "instant",
    "flood",
    "idle",
    "operations",
    "sizing",
    "footprint",
    "growth",
    "takeover",
    "wiped",
];

/// What to measure, and how much of it.
pub struct Wanted {
    /// The server's binary.
    pub server: PathBuf,
    /// Where nodes have their folders.
    pub folder: PathBuf,
    /// Where the peers' packages are installed.
    pub peers: Option<PathBuf>,
    /// Parts, or everything.
    pub only: Option<String>,
    /// For how long the sizing example runs.
    pub sizing_minutes: u64,
    /// Callbacks of each row of the storage test.
    pub stored: u64,
    /// Waiting callbacks up to which the growth of costs is measured.
    pub waiting: u64,
}

/// Measures a part into a table.
type Measure<'a> = &'a dyn Fn(&mut Table) -> anyhow::Result<()>;

/// Measures and prints.
#[allow(clippy::print_stderr)] // progress of a program for people
pub fn all(wanted: &Wanted) -> anyhow::Result<()> {
    if let Some(unknown) =
        wanted.only.iter().flat_map(|only| only.split(',')).find(|name| !PARTS.contains(name))
    {
        anyhow::bail!("no part {unknown}; there are: {}", PARTS.join(", "));
    }
    let is_wanted =
        |part: &str| wanted.only.as_deref().is_none_or(|only| only.split(',').any(|name| name == part));
    let facts = machine::facts();
    let peers = Peers::new(wanted.peers.clone());
    let mut table = Table::default();
    let mut broken = Vec::new();
    let world = World::start(&wanted.server, &wanted.folder)?;
    let parts: [Measure<'_>; PARTS.len()] = [
        &|table| create::measure(&world, &peers, table),
        &|table| due::steady(&world, &peers, table),
        &|table| due::instant(&world, &peers, table),
        &|table| due::flood(&world, table),
        &|table| idle::measure(&world, &peers, table),
        &|table| operations::lives(&world, table),
        &|table| operations::sizing(&world, wanted.sizing_minutes, table),
        &|table| footprint::measure(&world, wanted.stored, table),
        &|table| growth::measure(&world, wanted.waiting, table),
        &|table| takeover::measure(&world, &peers, table),
        &|table| wiped::measure(&world, table),
    ];
    for (name, measure) in PARTS.into_iter().zip(parts) {
        // What one part shows is worth telling when another could not be measured.
        if is_wanted(name)
            && let Err(error) = measure(&mut table)
        {
            eprintln!("{name}: {error:#}");
            broken.push(name);
        }
    }
    println!("Machine: {facts}, after {}\n\n{}{}", machine::load(), table.markdown(), peers.markdown());
    anyhow::ensure!(broken.is_empty(), "could not be measured: {}", broken.join(", "));
    Ok(())
}
