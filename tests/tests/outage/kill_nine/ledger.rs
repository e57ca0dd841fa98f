//! What the clients know: which answers they got, and which questions stayed open when the server died.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard};
use std::time::Instant;

use ges_core::Timestamp;

/// Whether something was done, as far as a client can know.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Done {
    /// Never asked.
    #[default]
    No,
    /// Asked, and not answered (yet).
    Perhaps,
    /// Answered with success at this instant.
    At(Timestamp),
}

/// One acknowledged booking.
#[derive(Clone, Debug)]
pub struct Booked {
    pub service: &'static str,
    /// When it may be handed over; none for "at once".
    pub desired: Option<Timestamp>,
    pub cancel: Done,
    /// When a client first saw that it had been handed over.
    pub queued_seen: Option<Instant>,
    /// Whether it has been looked at since the last kill that could have hurt its booking.
    pub checked: bool,
}

#[derive(Default)]
pub struct Ledger(Mutex<Pages>);

#[derive(Default)]
pub struct Pages {
    pub booked: BTreeMap<String, Booked>,
    /// Tags of bookings whose answer never came.
    pub open: BTreeSet<String>,
    /// What sessions wrote back, by callback; a session may be quicker than the answer to its booking.
    pub ended: BTreeMap<String, Done>,
    pub tags: u64,
    pub refused: u64,
    pub cancels: u64,
    pub write_backs: u64,
    pub retrieved: u64,
    /// Answers that nothing in the rules explains.
    pub strange: Vec<String>,
}

impl Ledger {
    pub fn pages(&self) -> MutexGuard<'_, Pages> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    pub fn fresh_tag(&self) -> String {
        let mut pages = self.pages();
        pages.tags += 1;
        let tag = format!("t{}", pages.tags);
        pages.open.insert(tag.clone());
        tag
    }

    pub fn acknowledged(&self, tag: &str, id: &str, service: &'static str, desired: Option<Timestamp>) {
        let booked = Booked { service, desired, cancel: Done::No, queued_seen: None, checked: false };
        let mut pages = self.pages();
        pages.open.remove(tag);
        pages.booked.insert(id.to_owned(), booked);
    }

    pub fn not_booked(&self, tag: &str) {
        let mut pages = self.pages();
        pages.open.remove(tag);
        pages.refused += 1;
    }

    pub fn strange(&self, what: String) {
        self.pages().strange.push(what);
    }

    pub fn change(&self, id: &str, how: impl FnOnce(&mut Booked)) {
        if let Some(booked) = self.pages().booked.get_mut(id) {
            how(booked);
        }
    }
}
