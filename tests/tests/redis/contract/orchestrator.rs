//! The contract of orchestrators, kept by ORS.

use async_trait::async_trait;
use futures_util::future::BoxFuture;
use ges_core::CallbackId;
use ges_core::port::Orchestrator;
use ges_core::testing::contract::orchestrator::{OrchestratorUnderTest, Telephony, run_all};
use ges_tests::private::{Redis, Wire};
use ges_upstream::ors::OrsOrchestrator;

use crate::support::{PATIENCE, entries, impatient, ors};

struct Ors;

struct Voice {
    orchestrator: OrsOrchestrator,
    wire: Wire,
    server: Redis,
}

#[async_trait]
impl OrchestratorUnderTest for Ors {
    async fn fresh(&self) -> Box<dyn Telephony> {
        let server = Redis::start();
        let wire = Wire::to(server.address());
        let orchestrator = ors(impatient(&server.url_at(wire.address())));
        Box::new(Voice { orchestrator, wire, server })
    }
}

#[async_trait]
impl Telephony for Voice {
    fn orchestrator(&self) -> &dyn Orchestrator {
        &self.orchestrator
    }
    async fn sessions(&self) -> Vec<(CallbackId, u32)> {
        let read = |(id, attempt): (String, String)| (id.parse().unwrap(), attempt.parse().unwrap());
        entries(&self.server).into_iter().map(read).collect()
    }
    async fn fall_silent(&self) -> bool {
        self.wire.stall();
        true
    }
    async fn ends_in_time(&self, call: BoxFuture<'_, ()>) -> bool {
        tokio::time::timeout(PATIENCE, call).await.is_ok()
    }
}

#[tokio::test]
async fn ors_keeps_the_contract_of_orchestrators() {
    run_all(&Ors).await.assert_complete();
}
