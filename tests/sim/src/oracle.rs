//! The plain model: what was promised and what is stored, seen from outside, and everything the checks ask about.
//!
//! Nothing here asks the engine. The book is written by what passes at the ports; the checks, one file for each
//! promise, look at every entry the moment it is made.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ges_core::callback::{Callback, Task, Version};
use ges_core::port::{Fence, Lease, Submission};
use ges_core::{CallbackId, NodeId, ServiceName, TenantId, Timestamp};

use crate::executor::Millis;
use crate::invariants::{self, Invariant};
use crate::offices::{Desk, Edition, Tenant};
use crate::trace::Trace;

/// Names one callback.
pub type Id = (TenantId, CallbackId);

/// A promise that was broken.
#[derive(Clone, Debug)]
pub struct Violation {
    /// Which.
    pub invariant: &'static str,
    /// What was seen.
    pub what: String,
    /// When, by true time.
    pub at: Millis,
}

/// What a client was told.
#[derive(Clone, Debug)]
pub enum Promise {
    /// Accepted.
    Booked(Callback),
    /// Cancelled.
    Cancelled(Callback),
    /// At another time.
    Moved(Callback),
    /// The session's word is kept.
    WrittenBack(Callback),
}

impl Promise {
    /// The record that was answered.
    pub fn record(&self) -> &Callback {
        match self {
            Promise::Booked(of) | Promise::Cancelled(of) | Promise::Moved(of) | Promise::WrittenBack(of) => {
                of
            }
        }
    }
}

