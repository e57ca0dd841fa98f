//! One thread, one order: tasks and events of a simulated world, by a clock that only this executor moves.
//!
//! Every task belongs to an owner, a process of the world: it can be killed, and then its tasks are dropped where they
//! stand, or frozen, and then they are not polled until it thaws. What happens at the same millisecond happens in an
//! order drawn from the seed.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, VecDeque};
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use ges_core::testing::SeededIds;

/// Milliseconds since 1970, true time.
pub type Millis = i64;

/// Whose task it is: one run of one process.
pub type Owner = u32;

/// The world itself; it is never killed or frozen.
pub const WORLD: Owner = 0;

type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The executor of one world. Cheap to clone; all clones are the same one.
#[derive(Clone)]
pub struct Executor {
    core: Arc<Mutex<Core>>,
    ready: Arc<Ready>,
}

struct Core {
    now: Millis,
    serial: u64,
    order: SeededIds,
    events: BinaryHeap<Reverse<Planned>>,
    tasks: Vec<Slot>,
    free: Vec<usize>,
    frozen: BTreeMap<Owner, Vec<Key>>,
    dead: BTreeSet<Owner>,
    steps: u64,
    is_over: bool,
}

/// A place for a task; `life` tells successive tasks in the same place apart.
struct Slot {
    life: u32,
    owner: Owner,
    work: Option<Work>,
    waker: Option<Waker>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Key {
    index: usize,
    life: u32,
}

struct Planned {
    at: Millis,
    tie: u64,
    serial: u64,
    what: What,
}

enum What {
    Wake(Waker),
    Do(Box<dyn FnOnce() + Send>),
}

impl PartialEq for Planned {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Planned {}

impl PartialOrd for Planned {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Planned {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at, self.tie, self.serial).cmp(&(other.at, other.tie, other.serial))
    }
}

#[derive(Default)]
struct Ready(Mutex<VecDeque<Key>>);

impl Ready {
    fn push(&self, key: Key) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push_back(key);
    }

    fn pop(&self) -> Option<Key> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }
}

struct TaskWaker {
    key: Key,
    ready: Arc<Ready>,
}

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        self.ready.push(self.key);
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.ready.push(self.key);
    }
}

impl Executor {
    /// An executor whose time begins at `now`.
    pub fn new(now: Millis, seed: u64) -> Self {
        let core = Core {
            now,
            serial: 0,
            order: SeededIds::new(seed),
            events: BinaryHeap::new(),
            tasks: Vec::new(),
            free: Vec::new(),
            frozen: BTreeMap::new(),
            dead: BTreeSet::new(),
            steps: 0,
            is_over: false,
        };
        Executor { core: Arc::new(Mutex::new(core)), ready: Arc::default() }
    }

    fn core(&self) -> MutexGuard<'_, Core> {
        self.core.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// True time.
    pub fn now(&self) -> Millis {
        self.core().now
    }

    /// Polls and events so far.
    pub fn steps(&self) -> u64 {
        self.core().steps
    }

    /// Begins a task of this owner; nothing when the owner is dead, or the world is over.
    pub fn spawn(&self, owner: Owner, work: impl Future<Output = ()> + Send + 'static) {
        let mut core = self.core();
        if core.is_over || core.dead.contains(&owner) {
            return;
        }
        let index = core.free.pop().unwrap_or_else(|| {
            core.tasks.push(Slot { life: 0, owner, work: None, waker: None });
            core.tasks.len() - 1
        });
        let slot = &mut core.tasks[index];
        slot.life = slot.life.wrapping_add(1);
        let key = Key { index, life: slot.life };
        slot.owner = owner;
        slot.work = Some(Box::pin(work));
        slot.waker = Some(Waker::from(Arc::new(TaskWaker { key, ready: self.ready.clone() })));
        drop(core);
        self.ready.push(key);
    }

    /// Does something at an instant, in the world's name.
    pub fn at(&self, at: Millis, what: impl FnOnce() + Send + 'static) {
        self.plan(at, What::Do(Box::new(what)));
    }

    /// Ends after so many milliseconds of true time.
    pub fn sleep(&self, millis: Millis) -> Sleep {
        Sleep { executor: self.clone(), until: self.now() + millis.max(0), planned: false }
    }

    /// Drops every task of this owner where it stands.
    pub fn kill(&self, owner: Owner) {
        let mut core = self.core();
        core.dead.insert(owner);
        core.frozen.remove(&owner);
        let mut dropped = Vec::new();
        for index in 0..core.tasks.len() {
            if core.tasks[index].owner == owner && core.tasks[index].work.is_some() {
                dropped.push(core.tasks[index].work.take());
                core.tasks[index].waker = None;
                core.free.push(index);
            }
        }
        drop(core);
        drop(dropped);
    }

