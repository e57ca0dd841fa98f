//! Redis lost under load: what requests notice, and when it is of use again.

use std::thread;
use std::time::{Duration, Instant};

use super::load::{self, CONNECTIONS};
use super::world::World;
use crate::client::Until;
use crate::table::Table;
use crate::{booking, settings};

const DURING: Duration = Duration::from_secs(12);

/// 64 clients book immediate callbacks, each of which is counted in Redis, while it is wiped, killed or frozen.
pub fn measure(world: &World, table: &mut Table) -> anyhow::Result<()> {
    for (what, goal, loss) in [
        ("wiped (FLUSHALL, scripts too)", "no failed request, useful again ≤ 2 s", wipe as fn(&World)),
        ("killed and started empty", "no failed request", restart),
        ("frozen for three seconds", "no failed request", freeze),
    ] {
        let cluster = world.cluster(settings::cluster());
        let node = cluster.node()?;
        let running =
            load::aside(node.external, CONNECTIONS, Until::Time(DURING), || booking::immediate("Now"));
        thread::sleep(Duration::from_secs(4));
        loss(world);
        let begun = Instant::now();
        let windows = || world.hot.try_ask(&["DBSIZE"]).is_ok_and(|reply| reply.text() != "0");
        while !windows() && begun.elapsed() < DURING {
            thread::sleep(Duration::from_millis(5));
        }
        let useful = begun.elapsed();
        let outcome = running.join().map_err(|_| anyhow::anyhow!("the booking thread panicked"))??;
        let all = outcome.latencies_us.len() as u64;
        let accepted = outcome.statuses.get(&200).copied().unwrap_or(0);
        let complaint = outcome.complaint.as_deref().unwrap_or("").lines().last().unwrap_or("").to_owned();
        table.row(
            &format!("Redis {what} under load"),
            goal,
            format!(
                "{} of {all} requests failed; windows counted there again after {:.2} s",
                all - accepted,
                useful.as_secs_f64()
            ),
            format!(
                "{:.0}/s, slowest {:.0} ms {complaint}",
                outcome.per_second(),
                outcome.percentile_ms(1.0)
            ),
        );
    }
    Ok(())
}

fn wipe(world: &World) {
    world.hot.ask(&["FLUSHALL"]);
    world.hot.ask(&["SCRIPT", "FLUSH"]);
}

fn restart(world: &World) {
    world.hot.kill_nine();
    thread::sleep(Duration::from_secs(1));
    world.hot.restart();
}

fn freeze(world: &World) {
    world.hot.pause();
    thread::sleep(Duration::from_secs(3));
    world.hot.resume();
}