/// Something that happened at a port.
pub enum Seen<'a> {
    /// A record was written.
    Committed {
        /// As it was; none when it is new.
        before: Option<&'a Callback>,
        /// As it is.
        after: &'a Callback,
        /// The lease under which it was changed.
        fence: Option<Fence>,
    },
    /// A record is no more.
    Vanished(&'a Callback),
    /// The store said that this is durable.
    Durable(&'a Callback),
    /// An engine answered a client.
    Promised(&'a Promise),
    /// A node was given a lease.
    Leased {
        /// To whom.
        owner: &'a NodeId,
        /// Which.
        lease: &'a Lease,
        /// The instant of the request.
        now: Timestamp,
        /// When the node asked, by true time.
        asked: Millis,
    },
    /// A node was told that it still holds this.
    Holds {
        /// Which.
        lease: &'a Lease,
        /// The instant of the question.
        now: Timestamp,
    },
    /// A node is about to hand over.
    Submitting {
        /// What.
        submission: &'a Submission,
        /// What its clock shows.
        clock: Timestamp,
        /// How far that clock may be ahead; `None` when nothing is promised.
        ahead: Option<Millis>,
    },
    /// The stream took an entry.
    Entered {
        /// Of which attempt.
        attempt: u32,
        /// Of which callback.
        id: &'a Id,
        /// How many entries of this attempt there are with it.
        entries: u32,
        /// Attempts whose sessions still run, this one left out.
        alive: &'a [u32],
    },
    /// A session reached the customer.
    Connected {
        /// Of which callback.
        id: &'a Id,
        /// Of which attempt.
        attempt: u32,
    },
    /// A tenant was shown a record.
    Shown {
        /// Who asked.
        to: &'a TenantId,
        /// What was shown.
        record: &'a Callback,
    },
    /// A request took something of shared rate windows.
    Took {
        /// Which request.
        ask: u64,
    },
    /// What a request took of rate windows is back.
    GivenBack {
        /// Which request.
        ask: u64,
    },
    /// The store answered a request's booking, or its answer was lost: what it took counts.
    Counts {
        /// Which request.
        ask: u64,
    },
    /// What a request took cannot be given back: its process is dead, or the wires lost it.
    Excused {
        /// Which request.
        ask: u64,
    },
    /// A request is over: answered, or dropped.
    Ended {
        /// Which request.
        ask: u64,
    },
    /// Redis lost all windows.
    WindowsLost,
    /// A node lives and goes by these settings.
    InForce {
        /// Which node.
        node: &'a NodeId,
        /// Settings of whom.
        tenant: &'a TenantId,
        /// Their version.
        version: u64,
        /// Since when nothing fails.
        since: Millis,
    },
    /// A node ended in good order.
    Left(&'a NodeId),
    /// A node noticed a panic.
    Panicked {
        /// How many were planted so far.
        planted: u64,
    },
    /// Something that can reach a log, a label or an error.
    Text(&'a str),
    /// Time passes without faults.
    Quiet {
        /// Since when.
        since: Millis,
    },
    /// Everything should have come to rest.
    Rest,
}

/// One record as the oracle knows it.
pub struct Known {
    /// As it is stored.
    pub now: Callback,
    /// When it became so.
    pub since: Millis,
    /// When each version was replaced by the next.
    pub replaced: Vec<Millis>,
    /// Whether a client knows it as accepted.
    pub promised: bool,
    /// The furthest a client was told it came: cancelled for good.
    pub cancelled: bool,
}

/// Everything that is known.
pub struct Book {
    /// True time.
    pub now: Millis,
    /// The records as they are stored.
    pub records: BTreeMap<Id, Known>,
    /// Ids that engines asked to book.
    pub asked: BTreeSet<Id>,
    /// The newest lease of each record.
    pub leases: BTreeMap<Id, (NodeId, Fence, Timestamp)>,
    /// When a node last made sure at the store of a version of a record.
    pub checked: BTreeMap<(Id, Version), Millis>,
    /// Attempts that the stream took.
    pub entered: BTreeSet<(Id, u32)>,
    /// The tenants.
    pub tenants: Vec<Arc<Tenant>>,
    /// Which edition each published version is.
    pub editions: BTreeMap<(TenantId, u64), usize>,
    /// The present version of each tenant.
    pub version: BTreeMap<TenantId, u64>,
    /// Waits as they are, in seconds, and the longest each queue ever had.
    pub waits: BTreeMap<(TenantId, ServiceName), (Option<u64>, u64)>,
    /// Whether node clocks are the database's.
    pub shared_clock: bool,
}

impl Book {
    /// The desk and the edition a version of the settings has for a record's service.
    pub fn desk(
        &self,
        tenant: &TenantId,
        service: &ServiceName,
        version: u64,
    ) -> Option<(&Tenant, &Edition, &Desk)> {
        let edition = *self.editions.get(&(tenant.clone(), version))?;
        let of = self.tenants.iter().find(|known| known.id == *tenant)?;
        let edition = of.edition(edition);
        Some((of, edition, edition.desk(service)?))
    }
}

/// The book and those who look into it.
pub struct Oracle {
    /// What is known.
    pub book: Book,
    /// What happened, for the one who has to understand it.
    pub trace: Trace,
    checks: Vec<Box<dyn Invariant>>,
    /// The first broken promise.
    pub broken: Option<Violation>,
    /// How many records were committed anew.
    pub callbacks: u64,
}

impl Oracle {
    /// An empty book with all checks.
    pub fn new(book: Book) -> Self {
        Oracle { book, trace: Trace::default(), checks: invariants::all(), broken: None, callbacks: 0 }
    }

    /// Enters what was seen, then lets every check look.
    pub fn see(&mut self, seen: &Seen<'_>) {
        self.trace.seen(self.book.now, seen);
        if self.broken.is_some() {
            return;
        }
        let verdict = self.checks.iter_mut().find_map(|check| {
            let invariant = check.name();
            check.see(seen, &self.book).err().map(|what| Violation { invariant, what, at: self.book.now })
        });
        self.enter(seen);
        self.broken = verdict;
    }

    fn enter(&mut self, seen: &Seen<'_>) {
        let book = &mut self.book;
        match seen {
            Seen::Committed { before, after, fence } => {
                let id = (after.tenant.clone(), after.id);
                match book.records.get_mut(&id) {
                    Some(known) => {
                        known.now = (*after).clone();
                        known.since = book.now;
                        known.replaced.push(book.now);
                    }
                    None => {
                        self.callbacks += 1;
                        let known = Known {
                            now: (*after).clone(),
                            since: book.now,
                            replaced: Vec::new(),
                            promised: false,
                            cancelled: false,
                        };
                        book.records.insert(id.clone(), known);
                        book.checked.insert((id.clone(), after.version), book.now);
                    }
                }
                if before.is_some() && fence.is_none() {
                    book.leases.remove(&id);
                }
            }
            Seen::Vanished(last) => {
                let id = (last.tenant.clone(), last.id);
                book.records.remove(&id);
                book.leases.remove(&id);
            }
            Seen::Promised(promise) => {
                let record = promise.record();
                if let Some(known) = book.records.get_mut(&(record.tenant.clone(), record.id)) {
                    known.promised = true;
                    known.cancelled |= matches!(promise, Promise::Cancelled(_));
                }
            }
            Seen::Leased { owner, lease, .. } => {
                let held = ((*owner).clone(), lease.fence, lease.expires);
                book.leases.insert((lease.tenant.clone(), lease.id), held);
            }
            Seen::Entered { attempt, id, .. } => {
                book.entered.insert(((*id).clone(), *attempt));
            }
            Seen::Holds { lease, .. } => {
                book.checked.insert(((lease.tenant.clone(), lease.id), lease.version), book.now);
            }
            _ => {}
        }
    }

    /// A lease was given back.
    pub fn released(&mut self, lease: &Lease) {
        let id = (lease.tenant.clone(), lease.id);
        if self.book.leases.get(&id).is_some_and(|(_, fence, _)| *fence == lease.fence) {
            self.book.leases.remove(&id);
        }
    }

    /// All leases of a node were ended.
    pub fn ended(&mut self, owner: &NodeId) {
        self.book.leases.retain(|_, (holder, ..)| holder != owner);
    }
}

/// The attempt that waits to be handed over, and from when.
pub fn pending(record: &Callback) -> Option<(u32, Timestamp)> {
    record.outbox.iter().find_map(|effect| match effect.task {
        Task::HandOver { attempt, .. } => Some((attempt, effect.not_before)),
        Task::TellSession { .. } => None,
    })
}
