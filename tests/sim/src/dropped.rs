//! Futures that hosts drop in the middle: a client hangs up, a time limit strikes, a `select!` goes another way.
//!
//! That is no failure but a habit of hosts, so it goes on for a while when the faults have stopped, and nothing may be late
//! because of it. What happens for a request is told apart by the one who asks: what a dropped request took goes back.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::FutureExt;
use futures_util::future::{Either, select};
use ges_core::testing::dropped_at;

use crate::executor::Owner;
use crate::faults::Kind;
use crate::oracle::Seen;
use crate::world::World;

/// Beyond so many await points hardly any use case goes.
const POINTS: i64 = 10;

/// One request, while it is worked on.
#[derive(Clone, Copy, Debug)]
pub struct Ask {
    /// Which.
    pub number: u64,
    /// Whether its future is being dropped before it has ended.
    pub is_dropped: bool,
    /// Whether a store has answered that what it asked for is written.
    pub is_stored: bool,
}

impl World {
    /// Awaits a piece of work of a host, or drops it at some await point or a few milliseconds later.
    pub async fn perhaps_dropped<F: Future>(
        self: &Arc<Self>,
        kind: Kind,
        node: usize,
        work: F,
    ) -> Option<F::Output> {
        let permille = self.injected().dropped;
        if !self.rarely(permille) {
            return Some(work.await);
        }
        let (point, linger) = (self.draw(0, POINTS), self.draw(0, 6));
        let mut work = pin!(work);
        let ended = dropped_at(usize::try_from(point).unwrap_or(0), work.as_mut()).await;
        if ended.is_some() {
            return ended;
        }
        // A request is on its way by now; a little later it has arrived, and then its answer is on its way.
        let linger = self.exec.sleep(linger);
        match select(work, pin!(linger)).await {
            Either::Left((ended, _)) => Some(ended),
            Either::Right((_, _dropped)) => {
                self.happens(kind, node, point);
                None
            }
        }
    }

    /// The request that is being worked on at this moment.
    pub fn ask(&self) -> Option<Ask> {
        *self.asking()
    }

    /// A store answered it that what it wanted is written.
    pub fn ask_is_stored(&self) {
        if let Some(ask) = &mut *self.asking() {
            ask.is_stored = true;
        }
    }
}

/// What a planted panic carries.
struct Planted;

/// Panics, without a word on the standard error.
pub fn panic_silently() -> ! {
    std::panic::resume_unwind(Box::new(Planted))
}

/// Awaits a piece of work of a host that survives a planted panic in it; any other is told as ever.
pub async fn surviving<T>(work: impl Future<Output = T>) -> Option<T> {
    match AssertUnwindSafe(work).catch_unwind().await {
        Ok(done) => Some(done),
        Err(panic) if panic.is::<Planted>() => None,
        Err(panic) => std::panic::resume_unwind(panic),
    }
}

/// The work of one request.
pub struct Asking<F> {
    world: Arc<World>,
    owner: Owner,
    ask: Ask,
    work: Option<Pin<Box<F>>>,
}

impl<F: Future> Asking<F> {
    /// Work of this process.
    pub fn new(world: Arc<World>, owner: Owner, work: F) -> Self {
        let number = world.injected().next_ask();
        let ask = Ask { number, is_dropped: false, is_stored: false };
        Asking { world, owner, ask, work: Some(Box::pin(work)) }
    }
}

impl<F> Asking<F> {
    /// Does something as part of this request.
    fn within<T>(&mut self, work: impl FnOnce(&mut Option<Pin<Box<F>>>) -> T) -> T {
        let outer = self.world.asking().replace(self.ask);
        let done = work(&mut self.work);
        let inner = std::mem::replace(&mut *self.world.asking(), outer);
        self.ask = inner.unwrap_or(self.ask);
        done
    }
}

impl<F: Future> Future for Asking<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        self.within(|work| match work {
            Some(future) => {
                let polled = future.as_mut().poll(context);
                if polled.is_ready() {
                    *work = None;
                }
                polled
            }
            None => Poll::Pending,
        })
    }
}

impl<F> Drop for Asking<F> {
    fn drop(&mut self) {
        self.ask.is_dropped = self.work.is_some();
        self.within(|work| *work = None);
        let ask = self.ask.number;
        // A process that ends sends nothing any more.
        let seen =
            if self.world.exec.is_dead(self.owner) { Seen::Excused { ask } } else { Seen::Ended { ask } };
        self.world.see(&seen);
    }
}
