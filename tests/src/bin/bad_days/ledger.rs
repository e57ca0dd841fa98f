//! What the clients know: which answers they got, and which questions stayed open.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use ges_core::Timestamp;

/// Whether something was done, as far as a client can know.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Done {
    /// Never asked, or certainly not done.
    #[default]
    No,
    /// Asked, and not answered with success.
    Perhaps,
    /// Answered with success at this instant.
    At(Timestamp),
}

/// The three kinds of wishes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// At once.
    Now,
    /// In some seconds.
    Soon,
    /// Another day, where there are few places.
    Tight,
}

impl Wish {
    /// The service.
    pub fn service(self) -> &'static str {
        match self {
            Wish::Now => "Now",
            Wish::Soon => "Soon",
            Wish::Tight => "Tight",
        }
    }
}

/// One acknowledged booking.
#[derive(Clone, Copy, Debug)]
pub struct Booked {
    /// Its caller's number, which nobody else has.
    pub caller: u64,
    pub wish: Wish,
    /// When it was acknowledged.
    pub at: Timestamp,
    /// When it may be handed over, by the last answer; none for "at once".
    pub desired: Option<Timestamp>,
    /// Instants that were asked for without an answer.
    pub perhaps_moved: bool,
    /// The newest answered move away from an instant, that instant, and when it was answered.
    pub moved_from: Option<(Timestamp, Timestamp)>,
    pub cancel: Done,
}

#[derive(Default)]
pub struct Ledger(Mutex<Pages>);

#[derive(Default)]
pub struct Pages {
    pub booked: HashMap<String, Booked>,
    /// Callers whose booking was not answered.
    pub open: HashSet<u64>,
    /// Callers who were told no.
    pub refused: HashSet<u64>,
    pub callers: u64,
    pub cancels: u64,
    pub moves: u64,
    /// What was answered to moves that were refused.
    pub refused_moves: HashMap<String, String>,
    /// Sessions whose end was written back and acknowledged.
    pub ended: HashSet<String>,
    pub write_backs: u64,
    pub repeated: u64,
    pub out_of_order: u64,
    /// Answers that nothing in the rules explains.
    pub strange: Vec<String>,
}

impl Ledger {
    pub fn pages(&self) -> MutexGuard<'_, Pages> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn acknowledged(&self) -> usize {
        self.pages().booked.len()
    }

    /// A caller nobody has met; the booking is open until it is answered.
    pub fn fresh_caller(&self) -> u64 {
        let mut pages = self.pages();
        pages.callers += 1;
        let caller = pages.callers;
        pages.open.insert(caller);
        caller
    }

    pub fn booked(&self, id: &str, booked: Booked) {
        let mut pages = self.pages();
        pages.open.remove(&booked.caller);
        pages.booked.insert(id.to_owned(), booked);
    }

    /// The caller was told no, or certainly not heard.
    pub fn not_booked(&self, caller: u64) {
        let mut pages = self.pages();
        pages.open.remove(&caller);
        pages.refused.insert(caller);
    }

    pub fn strange(&self, what: String) {
        self.pages().strange.push(what);
    }

    pub fn get(&self, id: &str) -> Option<Booked> {
        self.pages().booked.get(id).copied()
    }

    pub fn change(&self, id: &str, how: impl FnOnce(&mut Booked)) {
        if let Some(booked) = self.pages().booked.get_mut(id) {
            how(booked);
        }
    }
}
