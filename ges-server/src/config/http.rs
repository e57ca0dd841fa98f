//! Keys of the listeners ([engagement-api-v3 §1.1, §1.6](ges_core::rules)).

use std::net::SocketAddr;
use std::time::Duration;

use ges_http::Limits;

use crate::keys::{Key, Reader, Whole};
use crate::listener::Connections;

const EXTERNAL_ADDRESS: Key = Key::new(
    "http.external_address",
    "127.0.0.1:3005",
    "Where the Engagement API listens for the street; the ingress forwards here.",
);
const INTERNAL_ADDRESS: Key = Key::new(
    "http.internal_address",
    "127.0.0.1:3050",
    "Where everything listens for the inside: the API, the GMS-compatible API, health and metrics.",
);
const TLS_TERMINATED: Key = Key::new(
    "http.tls_terminated",
    "false",
    "Acknowledges that TLS ends in front of this server; required for addresses other than loopback.",
);
const EXTERNAL_BODY_BYTES: Key =
    Key::new("http.external_body_bytes", "512000", "Largest request body outside, in bytes, decompressed.");
const INTERNAL_BODY_BYTES: Key =
    Key::new("http.internal_body_bytes", "10485760", "Largest request body inside, in bytes, decompressed.");
const ANSWER_MS: Key = Key::new(
    "http.answer_ms",
    "9000",
    "Milliseconds from a request's headers to its answer; clients give up after 10 s.",
);
const BODY_MS: Key =
    Key::new("http.body_ms", "5000", "Milliseconds from the first byte of a request's body to the last.");
const HEADER_MS: Key = Key::new(
    "http.header_ms",
    "60000",
    "Milliseconds a connection may take to send headers, and may idle between requests.",
);
const CONNECTIONS: Key =
    Key::new("http.connections", "4096", "Open connections per listener; more wait in the kernel's queue.");
const DRAIN_MS: Key = Key::new(
    "http.drain_ms",
    "15000",
    "Milliseconds running requests may take to end once the server is being stopped.",
);

pub(super) const KEYS: &[&Key] = &[
    &EXTERNAL_ADDRESS,
    &INTERNAL_ADDRESS,
    &TLS_TERMINATED,
    &EXTERNAL_BODY_BYTES,
    &INTERNAL_BODY_BYTES,
    &ANSWER_MS,
    &BODY_MS,
    &HEADER_MS,
    &CONNECTIONS,
    &DRAIN_MS,
];

/// Listeners and their bounds.
#[derive(Clone, Debug)]
pub struct Http {
    /// For the street.
    pub external: SocketAddr,
    /// For the inside.
    pub internal: SocketAddr,
    /// Whether TLS ends in front of us.
    pub tls_terminated: bool,
    /// Bounds of the external listener's requests.
    pub external_limits: Limits,
    /// Bounds of the internal listener's requests.
    pub internal_limits: Limits,
    /// Bounds of both listeners' connections.
    pub connections: Connections,
}

type Bytes = Whole<1_000, 104_857_600>;
type Millis = Whole<100, 9_000>;

impl Http {
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Http> {
        let external = reader.read(&EXTERNAL_ADDRESS);
        let internal = reader.read(&INTERNAL_ADDRESS);
        let tls_terminated = reader.read(&TLS_TERMINATED);
        let external_bytes = reader.read::<Bytes>(&EXTERNAL_BODY_BYTES);
        let internal_bytes = reader.read::<Bytes>(&INTERNAL_BODY_BYTES);
        let answer = reader.read::<Millis>(&ANSWER_MS);
        let body = reader.read::<Millis>(&BODY_MS);
        let header = reader.read::<Whole<100, 600_000>>(&HEADER_MS);
        let connections = reader.read::<Whole<1, 100_000>>(&CONNECTIONS);
        let drain = reader.read::<Whole<0, 600_000>>(&DRAIN_MS);
        let limits = |bytes: Bytes| {
            Some(Limits {
                body_bytes: usize::try_from(bytes.0).ok()?,
                body_time: Duration::from_millis(body?.0),
                answer_time: Duration::from_millis(answer?.0),
            })
        };
        Some(Http {
            external: external?,
            internal: internal?,
            tls_terminated: tls_terminated?,
            external_limits: limits(external_bytes?)?,
            internal_limits: limits(internal_bytes?)?,
            connections: Connections {
                max: usize::try_from(connections?.0).ok()?,
                header_time: Duration::from_millis(header?.0),
                drain_time: Duration::from_millis(drain?.0),
            },
        })
    }
}
