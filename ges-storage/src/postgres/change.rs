//! Changing records: all that wait in one statement, as long as each is of another record and has no guards.
//!
//! A change with guards is a statement of its own, because what came before counts; then the statements of a batch are
//! sent together, as one transaction, under the locks of all its services.

use std::collections::HashSet;

use futures_util::future::join_all;
use ges_core::port::{Change, Conflict, StoreError};
use uuid::Uuid;

use super::batch::{Bound, Counters};
use super::failure::{Failure, Said};
use super::lane::Work;
use super::link::Link;
use super::row::Entry;
use super::session::{Say, Session, Value};
use crate::record::version;

/// Replaces records, each by itself.
pub(super) struct Changes;

/// One record to be replaced.
pub(super) struct One {
    entry: Entry,
    expected: i64,
    fence: i64,
    bounds: Vec<Bound>,
}

impl One {
    /// Writes the record's text here, on the caller's time.
    pub async fn new(link: &Link, change: Change) -> Result<Self, StoreError> {
        let Change { next, expected, wake_at, keeps_user_data: _, guards, fence } = change;
        let keys = link.keys(&next.tenant, &next.service).await?;
        // A fence that cannot be is not the newest; 0 means none.
        let fence =
            fence.map_or(0, |fence| i64::try_from(fence).ok().filter(|fence| *fence != 0).unwrap_or(-1));
        Ok(One {
            entry: Entry::new(next, keys, wake_at)?,
            expected: version(expected),
            fence,
            bounds: guards.into_iter().map(Bound::of).collect(),
        })
    }

    fn record(&self) -> (Uuid, i32) {
        (self.entry.id, self.entry.keys.tenant)
    }
}

impl Work for Changes {
    type Job = Vec<One>;
    type Answer = Vec<Result<(), Conflict>>;
    const BATCH: usize = 1_000;

    fn weight(job: &Vec<One>) -> usize {
        job.len()
    }

    async fn run(
        session: &Session,
        jobs: &[&Vec<One>],
        again: bool,
    ) -> Result<Vec<Option<Self::Answer>>, Failure> {
        let all: Vec<&One> = jobs.iter().flat_map(|job| job.iter()).collect();
        let verdicts = decide(session, &all).await?;
        let mut verdicts = verdicts.into_iter().map(|verdict| answer(verdict, again));
        Ok(jobs.iter().map(|job| Some(verdicts.by_ref().take(job.len()).collect())).collect())
    }
}

/// The user data is needed.
const NEEDED: i16 = 5;

fn answer(verdict: i16, again: bool) -> Result<(), Conflict> {
    match verdict {
        0 => Ok(()),
        1 => Err(Conflict::Missing),
        3 => Err(Conflict::Fenced),
        // It is as it should be: the first try was done, only its answer was lost.
        4 if again => Ok(()),
        10.. => Err(Conflict::Refused(usize::try_from(verdict - 10).unwrap_or(0))),
        _ => Err(Conflict::Stale),
    }
}

/// Statements of one transaction.
const STEPS: usize = 16;

async fn decide(session: &Session, all: &[&One]) -> Result<Vec<i16>, Failure> {
    let mut verdicts = Vec::with_capacity(all.len());
    for steps in steps(all).chunks(STEPS) {
        match steps {
            [step] => {
                let decided = change(session, step, false).await?;
                let needed = decided.contains(&NEEDED);
                verdicts.extend(if needed { change(session, step, true).await? } else { decided });
            }
            steps => verdicts.extend(transaction(session, steps).await?),
        }
    }
    Ok(verdicts)
}

