//! What must be true at the end, counted: by the truth in Postgres, the stream, and what the clients were answered.

use std::collections::{BTreeMap, HashMap};

use ges_core::Timestamp;

use super::fault::Kind;
use super::ledger::{Booked, Done, Ledger, Pages, Wish};
use super::load::{Tight, caller};
use super::run::Happened;
use super::session::{self, Entry, Sessions};
use super::world::{DATABASE, World};

/// Everything that must not be, by its name; some examples each.
#[derive(Default)]
pub struct Verdict {
    pub found: BTreeMap<&'static str, Vec<String>>,
    /// Milliseconds from when each callback was due to its entry in the stream, sorted.
    pub lateness: Vec<i64>,
    /// The latest call that fell due in a fault, from when it was due and possible, in milliseconds.
    pub latest: BTreeMap<Kind, i64>,
    /// The calls that were latest of all, told in full.
    pub late: Vec<(i64, Kind, String)>,
    pub rows: usize,
    pub entries: usize,
    /// Sessions that died and had to be started anew.
    pub died: usize,
    /// How often the orchestrator was asked about sessions.
    pub asked: u64,
}

/// What may never be found.
pub const NEVER: [&str; 11] = [
    "lost",
    "doubled",
    "early",
    "oversold",
    "never completed",
    "called after an answered cancel",
    "booked twice",
    "invented",
    "counters unlike records",
    "answers nothing explains",
    "did not come back",
];

/// A call so many milliseconds late is told in full.
const LATE_MIN: i64 = 5_000;

/// One record, as Postgres has it.
struct Row {
    service: String,
    caller: Option<u64>,
    desired: i64,
    state: String,
    place: bool,
    reason: String,
}

impl Verdict {
    /// Looks at everything.
    pub fn of(world: &World, ledger: &Ledger, sessions: &Sessions, happened: &[Happened]) -> Self {
        let mut verdict = Verdict::default();
        let rows = rows(world);
        let pages = ledger.pages();
        let entries = sessions.by_callback();
        let dead = world.ors.dead();
        verdict.died = dead.len();
        verdict.asked = world.ors.asked();
        verdict.rows = rows.len();
        verdict.entries = entries.values().map(Vec::len).sum();
        for (id, booked) in &pages.booked {
            verdict.judge_booked(id, booked, rows.get(id), entries.get(id), &pages);
        }
        verdict.judge_rows(&rows, &pages);
        for (id, entries) in entries.iter() {
            verdict.judge_entries(id, entries, rows.get(id), &dead);
        }
        for line in mismatches(world) {
            verdict.note("counters unlike records", line);
        }
        for line in &pages.strange {
            verdict.note("answers nothing explains", line.clone());
        }
        verdict.time(&pages, &entries, happened);
        verdict
    }

    /// Notes something that must not be.
    pub fn note(&mut self, what: &'static str, example: String) {
        self.found.entry(what).or_default().push(example);
    }

    pub fn count(&self, what: &str) -> usize {
        self.found.get(what).map_or(0, Vec::len)
    }

    pub fn is_clean(&self) -> bool {
        NEVER.iter().all(|what| self.count(what) == 0)
    }

