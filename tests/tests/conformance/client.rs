//! A client over plain TCP: it sends exactly the bytes a test names, and looks at every reply as the vendor's clients do.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use serde_json::Value;

/// A request that is being put together.
pub struct Request {
    to: SocketAddr,
    method: String,
    target: String,
    head: String,
    body: Option<Vec<u8>>,
}

/// A reply, taken apart.
pub struct Answer {
    pub status: u16,
    pub phrase: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    pub lasted: Duration,
}

impl Request {
    pub fn new(to: SocketAddr, method: &str, target: &str) -> Self {
        let head = format!("{method} {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n");
        Request { to, method: method.to_owned(), target: target.to_owned(), head, body: None }
    }

    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.head.push_str(&format!("{name}: {value}\r\n"));
        self
    }

    pub fn json(self, body: &Value) -> Self {
        self.header("Content-Type", "application/json").body(body.to_string())
    }

    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = Some(body.into());
        self
    }

    /// Sends it and looks at the reply: every check that holds for all replies is made here.
    pub fn send(self) -> Answer {
        let (method, target) = (self.method.clone(), self.target.clone());
        let answer = self.send_unseen();
        if target.starts_with("/engagement/") && answer.status != 204 {
            answer.assert_envelope();
            crate::documents::hold(&method, &target, &answer);
        }
        answer
    }

    /// Sends it; the reply may be anything.
    pub fn send_unseen(self) -> Answer {
        let mut bytes = self.head.into_bytes();
        if let Some(body) = &self.body {
            bytes.extend_from_slice(format!("Content-Length: {}\r\n", body.len()).as_bytes());
        }
        bytes.extend_from_slice(b"\r\n");
        bytes.extend_from_slice(self.body.as_deref().unwrap_or_default());
        exchange(self.to, &bytes)
    }
}

/// Sends these bytes and reads to the end of the connection.
pub fn exchange(to: SocketAddr, bytes: &[u8]) -> Answer {
    let begun = Instant::now();
    let mut socket = TcpStream::connect(to).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    // The server may answer and close before it has read everything; then the rest need not be sent.
    let _ = socket.write_all(bytes);
    let mut reply = Vec::new();
    let _ = socket.read_to_end(&mut reply);
    Answer::read(&reply, begun.elapsed())
}

impl Answer {
    fn read(reply: &[u8], lasted: Duration) -> Answer {
        let end = reply.windows(4).position(|four| four == b"\r\n\r\n");
        let end = end.unwrap_or_else(|| panic!("no reply but {:?}", String::from_utf8_lossy(reply)));
        let head = std::str::from_utf8(&reply[..end]).unwrap();
        let mut lines = head.split("\r\n");
        let mut first = lines.next().unwrap().splitn(3, ' ');
        assert_eq!(first.next(), Some("HTTP/1.1"));
        let status = first.next().unwrap().parse().unwrap();
        let phrase = first.next().unwrap_or_default().to_owned();
        let headers: Vec<(String, String)> = lines
            .map(|line| line.split_once(':').unwrap())
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        let body = reply[end + 4..].to_vec();
        let chunked = headers.iter().any(|(name, value)| name == "transfer-encoding" && value == "chunked");
        assert!(!chunked, "replies have a length");
        Answer { status, phrase, headers, body, lasted }
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("not JSON: {}", self.text()))
    }

    pub fn data(&self) -> Value {
        self.json()["data"].clone()
    }

    pub fn reason(&self) -> String {
        self.json()["status"]["reason"].as_str().unwrap_or_default().to_owned()
    }

    /// What holds for every reply of the Engagement API: checks 1, 2, 4, 5, 6 and 16.
    fn assert_envelope(&self) {
        let about = format!("{} {}", self.status, self.text());
        let content_type = self.header("content-type").unwrap_or_default();
        assert_eq!(content_type.split(';').next(), Some("application/json"), "check 1: {about}");
        let reply = self.json();
        let status = &reply["status"];
        let code = status["code"].as_u64().unwrap_or_else(|| panic!("check 2: {about}"));
        assert!(status["message"].is_string(), "check 2: {about}");
        let correlation = status["corrId"].as_str().unwrap_or_default();
        assert!(is_uuid(correlation), "check 2: {about}");
        assert_eq!(self.header("x-correlation-id"), Some(correlation), "{about}");
        if self.status == 200 {
            assert_eq!((code, status["message"].as_str()), (0, Some("Successful")), "checks 4, 5: {about}");
            assert!(reply["data"].is_object() || reply["data"].is_array(), "check 4: {about}");
        } else {
            assert!(self.status >= 400, "checks 4, 16: {about}");
            assert_eq!(code, u64::from(self.status), "check 5: {about}");
            let data = reply.get("data");
            let proposals = data.is_some_and(|data| data["slots"].is_object());
            assert_eq!(proposals, self.status == 429, "check 6: {about}");
            assert_eq!(data.is_some(), self.status == 429, "check 6: {about}");
            let reason = status["reason"].as_str().unwrap_or_default();
            let token = !reason.is_empty()
                && reason
                    .bytes()
                    .all(|byte| byte.is_ascii_uppercase() || byte == b'_' || byte.is_ascii_digit());
            assert!(token, "{about}");
        }
        assert!(
            self.header("set-cookie").is_none() && self.header("location").is_none(),
            "check 16: {about}"
        );
        assert!(self.lasted < Duration::from_secs(9), "check 76: {about}");
    }
}

/// Whether a text is a canonical UUID: five groups of lower-case hexadecimal digits, as the Java client demands.
pub fn is_uuid(text: &str) -> bool {
    let groups: Vec<&str> = text.split('-').collect();
    let lengths: Vec<usize> = groups.iter().map(|group| group.len()).collect();
    lengths == [8, 4, 4, 4, 12]
        && groups.iter().all(|group| group.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')))
}
