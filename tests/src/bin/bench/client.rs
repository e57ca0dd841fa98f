//! A closed loop of HTTP/1.1 requests that costs the machine as little as possible, because the server is measured on
//! the same cores: one thread, kept connections, requests written from a template, answers read by their length alone.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// When a run ends.
#[derive(Clone, Copy, Debug)]
pub enum Until {
    /// After so many requests.
    Count(u64),
    /// After so long.
    Time(Duration),
}

/// What a run showed.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Answers by status.
    pub statuses: BTreeMap<u16, u64>,
    /// From the first request to the last answer.
    pub elapsed: Duration,
    /// Each request's duration, ascending, in microseconds.
    pub latencies_us: Vec<u32>,
    /// The largest body, in bytes.
    pub body_bytes: usize,
    /// The first answer that was no 200.
    pub complaint: Option<String>,
}

impl Outcome {
    /// Answers with status 200 per second.
    pub fn per_second(&self) -> f64 {
        let accepted = self.statuses.get(&200).copied().unwrap_or(0);
        accepted as f64 / self.elapsed.as_secs_f64().max(1e-9)
    }

    /// The duration below which this share of the requests stayed, in milliseconds.
    pub fn percentile_ms(&self, share: f64) -> f64 {
        percentile(&self.latencies_us, share).map_or(f64::NAN, |us| f64::from(us) / 1000.0)
    }
}

/// The value below which this share of an ascending list lies.
pub fn percentile<T: Copy>(ascending: &[T], share: f64) -> Option<T> {
    let last = ascending.len().checked_sub(1)?;
    ascending.get((last as f64 * share).round() as usize).copied()
}

/// Sends requests over `connections` kept connections, each waiting for its answer, and answers what came back.
/// `request` writes the request of a number, counted from 0, into an empty buffer.
pub fn run(
    address: SocketAddr,
    connections: usize,
    until: Until,
    request: impl Fn(u64, &mut Vec<u8>) + 'static,
) -> io::Result<Outcome> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    let local = tokio::task::LocalSet::new();
    local.block_on(&runtime, async move {
        let shared = Rc::new(Shared {
            begun: Instant::now(),
            until,
            sent: Cell::new(0),
            request: Box::new(request),
            outcome: RefCell::default(),
        });
        let tasks: Vec<_> =
            (0..connections).map(|_| tokio::task::spawn_local(connection(address, shared.clone()))).collect();
        for task in tasks {
            task.await.map_err(io::Error::other)??;
        }
        let mut outcome = shared.outcome.take();
        outcome.elapsed = shared.begun.elapsed();
        outcome.latencies_us.sort_unstable();
        Ok(outcome)
    })
}

/// Writes the request of this number.
type Render = Box<dyn Fn(u64, &mut Vec<u8>)>;

struct Shared {
    begun: Instant,
    until: Until,
    sent: Cell<u64>,
    request: Render,
    outcome: RefCell<Outcome>,
}

impl Shared {
    fn next(&self) -> Option<u64> {
        let number = self.sent.get();
        let more = match self.until {
            Until::Count(count) => number < count,
            Until::Time(time) => self.begun.elapsed() < time,
        };
        more.then(|| {
            self.sent.set(number + 1);
            number
        })
    }
}

async fn connection(address: SocketAddr, shared: Rc<Shared>) -> io::Result<()> {
    let mut stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let mut request = Vec::with_capacity(1024);
    let mut buffer = vec![0; 64 * 1024];
    while let Some(number) = shared.next() {
        request.clear();
        (shared.request)(number, &mut request);
        let begun = Instant::now();
        stream.write_all(&request).await?;
        let answer = answer(&mut stream, &mut buffer).await?;
        let mut outcome = shared.outcome.borrow_mut();
        outcome.latencies_us.push(u32::try_from(begun.elapsed().as_micros()).unwrap_or(u32::MAX));
        *outcome.statuses.entry(answer.status).or_default() += 1;
        outcome.body_bytes = outcome.body_bytes.max(answer.body_bytes);
        if answer.status != 200 && outcome.complaint.is_none() {
            outcome.complaint = Some(String::from_utf8_lossy(answer.seen).into_owned());
        }
    }
    Ok(())
}

struct Answer<'b> {
    status: u16,
    body_bytes: usize,
    /// What of it still stands in the buffer.
    seen: &'b [u8],
}

/// Reads one answer; what does not fit into the buffer is read over and forgotten.
async fn answer<'b>(stream: &mut TcpStream, buffer: &'b mut [u8]) -> io::Result<Answer<'b>> {
    let mut filled = 0;
    let (head, status, body_bytes) = loop {
        let read = stream.read(&mut buffer[filled..]).await?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        filled += read;
        if let Some(end) = find(&buffer[..filled], b"\r\n\r\n") {
            let (status, length) = read_head(&buffer[..end]).ok_or(io::ErrorKind::InvalidData)?;
            break (end + 4, status, length);
        }
    };
    let mut left = (head + body_bytes).saturating_sub(filled);
    while left > 0 {
        // Beyond the buffer's end only the number of bytes counts.
        if filled == buffer.len() {
            filled = head;
        }
        let room = (buffer.len() - filled).min(left);
        let read = stream.read(&mut buffer[filled..filled + room]).await?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        filled += read;
        left -= read;
    }
    Ok(Answer { status, body_bytes, seen: &buffer[..filled] })
}

/// Status and `Content-Length` of the head of an answer or, without the former, of a request.
pub fn read_head(head: &[u8]) -> Option<(u16, usize)> {
    let head = std::str::from_utf8(head).ok()?;
    let status = head.get(9..12)?.parse().unwrap_or(0);
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
    });
    Some((status, length.unwrap_or(0)))
}

/// Where a text begins within another.
pub fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

/// A GET with the tenant's key.
pub fn get(path: &str, key: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: bench\r\nx-api-key: {key}\r\n\r\n").into_bytes()
}

/// A POST of JSON with the tenant's key.
pub fn post(out: &mut Vec<u8>, path: &str, key: &str, body: &str) {
    use std::io::Write;
    // Writing into a vector cannot fail.
    let _ = write!(
        out,
        "POST {path} HTTP/1.1\r\nHost: bench\r\nx-api-key: {key}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
}
