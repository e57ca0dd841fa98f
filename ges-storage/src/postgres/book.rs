//! Booking: all that wait in one statement.
//!
//! The statement inserts all or nothing. Beforehand it is reckoned here how much room the guards need when every
//! booking before them in the batch is taken; if there is that much, each of them holds in turn, and all are inserted.
//! Otherwise the statement's counts tell who is refused by what is stored, and the others are asked again without them.

use std::collections::HashSet;

use ges_core::Timestamp;
use ges_core::port::{Booked, Booking, Guard, StoreError};
use postgres_types::ToSql;
use uuid::Uuid;

use super::failure::{Failure, Said};
use super::guards::{Counters, limit};
use super::lane::Work;
use super::link::Link;
use super::row::Entry;
use super::session::{Say, Session};
use super::words::State;
use crate::record::{packed, version};

/// How often the rest of a batch is asked again within one run.
const TRIES: usize = 3;

/// Inserts records whose guards hold.
pub(super) struct Books;

/// One record to be inserted.
pub(super) struct Book {
    entry: Entry,
    guards: Vec<Guard>,
}

impl Book {
    /// Writes the record's text here, on the caller's time: the writing task has enough to do.
    pub async fn new(link: &Link, booking: Booking) -> Result<Self, StoreError> {
        let Booking { callback, wake_at, guards } = booking;
        let keys = link.keys(&callback.tenant, &callback.service).await?;
        Ok(Book { entry: Entry::new(callback, keys, wake_at, false)?, guards })
    }
}

/// What the statement found.
struct Found {
    written: bool,
    known: Vec<bool>,
    counts: Vec<i64>,
}

impl Work for Books {
    type Job = Book;
    type Answer = Booked;
    const BATCH: usize = 512;

    fn weight(_: &Book) -> usize {
        1
    }

    async fn run(session: &Session, jobs: &[&Book], _: bool) -> Result<Vec<Option<Booked>>, Failure> {
        let mut answers = vec![None; jobs.len()];
        // Of the same id, the first alone is asked for; the others find it there the next time.
        let mut ids = HashSet::new();
        let mut asked: Vec<usize> = (0..jobs.len())
            .filter(|&place| jobs.get(place).is_some_and(|job| ids.insert(job.entry.key())))
            .collect();
        for _ in 0..TRIES {
            let some: Vec<&Book> = asked.iter().filter_map(|&place| jobs.get(place).copied()).collect();
            if some.is_empty() {
                break;
            }
            let (counters, places) = reckon(&some);
            let found = insert(session, &some, &counters).await?;
            let judged =
                if found.written { vec![Judged::Fits; some.len()] } else { judge(&some, &places, &found) };
            let mut next = Vec::new();
            for (place, judged) in asked.into_iter().zip(judged) {
                match judged {
                    Judged::Final(answer) => set(&mut answers, place, answer),
                    Judged::Fits if found.written => set(&mut answers, place, Booked::Accepted),
                    Judged::Fits => next.push(place),
                    Judged::Later => {}
                }
            }
            asked = next;
        }
        Ok(answers)
    }
}

fn set(answers: &mut [Option<Booked>], place: usize, answer: Booked) {
    if let Some(slot) = answers.get_mut(place) {
        *slot = Some(answer);
    }
}

/// The counters of a batch, with the room it needs in each, and for each booking the places of its guards' counters.
fn reckon(books: &[&Book]) -> (Counters, Vec<Vec<usize>>) {
    let mut counters = Counters::default();
    let places: Vec<Vec<usize>> = books
        .iter()
        .map(|book| book.guards.iter().map(|guard| counters.enter(book.entry.keys.service, guard)).collect())
        .collect();
    let mut taken = Taken::new(books);
    for (book, places) in books.iter().zip(&places) {
        for (guard, &place) in book.guards.iter().zip(places) {
            counters.need(place, limit(guard) - taken.before(book, guard));
        }
        taken.take(book);
    }
    (counters, places)
}

/// What one booking of a batch that was not inserted is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Judged {
    /// By what is stored alone.
    Final(Booked),
    /// There is room for it.
    Fits,
    /// There is room only if those before it are not taken.
    Later,
}

fn judge(books: &[&Book], places: &[Vec<usize>], found: &Found) -> Vec<Judged> {
    let mut taken = Taken::new(books);
    let mut known = found.known.iter();
    let judged = books.iter().zip(places).map(|(book, places)| {
        if known.next() == Some(&true) {
            return Judged::Final(Booked::Exists);
        }
        for (index, (guard, &place)) in book.guards.iter().zip(places).enumerate() {
            let stored = found.counts.get(place).copied().unwrap_or(i64::MAX);
            if stored >= limit(guard) {
                return Judged::Final(Booked::Refused(index));
            }
            if stored + taken.before(book, guard) >= limit(guard) {
                return Judged::Later;
            }
        }
        taken.take(book);
        Judged::Fits
    });
    judged.collect()
}

/// The bookings of a batch that are taken so far.
struct Taken<'a> {
    books: Vec<&'a Book>,
}

impl<'a> Taken<'a> {
    fn new(books: &[&'a Book]) -> Self {
        Taken { books: Vec::with_capacity(books.len()) }
    }

    fn take(&mut self, book: &'a Book) {
        self.books.push(book);
    }

    /// How many of them count for a guard of this booking.
    fn before(&self, book: &Book, guard: &Guard) -> i64 {
        let service = book.entry.keys.service;
        let others = self.books.iter().map(|one| &one.entry);
        let count = others.filter(|one| one.keys.service == service && one.index.counts_for(guard));
        i64::try_from(count.count()).unwrap_or(i64::MAX)
    }
}

/// A record to be inserted, as a parameter: the type `booking` of the database.
#[derive(Debug, ToSql)]
#[postgres(name = "booking")]
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
    data: &'a [u8],
}

impl<'a> From<&'a Entry> for Row<'a> {
    fn from(entry: &'a Entry) -> Self {
        let Entry { id, keys, index, record, data } = entry;
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
            data: data.as_deref().unwrap_or_default(),
        }
    }
}

async fn insert(session: &Session, books: &[&Book], counters: &Counters) -> Result<Found, Failure> {
    let rows: Vec<Row<'_>> = books.iter().map(|book| Row::from(&book.entry)).collect();
    let answer = session.rows(Say::Book, &[&rows, &counters.all]).await?;
    let found = answer.first().ok_or(Failure::Refused(Said::new("no answer")))?;
    Ok(Found { written: found.try_get(0)?, known: found.try_get(1)?, counts: found.try_get(2)? })
}
