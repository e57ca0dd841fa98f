//! A wire between a client and a server that can be cut, cut in the middle of an answer, stalled, and made slow.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// A server that does not answer is not there.
const CONNECT: Duration = Duration::from_secs(5);

/// Which way bytes travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Toward {
    /// Requests.
    Server,
    /// Answers.
    Client,
}

/// Accepts on a loopback address of its own and forwards to the server it is told.
pub struct Wire {
    address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    server: SocketAddr,
    over: bool,
    open: bool,
    stalled: bool,
    delay: Duration,
    /// How many bytes may still pass this way before every connection is cut.
    left: Option<(Toward, usize)>,
    cuts: u64,
    /// Both ends of every connection, by the number of the connection.
    connections: Vec<(u64, TcpStream, TcpStream)>,
    next: u64,
}

impl Wire {
    /// A wire to this server.
    pub fn to(server: SocketAddr) -> Self {
        let (listener, address) = crate::server::free_listener();
        let state = State {
            server,
            over: false,
            open: true,
            stalled: false,
            delay: Duration::ZERO,
            left: None,
            cuts: 0,
            connections: Vec::new(),
            next: 0,
        };
        let shared = Arc::new(Shared { state: Mutex::new(state), changed: Condvar::new() });
        let accepting = Arc::clone(&shared);
        thread::spawn(move || accept(&listener, &accepting));
        Wire { address, shared }
    }

    /// Where clients connect.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Connections from now on lead to this server; those that exist stay.
    pub fn lead_to(&self, server: SocketAddr) {
        self.shared.state().server = server;
    }

    /// Cuts every connection; new ones can be made at once.
    pub fn cut(&self) {
        self.shared.state().cut();
        self.shared.changed.notify_all();
    }

    /// Cuts every connection and every new one, until [`Wire::open`].
    pub fn close(&self) {
        let mut state = self.shared.state();
        state.open = false;
        state.cut();
        drop(state);
        self.shared.changed.notify_all();
    }

    /// Lets connections be made again.
    pub fn open(&self) {
        self.shared.state().open = true;
    }

    /// Holds back every byte of old and new connections, as a network does that has fallen silent: nobody is told.
    pub fn stall(&self) {
        self.shared.state().stalled = true;
    }

    /// Lets go what was held back.
    pub fn go_on(&self) {
        self.shared.state().stalled = false;
        self.shared.changed.notify_all();
    }

    /// Everything takes so much longer, each way.
    pub fn delay(&self, by: Duration) {
        self.shared.state().delay = by;
    }

    /// Once so many more bytes have passed this way, every connection is cut, once. With 0 bytes towards the client, a
    /// server does what it is asked, and nobody hears of it.
    pub fn cut_after(&self, toward: Toward, bytes: usize) {
        self.shared.state().left = Some((toward, bytes));
    }

    /// Takes [`Wire::cut_after`] back, when it has not happened.
    pub fn spare(&self) {
        self.shared.state().left = None;
    }

    /// How often connections were cut by [`Wire::cut_after`].
    pub fn cuts(&self) -> u64 {
        self.shared.state().cuts
    }

    /// Waits until [`Wire::cut_after`] has happened so often; answers whether it did in time.
    pub fn wait_for_cuts(&self, cuts: u64, most: Duration) -> bool {
        let until = Instant::now() + most;
        let mut state = self.shared.state();
        while state.cuts < cuts {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            let waited = self.shared.changed.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }

    /// How many connections there are.
    pub fn connections(&self) -> usize {
        self.shared.state().connections.len()
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        let mut state = self.shared.state();
        state.over = true;
        state.stalled = false;
        state.cut();
        drop(state);
        self.shared.changed.notify_all();
        // Wakes the thread that accepts.
        let _ = TcpStream::connect_timeout(&self.address, CONNECT);
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn forget(&self, connection: u64) {
        self.state().connections.retain(|(known, _, _)| *known != connection);
    }
}

impl State {
    fn cut(&mut self) {
        for (_, client, server) in self.connections.drain(..) {
            let _ = client.shutdown(Shutdown::Both);
            let _ = server.shutdown(Shutdown::Both);
        }
    }

    fn is_connected(&self, connection: u64) -> bool {
        self.connections.iter().any(|(known, _, _)| *known == connection)
    }

    /// How many of these bytes may pass, and whether that is the end.
    fn allowed(&mut self, toward: Toward, bytes: usize) -> (usize, bool) {
        match self.left {
            Some((way, left)) if way == toward => {
                if bytes > left || (bytes == left && left > 0) {
                    self.left = None;
                    (left, true)
                } else {
                    self.left = Some((way, left - bytes));
                    (bytes, false)
                }
            }
            _ => (bytes, false),
        }
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    for client in listener.incoming() {
        let server = {
            let state = shared.state();
            if state.over {
                return;
            }
            state.open.then_some(state.server)
        };
        let (Ok(client), Some(server)) = (client, server) else { continue };
        let shared = Arc::clone(shared);
        thread::spawn(move || connect(client, server, &shared));
    }
}

fn connect(client: TcpStream, server: SocketAddr, shared: &Arc<Shared>) {
    let Ok(server) = TcpStream::connect_timeout(&server, CONNECT) else { return };
    let _ = client.set_nodelay(true);
    let _ = server.set_nodelay(true);
    let ends = (client.try_clone(), server.try_clone(), client.try_clone(), server.try_clone());
    let (Ok(kept_client), Ok(kept_server), Ok(to_client), Ok(from_server)) = ends else { return };
    let connection = {
        let mut state = shared.state();
        if state.over || !state.open {
            return;
        }
        state.next += 1;
        let number = state.next;
        state.connections.push((number, kept_client, kept_server));
        number
    };
    let back = Arc::clone(shared);
    let answers = thread::spawn(move || pump(from_server, to_client, Toward::Client, connection, &back));
    pump(client, server, Toward::Server, connection, shared);
    let _ = answers.join();
    shared.forget(connection);
}

/// Forwards one way until the connection ends.
fn pump(mut from: TcpStream, mut to: TcpStream, toward: Toward, connection: u64, shared: &Shared) {
    let mut bytes = vec![0_u8; 64 * 1024];
    while let Ok(read) = from.read(&mut bytes) {
        if read == 0 {
            break;
        }
        let mut state = shared.state();
        while state.stalled && state.is_connected(connection) {
            state = shared.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        if !state.is_connected(connection) {
            break;
        }
        let (pass, end) = state.allowed(toward, read);
        let delay = state.delay;
        drop(state);
        if !delay.is_zero() {
            thread::sleep(delay);
        }
        let written = to.write_all(bytes.get(..pass).unwrap_or_default());
        if end {
            let mut state = shared.state();
            state.cuts += 1;
            state.cut();
            drop(state);
            shared.changed.notify_all();
        }
        if end || written.is_err() {
            break;
        }
    }
    // The end of one way is told to the other side; what is on its way back still arrives.
    let _ = to.shutdown(Shutdown::Write);
}
