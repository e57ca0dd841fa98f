//! A Postgres cluster of a test.

mod options;
mod standby;

use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

pub use options::PostgresOptions;

use super::place::signal;
use super::{Certificates, Place, binary, patience};

/// Who may do everything, without a password.
const USER: &str = "ges";

/// A running cluster, forced writes on, on an address that stays its own over restarts.
#[derive(Debug)]
pub struct Postgres {
    place: Place,
    address: SocketAddr,
    server: Mutex<Option<Child>>,
    databases: AtomicU64,
    /// Of its own disk, if it has one.
    mebibytes: Option<u32>,
    /// Whose folder is there as long as this.
    certificates: Option<Certificates>,
}

impl Postgres {
    /// A fresh cluster with the settings that Postgres has by itself.
    pub fn start() -> Self {
        Postgres::options().start()
    }

    /// Settings for a cluster that has not been started.
    pub fn options() -> PostgresOptions {
        PostgresOptions::default()
    }

    /// The same cluster for all tests of this process, started by the first that asks. It ends with the process.
    pub fn shared() -> &'static Postgres {
        static SHARED: OnceLock<Postgres> = OnceLock::new();
        SHARED.get_or_init(Postgres::start)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The connection URL of a database; `postgres` is there from the start.
    pub fn url(&self, database: &str) -> String {
        Postgres::url_at(&[self.address], database)
    }

    /// The connection URL of a database that is to be found behind one of these addresses, of wires for example.
    pub fn url_at(addresses: &[SocketAddr], database: &str) -> String {
        let hosts: Vec<String> = addresses.iter().map(SocketAddr::to_string).collect();
        let which = if hosts.len() > 1 { "?target_session_attrs=read-write" } else { "" };
        format!("postgres://{USER}@{}/{database}{which}", hosts.join(","))
    }

    /// An empty database; answers its URL.
    pub fn fresh_database(&self) -> String {
        self.url(&self.fresh_database_name())
    }

    /// An empty database; answers its name.
    pub fn fresh_database_name(&self) -> String {
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        self.ask("postgres", &format!("CREATE DATABASE {name}"));
        name
    }

    /// Runs SQL, by `psql`; answers its rows, fields separated by `|`. A server that is busy is asked again for a while;
    /// panics when it refuses.
    pub fn ask(&self, database: &str, sql: &str) -> Vec<String> {
        let answer = patience::until(sql, || match self.try_ask(database, sql) {
            Err(why) if why.contains("connection to server") => Err(why),
            answer => Ok(answer),
        });
        answer.unwrap_or_else(|error| panic!("{sql}: {error}"))
    }

    /// The same.
    ///
    /// # Errors
    /// What `psql` says when it fails, or cannot connect within two seconds.
    pub fn try_ask(&self, database: &str, sql: &str) -> Result<Vec<String>, String> {
        let done = Command::new(binary::of_postgres("psql"))
            .args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1"])
            .args(["--dbname", &self.url(database), "--command", sql])
            .env("PGCONNECT_TIMEOUT", "2")
            .stdin(Stdio::null())
            .output()
            .map_err(|error| error.to_string())?;
        if !done.status.success() {
            return Err(String::from_utf8_lossy(&done.stderr).into_owned());
        }
        Ok(String::from_utf8_lossy(&done.stdout).lines().map(str::to_owned).collect())
    }

    /// How many transactions were committed or rolled back so far in all databases but `postgres`, in which this harness
    /// asks. The server counts with a delay of about a second, and its own housekeeping (autovacuum) is in it.
    pub fn statistics(&self) -> u64 {
        let sum = "SELECT coalesce(sum(xact_commit + xact_rollback), 0)::bigint FROM pg_stat_database \
                   WHERE datname NOT IN ('postgres', 'template0', 'template1')";
        self.ask("postgres", sum).first().and_then(|text| text.parse().ok()).unwrap_or(0)
    }

    /// Ends all its processes as a power cut would; the address refuses connections then.
    pub fn kill_nine(&self) {
        self.place.kill_all();
        self.reap();
    }

