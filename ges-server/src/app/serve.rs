//! Two listeners, the node and the health checks, from binding to the end of the last request.
//!
//! The end comes in three steps, so that no promise waits for anybody: requests end while the node still works, then the
//! changes whose caller is gone, then the node gives its leases back and leaves the others.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use ges_core::node::Node;
use ges_http::Api;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};

use super::App;
use crate::adapters::store::Stores;
use crate::adapters::telephony::Telephony;
use crate::listener::Listener;

/// A server that serves.
pub struct Running {
    /// Where the street comes in.
    pub external: SocketAddr,
    /// Where the inside comes in.
    pub internal: SocketAddr,
    api: Api,
    /// How long an end may wait for requests, and for changes whose caller is gone.
    drain_time: Duration,
    stop: watch::Sender<bool>,
    listeners: [JoinHandle<usize>; 2],
    checking: JoinHandle<()>,
    node: Arc<Node>,
    telephony: Arc<dyn Telephony>,
    /// Kept to the end, so that the last request still finds them.
    stores: Stores,
}

/// Why it does not serve.
#[derive(Debug, thiserror::Error)]
#[error("{key} = {address} cannot be bound; a free address of this machine is needed")]
pub struct StartError {
    key: &'static str,
    address: SocketAddr,
    #[source]
    source: std::io::Error,
}

impl App {
    /// Binds both listeners, serves, and keeps the promises.
    ///
    /// # Errors
    /// When an address is taken or not ours; nothing is served then.
    pub async fn serve(self) -> Result<Running, StartError> {
        let http = &self.config.http;
        let outside = bind("http.external_address", http.external).await?;
        let inside = bind("http.internal_address", http.internal).await?;
        let (stop, stopped) = watch::channel(false);
        let (external, internal) = (outside.address(), inside.address());
        let listeners = [
            tokio::spawn(outside.serve(self.api.external(), http.connections, stopped.clone())),
            tokio::spawn(inside.serve(self.api.internal(), http.connections, stopped.clone())),
        ];
        let drain_time = http.connections.drain_time;
        let (health, every) = (self.health, self.config.telemetry.health_every);
        let node = Arc::new(self.node.start(&self.engine, &self.publisher));
        self.dispatching.watch(node.clone());
        Ok(Running {
            external,
            internal,
            api: self.api,
            drain_time,
            stop,
            listeners,
            checking: tokio::spawn(async move { health.run(every, stopped).await }),
            node,
            telephony: self.telephony,
            stores: self.stores,
        })
    }
}

async fn bind(key: &'static str, address: SocketAddr) -> Result<Listener, StartError> {
    Listener::bind(address).await.map_err(|source| StartError { key, address, source })
}

impl Running {
    /// Turns true when the server is being stopped; for tasks that belong to it.
    pub fn stopping(&self) -> watch::Receiver<bool> {
        self.stop.subscribe()
    }

    /// Takes no new requests, lets running ones and the changes of callers that are gone end, gives leases back, leaves the
    /// other nodes, and answers how many requests were cut off.
    pub async fn stop(self) -> usize {
        let latest = Instant::now() + self.drain_time;
        self.api.stopping();
        let mut cut_off = 0;
        // Receivers that are gone have stopped already, and tasks end by themselves; a panic in one was logged where it
        // happened.
        let _ = self.stop.send(true);
        for listener in self.listeners {
            cut_off += listener.await.unwrap_or_default();
        }
        if timeout_at(latest, self.api.drained()).await.is_err() {
            tracing::warn!(
                changes = self.api.under_way(),
                "changes were cut off at the end of the drain time"
            );
        }
        let _ = self.checking.await;
        self.node.shutdown().await;
        self.telephony.stop();
        drop(self.stores);
        cut_off
    }
}
