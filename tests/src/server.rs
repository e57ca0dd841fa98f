//! The server as an operator has it: a process with a configuration file, a folder, two ports and an end.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU16, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::http::{Answer, Client};

/// The key of the only tenant.
pub const KEY: &str = "outage-key-0123456789abcdef0123456789";
/// Its fingerprint, as configuration has it.
pub const KEY_SHA256: &str = "100a17f13bd446d3a62243be0979f344e697347546412ed65dedaec1be1b2b64";
/// The only tenant.
pub const TENANT: &str = "acme";
/// How long a start may take on a machine that has other work.
const START_MAX: Duration = Duration::from_secs(30);

/// Everything about a server but its process: it can be started from the same again and again.
pub struct Site {
    folder: tempfile::TempDir,
    /// Where it keeps its store.
    pub storage: PathBuf,
    /// For the street.
    pub external: SocketAddr,
    /// For the inside.
    pub internal: SocketAddr,
    webhook: SocketAddr,
    services: String,
    extra: String,
    store: Option<String>,
    wall_clock: Option<String>,
}

/// A running server.
pub struct Server {
    child: Child,
    /// How long it took until it said that it is ready.
    pub ready_after: Duration,
}

/// A server that ended instead of getting ready.
#[derive(Debug)]
pub struct DidNotStart {
    /// How it ended.
    pub status: ExitStatus,
    /// What it wrote.
    pub output: String,
}

impl Site {
    /// A site with these services (`[Name]` tables of a settings file, each without its prefix) that hands over to
    /// `webhook`.
    pub fn new(webhook: SocketAddr, services: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap_or_else(|error| panic!("a temporary folder: {error}"));
        let mut text = format!("[tenants.{TENANT}.identity]\napi_keys_sha256 = [\"{KEY_SHA256}\"]\n\n");
        for (name, options) in services {
            let _ = writeln!(text, "[tenants.{TENANT}.services.{name}]\n{options}\n");
        }
        Site {
            storage: folder.path().join("data"),
            folder,
            external: free_address(),
            internal: free_address(),
            webhook,
            services: text,
            extra: String::new(),
            store: None,
            wall_clock: None,
        }
    }

    /// The same, with more lines in the configuration file, before the first table.
    pub fn configured(mut self, key: &str, value: &str) -> Self {
        let _ = writeln!(self.extra, "{key} = {value}");
        self
    }

    /// The same, on a store that nodes share: these lines of the configuration file say which.
    pub fn stored_by(mut self, lines: &str) -> Self {
        self.store = Some(lines.to_owned());
        self
    }

    /// The same, with its store in another folder.
    pub fn stored_in(mut self, folder: &Path) -> Self {
        self.storage = folder.to_owned();
        self
    }

    /// The same, on a machine whose wall clock is wrong by this, such as `-60s`; its steady clock runs as ever. Needs
    /// `faketime`.
    pub fn with_wall_clock_off_by(mut self, offset: &str) -> Self {
        self.wall_clock = Some(offset.to_owned());
        self
    }

    /// Where configuration and log are.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Starts a process and waits until it is ready.
    ///
    /// # Errors
    /// When it ended instead.
    pub fn start(&self) -> Result<Server, DidNotStart> {
        self.start_until(|health| health.status == 200)
    }

    /// Starts a process and waits until its health is as wanted.
    ///
    /// # Errors
    /// When it ended instead.
    pub fn start_until(&self, wanted: impl Fn(&Answer) -> bool) -> Result<Server, DidNotStart> {
        let config = self.write_files();
        let log_path = self.log_path();
        let open_log = || {
            let log = File::options().create(true).append(true).open(&log_path);
            Stdio::from(log.unwrap_or_else(|error| panic!("{}: {error}", log_path.display())))
        };
        let mut process = self.process();
        process.arg("--config").arg(&config).current_dir(self.folder());
        process.stdin(Stdio::null()).stdout(open_log()).stderr(open_log());
        let begun = Instant::now();
        let child = process.spawn();
        let child = child.unwrap_or_else(|error| panic!("{}: {error}", process.get_program().display()));
        let mut server = Server { child, ready_after: Duration::ZERO };
        loop {
            let health = self.inside().get("/ges/v1/health");
            if health.as_ref().is_ok_and(&wanted) {
                server.ready_after = begun.elapsed();
                return Ok(server);
            }
            if let Ok(Some(status)) = server.child.try_wait() {
                return Err(DidNotStart { status, output: self.log() });
            }
            assert!(begun.elapsed() < START_MAX, "not ready after {START_MAX:?}: {health:?}\n{}", self.log());
            thread::sleep(Duration::from_millis(2));
        }
    }

    /// Runs a command of the binary with this configuration, such as `status`, and waits for its end.
    pub fn command(&self, words: &[&str]) -> std::process::Output {
        let config = self.write_files();
        let ran =
            Command::new(binary()).args(words).arg("--config").arg(config).stdin(Stdio::null()).output();
        ran.unwrap_or_else(|error| panic!("{}: {error}", binary().display()))
    }

    /// What all its processes wrote so far.
    pub fn log(&self) -> String {
        fs::read_to_string(self.log_path()).unwrap_or_default()
    }

    /// A client of the street with the tenant's key.
    pub fn outside(&self) -> Client {
        Client::new(self.external).with("x-api-key", KEY)
    }

