//! Time, ids, chance, and who is told of what happened.

use uuid::Uuid;

use crate::callback::LifecycleEvent;
use crate::time::Timestamp;

/// The present instant. The engine reads it once per use case; nothing below the engine reads it.
pub trait Clock: Send + Sync {
    /// Now. It may jump in either direction; the engine never acts early by it and never forgets because of it.
    fn now(&self) -> Timestamp;
}

/// Mints ids and chance from whatever the host trusts.
pub trait IdSource: Send + Sync {
    /// A UUID version 4, unguessable, never the same twice.
    fn uuid(&self) -> Uuid;
    /// A uniformly chosen number below `bound`, unguessable; 0 when `bound` is 0 or 1.
    fn below(&self, bound: u64) -> u64;
}

/// Wakes the dispatcher. A hint only: a lost signal costs lateness, never a callback.
pub trait Signals: Send + Sync {
    /// Something will need attention at `at`, perhaps earlier than what the dispatcher waits for. Told before a store is
    /// asked to write it and again once it is written, so that no future that is dropped in between costs time; and
    /// while such a future is dropped, so it returns at once and blocks nobody.
    fn due(&self, at: Timestamp);

    /// Whether somebody is woken by it. A dispatcher whose signals nobody hears asks to be called every second.
    fn is_heard(&self) -> bool {
        true
    }
}

/// Hears of every life-cycle event after it is committed, at most once ([callback-domain §7.4](crate::rules)).
///
/// Not of every one whatever happens: what a process commits and does not live to tell is not told. When the future of a
/// use case is dropped while the store is asked, or the store's answer is lost, the event is told by the next look of this
/// engine's dispatcher that finds it committed, unless others have changed the record by then.
pub trait Listener: Send + Sync {
    /// Called on the path of the use case: it must return quickly and must not block.
    fn heard(&self, event: &LifecycleEvent);
}
