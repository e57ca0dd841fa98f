//! The service value: envelope, admission, limits, CORS (engagement-api-v3 §6, transport and envelope).

use std::io::Write;
use std::time::Duration;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use ges_core::time::Timestamp;
use ges_http::{Face, Limits};
use http::Method;
use http_body_util::Full;
use uuid::Uuid;

use crate::fixture::{ALPHA_KEY, BETA_KEY, request, world, world_with};

fn is_envelope(answer: &crate::fixture::Answer) -> bool {
    let status = &answer.body["status"];
    status["code"].is_u64()
        && status["message"].is_string()
        && status["corrId"].as_str().is_some_and(|id| id.len() == 36 && Uuid::try_parse(id).is_ok())
        && answer.head.headers()["content-type"] == "application/json"
        && answer.head.headers()["x-correlation-id"] == status["corrId"].as_str().unwrap()
}

#[tokio::test]
async fn success_and_every_refusal_come_in_the_envelope() {
    let world = world(Face::External);
    for (path, status) in [
        ("/engagement/v3/named/x", 200),
        ("/nowhere", 404),
        ("/engagement/v3/echo", 405),
        ("/engagement/v3/panics", 500),
    ] {
        let answer = world.get(path).await;
        assert_eq!(answer.status, status, "{path}");
        assert!(is_envelope(&answer), "{path}: {}", answer.body);
        let code = if status == 200 { 0 } else { status };
        assert_eq!(answer.body["status"]["code"], code, "{path}");
        assert_eq!(answer.body.get("data").is_some(), status == 200, "{path}");
    }
    assert_eq!(world.get("/engagement/v3/echo").await.head.headers()["allow"], "POST, OPTIONS");
    assert_eq!(*world.heard.panics.lock().unwrap(), 1);
}

#[tokio::test]
async fn correlation_ids_are_fresh_and_never_the_callers() {
    let world = world(Face::External);
    let sent = "3f0c6f7e-52a1-4a0e-9c0b-6f4f3d9b8a11";
    let ask =
        || request(Method::GET, "/nowhere").header("x-correlation-id", sent).body(Full::default()).unwrap();
    let (one, other) = (world.send(ask()).await, world.send(ask()).await);
    assert_ne!(one.body["status"]["corrId"], other.body["status"]["corrId"]);
    assert_ne!(one.body["status"]["corrId"], sent);
}

#[tokio::test]
async fn missing_empty_and_unknown_keys_are_401_alike() {
    let world = world(Face::External);
    for method in [Method::GET, Method::POST] {
        let path = if method == Method::GET { "/engagement/v3/named/x" } else { "/engagement/v3/echo" };
        for key in [None, Some(""), Some("wrong"), Some(" ")] {
            let mut ask = request(method.clone(), path).header("content-type", "application/json");
            if let Some(key) = key {
                ask = ask.header("x-api-key", key);
            }
            let answer = world.send(ask.body(Full::from("{}")).unwrap()).await;
            assert_eq!(answer.status, 401, "{method} {key:?}");
            assert!(is_envelope(&answer));
        }
    }
}

#[tokio::test]
async fn outside_a_ccid_selects_nobody_and_is_not_seen_by_handlers() {
    let world = world(Face::External);
    for name in ["ccid", "CCID", "ContactCenterID", "contactcenterid"] {
        let alone = request(Method::GET, "/engagement/v3/seen").header(name, "alpha");
        assert_eq!(world.send(alone.body(Full::default()).unwrap()).await.status, 401, "{name}");
        let beside = request(Method::GET, "/engagement/v3/named/x")
            .header(name, "beta")
            .header("x-api-key", ALPHA_KEY);
        let answer = world.send(beside.body(Full::default()).unwrap()).await;
        assert_eq!(answer.body["data"]["tenant"], "alpha", "{name}");
    }
    let seen =
        request(Method::GET, "/engagement/v3/seen").header("ccid", "beta").header("x-api-key", ALPHA_KEY);
    assert_eq!(world.send(seen.body(Full::default()).unwrap()).await.body["data"], false);
}

#[tokio::test]
async fn inside_a_ccid_selects_the_tenant_and_must_agree_with_a_key() {
    let world = world(Face::Internal);
    for (ccid, key, status) in [
        (Some("alpha"), None, 200),
        (Some("nobody"), None, 401),
        (Some("alpha"), Some(ALPHA_KEY), 200),
        (Some("alpha"), Some(BETA_KEY), 401),
        (None, Some(BETA_KEY), 200),
        (None, None, 401),
    ] {
        let mut ask = request(Method::GET, "/engagement/v3/named/x");
        if let Some(ccid) = ccid {
            ask = ask.header("ContactCenterID", ccid);
        }
        if let Some(key) = key {
            ask = ask.header("x-api-key", key);
        }
        assert_eq!(world.send(ask.body(Full::default()).unwrap()).await.status, status, "{ccid:?} {key:?}");
    }
}

