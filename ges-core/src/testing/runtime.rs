//! A runtime that is told when to run, and how late it is.

use std::collections::BTreeMap;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use futures_util::future::BoxFuture;

use super::ManualClock;
use crate::port::Runtime;

/// Runs tasks on the thread of the one who calls [`ManualRuntime::settle`] or [`ManualRuntime::advance`]. Its sleeps end
/// when time is moved, and never by themselves. Cheap to clone; all clones are the same runtime.
#[derive(Clone)]
pub struct ManualRuntime(Arc<Inner>);

impl fmt::Debug for ManualRuntime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ManualRuntime").finish_non_exhaustive()
    }
}

struct Inner {
    clock: Arc<ManualClock>,
    steady: Mutex<Duration>,
    tasks: Mutex<Vec<Arc<Task>>>,
    sleeps: Mutex<BTreeMap<(Duration, u64), Waker>>,
    serial: AtomicU64,
}

struct Task {
    work: Mutex<Option<BoxFuture<'static, ()>>>,
    is_woken: AtomicBool,
}

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        self.is_woken.store(true, Ordering::SeqCst);
    }
}

impl Task {
    /// Polls it; whether it goes on.
    fn poll(self: &Arc<Self>) -> bool {
        let mut place = lock(&self.work);
        let Some(mut work) = place.take() else { return false };
        let waker = Waker::from(self.clone());
        // A task that panics takes no other with it.
        let polled = catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(&mut Context::from_waker(&waker))));
        let goes_on = matches!(polled, Ok(Poll::Pending));
        if goes_on {
            *place = Some(work);
        }
        goes_on
    }
}

impl ManualRuntime {
    /// A runtime without tasks, which moves this clock together with its own steady one.
    pub fn new(clock: Arc<ManualClock>) -> Self {
        ManualRuntime(Arc::new(Inner {
            clock,
            steady: Mutex::default(),
            tasks: Mutex::default(),
            sleeps: Mutex::default(),
            serial: AtomicU64::new(0),
        }))
    }

    /// Runs all tasks until each of them waits for something.
    pub fn settle(&self) {
        loop {
            let woken: Vec<Arc<Task>> = {
                let tasks = lock(&self.0.tasks);
                tasks.iter().filter(|task| task.is_woken.swap(false, Ordering::SeqCst)).cloned().collect()
            };
            if woken.is_empty() {
                return;
            }
            let ended: Vec<Arc<Task>> = woken.into_iter().filter(|task| !task.poll()).collect();
            lock(&self.0.tasks).retain(|task| !ended.iter().any(|ended| Arc::ptr_eq(ended, task)));
        }
    }

    /// Lets time pass: every sleep that ends on the way ends at its instant, and what follows from it happens then.
    pub fn advance(&self, by: Duration) {
        let end = self.steady() + by;
        self.settle();
        while let Some((at, waker)) = self.next_sleep(end) {
            self.pass_to(at);
            waker.wake();
            self.settle();
        }
        self.pass_to(end);
    }

    /// How many tasks have not ended.
    pub fn tasks(&self) -> usize {
        lock(&self.0.tasks).len()
    }

    fn next_sleep(&self, end: Duration) -> Option<(Duration, Waker)> {
        let mut sleeps = lock(&self.0.sleeps);
        let first = sleeps.first_entry().filter(|first| first.key().0 <= end)?;
        let ((at, _), waker) = first.remove_entry();
        Some((at, waker))
    }

    fn pass_to(&self, at: Duration) {
        let mut steady = lock(&self.0.steady);
        self.0.clock.advance(at.saturating_sub(*steady));
        *steady = at.max(*steady);
    }
}

impl Runtime for ManualRuntime {
    fn spawn(&self, work: BoxFuture<'static, ()>) {
        let task = Task { work: Mutex::new(Some(work)), is_woken: AtomicBool::new(true) };
        lock(&self.0.tasks).push(Arc::new(task));
    }

    fn sleep(&self, lasting: Duration) -> BoxFuture<'static, ()> {
        let at = self.steady() + lasting;
        let serial = self.0.serial.fetch_add(1, Ordering::Relaxed);
        Box::pin(Sleep { runtime: self.clone(), key: (at, serial) })
    }

    fn steady(&self) -> Duration {
        *lock(&self.0.steady)
    }
}

struct Sleep {
    runtime: ManualRuntime,
    key: (Duration, u64),
}

impl Future for Sleep {
    type Output = ();
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.runtime.steady() >= self.key.0 {
            return Poll::Ready(());
        }
        lock(&self.runtime.0.sleeps).insert(self.key, context.waker().clone());
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        lock(&self.runtime.0.sleeps).remove(&self.key);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
