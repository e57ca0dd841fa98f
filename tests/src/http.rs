//! Just enough HTTP/1.1 over blocking sockets, with the one distinction that matters here: whether the other side may
//! have seen the request.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;

/// Nothing the server does takes longer.
const PATIENCE: Duration = Duration::from_secs(20);
/// No message here is larger.
const MESSAGE_MAX: usize = 64 << 20;

/// A client with one kept connection.
pub struct Client {
    to: SocketAddr,
    headers: String,
    patience: Duration,
    socket: Option<TcpStream>,
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoAnswer {
    /// No connection could be made: the request was certainly not seen.
    NotSent,
    /// The connection broke afterwards: it may have been done or not.
    Unknown,
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The head, as received.
    pub head: String,
    /// The body.
    pub body: Vec<u8>,
}

impl Answer {
    /// The body as JSON; null when it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// `data` of the envelope.
    pub fn data(&self) -> Value {
        self.json()["data"].take()
    }

    /// `status.reason` of the envelope.
    pub fn reason(&self) -> String {
        self.json()["status"]["reason"].as_str().unwrap_or_default().to_owned()
    }

    /// Whether it is a failure in the envelope: the status once more, a text, a correlation id.
    pub fn is_failure_envelope(&self) -> bool {
        let status = self.json()["status"].take();
        status["code"].as_u64() == Some(self.status.into())
            && status["message"].as_str().is_some_and(|text| !text.is_empty())
            && status["corrId"].as_str().is_some_and(|id| id.len() == 36)
    }

    /// The text of the body.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

impl Client {
    /// A client without credentials.
    pub fn new(to: SocketAddr) -> Self {
        Client { to, headers: String::new(), patience: PATIENCE, socket: None }
    }

    /// The same, giving up an answer after this long.
    pub fn patient(mut self, most: Duration) -> Self {
        self.patience = most;
        self
    }

    /// The same, with a header in every request.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push_str(&format!("{name}: {value}\r\n"));
        self
    }

    /// Sends a GET.
    ///
    /// # Errors
    /// When there is no whole answer.
    pub fn get(&mut self, target: &str) -> Result<Answer, NoAnswer> {
        self.send("GET", target, None)
    }

    /// Sends a POST with JSON.
    ///
    /// # Errors
    /// When there is no whole answer.
    pub fn post(&mut self, target: &str, body: &Value) -> Result<Answer, NoAnswer> {
        self.send("POST", target, Some(body))
    }

    /// Sends a request over the kept connection, or a new one.
    ///
    /// # Errors
    /// When there is no whole answer; the next request makes a new connection.
    pub fn send(&mut self, method: &str, target: &str, body: Option<&Value>) -> Result<Answer, NoAnswer> {
        let body = body.map(Value::to_string).unwrap_or_default();
        let request = format!(
            "{method} {target} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n{}\r\n{body}",
            body.len(),
            self.headers,
        );
        let mut socket = match self.socket.take().filter(is_open) {
            Some(socket) => socket,
            None => connect_within(self.to, self.patience).map_err(|_| NoAnswer::NotSent)?,
        };
        socket.write_all(request.as_bytes()).map_err(|_| NoAnswer::Unknown)?;
        let answer = read_answer(&mut socket).map_err(|_| NoAnswer::Unknown)?;
        if !answer.head.to_ascii_lowercase().contains("\r\nconnection: close") {
            self.socket = Some(socket);
        }
        Ok(answer)
    }
}

/// Whether a kept connection has not been ended by the other side meanwhile, as far as that is known here.
fn is_open(socket: &TcpStream) -> bool {
    let mut byte = [0];
    let looked = socket.set_nonblocking(true).and_then(|()| socket.peek(&mut byte));
    let is_silent = looked.is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock);
    socket.set_nonblocking(false).is_ok() && is_silent
}

/// A connection that gives up after a while.
///
/// # Errors
/// When nobody listens.
pub fn connect(to: SocketAddr) -> io::Result<TcpStream> {
    connect_within(to, PATIENCE)
}

fn connect_within(to: SocketAddr, patience: Duration) -> io::Result<TcpStream> {
    let socket = TcpStream::connect_timeout(&to, patience)?;
    socket.set_nodelay(true)?;
    socket.set_read_timeout(Some(patience))?;
    socket.set_write_timeout(Some(patience))?;
    Ok(socket)
}

/// Sends these bytes, whatever they are, and reads one answer; `None` when the connection ends without one.
pub fn raw(to: SocketAddr, bytes: &[u8]) -> Option<Answer> {
    let mut socket = connect(to).ok()?;
    // The server may answer and close before it has read everything; the rest need not be sent then.
    let _ = socket.write_all(bytes);
    read_answer(&mut socket).ok()
}

/// Reads one answer.
///
/// # Errors
/// When the connection ends before it is whole.
pub fn read_answer(socket: &mut TcpStream) -> io::Result<Answer> {
    let (head, body) = read_message(socket)?.ok_or(io::ErrorKind::UnexpectedEof)?;
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok());
    Ok(Answer { status: status.ok_or(io::ErrorKind::InvalidData)?, head, body })
}

/// Reads one request or answer, with a length or in chunks; `None` when the connection ends before its first byte.
///
/// # Errors
/// When the connection ends inside it.
pub fn read_message(socket: &mut TcpStream) -> io::Result<Option<(String, Vec<u8>)>> {
    let mut bytes = Vec::with_capacity(1024);
    let mut chunk = [0_u8; 16 * 1024];
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break end + 4;
        }
        let read = socket.read(&mut chunk)?;
        if read == 0 {
            return if bytes.is_empty() { Ok(None) } else { Err(io::ErrorKind::UnexpectedEof.into()) };
        }
        bytes.extend_from_slice(chunk.get(..read).unwrap_or_default());
    };
    let body = bytes.split_off(end);
    let head = String::from_utf8_lossy(&bytes).into_owned();
    if header(&head, "transfer-encoding").is_some_and(|coding| coding.eq_ignore_ascii_case("chunked")) {
        let body = read_chunks(&mut BufReader::new(body.as_slice().chain(socket)))?;
        return Ok(Some((head, body)));
    }
    let length = header(&head, "content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
    if length > MESSAGE_MAX {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut body = body;
    let missing = length.saturating_sub(body.len());
    if missing > 0 {
        let begun = body.len();
        body.resize(length, 0);
        socket.read_exact(body.get_mut(begun..).unwrap_or_default())?;
    }
    body.truncate(length);
    Ok(Some((head, body)))
}

fn read_chunks(from: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let mut line = String::new();
        from.read_line(&mut line)?;
        let length = usize::from_str_radix(line.trim_end(), 16).map_err(|_| io::ErrorKind::InvalidData)?;
        let begun = body.len();
        if begun + length > MESSAGE_MAX {
            return Err(io::ErrorKind::InvalidData.into());
        }
        body.resize(begun + length, 0);
        from.read_exact(body.get_mut(begun..).unwrap_or_default())?;
        // Every chunk ends with an empty line, the last one too: nobody here sends trailers.
        line.clear();
        from.read_line(&mut line)?;
        if length == 0 {
            return Ok(body);
        }
    }
}

/// A header's value.
pub fn header<'h>(head: &'h str, name: &str) -> Option<&'h str> {
    let lines = head.split("\r\n").filter_map(|line| line.split_once(':'));
    lines.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
}
