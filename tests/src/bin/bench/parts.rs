//! What is measured, part by part.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::Duration;

use ges_core::Timestamp;

use crate::booking::{self, SIZING};
use crate::client::{self, Outcome, Until};
use crate::lateness::{self, Lateness};
use crate::receiver::Receiver;
use crate::server::{Server, Setup, start_echo};
use crate::settings::{KEY, V3};
use crate::table::Table;
use crate::{hosted, machine};

const CONNECTIONS: usize = 64;
const WHILE: Duration = Duration::from_secs(5);

/// Everything, or the parts named.
pub fn all(binary: &Path, folder: &Path, only: Option<&str>) -> anyhow::Result<()> {
    let folder = tempfile::Builder::new().prefix("ges-bench-").tempdir_in(folder)?;
    let wanted = |part: &str| only.is_none_or(|only| only.split(',').any(|name| name == part));
    let mut table = Table::default();
    let facts = machine::facts();
    let receiver = Receiver::start()?;
    let run = Run { binary, folder: folder.path(), receiver: &receiver };
    if wanted("start") {
        run.start(&mut table)?;
    }
    if wanted("http") {
        run.reads(&mut table)?;
    }
    if wanted("booked") {
        run.booked(&mut table)?;
    }
    if wanted("webhook") {
        run.webhook(&mut table)?;
    }
    if wanted("hosted") {
        run.hosted(&mut table)?;
    }
    println!("Machine: {facts}, after {}\n\n{}", machine::load(), table.markdown());
    Ok(())
}

struct Run<'a> {
    binary: &'a Path,
    folder: &'a Path,
    receiver: &'a Receiver,
}

impl Run<'_> {
    fn setup(&self, name: &str) -> anyhow::Result<Setup> {
        Setup::new(self.binary, &self.folder.join(name), &self.receiver.url())
    }

    /// Size, start and rest of a server without any callback.
    fn start(&self, table: &mut Table) -> anyhow::Result<()> {
        let size = fs::metadata(self.binary)?.len() as f64 / 1e6;
        table.row("release binary", "≤ 15 MB", format!("{size:.1} MB"), "");
        let setup = self.setup("start")?;
        setup.start()?.kill()?;
        let mut times: Vec<_> = Vec::new();
        for _ in 0..5 {
            let server = setup.start()?;
            times.push(server.ready_after);
            server.kill()?;
        }
        times.sort_unstable();
        let median = client::percentile(&times, 0.5).unwrap_or_default();
        table.row(
            "start to ready, empty store",
            "≤ 50 ms",
            format!("{} (median of 5)", millis(median)),
            "after a kill, the file checked",
        );
        let server = setup.start()?;
        thread::sleep(Duration::from_secs(2));
        let resident = machine::resident_mib(server.id())?;
        table.row("memory, empty store", "≤ 15 MB", format!("{:.1} MB", resident * 1.048_576), "resident");
        table.row("idle, empty store", "≤ 0.2 % of a core", idle(&server)?, "over 20 s");
        Ok(())
    }

    /// Answers that write nothing, on a store with one booking.
    fn reads(&self, table: &mut Table) -> anyhow::Result<()> {
        let server = self.setup("reads")?.start()?;
        let first = booking::first_slot(lateness::now());
        checked(client::run(server.external, 1, Until::Count(1), booking::sizing(first))?)?;
        let echo = start_echo()?;
        let (plain, _) = get(&echo, "/")?;
        let beside = format!("hyper's echo {:.0}/s", plain.per_second());
        for (what, goal, path) in [
            ("queue-status", "≥ 15,000/s", format!("{V3}/callbacks/queue-status/Load")),
            (
                "availability, five slots",
                "≥ 15,000/s",
                format!("{V3}/callbacks/availability/Load?maxTimeSlots=5"),
            ),
            (
                "availability, one day",
                "≥ 15,000/s",
                format!("{V3}/callbacks/availability/Load?numberOfDays=1"),
            ),
            ("availability, 14 days", "", format!("{V3}/callbacks/availability/Load?numberOfDays=14")),
            ("open-for", "", format!("{V3}/callbacks/open-for/Load")),
        ] {
            let (outcome, spent) = get(&server, &path)?;
            let what = format!("{what} ({} bytes)", outcome.body_bytes);
            table.row(&what, goal, rate(&outcome), format!("{}; {beside}", each(spent, &outcome)));
        }
        Ok(())
    }

    /// The sizing example: booked over HTTP, then looked at, restarted and left alone.
    fn booked(&self, table: &mut Table) -> anyhow::Result<()> {
        let setup = self.setup("booked")?;
        let server = setup.start()?;
        let forced = machine::forced_writes(self.folder, Duration::from_secs(3))?;
        let echo = start_echo()?;
        let first = booking::first_slot(lateness::now());
        let plain = client::run(echo.external, CONNECTIONS, Until::Time(WHILE), booking::sizing(first))?;
        drop(echo);
        let first = booking::first_slot(lateness::now());
        let before = machine::cpu_time(server.id())?;
        let outcome =
            client::run(server.external, CONNECTIONS, Until::Count(SIZING), booking::sizing(first))?;
        let outcome = checked(outcome)?;
        let spent = machine::cpu_time(server.id())?.saturating_sub(before);
        table.row(
            "create, durable, 64 connections, 134,400 in all",
            "≥ 5,000/s",
            rate(&outcome),
            format!(
                "{}; forced writes {forced:.0}/s one at a time; hyper's echo {:.0}/s",
                each(spent, &outcome),
                plain.per_second()
            ),
        );
        thread::sleep(Duration::from_secs(3));
        table.row(
            "memory, 134,400 booked",
            "≤ 48 MiB",
            format!("{:.1} MiB", machine::resident_mib(server.id())?),
            "resident, right after the load",
        );
        server.kill()?;
        let server = setup.start()?;
        table.row(
            "restart to ready, 134,400 booked",
            "≤ 2 s",
            millis(server.ready_after),
            "after a kill, the file checked",
        );
        thread::sleep(Duration::from_secs(2));
        table.row(
            "memory after the restart",
            "≤ 48 MiB",
            format!("{:.1} MiB", machine::resident_mib(server.id())?),
            "resident",
        );
        table.row("idle, 134,400 booked, nothing due", "≤ 0.2 % of a core", idle(&server)?, "over 20 s");
        let file = fs::metadata(self.folder.join("booked/store/ges.db"))?.len() as f64;
        table.row(
            "bytes per callback on disk",
            "",
            format!("{:.0}", file / SIZING as f64),
            "with all indexes, some 40 bytes of user data each",
        );
        let (full, spent) = get(&server, &format!("{V3}/callbacks/availability/Load?numberOfDays=14"))?;
        table.row(
            "availability, 14 days, 134,400 booked",
            "",
            rate(&full),
            format!("{} bytes; {}", full.body_bytes, each(spent, &full)),
        );
        Ok(())
    }

    /// Lateness as a telephony on the same machine sees it.
    fn webhook(&self, table: &mut Table) -> anyhow::Result<()> {
        for (what, goal, instants) in schedules() {
            let server = self.setup(&format!("webhook-{}", instants(Timestamp::MIN).len()))?.start()?;
            let desired = instants(lateness::now() + Duration::from_secs(12));
            let last = desired.iter().max().copied().unwrap_or(Timestamp::MIN);
            let count = desired.len();
            let until = Until::Count(count as u64);
            checked(client::run(server.external, CONNECTIONS, until, booking::at_instants(desired))?)?;
            // Once all are booked the server rests until the first is taken ahead.
            let before = machine::cpu_time(server.id())?;
            let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
            runtime.block_on(lateness::until_all(|| self.receiver.count(), count, last));
            let lateness = Lateness::of(count, &self.receiver.take()?);
            let spent = machine::cpu_time(server.id())?.saturating_sub(before);
            let spent = spent.as_secs_f64() * 1e6 / count as f64;
            let beside = format!("receiver on the same cores; the server took {spent:.0} µs of a core each");
            table.row(&format!("{what}, webhook"), goal, lateness.line(), beside);
        }
        Ok(())
    }

    /// Lateness as an orchestrator in the same process sees it.
    fn hosted(&self, table: &mut Table) -> anyhow::Result<()> {
        for (what, goal, instants) in schedules() {
            let desired = instants(lateness::now() + Duration::from_secs(8));
            let folder = self.folder.join(format!("hosted-{}", desired.len()));
            let arrivals = hosted::hand_overs(&folder, &desired)?;
            let lateness = Lateness::of(desired.len(), &arrivals);
            table.row(&format!("{what}, in process"), goal, lateness.line(), "the engine as a library");
        }
        Ok(())
    }
}

