//! One node: a real process with its own wires to everything it needs.

use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use ges_tests::http::Client;
use ges_tests::private::{Place, Postgres, Wire};
use ges_tests::server::{KEY_SHA256, TENANT, binary, free_address};

use super::load::{COMMON, SERVICES};
use super::pulse::Doors;

/// How long a start may take on a machine that has other work.
const START_MAX: Duration = Duration::from_secs(60);
/// How long a node may take to end in good order.
const END_MAX: Duration = Duration::from_secs(40);

/// How nodes reach the hot Redis.
#[derive(Clone, Debug)]
pub enum HotRoute {
    /// Through each node's own wire to this server.
    Wire(SocketAddr),
    /// By asking these Sentinels for the primary of this name.
    Sentinels(Vec<SocketAddr>, &'static str),
    /// A cluster, found through some of its nodes.
    Cluster(Vec<SocketAddr>),
}

/// Everything about a node but its process, which comes and goes.
pub struct Node {
    place: Place,
    pub doors: Doors,
    /// To the two servers of Postgres, of which one takes writes.
    pub postgres: [Wire; 2],
    pub voice: Wire,
    /// To the hot Redis, when it is a single server.
    pub hot: Wire,
    ors: SocketAddr,
    route: HotRoute,
    process: Option<Child>,
}

impl Node {
    /// A node that has not been started.
    pub fn new(postgres: [SocketAddr; 2], voice: SocketAddr, ors: SocketAddr, route: HotRoute) -> Self {
        let nowhere = free_address();
        let node = Node {
            place: Place::of_our_own(),
            doors: Doors { external: free_address(), internal: free_address() },
            postgres: postgres.map(Wire::to),
            voice: Wire::to(voice),
            hot: Wire::to(nowhere),
            ors,
            route,
            process: None,
        };
        node.lead_hot();
        node
    }

    /// Reaches the hot Redis another way, from the next start on.
    pub fn route(&mut self, route: HotRoute) {
        self.route = route;
        self.lead_hot();
    }

    fn lead_hot(&self) {
        if let HotRoute::Wire(server) = self.route {
            self.hot.lead_to(server);
        }
    }

    /// All its wires.
    pub fn wires(&self) -> [&Wire; 4] {
        let [first, second] = &self.postgres;
        [first, second, &self.voice, &self.hot]
    }

    /// Starts the process without waiting until it is ready.
    pub fn launch(&mut self) {
        self.place.put("settings.toml", &settings());
        self.place.put("ges-server.toml", &self.configuration());
        let mut command: Command = self.place.command(binary());
        command.args(["--config", "ges-server.toml"]).stdin(Stdio::null());
        let process = command.spawn().unwrap_or_else(|error| panic!("{}: {error}", binary().display()));
        self.process = Some(process);
    }

