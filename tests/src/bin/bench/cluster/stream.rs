//! The voice platform as far as it reads: notes when each entry of the stream arrives, and nothing else. On a thread of
//! its own, as lean as it can be, because the server is measured on the same cores.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use anyhow::Context;

use crate::lateness::{Arrival, now_us};

const STREAM: &str = "NewCallbackStream";

/// An entry as it was read.
#[derive(Debug)]
pub struct Entry {
    /// When it arrived, in microseconds since 1970.
    pub at_us: i64,
    /// Its fields.
    pub fields: BTreeMap<String, String>,
}

impl Entry {
    /// A field; empty when there is none of that name.
    pub fn field(&self, name: &str) -> &str {
        self.fields.get(name).map_or("", String::as_str)
    }

    /// Callback, attempt and how late it is.
    pub fn arrival(&self) -> anyhow::Result<Arrival> {
        Ok(Arrival {
            key: format!("{}:{}", self.field("callbackId"), self.field("attempt")),
            desired: self.field("desiredTime").parse().context("a desired time")?,
            at_us: self.at_us,
        })
    }
}

/// Reads until it is dropped.
pub struct Reader {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    /// Replies as they came, and when; taken apart when somebody asks.
    replies: Mutex<Vec<(i64, Vec<u8>)>>,
    entries: AtomicUsize,
    asked: AtomicU64,
    over: AtomicBool,
}

impl Reader {
    /// Reads the stream of this Redis from its beginning.
    pub fn start(redis: SocketAddr) -> anyhow::Result<Reader> {
        let socket = TcpStream::connect(redis)?;
        socket.set_nodelay(true)?;
        let shared = Arc::new(Shared::default());
        let reading = Arc::clone(&shared);
        thread::Builder::new().name("stream".to_owned()).spawn(move || read(socket, &reading))?;
        Ok(Reader { shared })
    }

    /// How many entries have come.
    pub fn count(&self) -> usize {
        self.shared.entries.load(Ordering::Acquire)
    }

    /// How many commands it has sent.
    pub fn asked(&self) -> u64 {
        self.shared.asked.load(Ordering::Acquire)
    }

    /// Everything since the last look.
    pub fn take(&self) -> anyhow::Result<Vec<Entry>> {
        let replies =
            std::mem::take(&mut *self.shared.replies.lock().unwrap_or_else(PoisonError::into_inner));
        let mut entries = Vec::new();
        for (at_us, bytes) in &replies {
            let (part, _) = Part::read(bytes).context("a reply")?;
            for entry in entries_of(&part) {
                let texts: Vec<_> =
                    entry.list().get(1).map_or(&[][..], Part::list).iter().map(Part::text).collect();
                let fields = texts.chunks_exact(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect();
                entries.push(Entry { at_us: *at_us, fields });
            }
        }
        Ok(entries)
    }

    /// The same, as callbacks and their lateness.
    pub fn arrivals(&self) -> anyhow::Result<Vec<Arrival>> {
        self.take()?.iter().map(Entry::arrival).collect()
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.shared.over.store(true, Ordering::Release);
    }
}

fn read(mut socket: TcpStream, shared: &Shared) -> io::Result<()> {
    let mut last = "0".to_owned();
    let mut buffer = Vec::with_capacity(1 << 20);
    let mut chunk = vec![0; 1 << 18];
    while !shared.over.load(Ordering::Acquire) {
        let words = ["XREAD", "COUNT", "200", "BLOCK", "1000", "STREAMS", STREAM, &last];
        let command = words.iter().fold(format!("*{}\r\n", words.len()), |command, word| {
            command + &format!("${}\r\n{word}\r\n", word.len())
        });
        socket.write_all(command.as_bytes())?;
        shared.asked.fetch_add(1, Ordering::AcqRel);
        buffer.clear();
        let (count, newest) = loop {
            let read = socket.read(&mut chunk)?;
            if read == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            buffer.extend_from_slice(&chunk[..read]);
            if let Some((part, _)) = Part::read(&buffer) {
                let entries = entries_of(&part);
                let newest = entries.last().and_then(|entry| entry.list().first()).map(Part::text);
                break (entries.len(), newest);
            }
        };
        if let Some(newest) = newest {
            last = newest;
            let replies = &mut *shared.replies.lock().unwrap_or_else(PoisonError::into_inner);
            replies.push((now_us(), buffer.clone()));
            shared.entries.fetch_add(count, Ordering::AcqRel);
        }
    }
    Ok(())
}

/// The entries of the only stream of a reply.
fn entries_of<'p>(reply: &'p Part<'_>) -> &'p [Part<'p>] {
    reply.list().first().and_then(|stream| stream.list().get(1)).map_or(&[], Part::list)
}

/// A piece of a reply.
enum Part<'b> {
    Text(&'b [u8]),
    List(Vec<Part<'b>>),
}

impl<'b> Part<'b> {
    /// The first piece of these bytes, and what follows it; none when it is not whole.
    fn read(bytes: &'b [u8]) -> Option<(Part<'b>, &'b [u8])> {
        let end = bytes.windows(2).position(|pair| pair == b"\r\n")?;
        let (line, rest) = (bytes.get(1..end)?, bytes.get(end + 2..)?);
        let number = || std::str::from_utf8(line).ok()?.parse::<i64>().ok();
        match bytes.first()? {
            b'$' => match usize::try_from(number()?) {
                Ok(length) => Some((Part::Text(rest.get(..length)?), rest.get(length + 2..)?)),
                Err(_) => Some((Part::Text(&[]), rest)),
            },
            b'*' => {
                let mut parts = Vec::new();
                let mut rest = rest;
                for _ in 0..number()? {
                    let (part, after) = Part::read(rest)?;
                    parts.push(part);
                    rest = after;
                }
                Some((Part::List(parts), rest))
            }
            _ => Some((Part::Text(line), rest)),
        }
    }

    fn list(&self) -> &[Part<'b>] {
        match self {
            Part::Text(_) => &[],
            Part::List(parts) => parts,
        }
    }

    fn text(&self) -> String {
        match self {
            Part::Text(bytes) => String::from_utf8_lossy(bytes).into_owned(),
            Part::List(_) => String::new(),
        }
    }
}
