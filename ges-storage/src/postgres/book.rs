//! Booking: all that wait in one statement.
//!
//! The statement inserts all or nothing. Beforehand it is reckoned here how much room the guards need when every
//! booking before them in the batch is taken; if there is that much, each of them holds in turn, and all are inserted.
//! Otherwise the statement's counts tell who is refused by what is stored, and the others are asked again without them.

use std::collections::HashSet;

use ges_core::port::{Booked, Booking, StoreError};

use super::batch::{Bound, Counters};
use super::failure::Failure;
use super::lane::Work;
use super::link::Link;
use super::row::Entry;
use super::session::{Say, Session};

/// How often the rest of a batch is asked again within one run.
const TRIES: usize = 3;

/// Inserts records whose guards hold.
pub(super) struct Books;

/// One record to be inserted.
pub(super) struct Book {
    entry: Entry,
    compressed: Vec<u8>,
    bounds: Vec<Bound>,
}

impl Book {
    /// Writes the record's text here, on the caller's time: the writing task has enough to do.
    pub async fn new(link: &Link, booking: Booking) -> Result<Self, StoreError> {
        let Booking { callback, wake_at, guards } = booking;
        let keys = link.keys(&callback.tenant, &callback.service).await?;
        let mut entry = Entry::new(callback, keys, wake_at)?;
        let compressed = entry.compressed()?;
        entry.data = Vec::new();
        Ok(Book { entry, compressed, bounds: guards.into_iter().map(Bound::of).collect() })
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
            .filter(|&place| {
                jobs.get(place).is_some_and(|job| ids.insert((job.entry.id, job.entry.keys.tenant)))
            })
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
        .map(|book| book.bounds.iter().map(|bound| counters.enter(book.entry.keys.service, bound)).collect())
        .collect();
    let mut taken = Taken::new(books);
    for (book, places) in books.iter().zip(&places) {
        for (bound, &place) in book.bounds.iter().zip(places) {
            if let Some(room) = counters.rooms.get_mut(place) {
                *room = (*room).min(bound.limit - taken.before(book, bound));
            }
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
        for (index, (bound, &place)) in book.bounds.iter().zip(places).enumerate() {
            let stored = found.counts.get(place).copied().unwrap_or(i64::MAX);
            if stored >= bound.limit {
                return Judged::Final(Booked::Refused(index));
            }
            if stored + taken.before(book, bound) >= bound.limit {
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
    fn before(&self, book: &Book, bound: &Bound) -> i64 {
        let service = book.entry.keys.service;
        let count = self
            .books
            .iter()
            .filter(|one| one.entry.keys.service == service && one.entry.index.counts_for(&bound.guard));
        i64::try_from(count.count()).unwrap_or(i64::MAX)
    }
}

async fn insert(session: &Session, books: &[&Book], counters: &Counters) -> Result<Found, Failure> {
    fn column<'a, T>(books: &[&'a Book], of: impl Fn(&'a Book) -> T) -> Vec<T> {
        books.iter().map(|book| of(book)).collect()
    }
    let rows = session
        .rows(
            Say::Book,
            &[
                &column(books, |book| book.entry.id),
                &column(books, |book| book.entry.keys.tenant),
                &column(books, |book| book.entry.keys.service),
                &column(books, |book| book.entry.desired()),
                &column(books, |book| book.entry.minute()),
                &column(books, |book| book.entry.number()),
                &column(books, |book| book.entry.version()),
                &column(books, |book| book.entry.hash),
                &column(books, |book| book.entry.state()),
                &column(books, |book| book.entry.index.holds_place),
                &column(books, |book| book.entry.index.awaits_its_time),
                &column(books, |book| book.entry.wake()),
                &column(books, |book| book.entry.record.as_str()),
                &column(books, |book| book.compressed.as_slice()),
                &counters.services,
                &counters.kinds,
                &counters.low,
                &counters.high,
                &counters.rooms,
            ],
        )
        .await?;
    let row = rows.first().ok_or(Failure::Refused(super::failure::Said::new("no answer")))?;
    Ok(Found { written: row.try_get(0)?, known: row.try_get(1)?, counts: row.try_get(2)? })
}
