//! The HTTP side of the orchestrator: it knows which sessions live, and is asked about those that have fallen silent.

use std::collections::HashMap;
use std::io::Write;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use ges_core::Timestamp;
use ges_core::port::Clock;
use ges_core::system::SystemClock;
use ges_tests::http::read_message;
use ges_tests::server::free_listener;

/// Answers 404 for sessions that have died, and 200 for all others.
pub struct Ors {
    address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    dead: Mutex<HashMap<String, Timestamp>>,
    asked: AtomicU64,
    over: AtomicBool,
}

impl Ors {
    /// One at which no session has died.
    pub fn open() -> Self {
        let (listener, address) = free_listener();
        let shared = Arc::new(Shared::default());
        let accepting = Arc::clone(&shared);
        thread::spawn(move || accept(&listener, &accepting));
        Ors { address, shared }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// This session exists no more.
    pub fn dies(&self, session: &str) {
        self.dead().insert(session.to_owned(), SystemClock.now());
    }

    /// The sessions that died, and when.
    pub fn dead(&self) -> MutexGuard<'_, HashMap<String, Timestamp>> {
        self.shared.dead.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How often it was asked about a session.
    pub fn asked(&self) -> u64 {
        self.shared.asked.load(Ordering::Relaxed)
    }
}

impl Drop for Ors {
    fn drop(&mut self) {
        self.shared.over.store(true, Ordering::SeqCst);
        // Wakes the thread that accepts.
        let _ = TcpStream::connect(self.address);
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    for stream in listener.incoming().flatten() {
        if shared.over.load(Ordering::SeqCst) {
            return;
        }
        let shared = Arc::clone(shared);
        thread::spawn(move || serve(stream, &shared));
    }
}

fn serve(mut stream: TcpStream, shared: &Shared) {
    let _ = stream.set_nodelay(true);
    while let Ok(Some((head, _))) = read_message(&mut stream) {
        shared.asked.fetch_add(1, Ordering::Relaxed);
        let session = head.split('/').skip_while(|part| *part != "session").nth(1).unwrap_or_default();
        let is_dead = shared.dead.lock().unwrap_or_else(PoisonError::into_inner).contains_key(session);
        let answer = match is_dead {
            true => "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
            false => "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}",
        };
        if stream.write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}