    fn judge_booked(
        &mut self,
        id: &str,
        booked: &Booked,
        row: Option<&Row>,
        entries: Option<&Vec<Entry>>,
        pages: &Pages,
    ) {
        let Some(row) = row else {
            return self.note("lost", format!("{id} ({}): no such record", booked.wish.service()));
        };
        let is_cancelled = row.state == COMPLETED && row.reason == "CANCELLED";
        if matches!(booked.cancel, Done::At(_)) && !is_cancelled {
            self.note("lost", format!("{id}: its cancel was answered, it is {} {}", row.state, row.reason));
        }
        if pages.ended.contains(id) && row.state != COMPLETED {
            self.note("lost", format!("{id}: its end was answered, it is {}", row.state));
        }
        let moved_away = booked.desired.is_some_and(|desired| desired.as_millis() != row.desired);
        // A wish that has passed before it is booked, or moved to, is one for that moment.
        let answered = booked.moved_from.map_or(booked.at, |(_, at)| at);
        let was_past = booked.desired.is_some_and(|desired| desired.as_millis() < row.desired)
            && row.desired <= answered.as_millis();
        if moved_away && !booked.perhaps_moved && !was_past {
            let refusal = pages.refused_moves.get(id);
            let wanted = booked.desired.map(Timestamp::as_millis);
            self.note("lost", format!("{id}: desired at {wanted:?}, it is {}; {refusal:?}", row.desired));
        }
        let is_due = booked.wish != Wish::Tight && booked.cancel == Done::No;
        if is_due && entries.is_none() {
            self.note("never completed", format!("{id} ({}): never called", booked.wish.service()));
        }
        if let Done::At(at) = booked.cancel
            && !booked.perhaps_moved
            && booked.desired.is_some_and(|desired| at < desired)
            && entries.is_some()
        {
            self.note("called after an answered cancel", format!("{id}: {booked:?} {entries:?}"));
        }
        if let Some((from, answered)) = booked.moved_from
            && answered < from
            && entries.into_iter().flatten().any(|entry| entry.desired == Some(from))
        {
            self.note("early", format!("{id}: called at the instant it was moved away from"));
        }
    }

    fn judge_rows(&mut self, rows: &HashMap<String, Row>, pages: &Pages) {
        let mut callers: HashMap<u64, &str> = HashMap::new();
        let mut slots: BTreeMap<i64, u64> = BTreeMap::new();
        let slot = i64::try_from(Tight::MINUTES * 60_000).unwrap_or(1);
        for (id, row) in rows {
            let Some(caller) = row.caller else {
                self.note("invented", format!("{id}: a number nobody has"));
                continue;
            };
            if let Some(other) = callers.insert(caller, id) {
                self.note("booked twice", format!("{id} and {other}"));
            }
            if pages.refused.contains(&caller) {
                self.note("invented", format!("{id}: its caller was told no"));
            }
            let is_tight = row.service == Wish::Tight.service();
            if !is_tight && row.state != COMPLETED {
                self.note("never completed", format!("{id} ({}): {}", row.service, row.state));
            }
            if is_tight && row.place {
                *slots.entry(row.desired - row.desired.rem_euclid(slot)).or_default() += 1;
            }
        }
        for (at, taken) in slots {
            if taken > Tight::PLACES {
                self.note("oversold", format!("{at}: {taken} in {} places", Tight::PLACES));
            }
        }
    }

    /// One entry for each attempt, and another attempt only after the session before it had died.
    fn judge_entries(
        &mut self,
        id: &str,
        entries: &[Entry],
        row: Option<&Row>,
        dead: &HashMap<String, Timestamp>,
    ) {
        for (at, entry) in entries.iter().enumerate() {
            let before = at.checked_sub(1).and_then(|before| entries.get(before));
            let is_fine = before.is_none_or(|before| {
                let died = dead.get(&session::name(id, before.attempt));
                entry.attempt == before.attempt + 1 && died.is_some_and(|died| *died <= entry.at)
            });
            if !is_fine {
                let all: Vec<_> = entries.iter().map(|entry| (entry.attempt, entry.at.as_millis())).collect();
                self.note("doubled", format!("{id}: {all:?}"));
            }
        }
        for entry in entries {
            if row.is_none_or(|row| row.caller != entry.caller) {
                self.note("invented", format!("{id}: attempt {} calls whom no record names", entry.attempt));
            }
            if entry.desired.is_none_or(|desired| entry.at < desired) {
                self.note("early", format!("{id}: {:?} at {}", entry.desired, entry.at));
            }
        }
    }

