//! How long what a lost node had in hand stays where it is.

use std::thread;
use std::time::Duration;

use ges_tests::private::Wire;

use super::load::{self, CONNECTIONS};
use super::peers::Peers;
use super::stream::Reader;
use super::world::{Reach, World};
use crate::client::Until;
use crate::lateness::{self, Arrival, Lateness};
use crate::server::Server;
use crate::table::Table;
use crate::{booking, settings};

/// How a node is lost.
#[derive(Clone, Copy)]
enum Loss {
    Killed,
    Frozen,
    CutOff,
}

/// 500 due a second on two nodes, each of which holds what is due next; one is lost in the middle.
pub fn measure(world: &World, peers: &Peers, table: &mut Table) -> anyhow::Result<()> {
    peers.measure("takeover")?;
    for (loss, what, goal) in [
        (Loss::Killed, "kill -9", "≤ 1 s"),
        (Loss::Frozen, "SIGSTOP", "≤ 5 s"),
        (Loss::CutOff, "the network cut in silence", "≤ 5 s"),
    ] {
        let (took, later) = run(world, loss)?;
        let beside = match loss {
            Loss::Killed => format!("{later}; {}", peers.line("takeover")),
            Loss::Frozen | Loss::CutOff => later,
        };
        table.row(&format!("takeover after {what}, 500 due a second on two nodes"), goal, took, beside);
    }
    Ok(())
}

const SECONDS: u64 = 24;

fn run(world: &World, loss: Loss) -> anyhow::Result<(String, String)> {
    let cluster = world.cluster(settings::cluster());
    let reader = Reader::start(world.voice.address())?;
    let wires = [world.postgres.address(), world.hot.address(), world.voice.address()].map(Wire::to);
    let [postgres, hot, voice] = &wires;
    let lost = cluster.node_over(Reach {
        postgres: postgres.address(),
        hot: hot.address(),
        voice: voice.address(),
    })?;
    let other = cluster.node()?;

    let first = lateness::now() + Duration::from_secs(16);
    let count = usize::try_from(SECONDS * 500)?;
    let desired: Vec<_> = (0..count as u64).map(|of| first + Duration::from_millis(2 * of)).collect();
    let (halves, until) = ([lost.external, other.external], Until::Count(count as u64 / 2));
    // Each books a half: the even ones on one node, the odd ones on the other.
    let booking: Vec<_> = (0..2)
        .map(|half| {
            let desired: Vec<_> = desired.iter().skip(half).step_by(2).copied().collect();
            load::aside(halves[half], CONNECTIONS / 2, until, move || booking::at_instants(desired))
        })
        .collect();
    for half in booking {
        let outcome = half.join().map_err(|_| anyhow::anyhow!("a booking thread panicked"))??;
        load::checked(outcome)?;
    }
    // In the middle of a steady stream, when both nodes hold what is due within ten seconds.
    let middle = first + Duration::from_secs(5);
    let spare = middle.as_millis() - lateness::now().as_millis();
    anyhow::ensure!(spare > 0, "booking took {} ms longer than there was time", -spare);
    thread::sleep(Duration::from_millis(u64::try_from(spare).unwrap_or(0)));
    let lost_at = lateness::now_us();
    let lost = lose(loss, lost, &wires)?;
    let last = first + Duration::from_secs(SECONDS);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    runtime.block_on(lateness::until_all(|| reader.count(), count, last));
    // Whoever comes back must not act on what it held.
    if let Some(lost) = &lost {
        lost.signal("CONT")?;
        wires.iter().for_each(Wire::go_on);
        thread::sleep(Duration::from_secs(3));
    }
    let arrivals = reader.arrivals()?;
    Ok(told(&arrivals, lost_at, count))
}

fn lose(loss: Loss, node: Server, wires: &[Wire]) -> anyhow::Result<Option<Server>> {
    match loss {
        Loss::Killed => return node.kill().map(|()| None),
        Loss::Frozen => node.signal("STOP")?,
        Loss::CutOff => wires.iter().for_each(Wire::stall),
    }
    Ok(Some(node))
}

/// The hand-over that came last of those that were late, counted from the loss; and everything before and after.
fn told(arrivals: &[Arrival], lost_at: i64, count: usize) -> (String, String) {
    let late_us = |arrival: &Arrival| arrival.at_us - arrival.desired.as_millis() * 1000;
    // A hand-over later than any without a loss was waiting for somebody to take it.
    let waited: Vec<&Arrival> =
        arrivals.iter().filter(|arrival| arrival.at_us >= lost_at && late_us(arrival) > 50_000).collect();
    let took = waited.iter().map(|arrival| arrival.at_us - lost_at).max().unwrap_or(0);
    let all = Lateness::of(count, arrivals);
    let measured =
        format!("{:.2} s after the loss the last of what it held was handed over", took as f64 / 1e6);
    let beside = format!(
        "{} were more than 50 ms late, at most {:.2} s; of {count}: {}",
        waited.len(),
        all.percentile_ms(1.0) / 1000.0,
        all.line()
    );
    (measured, beside)
}