    /// Whether this owner was killed.
    pub fn is_dead(&self, owner: Owner) -> bool {
        self.core().dead.contains(&owner)
    }

    /// Stops polling this owner's tasks.
    pub fn freeze(&self, owner: Owner) {
        self.core().frozen.entry(owner).or_default();
    }

    /// Goes on where it was frozen.
    pub fn thaw(&self, owner: Owner) {
        let parked = self.core().frozen.remove(&owner).unwrap_or_default();
        parked.into_iter().for_each(|key| self.ready.push(key));
    }

    /// Runs until `end`, or until `stop` says so after a step.
    pub fn run_until(&self, end: Millis, mut stop: impl FnMut() -> bool) {
        loop {
            while let Some(key) = self.ready.pop() {
                if self.poll(key) && stop() {
                    return;
                }
            }
            let next = {
                let mut core = self.core();
                let due = core.events.peek().is_some_and(|Reverse(next)| next.at <= end);
                if !due {
                    core.now = core.now.max(end);
                    return;
                }
                let next = core.events.pop().map(|Reverse(next)| next);
                if let Some(next) = &next {
                    core.now = core.now.max(next.at);
                    core.steps += 1;
                }
                next
            };
            match next.map(|next| next.what) {
                Some(What::Wake(waker)) => waker.wake(),
                Some(What::Do(what)) => {
                    what();
                    if stop() {
                        return;
                    }
                }
                None => return,
            }
        }
    }

    /// Forgets every task and event, so that what they hold can be freed. What is begun meanwhile never runs.
    pub fn dissolve(&self) {
        let (tasks, events) = {
            let mut core = self.core();
            core.is_over = true;
            (std::mem::take(&mut core.tasks), std::mem::take(&mut core.events))
        };
        drop(tasks);
        drop(events);
    }

    fn plan(&self, at: Millis, what: What) {
        let mut core = self.core();
        if core.is_over {
            return;
        }
        core.serial += 1;
        let planned = Planned { at: at.max(core.now), tie: core.order.bits(), serial: core.serial, what };
        core.events.push(Reverse(planned));
    }

    /// Polls a task once; `false` when there was none to poll.
    fn poll(&self, key: Key) -> bool {
        let (mut work, waker) = {
            let mut core = self.core();
            let Some(slot) = core.tasks.get(key.index).filter(|slot| slot.life == key.life) else {
                return false;
            };
            let owner = slot.owner;
            if let Some(parked) = core.frozen.get_mut(&owner) {
                parked.push(key);
                return false;
            }
            let slot = &mut core.tasks[key.index];
            let (Some(work), Some(waker)) = (slot.work.take(), slot.waker.clone()) else { return false };
            core.steps += 1;
            (work, waker)
        };
        let polled = work.as_mut().poll(&mut Context::from_waker(&waker));
        let mut core = self.core();
        let slot = &mut core.tasks[key.index];
        let killed = slot.life != key.life || slot.waker.is_none();
        match polled {
            Poll::Pending if !killed => slot.work = Some(work),
            Poll::Ready(()) if !killed => {
                slot.waker = None;
                core.free.push(key.index);
            }
            _ => {}
        }
        true
    }
}

/// See [`Executor::sleep`].
pub struct Sleep {
    executor: Executor,
    until: Millis,
    planned: bool,
}

impl Future for Sleep {
    type Output = ();
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.executor.now() >= self.until {
            return Poll::Ready(());
        }
        if !self.planned {
            self.planned = true;
            self.executor.plan(self.until, What::Wake(context.waker().clone()));
        }
        Poll::Pending
    }
}

/// Something one side waits for and the other brings, once.
pub struct Slip<T>(Arc<Mutex<Waiting<T>>>);

struct Waiting<T> {
    brought: Option<T>,
    waker: Option<Waker>,
}

impl<T> Clone for Slip<T> {
    fn clone(&self) -> Self {
        Slip(self.0.clone())
    }
}

impl<T> Default for Slip<T> {
    fn default() -> Self {
        Slip(Arc::new(Mutex::new(Waiting { brought: None, waker: None })))
    }
}

impl<T> Slip<T> {
    /// Brings it; a second time is ignored while the first was not taken.
    pub fn bring(&self, what: T) {
        let waker = {
            let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            waiting.brought.get_or_insert(what);
            waiting.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl<T> Future for Slip<T> {
    type Output = T;
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match waiting.brought.take() {
            Some(brought) => Poll::Ready(brought),
            None => {
                waiting.waker = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }
}

/// The value of a future that never waits, as those of the memory store.
pub fn at_once<T>(future: impl Future<Output = T>) -> Option<T> {
    let mut future = std::pin::pin!(future);
    match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => Some(value),
        Poll::Pending => None,
    }
}