    /// Stops it without a checkpoint, as an administrator in a hurry (`immediate`): sessions are told and break, the next
    /// start recovers.
    pub fn stop_immediate(&self) {
        self.end_by("QUIT");
    }

    /// Stops it in good order (`fast`): open transactions are rolled back, sessions end.
    pub fn stop(&self) {
        self.end_by("INT");
    }

    /// Starts it again, after whatever ended it or while it runs, and waits until it answers.
    pub fn restart(&self) {
        self.kill_nine();
        self.launch();
    }

    /// The same, but does not wait until it answers: recovery may take a while.
    pub fn restart_soon(&self) {
        self.kill_nine();
        self.spawn();
    }

    /// Freezes all its processes (SIGSTOP).
    pub fn pause(&self) {
        self.place.signal_all("STOP");
    }

    /// Lets them go on.
    pub fn resume(&self) {
        self.place.signal_all("CONT");
    }

    /// Takes what is left of its own disk.
    pub fn fill_disk(&self) {
        let disk =
            self.place.disk().unwrap_or_else(|| panic!("a cluster that was started with a disk of its own"));
        disk.fill();
    }

    /// Gives it back.
    pub fn make_room(&self) {
        if let Some(disk) = self.place.disk() {
            disk.make_room();
        }
    }

    /// Whether its server process is there.
    pub fn is_alive(&self) -> bool {
        let mut server = self.server.lock().unwrap_or_else(PoisonError::into_inner);
        server.as_mut().is_some_and(|child| matches!(child.try_wait(), Ok(None)))
    }

    /// All its processes.
    pub fn processes(&self) -> Vec<u32> {
        self.place.processes()
    }

    /// The folder it is in, for whoever wants to see that it goes.
    pub fn folder(&self) -> std::path::PathBuf {
        self.place.folder().to_owned()
    }

    /// What it wrote to its log, the last part of it.
    pub fn log(&self) -> String {
        self.place.log()
    }

    /// Waits until it answers questions.
    pub fn wait_until_ready(&self) {
        patience::until("postgres", || {
            if !self.is_alive() {
                panic!("postgres ended instead of getting ready\n{}", self.log());
            }
            let ready = Command::new(binary::of_postgres("pg_isready"))
                .args(["--quiet", "--timeout=1", "--dbname", &self.url("postgres")])
                .status();
            match ready {
                Ok(status) if status.success() => Ok(()),
                other => Err(format!("{other:?}\n{}", self.log())),
            }
        });
    }

    fn in_place(place: Place, mebibytes: Option<u32>) -> Self {
        let address = crate::server::free_address();
        Postgres {
            place,
            address,
            server: Mutex::default(),
            databases: AtomicU64::new(0),
            mebibytes,
            certificates: None,
        }
    }

    fn launch(&self) {
        self.spawn();
        self.wait_until_ready();
    }

    fn spawn(&self) {
        let mut command = self.place.command(&binary::of_postgres("postgres"));
        command.arg("-D").arg(self.place.folder().join("data"));
        command.args(["-c", &format!("listen_addresses={}", self.address.ip())]);
        command.args(["-c", &format!("port={}", self.address.port())]);
        let child = command.spawn().unwrap_or_else(|error| panic!("postgres: {error}"));
        *self.server.lock().unwrap_or_else(PoisonError::into_inner) = Some(child);
    }

    fn end_by(&self, name: &str) {
        let process = self.server.lock().unwrap_or_else(PoisonError::into_inner).as_ref().map(Child::id);
        if let Some(process) = process {
            signal(name, &[process]);
        }
        patience::until("the end of postgres", || if self.is_alive() { Err(self.log()) } else { Ok(()) });
        self.reap();
    }

    fn reap(&self) {
        if let Some(mut child) = self.server.lock().unwrap_or_else(PoisonError::into_inner).take() {
            let _ = child.wait();
        }
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.kill_nine();
    }
}
