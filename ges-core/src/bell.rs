//! How one part of a node tells another that something happened, without knowing who runs them.

use std::sync::atomic::{AtomicBool, Ordering};

use event_listener::Event;
use futures_util::future::{Either, select};

/// A bell that remembers one stroke: it wakes the one who waits, or the next one who will.
#[derive(Default)]
pub(crate) struct Bell {
    rung: AtomicBool,
    waiting: Event,
}

impl Bell {
    pub fn ring(&self) {
        if !self.rung.swap(true, Ordering::SeqCst) {
            self.waiting.notify(1);
        }
    }

    /// Ends with a stroke, and takes it. Dropped before, it has taken none.
    pub async fn heard(&self) {
        while !self.rung.swap(false, Ordering::SeqCst) {
            let stroke = self.waiting.listen();
            // Between the look above and this line it may have been rung, and nobody would have been told.
            if self.rung.swap(false, Ordering::SeqCst) {
                return;
            }
            stroke.await;
        }
    }
}

/// Something that happens once, and stays so. Any number may wait for it.
#[derive(Default)]
pub(crate) struct Once {
    happened: AtomicBool,
    waiting: Event,
}

impl Once {
    pub fn happen(&self) {
        self.happened.store(true, Ordering::SeqCst);
        self.waiting.notify(usize::MAX);
    }

    pub fn has_happened(&self) -> bool {
        self.happened.load(Ordering::SeqCst)
    }

    pub async fn happened(&self) {
        while !self.has_happened() {
            let told = self.waiting.listen();
            if self.has_happened() {
                return;
            }
            told.await;
        }
    }
}

/// Waits until one of two ends, and drops the other. The first one counts when both have ended.
pub(crate) async fn either<A, B>(
    one: impl Future<Output = A>,
    other: impl Future<Output = B>,
) -> Result<A, B> {
    match select(std::pin::pin!(one), std::pin::pin!(other)).await {
        Either::Left((one, _)) => Ok(one),
        Either::Right((other, _)) => Err(other),
    }
}

#[cfg(test)]
mod tests {
    use std::task::{Context, Poll, Waker};

    use super::*;

    fn polled(future: &mut (impl Future<Output = ()> + Unpin)) -> bool {
        std::pin::Pin::new(future).poll(&mut Context::from_waker(Waker::noop())) == Poll::Ready(())
    }

    #[test]
    fn a_stroke_is_heard_once_before_or_after_somebody_waits() {
        let bell = Bell::default();
        bell.ring();
        bell.ring();
        assert!(polled(&mut Box::pin(bell.heard())), "it was rung before");
        let mut waiting = Box::pin(bell.heard());
        assert!(!polled(&mut waiting), "two strokes that nobody waited for are one");
        bell.ring();
        assert!(polled(&mut waiting));
    }

    #[test]
    fn one_who_stops_waiting_takes_no_stroke() {
        let bell = Bell::default();
        let mut gone = Box::pin(bell.heard());
        assert!(!polled(&mut gone));
        bell.ring();
        drop(gone);
        assert!(polled(&mut Box::pin(bell.heard())));
    }

    #[test]
    fn what_happens_once_is_told_to_all_for_ever() {
        let once = Once::default();
        let mut waiting = [Box::pin(once.happened()), Box::pin(once.happened())];
        assert!(!waiting.iter_mut().any(polled));
        once.happen();
        assert!(waiting.iter_mut().all(polled) && polled(&mut Box::pin(once.happened())));
    }
}
