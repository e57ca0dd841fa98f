//! Changes under way, so that an end can wait for them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Notify;

/// Counts the handlers that may change something, from their begin to their end. A caller that hangs up ends only the
/// waiting for one, so nothing else knows that it is still at work.
#[derive(Clone, Default)]
pub(super) struct Changes(Arc<Counted>);

#[derive(Default)]
struct Counted {
    under_way: AtomicUsize,
    none_left: Notify,
}

/// One change, until it is dropped.
pub(super) struct UnderWay(Arc<Counted>);

impl Changes {
    /// One more; it is under way until the answer is dropped.
    pub(super) fn begin(&self) -> UnderWay {
        self.0.under_way.fetch_add(1, Ordering::SeqCst);
        UnderWay(self.0.clone())
    }

    /// How many are under way.
    pub(super) fn under_way(&self) -> usize {
        self.0.under_way.load(Ordering::SeqCst)
    }

    /// Waits until none is under way. May be dropped at any moment.
    pub(super) async fn drained(&self) {
        loop {
            // Listened for before the count is read, so that an end in between is heard.
            let none_left = self.0.none_left.notified();
            if self.under_way() == 0 {
                return;
            }
            none_left.await;
        }
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        if self.0.under_way.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.0.none_left.notify_waiters();
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[test]
    fn the_last_end_is_waited_for_and_no_other() {
        let changes = Changes::default();
        assert!(changes.drained().now_or_never().is_some());
        let (one, other) = (changes.begin(), changes.begin());
        let mut drained = Box::pin(changes.drained());
        assert!(drained.as_mut().now_or_never().is_none());
        drop(one);
        assert!(drained.as_mut().now_or_never().is_none());
        drop(other);
        assert!(drained.as_mut().now_or_never().is_some());
    }

    #[test]
    fn another_that_begins_meanwhile_is_waited_for_too() {
        let changes = Changes::default();
        let one = changes.begin();
        let mut drained = Box::pin(changes.drained());
        assert!(drained.as_mut().now_or_never().is_none());
        drop(one);
        let other = changes.begin();
        assert!(drained.as_mut().now_or_never().is_none());
        drop(other);
        assert!(drained.as_mut().now_or_never().is_some());
    }
}
