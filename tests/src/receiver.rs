//! The telephony at the other end of the webhook: it remembers every post, and behaves as badly as it is told to.

use std::collections::BTreeMap;
use std::io::Write;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver as Incoming, Sender, channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use ges_core::Timestamp;
use ges_core::port::Clock;
use ges_core::system::SystemClock;
use serde_json::Value;

use crate::http::{header, read_message};

/// What becomes of a post.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// It is taken.
    Take,
    /// It is taken, but the connection breaks before the answer is whole.
    TakeAndBreak,
    /// Nothing is answered until the mode changes.
    Hang,
    /// Something that is no HTTP is answered.
    Garbage,
    /// This status is answered.
    Status(u16),
}

/// One post as it arrived.
#[derive(Clone, Debug)]
pub struct Post {
    /// `Idempotency-Key`.
    pub key: String,
    /// When its last byte was here.
    pub at: Timestamp,
    /// The same on a clock that never jumps.
    pub instant: Instant,
    /// The body.
    pub body: Value,
    /// What became of it.
    pub mode: Mode,
}

impl Post {
    /// Whether it starts a session, rather than ending one.
    pub fn is_start(&self) -> bool {
        self.body["event"] == "callback.start"
    }

    /// Which callback it is about.
    pub fn id(&self) -> &str {
        self.body["callbackId"].as_str().unwrap_or_default()
    }

    /// Which attempt.
    pub fn attempt(&self) -> u64 {
        self.body["attempt"].as_u64().unwrap_or_default()
    }

    /// When the customer wants to be called.
    pub fn desired(&self) -> Option<Timestamp> {
        self.body["desiredTime"].as_str()?.parse().ok()
    }
}

/// Listens for posts on an address that stays its own.
pub struct Receiver {
    address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    floor: Mutex<Floor>,
    changed: Condvar,
}

struct Floor {
    mode: Mode,
    /// Counts the openings; what belongs to an earlier one ends.
    opening: u64,
    open: bool,
    posts: Vec<Post>,
    connections: Vec<TcpStream>,
    told: Option<Sender<Post>>,
}

impl Shared {
    fn floor(&self) -> MutexGuard<'_, Floor> {
        self.floor.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Receiver {
    /// A receiver that takes everything.
    ///
    /// # Errors
    /// When no address is free.
    pub fn open() -> std::io::Result<Self> {
        let address = crate::server::free_address();
        let floor = Floor {
            mode: Mode::Take,
            opening: 0,
            open: false,
            posts: Vec::new(),
            connections: Vec::new(),
            told: None,
        };
        let shared = Arc::new(Shared { floor: Mutex::new(floor), changed: Condvar::new() });
        let receiver = Receiver { address, shared };
        receiver.listen()?;
        Ok(receiver)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// From now on posts become this.
    pub fn behave(&self, mode: Mode) {
        self.shared.floor().mode = mode;
        self.shared.changed.notify_all();
    }

    /// Stops listening: connections are refused, open ones break.
    pub fn close(&self) {
        let mut floor = self.shared.floor();
        floor.open = false;
        floor.opening += 1;
        for connection in floor.connections.drain(..) {
            let _ = connection.shutdown(Shutdown::Both);
        }
        drop(floor);
        self.shared.changed.notify_all();
        // Wakes the thread that accepts, so that it sees that it is over and gives the address back.
        let _ = TcpStream::connect(self.address);
    }

    /// Listens again.
    ///
    /// # Errors
    /// When the address has been taken by somebody else.
    pub fn listen(&self) -> std::io::Result<()> {
        let until = Instant::now() + Duration::from_secs(5);
        let listener = loop {
            match TcpListener::bind(self.address) {
                Ok(listener) => break listener,
                Err(error) if Instant::now() > until => return Err(error),
                // The thread of the opening before has not let go of it yet.
                Err(_) => thread::yield_now(),
            }
        };
        let opening = {
            let mut floor = self.shared.floor();
            floor.open = true;
            floor.opening
        };
        let shared = Arc::clone(&self.shared);
        thread::spawn(move || accept(&listener, &shared, opening));
        Ok(())
    }

    /// Everything posted so far, in the order of arrival.
    pub fn posts(&self) -> Vec<Post> {
        self.shared.floor().posts.clone()
    }

    /// How many posts there were.
    pub fn count(&self) -> usize {
        self.shared.floor().posts.len()
    }

    /// The starts of each callback.
    pub fn starts(&self) -> BTreeMap<String, Vec<Post>> {
        let mut starts: BTreeMap<String, Vec<Post>> = BTreeMap::new();
        for post in self.shared.floor().posts.iter().filter(|post| post.is_start()) {
            starts.entry(post.id().to_owned()).or_default().push(post.clone());
        }
        starts
    }

    /// Waits until the posts are as wanted; answers whether they became so in time.
    pub fn wait(&self, most: Duration, mut wanted: impl FnMut(&[Post]) -> bool) -> bool {
        let until = Instant::now() + most;
        let mut floor = self.shared.floor();
        loop {
            if wanted(&floor.posts) {
                return true;
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            let waited = self.shared.changed.wait_timeout(floor, left);
            floor = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Every start that is taken from now on.
    pub fn taken(&self) -> Incoming<Post> {
        let (sender, incoming) = channel();
        self.shared.floor().told = Some(sender);
        incoming
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.close();
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>, opening: u64) {
    for stream in listener.incoming() {
        let Ok(stream) = stream else { continue };
        let mut floor = shared.floor();
        if floor.opening != opening || !floor.open {
            return;
        }
        floor.connections.extend(stream.try_clone());
        drop(floor);
        let shared = Arc::clone(shared);
        thread::spawn(move || serve(stream, &shared, opening));
    }
}

fn serve(mut stream: TcpStream, shared: &Shared, opening: u64) {
    let _ = stream.set_nodelay(true);
    while let Ok(Some((head, body))) = read_message(&mut stream) {
        let mut floor = shared.floor();
        if floor.opening != opening {
            return;
        }
        let post = Post {
            key: header(&head, "idempotency-key").unwrap_or_default().to_owned(),
            at: SystemClock.now(),
            instant: Instant::now(),
            body: serde_json::from_slice(&body).unwrap_or_default(),
            mode: floor.mode,
        };
        let mode = floor.mode;
        if let Some(told) = floor.told.as_ref().filter(|_| mode == Mode::Take && post.is_start()) {
            let _ = told.send(post.clone());
        }
        let reference = format!("s-{}", post.key);
        floor.posts.push(post);
        shared.changed.notify_all();
        while mode == Mode::Hang && floor.mode == Mode::Hang && floor.opening == opening {
            floor = shared.changed.wait(floor).unwrap_or_else(PoisonError::into_inner);
        }
        drop(floor);
        let answered = match mode {
            Mode::Take => answer(&mut stream, 200, &format!("{{\"reference\":\"{reference}\"}}")),
            Mode::Status(status) => answer(&mut stream, status, "{}"),
            Mode::TakeAndBreak => {
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"ref");
                let _ = stream.shutdown(Shutdown::Both);
                return;
            }
            Mode::Garbage => {
                let _ = stream.write_all(b"\x00\xff220 smtp.example ESMTP\r\n\x16\x03\x01\r\n\r\n");
                let _ = stream.shutdown(Shutdown::Both);
                return;
            }
            Mode::Hang => return,
        };
        if answered.is_err() {
            return;
        }
    }
}

fn answer(stream: &mut TcpStream, status: u16, body: &str) -> std::io::Result<()> {
    let head = format!(
        "HTTP/1.1 {status} So\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all((head + body).as_bytes())
}