type Instants = fn(Timestamp) -> Vec<Timestamp>;

fn schedules() -> [(&'static str, &'static str, Instants); 2] {
    [
        ("lateness, 500 due a second for 10 s", "p99 ≤ 5 ms, none early", lateness::steady),
        ("lateness, 10,000 due at one instant", "last ≤ 400 ms, none early", lateness::burst),
    ]
}

/// Asks again and again; also how long the server was on a core meanwhile.
fn get(server: &Server, path: &str) -> anyhow::Result<(Outcome, Duration)> {
    let request = client::get(path, KEY);
    let before = machine::cpu_time(server.id())?;
    let outcome = client::run(server.external, CONNECTIONS, Until::Time(WHILE), move |_, out| {
        out.extend_from_slice(&request);
    })?;
    let spent = machine::cpu_time(server.id())?.saturating_sub(before);
    Ok((checked(outcome)?, spent))
}

/// What a request costs the server, whoever else wants the machine.
fn each(spent: Duration, outcome: &Outcome) -> String {
    let requests = outcome.latencies_us.len().max(1) as f64;
    format!("{:.0} µs of a core each", spent.as_secs_f64() * 1e6 / requests)
}

/// Only runs in which every request was accepted say anything.
fn checked(outcome: Outcome) -> anyhow::Result<Outcome> {
    match &outcome.complaint {
        None => Ok(outcome),
        Some(answer) => {
            anyhow::bail!("not all were answered with 200: {:?}; first: {answer}", outcome.statuses)
        }
    }
}

fn rate(outcome: &Outcome) -> String {
    format!(
        "{:.0}/s (p50 {:.1} ms, p99 {:.1} ms)",
        outcome.per_second(),
        outcome.percentile_ms(0.5),
        outcome.percentile_ms(0.99)
    )
}

fn idle(server: &Server) -> anyhow::Result<String> {
    let during = Duration::from_secs(20);
    let before = machine::cpu_time(server.id())?;
    thread::sleep(during);
    let spent = machine::cpu_time(server.id())?.saturating_sub(before);
    Ok(format!("{:.3} %", 100.0 * spent.as_secs_f64() / during.as_secs_f64()))
}

fn millis(time: Duration) -> String {
    format!("{:.0} ms", time.as_secs_f64() * 1000.0)
}
