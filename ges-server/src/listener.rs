//! A socket in front of a service: accepts, bounds, drains.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::time::{sleep, timeout};

use ges_http::Service;

/// The bounds of a listener's connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Connections {
    /// More wait in the kernel's queue.
    pub max: usize,
    /// From the first byte of a request's headers, or from the end of the last request, to the last byte of the
    /// headers: also the longest idle time of a kept connection.
    pub header_time: Duration,
    /// How long running requests may take to end once the process is being stopped.
    pub drain_time: Duration,
}

impl Default for Connections {
    fn default() -> Self {
        Connections { max: 4096, header_time: Duration::from_secs(60), drain_time: Duration::from_secs(15) }
    }
}

/// A bound socket that has not served anybody yet.
pub struct Listener {
    socket: TcpListener,
    address: SocketAddr,
}

impl Listener {
    /// Binds the address; port 0 takes any free one.
    ///
    /// # Errors
    /// When the address is taken or not ours.
    pub async fn bind(address: SocketAddr) -> std::io::Result<Self> {
        let socket = TcpListener::bind(address).await?;
        let address = socket.local_addr()?;
        Ok(Listener { socket, address })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `stop` turns true, then lets running requests end. Answers how many connections were cut off
    /// because they did not end in time.
    pub async fn serve(
        self,
        service: Service,
        bounds: Connections,
        mut stop: watch::Receiver<bool>,
    ) -> usize {
        let permits = Arc::new(Semaphore::new(bounds.max));
        let graceful = GracefulShutdown::new();
        loop {
            let accepted = tokio::select! {
                biased;
                _ = stop.wait_for(|stop| *stop) => break,
                accepted = accept(&self.socket, &permits) => accepted,
            };
            let Some((stream, permit)) = accepted else { continue };
            // Small answers must not wait for more to send; a socket that refuses the option still works.
            let _ = stream.set_nodelay(true);
            let service = service.clone();
            let answer = service_fn(move |request: hyper::Request<Incoming>| {
                let service = service.clone();
                async move { Ok::<_, std::convert::Infallible>(service.handle(request).await) }
            });
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(bounds.header_time)
                .max_buf_size(64 * 1024)
                .serve_connection(TokioIo::new(stream), answer);
            let watched = graceful.watch(connection);
            tokio::spawn(async move {
                if let Err(error) = watched.await {
                    tracing::debug!(error = %error, "a connection ended early");
                }
                drop(permit);
            });
        }
        // The address is given back at once, so that a successor can bind it while the last requests end.
        drop(self.socket);
        if timeout(bounds.drain_time, graceful.shutdown()).await.is_err() {
            let left = bounds.max.saturating_sub(permits.available_permits());
            tracing::warn!(connections = left, "requests were cut off at the end of the drain time");
            return left;
        }
        0
    }
}

async fn accept(
    socket: &TcpListener,
    permits: &Arc<Semaphore>,
) -> Option<(TcpStream, tokio::sync::OwnedSemaphorePermit)> {
    // Closed only by dropping the semaphore, which this very call keeps alive.
    let permit = Arc::clone(permits).acquire_owned().await.ok()?;
    match socket.accept().await {
        Ok((stream, _)) => Some((stream, permit)),
        Err(error) => {
            // Mostly a lack of file descriptors, which passes when connections end; spinning would not help.
            tracing::warn!(error = %error, "a connection could not be accepted");
            sleep(Duration::from_millis(50)).await;
            None
        }
    }
}
