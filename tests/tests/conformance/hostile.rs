//! Requests nobody should send: each has a documented answer, and none ends in a panic.

use std::io::Write;

use serde_json::json;

use crate::client::exchange;
use crate::world::{ACME, NUMBER, V3, World};

const POSTS: [&str; 5] = [
    "/callbacks/create",
    "/callbacks/cancel",
    "/callbacks/retrieve",
    "/call-in/requests/create",
    "/statistics/operations/get-statistic-ex",
];

fn quiet(world: &World) {
    assert_eq!(world.counter("UNCAUGHT_EXCEPTION"), 0.0);
    assert_eq!(world.get("/callbacks/open-for/Sales").status, 200, "the server still answers");
}

#[test]
fn odd_json_is_400() {
    let world = World::new();
    let deep = |open: &str, close: &str| {
        format!("{{\"serviceName\":{}1{}}}", open.repeat(50_000), close.repeat(50_000))
    };
    let mut bodies: Vec<Vec<u8>> = vec![
        deep("[", "]").into_bytes(),
        deep("{\"a\":", "}").into_bytes(),
        "[".repeat(200_000).into_bytes(),
        b"\xff\xfe{}".to_vec(),
        b"{\"serviceName\":\"\xff\",\"phoneNumber\":\"1\"}".to_vec(),
        br#"{"serviceName":"\ud800","phoneNumber":"1"}"#.to_vec(),
        br#"{"serviceName":"Sales","phoneNumber":"1e400"}"#.to_vec(),
        b"{\"serviceName\":\"Sa\0les\"".to_vec(),
        b"nul".to_vec(),
        b"// comment\n{}".to_vec(),
        b"{'serviceName':'Sales'}".to_vec(),
        b"{\"serviceName\":NaN}".to_vec(),
    ];
    bodies.push(vec![b' '; 400_000]);
    for path in POSTS {
        for body in &bodies {
            let request = world.request("POST", path).header("Content-Type", "application/json");
            let reply = request.body(body.clone()).send();
            let blank = body.iter().all(|byte| *byte == b' ') && path.contains("statistics");
            let unread =
                path.contains("statistics") && serde_json::from_slice::<serde_json::Value>(body).is_ok();
            assert_eq!(
                reply.status,
                if blank || unread { 200 } else { 400 },
                "{path} {:?}",
                &body[..body.len().min(40)]
            );
        }
    }
    quiet(&world);
}

#[test]
fn odd_numbers_and_texts_are_answered() {
    let world = World::new();
    for priority in
        ["1e400", "-1e400", "9223372036854775808", "1e18", "-0", "0.1e-400", "1E+1", "\"\"", "\"٣\"", "1e-1"]
    {
        let body = format!(r#"{{"serviceName":"Always","phoneNumber":"{NUMBER}","priority":{priority}}}"#);
        let reply = world
            .request("POST", "/callbacks/create")
            .header("Content-Type", "application/json")
            .body(body)
            .send();
        assert!([200, 400].contains(&reply.status), "{priority}: {}", reply.text());
    }
    for number in
        ["", "٣٣٣٣٣٣٣", "+", "++1555", "1".repeat(1000).as_str(), "\u{202e}15195", "1\u{0}2345", "tel:15195"]
    {
        let reply = world.create(json!({ "serviceName": "Always", "phoneNumber": number }));
        assert_eq!(reply.status, 400, "{number:?}");
    }
    for name in ["\u{0}", "\u{202e}", "Sales\u{301}", "😀", "../../etc", "Sales\n", &"x".repeat(100_000)] {
        let reply = world.create(json!({ "serviceName": name, "phoneNumber": NUMBER }));
        assert_eq!(reply.status, 400, "{name:?}");
        assert!(!reply.text().contains('\n'));
    }
    for time in
        ["9999-12-31T23:59:59Z", "0000-01-01T00:00:00Z", "-2031-03-05T00:00:00Z", "+12031-03-05T00:00:00Z"]
    {
        assert_eq!(
            world
                .create(json!({ "serviceName": "Always", "phoneNumber": NUMBER, "desiredTime": time }))
                .status,
            400,
            "{time}"
        );
    }
    for query in [
        "startMS=9223372036854775807",
        "startMS=-9223372036854775808",
        "startMS=1e400",
        "numberOfDays=9223372036854775807",
        "endMS=99999999999999999999",
        "maxTimeSlots=9223372036854775807",
        "maxTimeSlots=99999999999999999999",
        "start=9999-12-31T23:59:59Z&numberOfDays=100000",
    ] {
        let reply = world.get(&format!("/callbacks/availability/Sales?{query}"));
        assert!([200, 400].contains(&reply.status), "{query}: {}", reply.text());
    }
    quiet(&world);
}

#[test]
fn odd_paths_and_queries_are_answered() {
    let world = World::new();
    for (path, status) in [
        ("/callbacks/open-for/%", 400),
        ("/callbacks/open-for/%zz", 400),
        ("/callbacks/open-for/%C0%AF", 400),
        ("/callbacks/open-for/%00", 400),
        ("/callbacks/open-for/", 404),
        ("/callbacks/open-for/Sales/", 404),
        ("/callbacks/open-for/..%2F..%2Fmetrics", 400),
        ("/callbacks/../callbacks/open-for/Sales", 404),
        ("/callbacks//open-for/Sales", 404),
        ("/callbacks/open-for/Sales?%ff=1", 400),
        ("/callbacks/open-for/Sales?timezone=%2e%2e%2f", 400),
        ("/callbacks/open-for/Sales?&&&=&=", 200),
        ("/CALLBACKS/open-for/Sales", 404),
    ] {
        assert_eq!(world.get(path).status, status, "{path}");
    }
    let many = "a=1&".repeat(2000);
    assert_eq!(world.get(&format!("/callbacks/open-for/Sales?{many}")).status, 400);
    quiet(&world);
}

#[test]
fn repeated_keys_and_odd_heads_are_answered() {
    let world = World::new();
    let path = format!("{V3}/callbacks/open-for/Sales");
    let twice = format!(
        "GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nx-api-key: {ACME}\r\nx-api-key: {ACME}\r\n\r\n"
    );
    assert_eq!(exchange(world.external, twice.as_bytes()).status, 401);
    let unprintable =
        format!("GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nx-api-key: \u{e9}\r\n\r\n");
    assert_eq!(exchange(world.external, unprintable.as_bytes()).status, 401);
    assert_eq!(exchange(world.external, b"NONSENSE\r\n\r\n").status, 400);
    let two_lengths = format!(
        "POST {V3}/callbacks/create HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{{}}x"
    );
    assert_eq!(exchange(world.external, two_lengths.as_bytes()).status, 400);
    quiet(&world);
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn compressed_bodies_are_bounded_by_what_they_become() {
    let world = World::new();
    let send = |body: Vec<u8>| {
        let request = world.request("POST", "/callbacks/create").header("Content-Type", "application/json");
        request.header("Content-Encoding", "gzip").body(body).send()
    };
    let wish = json!({ "serviceName": "Always", "phoneNumber": NUMBER }).to_string();
    assert_eq!(send(gzip(wish.as_bytes())).status, 200);
    let bomb = gzip(&vec![b' '; 50_000_000]);
    assert!(bomb.len() < 100_000);
    assert_eq!(send(bomb).status, 413);
    assert_eq!(send(b"not gzip".to_vec()).status, 400);
    let unknown = world.request("POST", "/callbacks/create").header("Content-Encoding", "br");
    assert_eq!(unknown.json(&json!({})).send().status, 400);
    quiet(&world);
}