/// Several statements, sent one behind the other without waiting for the answers in between.
async fn transaction(session: &Session, steps: &[Vec<&One>]) -> Result<Vec<i16>, Failure> {
    let mut services: Vec<i32> = steps.iter().flatten().map(|one| one.entry.keys.service).collect();
    services.sort_unstable();
    services.dedup();
    let services: [Value<'_>; 1] = [&services];
    // Each is sent when it is first polled, so in this order.
    let done = tokio::join!(
        biased;
        session.tell("BEGIN"),
        session.rows(Say::Lock, &services),
        join_all(steps.iter().map(|step| change(session, step, true))),
        session.tell("COMMIT"),
    );
    let (begun, locked, changed, committed) = done;
    let mut verdicts = Vec::new();
    let mut failures = Vec::new();
    failures.extend(begun.err());
    failures.extend(locked.err());
    for step in changed {
        match step {
            Ok(step) => verdicts.extend(step),
            Err(failure) => failures.push(failure),
        }
    }
    failures.extend(committed.err());
    if failures.is_empty() {
        return Ok(verdicts);
    }
    // A lost connection says more than what came of it; otherwise the first word is the cause of the others.
    let lost = failures.iter().position(|failure| matches!(failure, Failure::Lost(_)));
    Err(failures.swap_remove(lost.unwrap_or(0)))
}

/// Parts in order: each of different records without guards, or a single one with.
fn steps<'a>(all: &[&'a One]) -> Vec<Vec<&'a One>> {
    let mut steps: Vec<Vec<&One>> = Vec::new();
    let mut records = HashSet::new();
    let mut closed = true;
    for one in all {
        let alone = !one.bounds.is_empty();
        if closed || alone || !records.insert(one.record()) {
            records.clear();
            records.insert(one.record());
            steps.push(Vec::new());
        }
        closed = alone;
        steps.last_mut().into_iter().for_each(|step| step.push(one));
    }
    steps
}

/// Locks are taken in the order of the parameters, so that goes by the records.
async fn change(session: &Session, some: &[&One], with_data: bool) -> Result<Vec<i16>, Failure> {
    let mut order: Vec<(usize, &One)> = some.iter().copied().enumerate().collect();
    order.sort_by_key(|(_, one)| one.record());
    let sorted: Vec<&One> = order.iter().map(|(_, one)| *one).collect();
    let found = change_sorted(session, &sorted, with_data).await?;
    let mut verdicts: Vec<(usize, i16)> = order.into_iter().map(|(place, _)| place).zip(found).collect();
    verdicts.sort_unstable();
    Ok(verdicts.into_iter().map(|(_, verdict)| verdict).collect())
}

async fn change_sorted(session: &Session, some: &[&One], with_data: bool) -> Result<Vec<i16>, Failure> {
    fn column<'a, T>(some: &[&'a One], of: impl Fn(&'a One) -> T) -> Vec<T> {
        some.iter().map(|one| of(one)).collect()
    }
    let mut counters = Counters::default();
    let mut limits = Vec::new();
    for one in some {
        for bound in &one.bounds {
            counters.append(one.entry.keys.service, bound);
            limits.push(bound.limit);
        }
    }
    let data: Vec<Vec<u8>> = match with_data {
        true => {
            some.iter().map(|one| one.entry.compressed()).collect::<Result<_, _>>().map_err(uncompressed)?
        }
        false => vec![Vec::new(); some.len()],
    };
    let rows = session
        .rows(
            Say::Change,
            &[
                &column(some, |one| one.entry.id),
                &column(some, |one| one.entry.keys.tenant),
                &column(some, |one| one.entry.keys.service),
                &column(some, |one| one.expected),
                &column(some, |one| one.entry.version()),
                &column(some, |one| one.fence),
                &column(some, |one| one.entry.desired()),
                &column(some, |one| one.entry.minute()),
                &column(some, |one| one.entry.number()),
                &column(some, |one| one.entry.hash),
                &column(some, |one| one.entry.state()),
                &column(some, |one| one.entry.index.holds_place),
                &column(some, |one| one.entry.index.awaits_its_time),
                &column(some, |one| one.entry.wake()),
                &column(some, |one| one.entry.record.as_str()),
                &column(some, |_| with_data),
                &data,
                &counters.services,
                &counters.kinds,
                &counters.low,
                &counters.high,
                &limits,
            ],
        )
        .await?;
    let row = rows.first().ok_or(Failure::Refused(Said::new("no answer")))?;
    Ok(row.try_get(0)?)
}

fn uncompressed(_: StoreError) -> Failure {
    Failure::Refused(Said::new("user data cannot be compressed"))
}