    fn time(&mut self, pages: &Pages, entries: &HashMap<String, Vec<Entry>>, happened: &[Happened]) {
        for (id, entries) in entries {
            let (Some(entry), Some(booked)) = (entries.first(), pages.booked.get(id)) else { continue };
            let due = match booked.wish {
                // Handed over while its booking was being answered, as a rule.
                Wish::Now => booked.at.min(entry.at),
                _ => entry.desired.unwrap_or(entry.at),
            };
            self.lateness.push(entry.at.as_millis() - due.as_millis());
            let after = happened.partition_point(|fault| fault.span.begun_at <= due);
            let Some(fault) = after.checked_sub(1).and_then(|at| happened.get(at)) else { continue };
            let possible: Timestamp =
                if fault.kind.is_outage() { fault.span.healed_at } else { fault.span.begun_at };
            let late = (entry.at.as_millis() - due.max(possible).as_millis()).max(0);
            if late >= LATE_MIN {
                let (due, healed) = (
                    due.as_millis() - fault.span.begun_at.as_millis(),
                    fault.span.healed_at.as_millis() - fault.span.begun_at.as_millis(),
                );
                let service = booked.wish.service();
                self.late.push((
                    late,
                    fault.kind,
                    format!(
                        "{id} ({service}): due {due} ms after fault {after} began, which lasted {healed} ms"
                    ),
                ));
            }
            let latest = self.latest.entry(fault.kind).or_default();
            *latest = late.max(*latest);
        }
        self.lateness.sort_unstable();
        self.late.sort_unstable_by_key(|(late, ..)| std::cmp::Reverse(*late));
    }
}

/// The state's name in the table.
const COMPLETED: &str = "COMPLETED";

fn rows(world: &World) -> HashMap<String, Row> {
    let sql = "SELECT c.id, s.name, c.number, c.desired, c.state, c.place, \
               coalesce(c.record::jsonb #>> '{state,of,reason}', '') \
               FROM ges.callback c JOIN ges.service s ON s.key = c.service";
    let row = |line: &String| {
        let mut fields = line.split('|');
        let id = fields.next()?.to_owned();
        let service = fields.next()?.to_owned();
        let caller = caller(fields.next()?);
        let desired = fields.next()?.parse().ok()?;
        let state = fields.next()?.to_owned();
        let place = fields.next()? == "t";
        let reason = fields.next()?.to_owned();
        Some((id, Row { service, caller, desired, state, place, reason }))
    };
    world.primary.ask(DATABASE, sql).iter().filter_map(row).collect()
}

/// Places and tallies that differ from what the records add up to.
fn mismatches(world: &World) -> Vec<String> {
    let places = "SELECT 'place', service, minute, taken, counted FROM ges.place \
                  FULL JOIN (SELECT service, (desired / 60000)::int4 AS minute, count(*) AS counted \
                             FROM ges.callback WHERE place GROUP BY 1, 2) c USING (service, minute) \
                  WHERE coalesce(taken, 0) <> coalesce(counted, 0)";
    let tallies = "SELECT 'tally', s.name, s.scheduled, s.queued, s.routing, s.processing FROM ges.service s \
                   WHERE (s.scheduled, s.queued, s.routing, s.processing) IS DISTINCT FROM \
                   (SELECT (count(*) FILTER (WHERE state = 'SCHEDULED'), count(*) FILTER (WHERE state = 'QUEUED'), \
                            count(*) FILTER (WHERE state = 'ROUTING'), count(*) FILTER (WHERE state = 'PROCESSING')) \
                    FROM ges.callback c WHERE c.service = s.key)";
    [places, tallies].into_iter().flat_map(|sql| world.primary.ask(DATABASE, sql)).collect()
}

/// How many records of what is due are not finished yet.
pub fn unfinished(world: &World) -> Result<usize, String> {
    let sql = "SELECT count(*) FROM ges.callback c JOIN ges.service s ON s.key = c.service \
               WHERE s.name <> 'Tight' AND NOT c.finished";
    let rows = world.primary.try_ask(DATABASE, sql)?;
    rows.first().and_then(|row| row.parse().ok()).ok_or_else(|| format!("{rows:?}"))
}

#[cfg(test)]
mod tests;