    /// A client of the inside in the tenant's name.
    pub fn inside(&self) -> Client {
        Client::new(self.internal).with("ContactCenterId", TENANT)
    }

    fn process(&self) -> Command {
        let mut process = Command::new(binary());
        process.envs(self.wall_clock.iter().flat_map(|offset| wall_clock_off_by(offset)));
        process
    }

    fn log_path(&self) -> PathBuf {
        self.folder().join("server.log")
    }

    fn write_files(&self) -> PathBuf {
        let put = |name: &str, text: &str| {
            let path = self.folder().join(name);
            fs::write(&path, text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            path
        };
        let settings = put("settings.toml", &self.services);
        let embedded = || format!("storage.kind = \"embedded\"\nstorage.directory = {:?}\n", self.storage);
        let store = self.store.clone().unwrap_or_else(embedded);
        let config = format!(
            "{}\n\
             http.external_address = \"{}\"\n\
             http.internal_address = \"{}\"\n\
             {store}\
             orchestrator.kind = \"webhook\"\n\
             orchestrator.write_back_secret = \"write-back secret of the test\"\n\
             orchestrator.webhook.url = \"http://{}/calls\"\n\
             orchestrator.webhook.secret = \"webhook secret of the test\"\n\
             telemetry.log_level = \"WARN\"\n\
             settings.file = {:?}\n",
            self.extra, self.external, self.internal, self.webhook, settings,
        );
        put("ges-server.toml", &config)
    }
}

impl Server {
    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Ends it as a power cut would, and waits until it is gone.
    pub fn kill(mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Asks it to end, and waits; `None` when it has not ended by then.
    pub fn terminate(mut self, most: Duration) -> Option<ExitStatus> {
        self.signal("TERM");
        self.end_within(most)
    }

    /// Waits until it has ended by itself; `None` when it has not by then.
    pub fn end_within(&mut self, most: Duration) -> Option<ExitStatus> {
        let until = Instant::now() + most;
        while Instant::now() < until {
            if let Ok(Some(status)) = self.child.try_wait() {
                return Some(status);
            }
            thread::sleep(Duration::from_millis(5));
        }
        None
    }

    /// Sends a signal by its name.
    pub fn signal(&self, name: &str) {
        let _ = Command::new("kill").arg(format!("-{name}")).arg(self.pid().to_string()).status();
    }

    /// Whether it is still there.
    pub fn is_alive(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Memory in use, in KiB.
    pub fn resident_kib(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        line.and_then(|text| text.split_whitespace().next()?.parse().ok()).unwrap_or(0)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The environment of a process whose wall clock is wrong. `faketime` runs a program as a child of its own, which lives on
/// when `faketime` is killed; so it is only asked what it would tell the program.
fn wall_clock_off_by(offset: &str) -> Vec<(String, String)> {
    const NAMES: [&str; 3] = ["LD_PRELOAD", "FAKETIME", "FAKETIME_DONT_FAKE_MONOTONIC"];
    let told = Command::new("faketime").args(["--exclude-monotonic", "-m", "-f", offset, "env"]).output();
    let told = told.unwrap_or_else(|error| panic!("faketime: {error}"));
    let told = String::from_utf8_lossy(&told.stdout);
    let variables = told.lines().filter_map(|line| line.split_once('='));
    let wanted = variables.filter(|(name, _)| NAMES.contains(name));
    let wanted: Vec<_> = wanted.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    assert_eq!(wanted.len(), NAMES.len(), "what faketime tells a program: {wanted:?}");
    wanted
}

/// A loopback address nobody uses, outside the range from which the system takes ports for outgoing connections: a
/// client that knocks while nobody listens must not find itself.
pub fn free_address() -> SocketAddr {
    free_listener().1
}

/// The same, and who listens there.
pub fn free_listener() -> (TcpListener, SocketAddr) {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let [high, low] = u16::try_from(std::process::id() % 65_536).unwrap_or(1).to_be_bytes();
    let own = Ipv4Addr::new(127, 100 + high % 100, low, 1);
    loop {
        let address =
            SocketAddr::new(IpAddr::V4(own), 20_000 + NEXT.fetch_add(1, Ordering::Relaxed) % 10_000);
        if let Ok(listener) = TcpListener::bind(address) {
            return (listener, address);
        }
    }
}

/// The server's binary: `GES_SERVER_BIN`, or what cargo builds of this workspace.
pub fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| match std::env::var_os("GES_SERVER_BIN") {
        Some(path) => path.into(),
        None => build(),
    })
}

fn build() -> PathBuf {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["build", "--quiet", "-p", "ges-server", "--bin", "ges-server", "--message-format=json"]);
    if !cfg!(debug_assertions) {
        cargo.arg("--release");
    }
    let built = cargo.current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/..")).output();
    let built = built.unwrap_or_else(|error| panic!("cargo: {error}"));
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    let messages = String::from_utf8_lossy(&built.stdout).into_owned();
    let executable = messages.lines().rev().find_map(|line| {
        let message: serde_json::Value = serde_json::from_str(line).ok()?;
        message["executable"].as_str().map(PathBuf::from)
    });
    executable.unwrap_or_else(|| panic!("cargo names no binary:\n{messages}"))
}
