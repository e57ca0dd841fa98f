//! What runs the tasks of a node, and lets them sleep.

use std::time::Duration;

use futures_util::future::BoxFuture;

/// The async runtime of the host. Feature `tokio` has one in [`crate::system`].
pub trait Runtime: Send + Sync {
    /// Runs a task beside all others until it ends. A task that panics must not take others with it.
    fn spawn(&self, task: BoxFuture<'static, ()>);

    /// Ends after this long by the steady clock, never earlier. Called inside a task of this runtime.
    fn sleep(&self, lasting: Duration) -> BoxFuture<'static, ()>;

    /// The steady clock: how long ago some fixed instant was. Nobody sets it, and a node knows by it that the wall clock
    /// was set.
    fn steady(&self) -> Duration;
}
