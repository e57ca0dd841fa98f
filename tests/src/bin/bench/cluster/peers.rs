//! The same cases with other people's packages, on servers of the same kind: `tests/bench/peers`.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, bail};
use ges_tests::private::{Postgres, Redis};
use serde_json::Value;

use super::world;

/// Who is measured: a name, the package, and what it runs on.
const PEERS: [(&str, &str, Server); 4] = [
    ("bullmq-everysec", "bullmq", Server::Redis("everysec")),
    ("bullmq-always", "bullmq", Server::Redis("always")),
    ("graphile-worker", "graphile-worker", Server::Postgres),
    ("pg-boss", "pg-boss", Server::Postgres),
];

/// How often Redis forces its file to the disk makes no difference to what follows.
fn once_each() -> impl Iterator<Item = (&'static str, &'static str, Server)> {
    PEERS.into_iter().filter(|(.., server)| *server != Server::Redis("everysec"))
}

#[derive(Clone, Copy, PartialEq)]
enum Server {
    /// With the append-only file forced to the disk this often.
    Redis(&'static str),
    Postgres,
}

/// Other people's packages, and what they showed so far, by case and name.
#[derive(Default)]
pub struct Peers {
    folder: Option<PathBuf>,
    shown: RefCell<BTreeMap<(String, String), Value>>,
}

/// Servers for the peers, and where their packages are installed.
struct Bench<'p> {
    folder: &'p Path,
    postgres: Postgres,
    redis: BTreeMap<&'static str, Redis>,
}

impl Peers {
    /// Peers whose packages are installed here; without a folder nothing is measured.
    pub fn new(folder: Option<PathBuf>) -> Peers {
        Peers { folder, shown: RefCell::default() }
    }

