//! Strangers at the door: whatever they send, they get an answer that says what is wrong, others are served, and memory
//! stays bounded.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::GzEncoder;
use ges_tests::chance::Chance;
use ges_tests::http::{Answer, connect, raw, read_answer};
use ges_tests::receiver::Receiver;
use ges_tests::server::{KEY, Server, Site};
use serde_json::json;

const SERVICES: &[(&str, &str)] = &[(
    "Sales",
    "immediate = true\nscheduled = true\nrequire_logged_in = false\nduplicate_check = \"false\"\n\
     daily_max = 1000000\nrefuse_impossible_numbers = false\nrefuse_premium_numbers = false",
)];
const CREATE: &str = "/engagement/v3/callbacks/create";
/// What all of this together may cost in memory, beyond what a few good requests need.
const GROWTH_KIB_MAX: u64 = 48 * 1024;

struct Door {
    site: Site,
    server: Server,
    _receiver: Receiver,
    before_kib: u64,
}

impl Door {
    fn new(configure: impl FnOnce(Site) -> Site) -> Self {
        let receiver = Receiver::open().unwrap();
        let site = configure(Site::new(receiver.address(), SERVICES));
        let server = site.start().unwrap();
        let mut door = Door { site, server, _receiver: receiver, before_kib: 0 };
        for _ in 0..20 {
            door.assert_serves_others();
        }
        door.before_kib = door.server.resident_kib();
        door
    }

    fn raw(&self, bytes: &[u8]) -> Option<Answer> {
        raw(self.site.external, bytes)
    }

    fn post(&self, body: &[u8]) -> Option<Answer> {
        self.raw(&request(body, &[]))
    }

    fn assert_serves_others(&self) {
        let body = json!({ "serviceName": "Sales", "phoneNumber": "+15195550123" });
        let answer = self.site.outside().post(CREATE, &body).unwrap();
        assert_eq!(answer.status, 200, "{}", answer.text());
    }

    #[allow(clippy::print_stdout, reason = "the growth is worth knowing")]
    fn close(mut self, what: &str) {
        self.assert_serves_others();
        assert!(self.server.is_alive());
        let (before, after) = (self.before_kib, self.server.resident_kib());
        println!("{what}: resident memory from {before} KiB to {after} KiB");
        assert!(after.saturating_sub(before) < GROWTH_KIB_MAX, "{what}: from {before} KiB to {after} KiB");
        assert!(!self.site.log().contains("panicked"), "{}", self.site.log());
    }
}

fn request(body: &[u8], headers: &[(&str, &str)]) -> Vec<u8> {
    let mut head = format!(
        "POST {CREATE} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nx-api-key: {KEY}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n",
        body.len()
    );
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("\r\n");
    [head.as_bytes(), body].concat()
}

fn assert_refused(what: &str, answer: Option<Answer>) {
    let answer = answer.unwrap_or_else(|| panic!("{what}: no answer"));
    assert!((400..500).contains(&answer.status), "{what}: {} {}", answer.status, answer.text());
    assert!(answer.is_failure_envelope(), "{what}: {} {}", answer.status, answer.text());
}

