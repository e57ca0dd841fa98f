//! Reads back what a store's `export` wrote, into a store of whatever kind.
//!
//! Everything is judged before anything is written: a file with one line that cannot be read changes nothing. What is
//! written then goes through the ports, so it is as durable as a booking; an import that is cut off is simply repeated.

use std::fmt;
use std::io::{self, BufRead};
use std::time::Duration;

use futures_util::{StreamExt, TryStreamExt, stream};
use ges_core::callback::Callback;
use ges_core::callin::CallInRequest;
use ges_core::dispatch::INDEX_LEAD;
use ges_core::port::{
    Booked, Booking, CallInChange, CallInStore, CallbackStore, PublishError, Published, SettingsStore,
    StoreError,
};
use ges_core::{CallbackId, TenantId};
use serde::Deserialize;

/// The store to write to, which is one thing behind three ports.
#[derive(Clone, Copy)]
pub struct Ports<'s> {
    /// Callbacks.
    pub callbacks: &'s dyn CallbackStore,
    /// Call-in requests.
    pub call_ins: &'s dyn CallInStore,
    /// Published settings.
    pub settings: &'s dyn SettingsStore,
}

impl fmt::Debug for Ports<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ports").finish_non_exhaustive()
    }
}

/// Records written at once; a store groups them into commits.
const AT_ONCE: usize = 256;

/// How often a group or a tenant's settings are tried again when somebody else writes them meanwhile.
const TRIES: usize = 8;

/// Mistakes told at once.
const MISTAKES_MAX: usize = 20;

/// One line of an export.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
enum Line {
    Callback(Box<Callback>),
    CallIn { tenant: TenantId, request: Box<CallInRequest> },
    Settings { tenant: TenantId, published: Published },
}

/// What an import did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// Written by this import.
    pub written: u64,
    /// There already, exactly so.
    pub present: u64,
    /// There already and different, so left as they were.
    pub kept: u64,
}

/// Why nothing was imported, or not everything.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// The file cannot be read.
    #[error("the file cannot be read; nothing was imported")]
    File(#[source] io::Error),
    /// Some lines are none of an export.
    #[error("nothing was imported, because {} line(s) are none of an export: {}", .0.len(), .0.join("; "))]
    Lines(Vec<String>),
    /// The store failed.
    #[error(
        "the store failed after {} of {lines} lines; what is written stays, and the same import goes on from there",
        .done.written + .done.present + .done.kept
    )]
    Store {
        /// What was done by then.
        done: Imported,
        /// Of how many lines.
        lines: usize,
        /// How.
        #[source]
        source: StoreError,
    },
    /// Somebody writes the same.
    #[error("others write the same settings or call-in groups; stop the nodes, and import again")]
    Contended,
}

/// How one line ended.
#[derive(Clone, Copy)]
enum Done {
    Written,
    Present,
    Kept,
}

enum Failed {
    Store(StoreError),
    Contended,
}

impl From<StoreError> for Failed {
    fn from(error: StoreError) -> Self {
        Failed::Store(error)
    }
}

/// Imports every line. `look_every` is that of the orchestrator that will look at live sessions.
///
/// A callback of an id that is there already is never touched, whatever it says.
///
/// # Errors
/// [`ImportError`] says whether anything was written.
///
/// # Cancel safety
/// May be dropped at any moment; what is written stays, and the same import goes on from there.
pub async fn import(
    store: Ports<'_>,
    lines: impl BufRead,
    look_every: Option<Duration>,
) -> Result<Imported, ImportError> {
    let lines = read(lines)?;
    let all = lines.len();
    let mut done = Imported::default();
    // Only callbacks are many, and only they do not depend on each other.
    let (callbacks, others): (Vec<_>, Vec<_>) =
        lines.into_iter().partition(|line| matches!(line, Line::Callback(_)));
    let mut outcomes = stream::iter(others).map(|line| write(store, line, look_every)).buffered(1);
    let outcome = count(&mut outcomes, &mut done).await;
    let outcome = match outcome {
        Err(failed) => Err(failed),
        Ok(()) => {
            let writes = stream::iter(callbacks).map(|line| write(store, line, look_every));
            count(&mut writes.buffer_unordered(AT_ONCE), &mut done).await
        }
    };
    match outcome {
        Ok(()) => Ok(done),
        Err(Failed::Store(source)) => Err(ImportError::Store { done, lines: all, source }),
        Err(Failed::Contended) => Err(ImportError::Contended),
    }
}

