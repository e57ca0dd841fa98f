//! Futures that are dropped in the middle.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

/// Awaits a future until it has stood still `points` times, and drops it when it stands still once more. Answers what came
/// of it when it ended before that.
///
/// With 0 it is dropped where it first waits for anything. Called for 0, 1, 2 … until it answers, it drops a use case at
/// each of its await points in turn.
pub async fn dropped_at<F: Future>(points: usize, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut passed = 0;
    poll_fn(|context| match future.as_mut().poll(context) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending if passed == points => Poll::Ready(None),
        Poll::Pending => {
            passed += 1;
            Poll::Pending
        }
    })
    .await
}

/// Stands still once: an await point.
pub(super) async fn stand_still() {
    let mut stood = false;
    poll_fn(|context| {
        context.waker().wake_by_ref();
        if std::mem::replace(&mut stood, true) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}