#[test]
fn bodies_nobody_should_send_are_refused() {
    let door = Door::new(|site| site);
    let deep = |open: &str, close: &str| format!("{}{}", open.repeat(100_000), close.repeat(100_000));
    let inside =
        |value: &str| format!(r#"{{"serviceName":"Sales","phoneNumber":"+15195550123","userData":{value}}}"#);
    let bodies: Vec<(&str, Vec<u8>)> = vec![
        ("empty", Vec::new()),
        ("not JSON", b"hello".to_vec()),
        ("half JSON", br#"{"serviceName":"Sa"#.to_vec()),
        ("not UTF-8", b"{\"serviceName\":\"\xff\xfe\"}".to_vec()),
        ("an array", b"[]".to_vec()),
        ("null", b"null".to_vec()),
        ("two documents", br#"{}{}"#.to_vec()),
        ("a byte order mark", b"\xef\xbb\xbf{}".to_vec()),
        ("NUL bytes", vec![0; 1_000]),
        ("deep arrays", deep("[", "]").into_bytes()),
        ("deep objects", format!("{}1{}", "{\"a\":".repeat(60_000), "}".repeat(60_000)).into_bytes()),
        ("deep user data", inside(&deep("[", "]")).into_bytes()),
        ("a huge number", inside(&format!("{{\"n\":1{}}}", "0".repeat(400))).replace("userData", "priority").into_bytes()),
        ("too large", inside(&format!("{{\"a\":\"{}\"}}", "x".repeat(600_000))).into_bytes()),
        ("wrong types", br#"{"serviceName":[],"phoneNumber":{}}"#.to_vec()),
        ("a long number", format!(r#"{{"serviceName":"Sales","phoneNumber":"{}"}}"#, "1".repeat(100_000)).into_bytes()),
        ("a long name", format!(r#"{{"serviceName":"{}","phoneNumber":"1"}}"#, "S".repeat(100_000)).into_bytes()),
        ("a time without end", format!(r#"{{"serviceName":"Sales","phoneNumber":"15195550123","desiredTime":"{}"}}"#, "9".repeat(100_000)).into_bytes()),
        ("a time far away", br#"{"serviceName":"Sales","phoneNumber":"15195550123","desiredTime":"9999-12-31T23:59:59.999Z"}"#.to_vec()),
    ];
    for _ in 0..5 {
        for (what, body) in &bodies {
            assert_refused(what, door.post(body));
        }
    }
    door.close("bodies");
}

#[test]
fn compressed_bombs_do_not_unfold() {
    let door = Door::new(|site| site);
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    let zeros = vec![b' '; 1 << 20];
    for _ in 0..300 {
        encoder.write_all(&zeros).unwrap();
    }
    let bomb = encoder.finish().unwrap();
    assert!(bomb.len() < 500_000, "it fits through the door: {}", bomb.len());
    for _ in 0..20 {
        assert_refused("a bomb", door.raw(&request(&bomb, &[("Content-Encoding", "gzip")])));
        assert_refused(
            "broken gzip",
            door.raw(&request(b"\x1f\x8b\x08nonsense", &[("Content-Encoding", "gzip")])),
        );
        assert_refused("unknown encoding", door.raw(&request(b"{}", &[("Content-Encoding", "br, gzip")])));
    }
    door.close("bombs");
}

#[test]
fn requests_that_are_none_end_without_harm() {
    let door = Door::new(|site| site);
    let long = "a".repeat(200_000);
    let many = (0..500).map(|n| format!("X-{n}: y\r\n")).collect::<String>();
    for bytes in [
        b"\r\n\r\n".to_vec(),
        b"GET / HTTP/0.9\r\n\r\n".to_vec(),
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(),
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".repeat(50),
        format!("GET /{long} HTTP/1.1\r\nHost: h\r\n\r\n").into_bytes(),
        format!("GET / HTTP/1.1\r\nHost: h\r\nX: {long}\r\n\r\n").into_bytes(),
        format!("GET / HTTP/1.1\r\nHost: h\r\n{many}\r\n").into_bytes(),
        format!("POST {CREATE} HTTP/1.1\r\nHost: h\r\nContent-Length: -1\r\n\r\n").into_bytes(),
        format!("POST {CREATE} HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab").into_bytes(),
        format!("POST {CREATE} HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n").into_bytes(),
        format!("POST {CREATE} HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n").into_bytes(),
        format!("POST {CREATE} HTTP/1.1\r\nHost: h\r\nx-api-key: {KEY}\r\nContent-Length: 18446744073709551615\r\n\r\n{{").into_bytes(),
        format!("POST {CREATE} HTTP/1.1\r\nHost: h\r\nx-api-key: {KEY}\r\nx-api-key: {KEY}\r\nContent-Length: 2\r\n\r\n{{}}").into_bytes(),
    ] {
        let mut socket = connect(door.site.external).unwrap();
        let _ = socket.write_all(&bytes);
        let _ = socket.shutdown(std::net::Shutdown::Write);
        let answer = read_answer(&mut socket).ok();
        let status = answer.as_ref().map(|answer| answer.status);
        let start = String::from_utf8_lossy(bytes.get(..60).unwrap_or(&bytes)).into_owned();
        assert!(status.is_none_or(|status| (400..500).contains(&status)), "{start:?}: {status:?}");
    }
    door.close("no requests");
}

#[test]
fn paths_are_decoded_once_and_lead_nowhere_else() {
    let door = Door::new(|site| site);
    for path in [
        "/engagement/v3/callbacks/availability/%00",
        "/engagement/v3/callbacks/availability/%ff%fe",
        "/engagement/v3/callbacks/availability/%",
        "/engagement/v3/callbacks/availability/%zz",
        "/engagement/v3/callbacks/availability/%2e%2e%2f%2e%2e%2fetc%2fpasswd",
        "/engagement/v3/callbacks/availability/..%2f..%2f..%2f",
        "/engagement/v3/callbacks/availability/%2553ales",
        "/engagement/v3/callbacks/../../../etc/passwd",
        "/engagement/v3//callbacks/availability/Sales",
        "/engagement/v3/callbacks/availability/Sales?numberOfDays=%00",
        "/engagement/v3/callbacks/availability/Sales?numberOfDays=99999999999999999999",
        "/engagement/v3/callbacks/availability/Sales?timezone=..%2F..%2Fetc%2Fpasswd",
        "/engagement/v3/callbacks/availability/Sales?startMS=-9223372036854775808&endMS=9223372036854775807",
        "/genesys/1/service/callback?_service_name=Sales",
        "/metrics",
        "/ges/v1/health/detail",
    ] {
        let bytes =
            format!("GET {path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\nx-api-key: {KEY}\r\n\r\n");
        assert_refused(path, door.raw(bytes.as_bytes()));
    }
    let named =
        "GET /engagement/v3/callbacks/availability/S%61les HTTP/1.1\r\nHost: h\r\nConnection: close\r\n";
    let answer = door.raw(format!("{named}x-api-key: {KEY}\r\n\r\n").as_bytes()).unwrap();
    assert_eq!(answer.status, 200, "decoded once: {}", answer.text());
    door.close("paths");
}

#[test]
fn slow_and_broken_senders_are_let_go() {
    let door = Door::new(|site| site.configured("http.body_ms", "600").configured("http.header_ms", "800"));
    // A body that never ends is answered when its time is over.
    let mut slow = connect(door.site.external).unwrap();
    let whole = request(&[b' '; 1_000], &[]);
    let (head, _) = whole.split_at(whole.len() - 990);
    let begun = Instant::now();
    slow.write_all(head).unwrap();
    assert_refused("a slow body", read_answer(&mut slow).ok());
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    // Headers that never end are cut off.
    let mut silent = connect(door.site.external).unwrap();
    silent.write_all(b"POST /engagement/v3/callbacks/create HTTP/1.1\r\nHost:").unwrap();
    let begun = Instant::now();
    let mut rest = Vec::new();
    let _ = silent.read_to_end(&mut rest);
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    // Senders that hang up in the middle leave nothing behind.
    for cut in (1..whole.len()).step_by(37) {
        let mut broken = connect(door.site.external).unwrap();
        let _ = broken.write_all(whole.get(..cut).unwrap_or_default());
    }
    door.close("slow senders");
}

#[test]
fn thousands_of_idle_connections_are_bounded_and_others_get_through() {
    const BOUND: usize = 500;
    let door = Door::new(|site| {
        site.configured("http.connections", &BOUND.to_string()).configured("http.header_ms", "1000")
    });
    let mut idle: Vec<TcpStream> = Vec::new();
    let until = Instant::now() + Duration::from_secs(10);
    while idle.len() < 3_000 && Instant::now() < until {
        // Beyond the bound they wait in the kernel's queue, and beyond that not even there.
        idle.extend(TcpStream::connect_timeout(&door.site.external, Duration::from_millis(50)));
    }
    assert!(idle.len() > BOUND, "{} connections", idle.len());
    let begun = Instant::now();
    door.assert_serves_others();
    let waited = begun.elapsed();
    assert!(waited < Duration::from_secs(15), "an idle crowd holds nobody up for long: {waited:?}");
    drop(idle);
    door.close("idle connections");
}

#[test]
fn bent_requests_never_break_it() {
    let chance = Chance::of_this_run("bent requests");
    let door = Door::new(|site| site.configured("http.body_ms", "300").configured("http.header_ms", "300"));
    let body = br#"{"serviceName":"Sales","phoneNumber":"+15195550123","desiredTime":"2031-03-04T10:00:00Z","userData":{"a":[1,2.5,"x"]}}"#;
    for _ in 0..600 {
        let mut bytes = request(body, &[]);
        for _ in 0..=chance.below(4) {
            let at = usize::try_from(chance.below(bytes.len() as u64)).unwrap();
            match chance.below(4) {
                0 => bytes[at] = u8::try_from(chance.below(256)).unwrap(),
                1 => bytes[at] ^= 1 << chance.below(8),
                2 => {
                    bytes.remove(at);
                }
                _ => bytes.insert(at, u8::try_from(chance.below(256)).unwrap()),
            }
        }
        let mut socket = connect(door.site.external).unwrap();
        let _ = socket.write_all(&bytes);
        let _ = socket.shutdown(std::net::Shutdown::Write);
        if let Ok(answer) = read_answer(&mut socket) {
            let text = String::from_utf8_lossy(&bytes).into_owned();
            assert!(answer.status < 500, "{}: {}\n{text}", answer.status, answer.text());
        }
    }
    door.close("bent requests");
}
