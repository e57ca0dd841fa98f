//! A server for this run alone.

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::{Instant, sleep};

use crate::Error;

/// The key of a server that listens on loopback and lives for one run.
const KEY: &str = "sample-api-key";
const KEY_HASH: &str = "42c25b66f6af3242de98bdcfb024e7bdb18dbbce8f07723bc4765acf9eb4dd38";

/// How long it may take to be ready.
const READY_WITHIN: Duration = Duration::from_secs(10);

/// One service, always open; played waits would say nothing about real agents, so nobody need be logged in.
const SETTINGS: &str = r#"
[tenants.bank.identity]
api_keys_sha256 = ["KEY_HASH"]

[tenants.bank.services.Sales]
immediate = true
scheduled = true
interval_minutes = 5
capacity = 20
require_logged_in = false
"#;

/// A running server; dropping it ends it and removes its folder.
pub struct OwnServer {
    /// Its address.
    pub url: String,
    /// An API key.
    pub key: String,
    process: Child,
    folder: PathBuf,
}

impl OwnServer {
    /// Builds the server, starts it, and waits until it can be reached. Telephony is played `speed` times as fast.
    pub async fn start(speed: u32) -> Result<Self, Error> {
        let program = build()?;
        let folder = std::env::temp_dir().join(format!("ges-replay-{}", std::process::id()));
        std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        let [external, internal] = [free_port()?, free_port()?];
        let config = config(speed, external, internal, &folder.to_string_lossy());
        std::fs::write(folder.join("settings.toml"), SETTINGS.replace("KEY_HASH", KEY_HASH))?;
        std::fs::write(folder.join("ges-server.toml"), config)?;
        let log = std::fs::File::create(folder.join("log"))?;
        let process = Command::new(&program)
            .arg("--config")
            .arg(folder.join("ges-server.toml"))
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .map_err(|error| format!("{}: {error}", program.display()))?;
        let url = format!("http://127.0.0.1:{external}");
        let mut server = OwnServer { url, key: KEY.to_owned(), process, folder };
        server.ready(external).await?;
        Ok(server)
    }

    async fn ready(&mut self, port: u16) -> Result<(), Error> {
        let latest = Instant::now() + READY_WITHIN;
        while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            if self.process.try_wait()?.is_some() || Instant::now() > latest {
                let log = std::fs::read_to_string(self.folder.join("log")).unwrap_or_default();
                return Err(format!("the server did not start; it said:\n{log}").into());
            }
            sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }
}

impl Drop for OwnServer {
    fn drop(&mut self) {
        // Nothing it holds outlives the run, so it need not be asked; what fails here leaves a folder behind at worst.
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Builds the server with the profile of this program, and answers where it stands: beside the folder of examples.
fn build() -> Result<PathBuf, Error> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut build = Command::new(cargo);
    build.args(["build", "--quiet", "--package", "ges-server"]);
    if !cfg!(debug_assertions) {
        build.arg("--release");
    }
    let built = build.status().map_err(|error| format!("cargo, to build the server: {error}"))?;
    if !built.success() {
        return Err("the server could not be built; give --url and --key of one that runs".into());
    }
    let here = std::env::current_exe()?;
    let folder = here.parent().and_then(|examples| examples.parent()).ok_or("this program stands nowhere")?;
    Ok(folder.join(format!("ges-server{}", std::env::consts::EXE_SUFFIX)))
}

/// A port nobody listens on now. Should somebody take it meanwhile, the start fails and says so.
fn free_port() -> Result<u16, Error> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

fn config(speed: u32, external: u16, internal: u16, folder: &str) -> String {
    // Seconds of the day as milliseconds here, as short as the played telephony can be.
    let played = |secs: u64| (secs * 1000 / u64::from(speed)).max(10);
    let folder = toml_text(folder);
    let (route, ring, talk, retry) = (played(5), played(15), played(180), played(300));
    format!(
        r#"[http]
external_address = "127.0.0.1:{external}"
internal_address = "127.0.0.1:{internal}"

[storage]
kind = "embedded"
directory = "{folder}/data"

[orchestrator]
kind = "sandbox"

[orchestrator.sandbox]
agents = 5
route_ms = {route}
ring_ms = {ring}
talk_ms = {talk}
retry_ms_max = {retry}

[settings]
file = "{folder}/settings.toml"
"#
    )
}

fn toml_text(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}

#[cfg(test)]
#[test]
fn telephony_is_compressed_like_the_day() {
    let config = config(60, 1, 2, "a\\b");
    for line in ["talk_ms = 3000", "ring_ms = 250", "127.0.0.1:1\"", "directory = \"a\\\\b/data\""] {
        assert!(config.contains(line), "{line} in {config}");
    }
}
