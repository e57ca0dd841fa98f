//! Who calls the customers.

use std::sync::Arc;

use async_trait::async_trait;
use ges_core::callback::SessionUpdate;
use ges_core::engine::{Engine, EngineError};
use ges_core::port::{Clock, Orchestrator};
use ges_core::{CallbackId, ServiceName, TenantId};
use ges_http::WriteBackKeys;
use ges_storage::redis::Redis;
use ges_upstream::client::HttpClient;
use ges_upstream::ors::{OrsNode, OrsOptions, OrsOrchestrator};
use ges_upstream::sandbox::{SandboxOrchestrator, WriteBack, WriteBackError};
use ges_upstream::webhook::{Surroundings, WebhookOrchestrator};

use super::voice::Voice;
use super::{BuildError, hot};
use crate::config::{Config, OrchestratorKind, Ors};
use crate::metrics::Metrics;

/// Telephony, and what of it the composition has to know.
pub(super) struct Telephony {
    pub orchestrator: Arc<dyn Orchestrator>,
    /// The sandbox, when it is that, because it has to be wired to the engine.
    pub sandbox: Option<SandboxOrchestrator>,
    /// The Redis of the voice platform, when there is one, because it has to be watched.
    pub voice: Option<Redis>,
}

impl Telephony {
    /// As configured. Opens no connection.
    ///
    /// # Errors
    /// When the voice platform's Redis or its stream cannot be used as described.
    pub fn new(
        config: &Config,
        client: &HttpClient,
        write_back: &Arc<WriteBackKeys>,
        clock: &Arc<dyn Clock>,
        metrics: &Arc<Metrics>,
    ) -> Result<Self, BuildError> {
        let wanted = &config.upstream.orchestrator;
        let ges_url = wanted.write_back_url.clone();
        Ok(match &wanted.kind {
            OrchestratorKind::Sandbox(options) => {
                let sandbox = SandboxOrchestrator::new(*options, clock.clone());
                Telephony { orchestrator: Arc::new(sandbox.clone()), sandbox: Some(sandbox), voice: None }
            }
            OrchestratorKind::Webhook(options) => {
                let keys = write_back.clone();
                let around = Surroundings {
                    client: client.clone(),
                    ges_url,
                    mint: Arc::new(move |tenant, id| keys.token(tenant, id)),
                    clock: clock.clone(),
                    observer: metrics.clone(),
                };
                let webhook = WebhookOrchestrator::new(options.clone(), around);
                Telephony { orchestrator: Arc::new(webhook), sandbox: None, voice: None }
            }
            OrchestratorKind::Ors(wanted) => {
                let voice = hot::redis("orchestrator.ors.redis", &wanted.redis)?;
                let options = ors_options(wanted, &ges_url);
                let ors = OrsOrchestrator::new(
                    options,
                    Arc::new(Voice::new(voice.clone())),
                    client.clone(),
                    clock.clone(),
                    metrics.clone(),
                )?;
                Telephony { orchestrator: Arc::new(ors), sandbox: None, voice: Some(voice) }
            }
        })
    }
}

fn ors_options(wanted: &Ors, ges_url: &str) -> OrsOptions {
    let node = |node: &crate::config::OrsNode| OrsNode { url: node.url.clone(), region: node.region.clone() };
    let mut options = OrsOptions::new(ges_url);
    options.stream = wanted.stream.clone();
    options.fields = wanted.fields.clone();
    options.keep = wanted.max_len;
    options.nodes = wanted.nodes.iter().map(node).collect();
    options.regions = wanted.regions.clone();
    options.cancel_event = wanted.cancel_event.clone();
    options.look_every = wanted.look_every;
    options.timeout = wanted.timeout;
    options
}

/// Sessions of the sandbox report straight into the engine.
pub(super) struct IntoEngine(pub Arc<Engine>);

#[async_trait]
impl WriteBack for IntoEngine {
    async fn write_back(
        &self,
        tenant: &TenantId,
        _: &ServiceName,
        id: CallbackId,
        update: SessionUpdate,
    ) -> Result<(), WriteBackError> {
        match self.0.write_back(tenant, id, update).await {
            Ok(after) if after.is_unfinished() => Ok(()),
            // Over: by this very update, or by a cancel before it.
            Ok(_) | Err(EngineError::Refused(_)) => Err(WriteBackError::Refused),
            Err(error) => Err(WriteBackError::Unavailable(error.into())),
        }
    }
}
