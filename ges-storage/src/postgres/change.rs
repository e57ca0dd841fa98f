//! Changing records: all that wait in one statement, as long as each is of another record and has no guards.
//!
//! A change with guards is a statement of its own, because what came before counts; then the statements of a batch are
//! sent together, as one transaction, under the locks of all its services.

use std::collections::HashSet;

use futures_util::future::join_all;
use ges_core::Timestamp;
use ges_core::port::{Change, Conflict, Fence, Guard, StoreError};
use postgres_types::ToSql;
use uuid::Uuid;

use super::failure::{Failure, Said};
use super::guards::Counter;
use super::lane::Work;
use super::link::Link;
use super::row::Entry;
use super::session::{Say, Session, Value};
use super::words::{State, Verdict};
use crate::record::{packed, version};

/// Replaces records, each by itself.
pub(super) struct Changes;

/// One record to be replaced.
pub(super) struct One {
    entry: Entry,
    expected: i64,
    fence: Option<i64>,
    guards: Vec<Guard>,
}

impl One {
    /// Writes the record's text here, on the caller's time.
    pub async fn new(link: &Link, change: Change) -> Result<Self, StoreError> {
        let Change { next, expected, wake_at, keeps_user_data, guards, fence } = change;
        let keys = link.keys(&next.tenant, &next.service).await?;
        // A fence that cannot be is not the newest.
        let number = |fence: Fence| i64::try_from(fence).unwrap_or(-1);
        Ok(One {
            entry: Entry::new(next, keys, wake_at, keeps_user_data)?,
            expected: version(expected),
            fence: fence.map(number),
            guards,
        })
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
        let mut verdicts = verdicts.into_iter().map(|judged| judged.answer(again));
        Ok(jobs.iter().map(|job| Some(verdicts.by_ref().take(job.len()).collect())).collect())
    }
}

/// What the database says of one change.
#[derive(Clone, Copy)]
struct Judged {
    verdict: Verdict,
    /// The first guard that does not hold, counted from 0.
    broken: usize,
}

impl Judged {
    fn answer(self, again: bool) -> Result<(), Conflict> {
        match self.verdict {
            Verdict::Done => Ok(()),
            // It is as it should be: the first try was done, only its answer was lost.
            Verdict::DoneBefore if again => Ok(()),
            Verdict::DoneBefore | Verdict::Stale => Err(Conflict::Stale),
            Verdict::Missing => Err(Conflict::Missing),
            Verdict::Fenced => Err(Conflict::Fenced),
            Verdict::Refused => Err(Conflict::Refused(self.broken)),
        }
    }
}

/// Statements of one transaction.
const STEPS: usize = 16;

async fn decide(session: &Session, all: &[&One]) -> Result<Vec<Judged>, Failure> {
    let mut verdicts = Vec::with_capacity(all.len());
    for steps in steps(all).chunks(STEPS) {
        match steps {
            [step] => verdicts.extend(change(session, step).await?),
            steps => verdicts.extend(transaction(session, steps).await?),
        }
    }
    Ok(verdicts)
}

/// Several statements, sent one behind the other without waiting for the answers in between.
async fn transaction(session: &Session, steps: &[Vec<&One>]) -> Result<Vec<Judged>, Failure> {
    let mut services: Vec<i32> = steps.iter().flatten().map(|one| one.entry.keys.service).collect();
    services.sort_unstable();
    services.dedup();
    let services: [Value<'_>; 1] = [&services];
    // Each is sent when it is first polled, so in this order.
    let done = tokio::join!(
        biased;
        session.tell("BEGIN"),
        session.rows(Say::Lock, &services),
        join_all(steps.iter().map(|step| change(session, step))),
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
        let alone = !one.guards.is_empty();
        if closed || alone || !records.insert(one.entry.key()) {
            records.clear();
            records.insert(one.entry.key());
            steps.push(Vec::new());
        }
        closed = alone;
        steps.last_mut().into_iter().for_each(|step| step.push(one));
    }
    steps
}

/// A record to be replaced, as a parameter: the type `replacement` of the database.
#[derive(Debug, ToSql)]
#[postgres(name = "replacement")]
struct Row<'a> {
    id: Uuid,
    tenant: i32,
    service: i32,
    version: i64,
    desired: i64,
    number: i64,
    state: State,
    place: bool,
    waiting: bool,
    wake: Option<i64>,
    record: &'a str,
    keeps_data: bool,
    data: &'a [u8],
    expected: i64,
    fence: Option<i64>,
}

impl<'a> From<&'a One> for Row<'a> {
    fn from(one: &'a One) -> Self {
        let Entry { id, keys, index, record, data } = &one.entry;
        Row {
            id: *id,
            tenant: keys.tenant,
            service: keys.service,
            version: version(index.version),
            desired: index.desired.as_millis(),
            number: packed(index.number),
            state: index.state.into(),
            place: index.holds_place,
            waiting: index.awaits_its_time,
            wake: index.wake_at.map(Timestamp::as_millis),
            record,
            keeps_data: data.is_none(),
            data: data.as_deref().unwrap_or_default(),
            expected: one.expected,
            fence: one.fence,
        }
    }
}

/// Locks are taken in the order of the parameters, so that goes by the records.
async fn change(session: &Session, some: &[&One]) -> Result<Vec<Judged>, Failure> {
    let mut order: Vec<(usize, &One)> = some.iter().copied().enumerate().collect();
    order.sort_by_key(|(_, one)| one.entry.key());
    let rows: Vec<Row<'_>> = order.iter().map(|(_, one)| Row::from(*one)).collect();
    // Guards come only with a single change.
    let guards: Vec<Counter> = some
        .iter()
        .flat_map(|one| one.guards.iter().map(|guard| Counter::of(one.entry.keys.service, guard)))
        .collect();
    let answer = session.rows(Say::Change, &[&rows, &guards]).await?;
    let found = answer.first().ok_or(Failure::Refused(Said::new("no answer")))?;
    let verdicts: Vec<Verdict> = found.try_get(0)?;
    // The database counts from 1.
    let broken = found.try_get::<_, Option<i64>>(1)?.unwrap_or(1).saturating_sub(1);
    let broken = usize::try_from(broken).unwrap_or(0);
    let mut judged: Vec<(usize, Judged)> = order
        .into_iter()
        .zip(verdicts)
        .map(|((place, _), verdict)| (place, Judged { verdict, broken }))
        .collect();
    judged.sort_unstable_by_key(|(place, _)| *place);
    Ok(judged.into_iter().map(|(_, judged)| judged).collect())
}