    /// Waits until it takes requests.
    ///
    /// # Errors
    /// When it ended instead, or takes very long: with the end of its log.
    pub fn wait_until_ready(&mut self) -> Result<(), String> {
        let begun = Instant::now();
        let mut health = Client::new(self.doors.internal).patient(Duration::from_secs(2));
        loop {
            let answer = health.get("/ges/v1/health");
            if answer.as_ref().is_ok_and(|answer| answer.status == 200) {
                return Ok(());
            }
            let ended = self.process.as_mut().and_then(|process| process.try_wait().ok().flatten());
            if let Some(status) = ended {
                return Err(format!("a node ended instead of getting ready: {status}\n{}", self.place.log()));
            }
            if begun.elapsed() > START_MAX {
                return Err(format!(
                    "a node is not ready after {START_MAX:?}: {answer:?}\n{}",
                    self.place.log()
                ));
            }
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Starts it and waits until it takes requests.
    ///
    /// # Errors
    /// As [`Node::wait_until_ready`].
    pub fn start(&mut self) -> Result<(), String> {
        self.launch();
        self.wait_until_ready()
    }

    /// Ends it as a power cut would.
    pub fn kill(&mut self) {
        self.place.kill_all();
        self.reap();
    }

    /// Asks it to end, and waits.
    ///
    /// # Errors
    /// When it does not end, or not with success.
    pub fn terminate(&mut self) -> Result<(), String> {
        self.place.signal_all("TERM");
        let begun = Instant::now();
        let Some(process) = self.process.as_mut() else { return Ok(()) };
        loop {
            match process.try_wait() {
                Ok(Some(status)) if status.success() => break,
                Ok(Some(status)) => {
                    return Err(format!("a node was asked to end: {status}\n{}", self.place.log()));
                }
                _ if begun.elapsed() > END_MAX => {
                    return Err(format!("a node does not end within {END_MAX:?}\n{}", self.place.log()));
                }
                _ => thread::sleep(Duration::from_millis(5)),
            }
        }
        self.reap();
        Ok(())
    }

    pub fn pause(&self) {
        self.place.signal_all("STOP");
    }

    pub fn resume(&self) {
        self.place.signal_all("CONT");
    }

    /// Whether the process ended although nobody ended it.
    pub fn has_ended(&mut self) -> bool {
        self.process.as_mut().is_some_and(|process| matches!(process.try_wait(), Ok(Some(_))))
    }

    /// The end of what all its processes wrote.
    pub fn log(&self) -> String {
        self.place.log()
    }

    /// How often its processes reported a bug.
    pub fn panics(&self) -> usize {
        let log = std::fs::read_to_string(self.place.folder().join("log")).unwrap_or_default();
        log.matches("panicked").count()
    }

    fn reap(&mut self) {
        if let Some(mut process) = self.process.take() {
            let _ = process.kill();
            let _ = process.wait();
        }
    }

    fn configuration(&self) -> String {
        let list = |addresses: &[SocketAddr]| {
            addresses.iter().map(SocketAddr::to_string).collect::<Vec<_>>().join(",")
        };
        let hot = match &self.route {
            HotRoute::Wire(_) => {
                format!("redis.mode = \"standalone\"\nredis.nodes = \"{}\"", self.hot.address())
            }
            HotRoute::Sentinels(addresses, name) => format!(
                "redis.mode = \"sentinel\"\nredis.nodes = \"{}\"\nredis.sentinel_master = \"{name}\"",
                list(addresses)
            ),
            HotRoute::Cluster(addresses) => {
                format!("redis.mode = \"cluster\"\nredis.nodes = \"{}\"", list(addresses))
            }
        };
        let [first, second] = &self.postgres;
        format!(
            "http.external_address = \"{}\"\n\
             http.internal_address = \"{}\"\n\
             storage.kind = \"postgres\"\n\
             storage.postgres.url = \"{}\"\n\
             storage.postgres.tls = \"off\"\n\
             {hot}\n\
             redis.secret = \"redis secret of the bad days\"\n\
             orchestrator.kind = \"ors\"\n\
             orchestrator.ors.redis.mode = \"standalone\"\n\
             orchestrator.ors.redis.nodes = \"{}\"\n\
             orchestrator.ors.urls = \"http://{}\"\n\
             orchestrator.ors.look_secs = 30\n\
             orchestrator.write_back_secret = \"write-back secret of the bad days\"\n\
             telemetry.log_level = \"WARN\"\n\
             settings.file = \"settings.toml\"\n",
            self.doors.external,
            self.doors.internal,
            Postgres::url_at(&[first.address(), second.address()], super::world::DATABASE),
            self.voice.address(),
            self.ors,
        )
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.kill();
    }
}

fn settings() -> String {
    let mut text = format!("[tenants.{TENANT}.identity]\napi_keys_sha256 = [\"{KEY_SHA256}\"]\n\n");
    for (name, options) in SERVICES {
        text += &format!("[tenants.{TENANT}.services.{name}]\n{options}\n{COMMON}\n\n");
    }
    text
}
