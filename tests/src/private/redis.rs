//! Redis servers of a test: one, one with replicas and Sentinels, or a cluster.

mod cluster;
mod options;
mod sentinel;
mod talk;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::process::Child;
use std::sync::{Mutex, PoisonError};

pub use cluster::RedisCluster;
pub use options::RedisOptions;
pub use sentinel::RedisSentinel;
pub use talk::{Reply, Talk};

use super::{Place, binary, patience};

/// A running server on an address that stays its own over restarts. It keeps nothing over a restart unless it is told to.
#[derive(Debug)]
pub struct Redis {
    place: Place,
    options: RedisOptions,
    address: SocketAddr,
    tls: Option<SocketAddr>,
    server: Mutex<Option<Child>>,
    talk: Mutex<Option<Talk>>,
}

impl Redis {
    /// A server without anything in it.
    pub fn start() -> Self {
        Redis::options().start()
    }

    /// Settings for a server that has not been started.
    pub fn options() -> RedisOptions {
        RedisOptions::default()
    }

    /// Where it listens without TLS.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where it listens with TLS, when it has a certificate.
    pub fn tls_address(&self) -> Option<SocketAddr> {
        self.tls
    }

    /// The URL, with user and password when there is one.
    pub fn url(&self) -> String {
        self.url_at(self.address)
    }

    /// The same behind another address, of a wire for example.
    pub fn url_at(&self, address: SocketAddr) -> String {
        format!("redis://{}{address}/", self.options.login())
    }

    /// The URL with TLS.
    pub fn tls_url(&self) -> String {
        let address = self.tls.unwrap_or_else(|| panic!("a server with a certificate"));
        format!("rediss://{}{address}/", self.options.login())
    }

    /// Sends one command, in the harness's own name, and answers the reply. Panics when there is none.
    pub fn ask(&self, words: &[&str]) -> Reply {
        self.try_ask(words).unwrap_or_else(|error| panic!("{words:?}: {error}\n{}", self.log()))
    }

    /// The same.
    ///
    /// # Errors
    /// When the server does not answer within two seconds, or answers an error.
    pub fn try_ask(&self, words: &[&str]) -> Result<Reply, String> {
        let mut kept = self.talk.lock().unwrap_or_else(PoisonError::into_inner);
        let mut talk = match kept.take() {
            Some(talk) => talk,
            None => Talk::to(self.address, Some(options::HARNESS))?,
        };
        let reply = talk.ask(words);
        // A connection is kept as long as replies arrive, so that it is told apart from others and counted once.
        if !matches!(reply, Err(talk::Failure::Broken(_))) {
            *kept = Some(talk);
        }
        reply.map_err(|failure| failure.to_string())
    }

    /// How many commands others than this harness have sent since the start; what scripts call is counted too.
    pub fn commands(&self) -> u64 {
        let all = self.number("stats", "total_commands_processed");
        let kept = self.talk.lock().unwrap_or_else(PoisonError::into_inner);
        // The question itself is counted by the server only after it has been answered.
        let own = kept.as_ref().map_or(0, |talk| talk.asked().saturating_sub(1));
        all.saturating_sub(own)
    }

    /// How often each command was called since the start or `CONFIG RESETSTAT`, this harness's own calls included.
    pub fn calls(&self) -> BTreeMap<String, u64> {
        let text = self.ask(&["INFO", "commandstats"]).text();
        let line = |line: &str| {
            let (name, numbers) = line.strip_prefix("cmdstat_")?.split_once(":calls=")?;
            Some((name.to_owned(), numbers.split(',').next()?.parse().ok()?))
        };
        text.lines().filter_map(line).collect()
    }

    /// Memory in use, in bytes, as the server counts it.
    pub fn memory(&self) -> u64 {
        self.number("memory", "used_memory")
    }

    /// A number of `INFO`; 0 when it has none of that name.
    pub fn number(&self, section: &str, name: &str) -> u64 {
        let text = self.ask(&["INFO", section]).text();
        let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        value.and_then(|text| text.trim().parse().ok()).unwrap_or(0)
    }

    /// Ends it as a power cut would.
    pub fn kill_nine(&self) {
        self.place.kill_all();
        if let Some(mut child) = self.server.lock().unwrap_or_else(PoisonError::into_inner).take() {
            let _ = child.wait();
        }
        *self.talk.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Starts it again, after whatever ended it or while it runs, and waits until it answers.
    pub fn restart(&self) {
        self.kill_nine();
        self.launch();
    }

    /// Freezes it (SIGSTOP).
    pub fn pause(&self) {
        self.place.signal_all("STOP");
    }

    /// Lets it go on.
    pub fn resume(&self) {
        self.place.signal_all("CONT");
    }

    /// Whether its process is there.
    pub fn is_alive(&self) -> bool {
        let mut server = self.server.lock().unwrap_or_else(PoisonError::into_inner);
        server.as_mut().is_some_and(|child| matches!(child.try_wait(), Ok(None)))
    }

    /// The folder it is in, for whoever wants to see that it goes.
    pub fn folder(&self) -> std::path::PathBuf {
        self.place.folder().to_owned()
    }

    /// All its processes.
    pub fn processes(&self) -> Vec<u32> {
        self.place.processes()
    }

    /// What it wrote to its log, the last part of it.
    pub fn log(&self) -> String {
        self.place.log()
    }

    fn launch(&self) {
        let mut command = self.place.command(&binary::of("redis-server", "redis-server"));
        command.arg("redis.conf").args(self.options.arguments());
        let child = command.spawn().unwrap_or_else(|error| panic!("redis-server: {error}"));
        *self.server.lock().unwrap_or_else(PoisonError::into_inner) = Some(child);
        patience::until("redis-server", || {
            assert!(self.is_alive(), "redis-server ended instead of getting ready\n{}", self.log());
            self.try_ask(&["PING"]).map(drop)
        });
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.kill_nine();
    }
}