async fn count(
    outcomes: &mut (impl futures_util::Stream<Item = Result<Done, Failed>> + Unpin),
    done: &mut Imported,
) -> Result<(), Failed> {
    while let Some(outcome) = outcomes.try_next().await? {
        *match outcome {
            Done::Written => &mut done.written,
            Done::Present => &mut done.present,
            Done::Kept => &mut done.kept,
        } += 1;
    }
    Ok(())
}

/// All lines, or what is wrong with them. Content is never repeated: it is personal.
fn read(lines: impl BufRead) -> Result<Vec<Line>, ImportError> {
    let mut read = Vec::new();
    let mut mistakes = Vec::new();
    for (number, line) in lines.lines().enumerate() {
        let line = line.map_err(ImportError::File)?;
        if line.trim().is_empty() {
            continue;
        }
        match serde_json::from_str(&line) {
            Ok(line) => read.push(line),
            Err(error) if mistakes.len() < MISTAKES_MAX => {
                mistakes.push(format!("line {}, near character {}", number + 1, error.column()));
            }
            Err(_) => {}
        }
    }
    if mistakes.is_empty() { Ok(read) } else { Err(ImportError::Lines(mistakes)) }
}

async fn write(store: Ports<'_>, line: Line, look_every: Option<Duration>) -> Result<Done, Failed> {
    match line {
        Line::Callback(callback) => self::callback(store.callbacks, *callback, look_every).await,
        Line::CallIn { tenant, request } => call_in(store.call_ins, tenant, *request).await,
        Line::Settings { tenant, published } => settings(store.settings, tenant, published).await,
    }
}

async fn callback(
    store: &dyn CallbackStore,
    callback: Callback,
    look_every: Option<Duration>,
) -> Result<Done, Failed> {
    let (tenant, id): (TenantId, CallbackId) = (callback.tenant.clone(), callback.id);
    let wake_at = callback.wake_at(INDEX_LEAD, look_every);
    let booking = Booking { callback: callback.clone(), wake_at, guards: Vec::new() };
    match store.book(booking).await? {
        // Without guards nothing can be refused.
        Booked::Accepted | Booked::Refused(_) => Ok(Done::Written),
        Booked::Exists if store.get(&tenant, id).await? == Some(callback) => Ok(Done::Present),
        Booked::Exists => Ok(Done::Kept),
    }
}

async fn call_in(store: &dyn CallInStore, tenant: TenantId, request: CallInRequest) -> Result<Done, Failed> {
    match store.request(&tenant, request.id).await? {
        Some(known) if known == request => return Ok(Done::Present),
        Some(_) => return Ok(Done::Kept),
        None => {}
    }
    for _ in 0..TRIES {
        let group = request.group.clone();
        let expected = store.group(&tenant, &group).await?.version;
        let change =
            CallInChange { tenant: tenant.clone(), group, expected, requests: vec![request.clone()] };
        if store.change(change).await? {
            return Ok(Done::Written);
        }
    }
    Err(Failed::Contended)
}

/// A publication follows the one before it, so the version is reached step by step with the same content.
async fn settings(store: &dyn SettingsStore, tenant: TenantId, published: Published) -> Result<Done, Failed> {
    let mut tries = 0;
    let mut outcome = Done::Present;
    loop {
        let known = store.published(&tenant).await?;
        if known.version > published.version || (known.version > 0 && known.sections != published.sections) {
            return Ok(Done::Kept);
        }
        if known == published {
            return Ok(outcome);
        }
        let next = Published { version: known.version + 1, ..published.clone() };
        match store.publish(&tenant, next).await {
            Ok(()) => outcome = Done::Written,
            Err(PublishError::Stale) if tries < TRIES => tries += 1,
            Err(PublishError::Stale) => return Err(Failed::Contended),
            Err(PublishError::Store(error)) => return Err(error.into()),
        }
    }
}
