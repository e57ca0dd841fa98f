//! What makes this process one of many: who else is there, who is gone, and what the others published.
//!
//! Nothing here is needed for a promise to be kept; it only makes the time short in which one waits for somebody. What
//! is not told is found by a timer: leases expire, and published versions are looked up once a minute.

use std::sync::Arc;
use std::time::Duration;

use ges_core::engine::{Dispatcher, Engine};
use ges_core::{NodeId, TenantId};
use ges_storage::postgres::Peers;
use ges_storage::redis::presence::NEWS_MAX;
use ges_storage::redis::{News, Presence};
use tokio::sync::{Notify, mpsc, watch};

use crate::worker::chain;
use ges_core::node::{Announce, Publisher, Unusable};

/// How often the published versions are looked up whatever was heard: one query, whatever the number of tenants.
const LOOK_UP_EVERY: Duration = Duration::from_secs(60);

/// After something that failed with the store.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_secs(1);

/// This node's part among the others.
pub(super) struct Nodes {
    pub engine: Arc<Engine>,
    pub dispatcher: Arc<Dispatcher>,
    pub publisher: Arc<Publisher>,
    pub peers: Peers,
    /// None without Redis.
    pub presence: Option<Arc<Presence>>,
}

impl Nodes {
    /// Lets the others know of this node before it holds anything.
    pub async fn register(&self) {
        if let Err(error) = self.peers.register().await {
            tracing::warn!(error = %error, "this node could not take its seat yet");
        }
    }

    /// Takes part until `leave` turns true, then tells the others that this node leaves.
    pub async fn run(self, leave: watch::Receiver<bool>) {
        let Nodes { engine, dispatcher, publisher, peers, presence } = self;
        let left = || {
            let mut leave = leave.clone();
            // The sender outlives every task; were it gone, leaving would be right as well.
            async move {
                let _ = leave.wait_for(|leave| *leave).await;
            }
        };
        if let Some(presence) = &presence {
            match peers.seated().await {
                Ok(seated) => presence.expect(&seated),
                // Whoever of them is gone is missed when his leases have run out.
                Err(error) => tracing::warn!(error = %error, "it is not known who else is there"),
            }
        }
        let published = Notify::new();
        let (found, gone) = mpsc::channel::<NodeId>(NEWS_MAX);
        let (told, mut news) = mpsc::channel::<News>(NEWS_MAX);
        // What there is no room for is found by the timers that find everything.
        let by_lock = found.clone();
        let watching = peers.run(left(), move |node| {
            tracing::warn!(%node, "a node is gone: it let go of its seat");
            let _ = by_lock.try_send(node);
        });
        let speaking = async {
            if let Some(presence) = &presence {
                presence.run(told, left()).await;
            }
        };
        let hearing = async {
            while let Some(news) = news.recv().await {
                match news {
                    News::Gone(node) => {
                        tracing::warn!(%node, "a node is gone: it has fallen silent");
                        let _ = found.try_send(node);
                    }
                    News::Left(node) => {
                        tracing::info!(%node, "a node has left");
                        let _ = found.try_send(node);
                    }
                    News::Came(node) => {
                        tracing::info!(%node, "a node has come");
                        // What it published before it was heard was not heard either.
                        published.notify_one();
                    }
                    News::Settings(_) => published.notify_one(),
                }
            }
            // Without Redis nobody tells anything.
            std::future::pending::<()>().await;
        };
        let idle = async {
            tokio::select! {
                () = left() => {}
                () = take_over(&engine, &dispatcher, gone) => {}
                () = follow(&publisher, &published) => {}
                () = hearing => {}
            }
        };
        tokio::join!(watching, speaking, idle);
    }
}

/// Takes over from nodes that are gone.
async fn take_over(engine: &Engine, dispatcher: &Arc<Dispatcher>, mut gone: mpsc::Receiver<NodeId>) {
    while let Some(node) = gone.recv().await {
        let begun = engine.now();
        match dispatcher.take_over(&node).await {
            Ok(0) => {}
            Ok(leases) => {
                let took_ms = engine.now().since(begun).as_millis();
                tracing::warn!(%node, leases, took_ms, "took over from a node that is gone");
            }
            Err(error) => {
                tracing::error!(%node, error = %error, cause = %chain(&error), "its leases are ended as soon as can be");
            }
        }
    }
}

/// Puts into force what others publish.
async fn follow(publisher: &Publisher, published: &Notify) {
    loop {
        tokio::select! {
            () = published.notified() => {}
            () = tokio::time::sleep(LOOK_UP_EVERY) => {}
        }
        loop {
            match publisher.publications().catch_up().await {
                Ok(caught_up) => {
                    for unusable in &caught_up.unusable {
                        let Unusable { tenant, version, why, .. } = unusable;
                        let cause = chain(why);
                        tracing::error!(%tenant, version, error = %why, cause, "what another node published cannot be used here");
                    }
                    if caught_up.in_force > 0 {
                        tracing::info!(
                            tenants = caught_up.in_force,
                            "what another node published is in force"
                        );
                    }
                    break;
                }
                Err(error) => {
                    tracing::warn!(error = %error, cause = %chain(&error), "published settings are looked up again");
                    tokio::time::sleep(PAUSE_AFTER_FAILURE).await;
                }
            }
        }
    }
}

/// Tells the other nodes of a publication, at once and beside it.
pub(super) struct Telling(pub Arc<Presence>);

impl Announce for Telling {
    fn published(&self, tenant: &TenantId) {
        let (presence, tenant) = (self.0.clone(), tenant.clone());
        tokio::spawn(async move { presence.settings_changed(tenant).await });
    }
}
