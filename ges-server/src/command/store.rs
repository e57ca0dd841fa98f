//! What is done to a store from the command line: its schema brought up to date, a copy, all of it printed or read in.

use std::fs::File;
use std::io::{BufReader, BufWriter, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::{Context, bail};
use ges_storage::import;

use crate::adapters::store::Migrated;
use crate::config::Config;

/// Brings the schema to this release's version, and says what was done.
///
/// # Errors
/// When the store is not migrated by hand, or cannot be reached or migrated; then nothing has changed.
pub async fn migrate(config: &Config, out: &mut impl Write) -> anyhow::Result<()> {
    let Migrated { from, to } = config.storage.migrate().await?;
    if from == to {
        writeln!(out, "the schema has version {to} already")?;
    } else {
        writeln!(out, "the schema was brought from version {from} to {to}")?;
    }
    Ok(())
}

/// Copies the store.
///
/// # Errors
/// When the store is copied by other means, is in use, or the copy cannot be written.
pub async fn backup(config: &Config, to: &Path) -> anyhow::Result<()> {
    Ok(config.storage.open().await?.store.backup(to).await?)
}

/// Prints everything, a line of JSON for each thing.
///
/// # Errors
/// When the store cannot be read, or `out` takes no more.
pub async fn export(config: &Config, out: impl Write + Send + 'static) -> anyhow::Result<()> {
    let stores = config.storage.open().await?;
    let lines = Arc::new(Mutex::new(BufWriter::new(out)));
    let to = lines.clone();
    stores.store.export(Box::new(move |line| writeln!(locked(&to), "{line}"))).await?;
    Ok(locked(&lines).flush()?)
}

/// Reads in what [`export`] printed, and says how much of it was new.
///
/// # Errors
/// When the file or the store cannot be read or written, or the store is in use already and `into_used` is not given.
pub async fn import(
    config: &Config,
    from: &Path,
    into_used: bool,
    out: &mut impl Write,
) -> anyhow::Result<()> {
    let file = File::open(from).with_context(|| format!("the file {} cannot be opened", from.display()))?;
    let stores = config.storage.open().await?;
    if !into_used && !stores.store.is_empty().await? {
        bail!("the store has something in it, so nothing was imported; --into-used does it all the same");
    }
    let look_every = config.upstream.orchestrator.telephony.look_every();
    let ports = import::Ports {
        callbacks: &*stores.callbacks,
        call_ins: &*stores.call_ins,
        settings: &*stores.settings,
    };
    let imported = import::import(ports, BufReader::new(file), look_every).await?;
    let import::Imported { written, present, kept } = imported;
    writeln!(out, "{written} written, {present} there already")?;
    if kept > 0 {
        writeln!(out, "{kept} there already in another form, left as they are")?;
    }
    Ok(())
}

fn locked<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
