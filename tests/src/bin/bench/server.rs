//! A `ges-server` of its own: process, ports, folder and configuration.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::settings;
use anyhow::{Context, bail};

/// How to start servers: the binary, and the folder that holds configuration and store.
pub struct Setup {
    binary: PathBuf,
    config: PathBuf,
    log: PathBuf,
    external: SocketAddr,
    internal: SocketAddr,
}

/// A running server; killed when dropped.
pub struct Server {
    child: Child,
    /// Where the Engagement API is.
    pub external: SocketAddr,
    /// Where sessions write back.
    pub internal: SocketAddr,
    /// From the start of the process to the first answer.
    pub ready_after: Duration,
}

impl Setup {
    /// Writes the configuration of a server with a store of its own, which hands over to this webhook.
    pub fn new(binary: &Path, folder: &Path, webhook: &str) -> anyhow::Result<Setup> {
        let store = folder.join("store");
        let rest = format!(
            r#"
[storage]
kind = "embedded"
directory = "{store}"
[orchestrator]
kind = "webhook"
write_back_secret = "write-back-secret-of-the-bench"
[orchestrator.webhook]
url = "{webhook}"
secret = "webhook-secret-of-the-bench"
"#,
            store = store.display(),
        );
        Setup::configured(binary, folder, settings::SETTINGS, &rest)
    }

    /// Writes the configuration of a server with these settings; `rest` says where it stores and hands over.
    pub fn configured(binary: &Path, folder: &Path, settings: &str, rest: &str) -> anyhow::Result<Setup> {
        fs::create_dir_all(folder)?;
        let settings_file = folder.join("settings.toml");
        fs::write(&settings_file, settings)?;
        let (external, internal) = (free_address()?, free_address()?);
        let config = folder.join("ges-server.toml");
        fs::write(
            &config,
            format!(
                r#"
[http]
external_address = "{external}"
internal_address = "{internal}"
{rest}
[telemetry]
log_level = "WARN"
[settings]
file = "{settings}"
"#,
                settings = settings_file.display(),
            ),
        )?;
        let (binary, log) = (binary.to_owned(), folder.join("server.log"));
        Ok(Setup { binary, config, log, external, internal })
    }

    /// Starts the server and waits for the first answer of its health check.
    pub fn start(&self) -> anyhow::Result<Server> {
        let log = fs::File::options().create(true).append(true).open(&self.log)?;
        let begun = Instant::now();
        let child = Command::new(&self.binary)
            .arg("--config")
            .arg(&self.config)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .with_context(|| format!("{} cannot be started", self.binary.display()))?;
        let (external, internal) = (self.external, self.internal);
        let mut server = Server { child, external, internal, ready_after: Duration::ZERO };
        loop {
            if answers(self.internal, "/ges/v1/health") {
                server.ready_after = begun.elapsed();
                return Ok(server);
            }
            if let Some(status) = server.child.try_wait()? {
                bail!("the server ended with {status}; see {}", self.log.display());
            }
            if begun.elapsed() > Duration::from_secs(60) {
                bail!("the server did not become ready within a minute; see {}", self.log.display());
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

impl Server {
    /// The process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal by its name.
    pub fn signal(&self, name: &str) -> anyhow::Result<()> {
        let sent = Command::new("kill").arg(format!("-{name}")).arg(self.id().to_string()).status()?;
        anyhow::ensure!(sent.success(), "the signal {name} could not be sent");
        Ok(())
    }

    /// As a crash would.
    pub fn kill(mut self) -> anyhow::Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It has ended already, or is killed now.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The plain server of [`crate::echo`], in a process of its own.
pub fn start_echo() -> anyhow::Result<Server> {
    let begun = Instant::now();
    let mut child = Command::new(std::env::current_exe()?).arg("echo").stdout(Stdio::piped()).spawn()?;
    let mut line = String::new();
    if let Some(out) = child.stdout.as_mut() {
        BufReader::new(out).read_line(&mut line)?;
    }
    let address = line.trim().parse()?;
    Ok(Server { child, external: address, internal: address, ready_after: begun.elapsed() })
}

/// Whether a GET is answered with 200.
fn answers(address: SocketAddr, path: &str) -> bool {
    let asked = || -> std::io::Result<bool> {
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        write!(stream, "GET {path} HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n")?;
        let mut head = [0; 12];
        stream.read_exact(&mut head)?;
        Ok(head.ends_with(b" 200"))
    };
    asked().unwrap_or(false)
}

/// A port nobody has now.
fn free_address() -> std::io::Result<SocketAddr> {
    TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0)))?.local_addr()
}