    /// Measures all of them at a case, on servers that are there for it alone. Ours follows at once, so that both meet
    /// the machine in the same mood.
    pub fn measure(&self, case: &str) -> anyhow::Result<()> {
        let Some(folder) = &self.folder else { return Ok(()) };
        let start =
            |fsync: &str| Redis::options().with("appendonly", "yes").with("appendfsync", fsync).start();
        let redis = ["everysec", "always"].map(|fsync| (fsync, start(fsync))).into_iter().collect();
        let bench = Bench { folder, postgres: world::postgres(), redis };
        match case {
            "adds" => {
                for (name, package, server) in PEERS {
                    if let Server::Redis(_) = server {
                        self.note(case, name, bench.run(case, package, server, r#"{"own":true}"#)?);
                        self.note("adds, one connection", name, bench.run(case, package, server, "{}")?);
                    } else {
                        self.note(case, name, bench.run(case, package, server, "{}")?);
                    }
                }
            }
            "idle" => {
                world::keep_house(&bench.postgres, false);
                for (name, package, server) in once_each() {
                    self.note(case, name, bench.run(case, package, server, "{}")?);
                    self.note(
                        "idle, tuned",
                        name,
                        bench.run(case, package, server, r#"{"tunedFor":"steady"}"#)?,
                    );
                }
            }
            // Nearly all of it is waiting, so all wait together.
            "takeover" => {
                let bench = &bench;
                let outcomes = std::thread::scope(|scope| {
                    let running = once_each().map(|(name, package, server)| {
                        (name, scope.spawn(move || bench.run(case, package, server, "{}")))
                    });
                    let running: Vec<_> = running.collect();
                    running.into_iter().map(|(name, one)| (name, one.join())).collect::<Vec<_>>()
                });
                for (name, outcome) in outcomes {
                    let outcome = outcome.map_err(|_| anyhow::anyhow!("a peer's thread panicked"))?;
                    self.note(case, name, outcome?);
                }
            }
            _ => {
                for (name, package, server) in PEERS {
                    self.note(case, name, bench.run(case, package, server, "{}")?);
                }
            }
        }
        Ok(())
    }

    #[allow(clippy::print_stderr)] // progress of a program for people
    fn note(&self, case: &str, name: &str, outcome: Value) {
        eprintln!("{case}, {name}: {outcome}");
        self.shown.borrow_mut().insert((case.to_owned(), name.to_owned()), outcome);
    }

    /// Adds per second of a peer.
    pub fn per_second(&self, name: &str) -> Option<f64> {
        self.shown.borrow().get(&("adds".to_owned(), name.to_owned()))?["perSecond"].as_f64()
    }

    /// Adds per second of the best peer on Postgres.
    pub fn best_on_postgres(&self) -> Option<f64> {
        let rates = PEERS.iter().filter(|(.., server)| *server == Server::Postgres);
        rates.filter_map(|(name, ..)| self.per_second(name)).max_by(f64::total_cmp)
    }

    /// All peers at a case, in one line.
    pub fn line(&self, case: &str) -> String {
        let shown = self.shown.borrow();
        let of_case = |(name, ..): &(&str, &str, Server)| {
            let outcome = shown.get(&(case.to_owned(), (*name).to_owned()))?;
            Some(format!("{name} {}", brief(case, outcome)))
        };
        PEERS.iter().filter_map(of_case).collect::<Vec<_>>().join(", ")
    }

    /// Everything, as Markdown.
    pub fn markdown(&self) -> String {
        let shown = self.shown.borrow();
        if shown.is_empty() {
            return String::new();
        }
        let mut text = "\n| peer | case | measured | options |\n| --- | --- | --- | --- |\n".to_owned();
        for ((case, name), outcome) in shown.iter() {
            let version = outcome["version"].as_str().unwrap_or_default();
            let mut options =
                outcome.get("options").map(Value::to_string).unwrap_or_default().replace('"', "");
            for (member, word) in [("workers", "worker processes"), ("processes", "adding processes")] {
                if let Some(number) = outcome[member].as_u64() {
                    options += &format!(" {number} {word}");
                }
            }
            text +=
                &format!("| {name} {version} | {case} | {} | {} |\n", brief(case, outcome), options.trim());
        }
        text
    }
}

fn brief(case: &str, outcome: &Value) -> String {
    let number = |member: &str| outcome[member].as_f64().unwrap_or(f64::NAN);
    match case {
        "adds" | "adds, one connection" => {
            format!("{}/s (p50 {} ms, p99 {} ms)", number("perSecond"), number("p50"), number("p99"))
        }
        "steady" | "instant" => format!(
            "p50 {} ms, p99 {} ms, last {} ms, {} early, {} missing",
            number("p50"),
            number("p99"),
            number("last"),
            number("early"),
            number("missing")
        ),
        "idle" | "idle, tuned" => {
            format!("{} {}/s", number("perSecond"), outcome["of"].as_str().unwrap_or_default())
        }
        "takeover" => match outcome["lastSeconds"].as_f64() {
            Some(seconds) => format!("{seconds} s"),
            None => format!("not within {} s", number("gaveUpAfterSeconds")),
        },
        _ => outcome.to_string(),
    }
}

impl Bench<'_> {
    fn run(&self, case: &str, package: &str, server: Server, options: &str) -> anyhow::Result<Value> {
        let url = match server {
            Server::Postgres => self.postgres.fresh_database(),
            Server::Redis(fsync) => {
                let redis = self.redis.get(fsync).context("a Redis of that kind")?;
                redis.ask(&["FLUSHALL"]);
                redis.url()
            }
        };
        let done = Command::new("node")
            .arg(self.folder.join("main.mjs"))
            .args([case, package, &url, options])
            .stdin(Stdio::null())
            .stderr(Stdio::inherit())
            .output()
            .context("node cannot be started")?;
        if !done.status.success() {
            bail!("{package}, {case}: node ended with {}", done.status);
        }
        let text = String::from_utf8_lossy(&done.stdout);
        let line = text.lines().last().with_context(|| format!("{package}, {case}: no answer"))?;
        Ok(serde_json::from_str(line)?)
    }
}
