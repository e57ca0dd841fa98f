//! Tasks that truly run at once, without any runtime.

use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use futures_util::future::{BoxFuture, poll_fn};
use futures_util::task::AtomicWaker;

/// Runs each task on a thread of its own, all from the same moment on, and ends when all have ended. The thread that asks
/// is not blocked meanwhile. A panic of a task becomes one of the asker's.
pub(super) async fn at_once(tasks: Vec<BoxFuture<'static, ()>>) {
    let start = Arc::new(Start(AtomicUsize::new(tasks.len())));
    let running = Arc::new(Running { left: AtomicUsize::new(tasks.len()), asker: AtomicWaker::new() });
    let begin = |task| {
        let (start, ends) = (Arc::clone(&start), Ends(Arc::clone(&running)));
        thread::spawn(move || {
            let _ends = ends;
            start.wait();
            block_on(task);
        })
    };
    let threads: Vec<_> = tasks.into_iter().map(begin).collect();
    running.out().await;
    let panics: Vec<_> = threads.into_iter().filter_map(|thread| thread.join().err()).collect();
    if let Some(first) = panics.into_iter().next() {
        resume_unwind(first);
    }
}

/// Lets no thread go before all are there. They do not sleep meanwhile: threads that are woken one after the other come one
/// after the other, and a task is over before the next begins.
struct Start(AtomicUsize);

impl Start {
    fn wait(&self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
        while self.0.load(Ordering::SeqCst) > 0 {
            thread::yield_now();
        }
    }
}

/// How many tasks run, and who waits for the last of them.
struct Running {
    left: AtomicUsize,
    asker: AtomicWaker,
}

impl Running {
    async fn out(&self) {
        poll_fn(|context| {
            self.asker.register(context.waker());
            if self.left.load(Ordering::SeqCst) == 0 { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }
}

/// Tells that a task has ended, also when it panicked.
struct Ends(Arc<Running>);

impl Drop for Ends {
    fn drop(&mut self) {
        if self.0.left.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.0.asker.wake();
        }
    }
}

fn block_on(mut task: BoxFuture<'static, ()>) {
    struct Unpark(Thread);

    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }

    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    while task.as_mut().poll(&mut context).is_pending() {
        thread::park();
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::sync::{Barrier, mpsc};

    use super::*;

    #[test]
    fn the_tasks_run_at_once() {
        // Each waits for all others: one after the other they would never end.
        let meet = Arc::new(Barrier::new(8));
        let task = |_| -> BoxFuture<'static, ()> {
            let meet = Arc::clone(&meet);
            Box::pin(async move {
                meet.wait();
            })
        };
        pollster::block_on(at_once((0..8).map(task).collect()));
        pollster::block_on(at_once(Vec::new()));
    }

    #[test]
    fn a_task_may_wait_for_another() {
        let event = Arc::new(event_listener::Event::new());
        let listener = event.listen();
        let waits: BoxFuture<'static, ()> = Box::pin(listener);
        let tells: BoxFuture<'static, ()> = Box::pin(async move {
            event.notify(1);
        });
        pollster::block_on(at_once(vec![waits, tells]));
    }

    #[test]
    fn a_panic_is_told_after_all_have_ended() {
        let (done, ended) = mpsc::channel();
        let fails: BoxFuture<'static, ()> = Box::pin(async { panic!("no") });
        let works: BoxFuture<'static, ()> = Box::pin(async move { done.send(()).unwrap() });
        let run = AssertUnwindSafe(|| pollster::block_on(at_once(vec![fails, works])));
        assert!(catch_unwind(run).is_err());
        ended.try_recv().expect("the other task ended");
    }
}
