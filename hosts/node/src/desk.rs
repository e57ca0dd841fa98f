//! Somebody who makes the calls: says on a channel when each is to be made.

use async_trait::async_trait;
use ges_core::Timestamp;
use ges_core::port::{Clock, HandOverError, Handed, Look, Orchestrator, SessionKey, Submission, Unavailable};
use ges_core::system::SystemClock;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

pub struct Desk(UnboundedSender<Timestamp>);

/// A desk, and the instants of its calls.
pub fn open() -> (Desk, UnboundedReceiver<Timestamp>) {
    let (calls, made) = unbounded_channel();
    (Desk(calls), made)
}

#[async_trait]
impl Orchestrator for Desk {
    async fn submit(&self, _: &Submission) -> Result<Handed, HandOverError> {
        // Nobody listens any more once the host has ended.
        self.0.send(SystemClock.now()).ok();
        Ok(Handed { reference: None })
    }

    async fn look(&self, _: &SessionKey) -> Result<Look, Unavailable> {
        Ok(Look::Running { position: None, wait_secs: None })
    }

    async fn cancel(&self, _: &SessionKey) -> Result<(), Unavailable> {
        Ok(())
    }
}