#[tokio::test]
async fn a_write_back_token_opens_its_own_callback_only() {
    let world = world(Face::Internal);
    let (mine, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
    let token = world.write_back.token(&"alpha".into(), ges_core::CallbackId(mine));
    for (id, token, status) in [
        (mine, token.clone(), 200),
        (other, token.clone(), 401),
        (mine, token.replace("616c706861", "62657461"), 401),
        (mine, "nonsense".to_owned(), 401),
    ] {
        let ask = request(Method::PUT, &format!("/genesys/{id}"))
            .header("authorization", format!("Bearer {token}"));
        assert_eq!(world.send(ask.body(Full::default()).unwrap()).await.status, status, "{id} {token}");
    }
    let nameless = request(Method::PUT, "/genesys/x").body(Full::default()).unwrap();
    assert_eq!(world.send(nameless).await.status, 400);
}

#[tokio::test]
async fn names_in_paths_are_decoded_once_after_splitting() {
    let world = world(Face::External);
    for (path, name) in
        [("a%20b%2Fc%2Bd%26%C3%A9", "a b/c+d&é"), ("a+b", "a+b"), ("%2520", "%20"), ("x%3Fy", "x?y")]
    {
        let answer =
            world.get(&format!("/engagement/v3/named/{path}?_=1&start=2031-01-01T00:00:00+01:00")).await;
        assert_eq!(answer.body["data"]["name"], name);
        assert_eq!(answer.body["data"]["start"], "2031-01-01T00:00:00 01:00");
    }
    assert_eq!(world.get("/engagement/v3/named/%FF").await.status, 400);
    assert_eq!(world.get("/engagement/v3/named/a/b").await.status, 404);
}

#[tokio::test]
async fn bodies_that_are_no_json_object_are_400() {
    let world = world(Face::External);
    let deep = "[".repeat(100_000);
    let deep_object = "{\"a\":".repeat(10_000);
    for body in ["", "{", "[]", "\"x\"", "nope", "null", &deep, &deep_object] {
        let answer = world.post(body.to_owned()).await;
        assert_eq!(answer.status, 400, "{}", &body[..body.len().min(20)]);
        assert!(is_envelope(&answer));
    }
    assert_eq!(world.post("{\"a\":1}").await.body["data"]["members"], 1);
    let text = request(Method::POST, "/engagement/v3/echo")
        .header("x-api-key", ALPHA_KEY)
        .header("content-type", "text/plain");
    assert_eq!(world.send(text.body(Full::from("{}")).unwrap()).await.status, 400);
}

#[tokio::test]
async fn one_byte_too_many_is_413_outside_and_fine_inside() {
    let body = |bytes: usize| format!("{{\"a\":\"{}\"}}", "x".repeat(bytes - 8));
    let outside = world(Face::External);
    assert_eq!(outside.post(body(512_000)).await.status, 200);
    let refused = outside.post(body(512_001)).await;
    assert_eq!(refused.status, 413);
    assert!(is_envelope(&refused));
    assert_eq!(*outside.heard.too_large.lock().unwrap(), 1);
    let inside = world(Face::Internal);
    assert_eq!(inside.post(body(512_001)).await.status, 200);
    assert_eq!(inside.post(body(10_485_760)).await.status, 200);
    assert_eq!(inside.post(body(10_485_761)).await.status, 413);
}

#[tokio::test]
async fn the_limit_holds_after_decompression() {
    let world = world(Face::External);
    let zipped = |plain: &str| {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(plain.as_bytes()).unwrap();
        encoder.finish().unwrap()
    };
    let post = |body: Vec<u8>| {
        let ask = request(Method::POST, "/engagement/v3/echo")
            .header("x-api-key", ALPHA_KEY)
            .header("content-type", "application/json")
            .header("content-encoding", "gzip");
        world.send(ask.body(Full::new(Bytes::from(body))).unwrap())
    };
    assert_eq!(post(zipped("{\"a\":1,\"b\":2}")).await.body["data"]["members"], 2);
    assert_eq!(post(zipped(&format!("{{\"a\":\"{}\"}}", "x".repeat(600_000)))).await.status, 413);
    assert_eq!(post(b"not gzip".to_vec()).await.status, 400);
    assert_eq!(*world.heard.too_large.lock().unwrap(), 1);
}

#[tokio::test]
async fn preflight_needs_no_key_and_lists_the_headers_for_known_origins_only() {
    let world = world(Face::External);
    let ask = |origin: &str| {
        request(Method::OPTIONS, "/engagement/v3/echo")
            .header("origin", origin)
            .body(Full::default())
            .unwrap()
    };
    let known = world.send(ask("https://www.beta.example")).await;
    assert_eq!(known.status, 204);
    assert_eq!(known.head.headers()["access-control-allow-origin"], "https://www.beta.example");
    assert_eq!(
        known.head.headers()["access-control-allow-headers"],
        "x-api-key,content-type,accept,cache-control,idempotency-key"
    );
    assert_eq!(known.head.headers()["access-control-allow-methods"], "GET,POST,OPTIONS");
    assert_eq!(known.head.headers()["access-control-max-age"], "600");
    assert_eq!(known.head.headers()["vary"], "Origin");
    assert!(!known.head.headers().contains_key("access-control-allow-credentials"));
    let foreign = world.send(ask("https://evil.example")).await;
    assert_eq!(foreign.status, 204);
    assert!(!foreign.head.headers().contains_key("access-control-allow-origin"));
}

#[tokio::test]
async fn a_real_request_is_open_to_origins_of_its_own_tenant_only() {
    let world = world(Face::External);
    for (origin, open) in [("https://a.alpha.example", true), ("https://www.beta.example", false)] {
        let ask = request(Method::GET, "/engagement/v3/named/x")
            .header("x-api-key", ALPHA_KEY)
            .header("origin", origin);
        let answer = world.send(ask.body(Full::default()).unwrap()).await;
        assert_eq!(answer.status, 200, "it is processed normally");
        assert_eq!(answer.head.headers().contains_key("access-control-allow-origin"), open, "{origin}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_stuck_handler_is_answered_for_within_nine_seconds() {
    let world = world(Face::Internal);
    let begun = tokio::time::Instant::now();
    assert_eq!(world.get("/stuck").await.status, 500);
    assert!(begun.elapsed() <= Duration::from_secs(9));
}

#[tokio::test]
async fn a_panic_in_a_task_of_its_own_is_answered_and_counted() {
    let world = world(Face::Internal);
    let ask = request(Method::POST, "/panics/too").body(Full::default()).unwrap();
    let answer = world.send(ask).await;
    assert!(answer.status == 500 && is_envelope(&answer), "{}", answer.body);
    assert_eq!(*world.heard.panics.lock().unwrap(), 1);
}

#[tokio::test]
async fn failures_are_found_by_correlation_id_by_their_own_tenant() {
    let limits = Limits { body_bytes: 10, ..Limits::EXTERNAL };
    let world = world_with(Face::External, limits);
    let answer = world.post("{\"phoneNumber\":\"+4930123456\"}").await;
    let id: Uuid = answer.body["status"]["corrId"].as_str().unwrap().parse().unwrap();
    let now = Timestamp::from_millis(0);
    let kept = world.errors.find(Some(&"alpha".into()), id, now).unwrap();
    assert_eq!((kept.status, kept.path, kept.method), (413, "/engagement/v3/echo", "POST"));
    assert_eq!(kept.key_ending.as_deref(), Some("6789"));
    assert!(!serde_json::to_string(&kept).unwrap().contains("4930123456"));
    assert!(world.errors.find(Some(&"beta".into()), id, now).is_none());
}

#[tokio::test]
async fn invariant_38_labels_come_from_the_route_table() {
    let world = world(Face::Internal);
    world.get("/engagement/v3/named/secret-name").await;
    world.get("/secret-path").await;
    world.get("/panics").await;
    world
        .send(request(Method::from_bytes(b"INVENTED").unwrap(), "/panics").body(Full::default()).unwrap())
        .await;
    let all = world.heard.answered.lock().unwrap().join("\n");
    assert!(!all.contains("secret") && !all.contains("INVENTED"), "{all}");
    let named = "/engagement/v3/named/{name}";
    for line in [
        format!("alpha GET {named} ({named}) 200"),
        "nobody GET Unknown Endpoint (Unknown Endpoint) 404".to_owned(),
        "nobody GET /panics (Private API Endpoint) 500".to_owned(),
        "nobody OTHER /panics (Private API Endpoint) 405".to_owned(),
    ] {
        assert!(world.heard(&line), "{line} in\n{all}");
    }
}
