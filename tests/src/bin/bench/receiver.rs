//! A telephony that takes webhooks: notes when each came and says yes. On a thread of its own, as lean as the client.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::client::{find, read_head};
use crate::lateness::{Arrival, now_us};

/// What came in: when, and what.
type Taken = Arc<Mutex<Vec<(i64, Vec<u8>)>>>;

/// Runs until the process ends.
pub struct Receiver {
    address: SocketAddr,
    taken: Taken,
}

impl Receiver {
    /// Listens on a free port.
    pub fn start() -> io::Result<Receiver> {
        let socket = std::net::TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
        socket.set_nonblocking(true)?;
        let address = socket.local_addr()?;
        let taken = Arc::new(Mutex::default());
        let noted = Arc::clone(&taken);
        thread::Builder::new().name("receiver".to_owned()).spawn(move || serve(socket, &noted))?;
        Ok(Receiver { address, taken })
    }

    /// Where to post to.
    pub fn url(&self) -> String {
        format!("http://{}/callbacks", self.address)
    }

    /// How many have come since the last look.
    pub fn count(&self) -> usize {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// What has come since the last look.
    pub fn take(&self) -> anyhow::Result<Vec<Arrival>> {
        let taken = std::mem::take(&mut *self.taken.lock().unwrap_or_else(PoisonError::into_inner));
        taken.iter().map(|(at_us, body)| read(*at_us, body)).collect()
    }
}

fn read(at_us: i64, body: &[u8]) -> anyhow::Result<Arrival> {
    let entry: Value = serde_json::from_slice(body)?;
    let text = |name: &str| entry[name].as_str().unwrap_or_default();
    Ok(Arrival {
        key: format!("{}:{}", text("callbackId"), entry["attempt"]),
        desired: text("desiredTime").parse()?,
        at_us,
    })
}

fn serve(socket: std::net::TcpListener, taken: &Taken) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    let local = tokio::task::LocalSet::new();
    local.block_on(&runtime, async {
        let listener = TcpListener::from_std(socket)?;
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            tokio::task::spawn_local(connection(stream, Arc::clone(taken)));
        }
    })
}

async fn connection(mut stream: TcpStream, taken: Taken) -> io::Result<()> {
    let mut buffer = Vec::with_capacity(8 * 1024);
    loop {
        let (head, length) = loop {
            if let Some(end) = find(&buffer, b"\r\n\r\n") {
                let (_, length) = read_head(&buffer[..end]).ok_or(io::ErrorKind::InvalidData)?;
                break (end + 4, length);
            }
            if stream.read_buf(&mut buffer).await? == 0 {
                return Ok(());
            }
        };
        let at_us = now_us();
        while buffer.len() < head + length {
            if stream.read_buf(&mut buffer).await? == 0 {
                return Ok(());
            }
        }
        let body = buffer[head..head + length].to_vec();
        buffer.drain(..head + length);
        taken.lock().unwrap_or_else(PoisonError::into_inner).push((at_us, body));
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}").await?;
    }
}
