//! Work that is done by one alone: what is under way under a key lets no other work of that key begin.
//!
//! It holds within this process. It needs no runtime, wakes one waiting future at a time, and keeps nothing of a key that
//! nobody is busy with, also when futures are dropped.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::lock;

/// The keys somebody is busy with.
pub(super) struct OneAtATime<K>(Mutex<BTreeMap<K, Line>>);

/// Those who work under one key, or wait to.
#[derive(Default)]
struct Line {
    turn: Arc<lock::Mutex<()>>,
    length: usize,
}

impl<K: Ord + Clone> OneAtATime<K> {
    /// Nobody is busy.
    pub fn new() -> Self {
        OneAtATime(Mutex::default())
    }

    /// Waits until nobody is busy with this key, and then does the work. Dropped while it waits, it has done nothing;
    /// dropped in the middle of the work, it lets the next one begin.
    pub async fn alone<T>(&self, key: K, work: impl Future<Output = T>) -> T {
        let place = self.join(key);
        let _turn = place.turn.lock().await;
        work.await
    }

    fn join(&self, key: K) -> Place<'_, K> {
        let mut lines = self.lines();
        let line = lines.entry(key.clone()).or_default();
        line.length += 1;
        Place { turn: line.turn.clone(), key, of: self }
    }

    fn lines(&self) -> MutexGuard<'_, BTreeMap<K, Line>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A place in a line; left when dropped.
struct Place<'o, K: Ord + Clone> {
    turn: Arc<lock::Mutex<()>>,
    key: K,
    of: &'o OneAtATime<K>,
}

impl<K: Ord + Clone> Drop for Place<'_, K> {
    fn drop(&mut self) {
        let mut lines = self.of.lines();
        if let Some(line) = lines.get_mut(&self.key) {
            line.length -= 1;
            if line.length == 0 {
                lines.remove(&self.key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::pin::Pin;
    use std::task::{Context, Poll, Waker};

    use super::*;

    /// Work that ends when it is told to.
    async fn until(told: &Cell<bool>) {
        std::future::poll_fn(|_| if told.get() { Poll::Ready(()) } else { Poll::Pending }).await;
    }

    fn ended(future: &mut Pin<Box<impl Future<Output = ()>>>) -> bool {
        future.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready()
    }

    #[test]
    fn others_wait_until_it_has_ended_and_other_keys_do_not() {
        let (all, told) = (OneAtATime::new(), Cell::new(false));
        let began = Cell::new(false);
        let mut first = Box::pin(all.alone(1, until(&told)));
        let mut second = Box::pin(all.alone(1, async { began.set(true) }));
        let mut other = Box::pin(all.alone(2, async {}));
        assert!(!ended(&mut first) && !ended(&mut second) && ended(&mut other));
        assert!(!began.get());
        told.set(true);
        assert!(!ended(&mut second), "it has not ended yet");
        assert!(ended(&mut first) && ended(&mut second));
    }

    #[test]
    fn one_that_is_dropped_lets_the_next_one_begin() {
        let (all, never) = (OneAtATime::new(), Cell::new(false));
        let mut first = Box::pin(all.alone(1, until(&never)));
        let mut second = Box::pin(all.alone(1, until(&never)));
        let mut third = Box::pin(all.alone(1, async {}));
        assert!(!ended(&mut first) && !ended(&mut second) && !ended(&mut third));
        drop(second);
        assert!(!ended(&mut third), "the first is busy still");
        drop(first);
        assert!(ended(&mut third));
    }

    #[test]
    fn nothing_is_kept_of_a_key_nobody_is_busy_with() {
        let (all, never) = (OneAtATime::new(), Cell::new(false));
        let mut busy: Vec<_> = (0..4).map(|number| Box::pin(all.alone(number % 2, until(&never)))).collect();
        assert!(!busy.iter_mut().any(ended));
        assert_eq!(all.lines().len(), 2);
        drop(busy.remove(0));
        assert_eq!(all.lines().len(), 2, "one of each key is left");
        drop(busy);
        assert_eq!(all.lines().len(), 0);
    }
}
