//! Somebody who makes the calls. Nothing becomes due while this host runs.

use async_trait::async_trait;
use ges_core::port::{HandOverError, Handed, Look, Orchestrator, SessionKey, Submission, Unavailable};

pub struct Desk;

#[async_trait]
impl Orchestrator for Desk {
    async fn submit(&self, _: &Submission) -> Result<Handed, HandOverError> {
        Ok(Handed { reference: None })
    }

    async fn look(&self, _: &SessionKey) -> Result<Look, Unavailable> {
        Ok(Look::Running { position: None, wait_secs: None })
    }

    async fn cancel(&self, _: &SessionKey) -> Result<(), Unavailable> {
        Ok(())
    }
}
