//! Reads the configuration, builds, runs, drains; nothing else.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use clap::Parser;
use ges_core::port::Clock;
use ges_core::settings::SettingsFile;
use ges_core::system::SystemClock;
use ges_http::hex;
use ges_server::adapters::store::{Store, Stores};
use ges_server::app::{App, SettingsLoader};
use ges_server::command::{Arguments, Command, store};
use ges_server::config::{self, Config, Sources};
use ges_server::demonstration::Demonstration;
use ges_server::metrics::{Host, VERSION};
use ges_server::{chance, logs, reload, tenants, zones};
use sha2::{Digest, Sha256};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::Notify;

/// How long a start waits for a database that is not there yet.
const WAIT_FOR_STORE: Duration = Duration::from_secs(60);

/// The status of `status` when it could be asked, and all is not well.
const NEEDS_ATTENTION: u8 = 3;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(&arguments) {
        Ok(status) => status,
        Err(error) => {
            let status = if error.is::<config::Mistakes>() { 2 } else { 1 };
            // Nobody is left to tell when standard error is closed.
            let _ = writeln!(std::io::stderr(), "ges-server: {error:#}");
            ExitCode::from(status)
        }
    }
}

fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let mut out = std::io::stdout();
    match arguments.command.as_ref().unwrap_or(&Command::Run) {
        Command::Version => writeln!(out, "ges-server {VERSION}")?,
        Command::NewKey => {
            let key = chance::secret();
            writeln!(out, "key:  {key}\nhash: {}", hex(&Sha256::digest(key.as_bytes())))?;
        }
        Command::CheckConfig => {
            check(&read(arguments)?)?;
            writeln!(out, "the configuration is right")?;
        }
        Command::Migrate => runtime()?.block_on(store::migrate(&read(arguments)?, &mut out))?,
        Command::Status => {
            let config = read(arguments)?;
            let status = runtime()?.block_on(config.storage.status())?;
            out.write_all(status.text.as_bytes())?;
            if !status.is_well {
                return Ok(ExitCode::from(NEEDS_ATTENTION));
            }
        }
        Command::Backup { to } => runtime()?.block_on(store::backup(&read(arguments)?, to))?,
        Command::Export => runtime()?.block_on(store::export(&read(arguments)?, out))?,
        Command::Import { from, into_used } => {
            runtime()?.block_on(store::import(&read(arguments)?, from, *into_used, &mut out))?;
        }
        Command::Run => {
            let config = read(arguments)?;
            runtime()?.block_on(serve(config))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()
}

/// Gathers the sources and reads them.
fn read(arguments: &Arguments) -> anyhow::Result<Config> {
    let file = match &arguments.config {
        None => None,
        Some(path) => {
            let text = std::fs::read_to_string(path)
                .with_context(|| format!("the configuration file {} cannot be read", path.display()))?;
            Some((path.clone(), text))
        }
    };
    let environment = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .filter(|(name, _)| config::is_variable(name))
        .collect();
    let read_file = |path: &Path| std::fs::read_to_string(path);
    let sources = Sources { file, environment, set: arguments.set.clone(), read_file: &read_file };
    Ok(Config::read(&sources)?)
}

/// The text of the settings file.
fn settings(path: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(path)
        .with_context(|| format!("settings.file = {}: it cannot be read", path.display()))
}

/// Reads the settings file as a start would, without a store.
fn check(config: &Config) -> anyhow::Result<()> {
    let Some(path) = &config.settings.file else { return Ok(()) };
    let file =
        SettingsFile::parse(&settings(path)?, &zones::newest(config.settings.zone_directory.as_deref()))
            .with_context(|| format!("{} cannot be used", path.display()))?;
    let read_file = |path: &Path| std::fs::read_to_string(path);
    let variable = |name: &str| std::env::var(name).ok();
    tenants::identities(&file, &tenants::Secrets { read_file: &read_file, variable: &variable })?;
    Ok(())
}

/// Opens the stores; a database that is still starting is waited for.
async fn open(config: &Config, stop: &mut Signal) -> anyhow::Result<Stores> {
    let begun = Instant::now();
    let mut told = false;
    loop {
        match config.storage.open().await {
            Err(error) if error.may_pass() && begun.elapsed() < WAIT_FOR_STORE => {
                if !told {
                    let error = anyhow::Error::from(error);
                    writeln!(std::io::stderr(), "ges-server: {error:#}; it is waited for")?;
                    told = true;
                }
            }
            opened => return Ok(opened?),
        }
        tokio::select! {
            _ = stop.recv() => bail!("stopped before the store was there"),
            () = tokio::time::sleep(Duration::from_millis(500)) => {}
        }
    }
}

async fn serve(config: Config) -> anyhow::Result<()> {
    // Taken before anything is served, so that no signal finds the default behaviour of ending at once.
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut hang_up = signal(SignalKind::hangup())?;
    let mut copy = signal(SignalKind::user_defined1())?;
    let demonstration = (config.demonstration && config.settings.file.is_none()).then(Demonstration::new);
    let settings_file: Vec<PathBuf> = config.settings.file.iter().cloned().collect();
    let stores = open(&config, &mut terminate).await?;
    let to_copy = stores.store.clone();
    let telemetry = config.telemetry.clone();
    let app = App::build(config, stores, Host::here(std::env::var("HOSTNAME").ok()))?;
    let lines =
        logs::Lines::new(&telemetry, Box::new(SystemClock), app.logging_failures(), std::io::stdout());
    tracing::subscriber::set_global_default(lines.subscriber())?;
    logs::quiet_panics();
    let loader = app.settings();
    match (&demonstration, settings_file.first()) {
        (Some(demonstration), _) => loader.load(&demonstration.settings).await?,
        (None, Some(path)) => loader.load(&settings(path)?).await?,
        (None, None) => {}
    }
    let zone_data = app.zones().version().to_owned();
    let engine = app.engine().clone();
    let running = app.serve().await?;
    // Beside the first requests: it delays no start.
    tokio::task::spawn_blocking(move || engine.warm_up());
    let (external, internal) = (running.external, running.internal);
    tracing::info!(%external, %internal, version = VERSION, zone_data, "serving");
    if let Some(demonstration) = &demonstration {
        let mut out = std::io::stdout();
        out.write_all(demonstration.greeting(running.external, running.internal).as_bytes())?;
        out.flush()?;
    }

    let again = Notify::new();
    let (changed, mut to_load) = tokio::sync::mpsc::channel::<()>(1);
    let reread = reload::run(reload::Watched::new(settings_file.clone()), &again, running.stopping(), || {
        // A reload that is already asked for will see this change as well.
        let _ = changed.try_send(());
        settings_file.clone()
    });
    let loading = async {
        while to_load.recv().await.is_some() {
            if let Some(path) = settings_file.first() {
                load_again(&loader, path).await;
            }
        }
    };
    let asked = async {
        loop {
            tokio::select! {
                _ = terminate.recv() => return,
                _ = interrupt.recv() => return,
                _ = hang_up.recv() => again.notify_one(),
                _ = copy.recv() => {
                    tokio::spawn(copy_store(to_copy.clone()));
                }
            }
        }
    };
    tokio::select! {
        () = reread => {}
        () = loading => {}
        () = asked => {}
    }
    tracing::info!("stopping");
    let cut_off = running.stop().await;
    tracing::info!(cut_off, "stopped");
    Ok(())
}

/// Writes a copy of the store beside it, while it is in use.
async fn copy_store(store: Arc<dyn Store>) {
    // Colons are no part of a file name everywhere.
    let name = format!("backup-{}.db", SystemClock.now()).replace(':', "-");
    let to = store.path().map_or_else(|| PathBuf::from(&name), |path| path.with_file_name(&name));
    match store.backup(&to).await {
        Ok(()) => tracing::info!(to = %to.display(), "the store was copied"),
        Err(error) => {
            tracing::error!(error = format!("{:#}", anyhow::Error::from(error)), "the store was not copied")
        }
    }
}

/// Puts a changed settings file into force; one that is wrong changes nothing.
async fn load_again(loader: &SettingsLoader, path: &Path) {
    let loaded = match settings(path) {
        Ok(text) => loader.load(&text).await.map_err(anyhow::Error::from),
        Err(error) => Err(error),
    };
    match loaded {
        Ok(()) => tracing::info!("the settings file was read again and is in force"),
        Err(error) => tracing::error!(error = format!("{error:#}"), "the settings stay as they were"),
    }
}
