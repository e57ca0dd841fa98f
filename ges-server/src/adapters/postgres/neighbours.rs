//! What makes this process one of many: a seat in the database, and a voice in Redis when there is one.

use std::sync::Arc;

use async_trait::async_trait;
use ges_core::TenantId;
use ges_core::port::{Gone, News, Peers, StoreError};
use ges_storage::postgres;
use ges_storage::redis::Presence;

/// The other nodes that share the database.
pub(super) struct Neighbours {
    pub seats: postgres::Peers,
    /// None without Redis: a node that hangs is missed when its leases have run out.
    pub presence: Option<Arc<Presence>>,
}

#[async_trait]
impl Peers for Neighbours {
    async fn join(&self) -> Result<(), StoreError> {
        self.seats.register().await
    }

    async fn attend(&self, news: &News) {
        let watching = self.seats.watch(|node| news.gone(node, Gone::Certain));
        let speaking = async {
            if let Some(presence) = &self.presence {
                match self.seats.seated().await {
                    Ok(seated) => presence.expect(&seated),
                    // Those of them that are gone are missed when their leases have run out.
                    Err(error) => tracing::warn!(%error, "it is not known who else is there"),
                }
                presence.attend(news).await;
            }
        };
        tokio::join!(watching, speaking);
    }

    fn published(&self, tenant: &TenantId) {
        if let Some(presence) = self.presence.clone() {
            let tenant = tenant.clone();
            tokio::spawn(async move { presence.settings_changed(tenant).await });
        }
    }

    async fn leave(&self) {
        if let Some(presence) = &self.presence {
            presence.farewell().await;
        }
        self.seats.leave().await;
    }
}
