//! Redis operations, counted by the servers.

use std::thread;
use std::time::{Duration, Instant};

use super::count::{self, Counted};
use super::load::{self, CONNECTIONS};
use super::stream::{Entry, Reader};
use super::world::World;
use crate::client::{self, Until};
use crate::server::Server;
use crate::table::Table;
use crate::{booking, lateness, settings};

const GOAL: &str = "≤ 8 (the guide: 110)";

/// From create to COMPLETED: one callback after the other, and many together.
pub fn lives(world: &World, table: &mut Table) -> anyhow::Result<()> {
    let kinds: [(&str, Kind); 2] = [("immediate", immediate), ("scheduled", scheduled)];
    for (kind, book) in kinds {
        for (how, rounds, together) in [("one after the other", 200, 1), ("many at once", 1, 5_000)] {
            let cluster = world.cluster(settings::cluster());
            let reader = Reader::start(world.voice.address())?;
            let node = cluster.node()?;
            // The first of a kind loads scripts.
            live(&node, &reader, book, 0, 1)?;
            let before = count::look(world, Some(&reader));
            for round in 0..rounds {
                live(&node, &reader, book, 1 + round * together, together)?;
            }
            // The database counts with a delay.
            thread::sleep(Duration::from_secs(2));
            let counted = before.until(&count::look(world, Some(&reader)));
            let lives = rounds * together;
            table.row(
                &format!("Redis operations per {kind} callback, create to COMPLETED, {how}"),
                GOAL,
                per_life(&counted, lives),
                format!(
                    "{lives} callbacks; {:.2} transactions of Postgres each; {}",
                    counted.transactions as f64 / lives as f64,
                    counted.by_name()
                ),
            );
        }
    }
    Ok(())
}

fn per_life(counted: &Counted, lives: u64) -> String {
    let each = |count: u64| count as f64 / lives as f64;
    let published = counted.calls.get("publish").copied().unwrap_or(0);
    format!(
        "{:.2} (shared Redis {:.2}, voice {:.2}), of which {:.2} the signs of life of {:.0} s",
        each(counted.commands()),
        each(counted.hot),
        each(counted.voice),
        each(published),
        counted.during.as_secs_f64()
    )
}

type Kind = fn(&Server, u64, u64) -> anyhow::Result<()>;

fn immediate(node: &Server, from: u64, count: u64) -> anyhow::Result<()> {
    let create = booking::immediate("Now");
    load::checked(client::run(node.external, clients(count), Until::Count(count), move |of, out| {
        create(from + of, out)
    })?)?;
    Ok(())
}

/// Due a second later, which is within what a node takes ahead.
fn scheduled(node: &Server, from: u64, count: u64) -> anyhow::Result<()> {
    let ahead = Duration::from_millis(if count == 1 { 50 } else { 3_000 });
    let create = booking::spread("Burst", lateness::now() + ahead, Duration::ZERO);
    load::checked(client::run(node.external, clients(count), Until::Count(count), move |of, out| {
        create(from + of, out)
    })?)?;
    Ok(())
}

fn clients(count: u64) -> usize {
    if count == 1 { 1 } else { CONNECTIONS }
}

fn live(node: &Server, reader: &Reader, book: Kind, from: u64, count: u64) -> anyhow::Result<()> {
    book(node, from, count)?;
    let entries = collect(reader, usize::try_from(count)?)?;
    load::complete(node.internal, &entries)
}

/// Waits for so many entries.
fn collect(reader: &Reader, count: usize) -> anyhow::Result<Vec<Entry>> {
    let begun = Instant::now();
    let mut entries = Vec::new();
    while entries.len() < count {
        anyhow::ensure!(begun.elapsed() < Duration::from_secs(60), "{} of {count} came", entries.len());
        thread::sleep(Duration::from_millis(1));
        entries.extend(reader.take()?);
    }
    Ok(entries)
}

/// The guide's example as it runs: 134,400 scheduled over 14 days, 1,000 immediate ones active, a wait of 90 minutes, so
/// that 600 of the scheduled ones are active as well. What comes in comes at the same pace as what ends.
pub fn sizing(world: &World, minutes: u64, table: &mut Table) -> anyhow::Result<()> {
    const SCHEDULED: u64 = 134_400;
    const IMMEDIATE: u64 = 1_000;
    const WAIT_MINUTES: f64 = 90.0;
    let cluster = world.cluster(settings::cluster());
    let reader = Reader::start(world.voice.address())?;
    let node = cluster.node()?;
    // One hundred in each quarter of an hour, evenly. The last minute of the fourteen days is left out: it is beyond the
    // horizon when the first is booked.
    let apart = Duration::from_secs(9);
    let create = booking::spread("Sizing", lateness::now() + Duration::from_secs(30), apart);
    load::checked(client::run(node.external, CONNECTIONS, Until::Count(SCHEDULED - 10), create)?)?;
    let create = booking::immediate("Sizing");
    let number = move |of: u64, out: &mut Vec<u8>| create(SCHEDULED + of, out);
    load::checked(client::run(node.external, CONNECTIONS, Until::Count(IMMEDIATE), number)?)?;
    let mut active = collect(&reader, 1_590)?;
    active.sort_by_key(|entry| entry.at_us);
    let mut active = active.into_iter();
    thread::sleep(Duration::from_secs(5));

    let standing = reader.count();
    let before = count::look(world, Some(&reader));
    let arrivals = Duration::from_secs_f64(60.0 * WAIT_MINUTES / IMMEDIATE as f64);
    let ends = Duration::from_secs_f64(60.0 * WAIT_MINUTES / (IMMEDIATE + 600) as f64);
    let begun = Instant::now();
    let during = Duration::from_secs(60 * minutes);
    let (mut came, mut ended) = (0_u32, 0_u32);
    loop {
        let next = (arrivals * (came + 1)).min(ends * (ended + 1));
        if next > during {
            break;
        }
        thread::sleep(next.saturating_sub(begun.elapsed()));
        if arrivals * (came + 1) <= next {
            came += 1;
            let create = booking::immediate("Sizing");
            let number = SCHEDULED + IMMEDIATE + u64::from(came);
            load::checked(client::run(node.external, 1, Until::Count(1), move |_, out| {
                create(number, out)
            })?)?;
        }
        if ends * (ended + 1) <= next {
            ended += 1;
            load::complete(node.internal, &active.next().into_iter().collect::<Vec<_>>())?;
        }
    }
    thread::sleep(during.saturating_sub(begun.elapsed()));
    let started = reader.count() - standing;
    let counted = before.until(&count::look(world, Some(&reader)));
    let per_minute = |count: u64| 60.0 * counted.per_second(count);
    table.row(
        &format!("the sizing example running for {minutes} min, one node, Redis operations per minute"),
        "≤ 300 (the guide: 138,756)",
        format!("{:.0}", per_minute(counted.commands())),
        format!(
            "meanwhile {came} immediate ones came, {started} sessions started, {ended} ended; {}; {:.0} transactions per minute",
            counted.by_name(),
            per_minute(counted.transactions)
        ),
    );
    Ok(())
}
