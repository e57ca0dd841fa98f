//! Checks 1 to 20: transport and envelope.

use serde_json::json;

use crate::client::{Answer, Request, is_uuid};
use crate::world::{ACME, GLOBEX, NUMBER, V3, World};

/// One request per operation that succeeds in a fresh world; `id` names a callback of `acme`.
fn operations(world: &World, key: &str, id: &str) -> Vec<(&'static str, Request)> {
    let get = |name, path: &str| {
        let request = Request::new(world.external, "GET", &format!("{V3}{path}"));
        (name, if key.is_empty() { request } else { request.header("x-api-key", key) })
    };
    let post = |name, path: &str, body: serde_json::Value| {
        let request = Request::new(world.external, "POST", &format!("{V3}{path}")).json(&body);
        (name, if key.is_empty() { request } else { request.header("x-api-key", key) })
    };
    vec![
        post("create", "/callbacks/create", json!({ "serviceName": "Sales", "phoneNumber": NUMBER })),
        post("retrieve", "/callbacks/retrieve", json!({ "id": id })),
        get("availability", "/callbacks/availability/Sales?numberOfDays=1"),
        get("open-for", "/callbacks/open-for/Sales"),
        get("queue-status", "/callbacks/queue-status/Sales"),
        get("estimated-wait-time", "/estimated-wait-time?virtual-queues=Sales"),
        post("call-in", "/call-in/requests/create", json!({ "groupName": "help" })),
        post("statistics", "/statistics/operations/get-statistic-ex", json!({})),
        // The last one, because it ends the callback the others look at.
        post("cancel", "/callbacks/cancel", json!({ "id": id })),
    ]
}

/// Some refusals of every kind.
fn refusals(world: &World) -> Vec<Answer> {
    let booked = world.booked("Small", Some("2031-03-04T16:00:00Z"));
    vec![
        world.create(json!({})),
        world.create(json!({ "serviceName": "none", "phoneNumber": NUMBER })),
        world.create(
            json!({ "serviceName": "Small", "phoneNumber": NUMBER, "desiredTime": "2031-03-04T16:00:00Z" }),
        ),
        world.post("/callbacks/cancel", json!({ "id": booked.replace(|c: char| c.is_ascii_digit(), "0") })),
        world.post("/callbacks/retrieve", json!({ "id": "x" })),
        world.get("/callbacks/availability/none"),
        world.get("/callbacks/nothing"),
        world.request("DELETE", "/callbacks/create").send(),
        Request::new(world.external, "GET", &format!("{V3}/estimated-wait-time")).send(),
        world
            .request("POST", "/callbacks/create")
            .header("Content-Type", "application/json")
            .body("{")
            .send(),
    ]
}

/// Every 2xx and every error reply has `Content-Type: application/json` and parses as JSON.
#[test]
fn check_01_every_reply_is_json() {
    let world = World::new();
    let id = world.booked("Sales", None);
    let mut replies: Vec<Answer> =
        operations(&world, ACME, &id).into_iter().map(|(_, request)| request.send()).collect();
    replies.extend(refusals(&world));
    for reply in replies {
        assert_eq!(reply.header("content-type"), Some("application/json"));
        reply.json();
    }
}

/// Every reply has `status.code` (number), `status.message` (string), `status.corrId` (hyphenated UUID).
#[test]
fn check_02_every_reply_has_a_status() {
    let world = World::new();
    for reply in refusals(&world) {
        let status = &reply.json()["status"];
        assert!(status["code"].is_u64() && status["message"].is_string());
        assert!(is_uuid(status["corrId"].as_str().unwrap()));
    }
}

/// Two identical requests get different `corrId`s; a caller-sent correlation header is not echoed into it.
#[test]
fn check_03_correlation_ids_are_made_here() {
    let world = World::new();
    let sent = "11111111-2222-4333-8444-555555555555";
    let ask = || {
        let request = world.request("GET", "/callbacks/open-for/Sales");
        let reply = request.header("X-Correlation-Id", sent).header("corrId", sent).send().json();
        reply["status"]["corrId"].as_str().unwrap().to_owned()
    };
    let (one, other) = (ask(), ask());
    assert_ne!(one, other);
    assert!(one != sent && other != sent);
}

/// Success is HTTP 200 with `code` 0 and `message` `Successful` on all nine operations.
#[test]
fn check_04_success_is_200_and_code_0() {
    let world = World::new();
    let id = world.booked("Sales", None);
    let operations = operations(&world, ACME, &id);
    assert_eq!(operations.len(), 9);
    for (name, request) in operations {
        let reply = request.send();
        assert_eq!(reply.status, 200, "{name}: {}", reply.text());
        assert_eq!(reply.json()["status"]["code"], 0, "{name}");
        assert_eq!(reply.json()["status"]["message"], "Successful", "{name}");
    }
}

/// No failure is ever sent with HTTP 200.
#[test]
fn check_05_no_failure_is_200() {
    let world = World::new();
    for reply in refusals(&world) {
        assert!(reply.status >= 400, "{}", reply.text());
    }
}

/// Error replies carry no `data`, except 429 on create, which always has `data.slots` as an object.
#[test]
fn check_06_errors_carry_no_data_but_proposals() {
    let world = World::new();
    let mut seen = 0;
    for reply in refusals(&world) {
        let json = reply.json();
        if reply.status == 429 {
            seen += 1;
            assert!(json["data"]["slots"].is_object());
        } else {
            assert!(json.get("data").is_none(), "{}", reply.text());
        }
    }
    assert_eq!(seen, 1);
}

/// Header name `X-API-KEY`, `x-api-key`, `X-Api-Key` all work.
#[test]
fn check_07_the_key_header_has_no_letter_case() {
    let world = World::new();
    for name in ["X-API-KEY", "x-api-key", "X-Api-Key"] {
        let path = format!("{V3}/callbacks/open-for/Sales");
        assert_eq!(
            Request::new(world.external, "GET", &path).header(name, ACME).send().status,
            200,
            "{name}"
        );
    }
}

/// Missing, empty and unknown key each give 401 with envelope on every operation, GET and POST.
#[test]
fn check_08_a_wrong_key_is_401_everywhere() {
    let world = World::new();
    let id = world.booked("Sales", None);
    for key in ["", "unknown-secretkey"] {
        for (name, request) in operations(&world, key, &id) {
            let reply = request.send();
            assert_eq!((reply.status, reply.reason().as_str()), (401, "UNAUTHORIZED"), "{name}");
        }
    }
    for (name, request) in operations(&world, "", &id) {
        assert_eq!(request.header("x-api-key", "").send().status, 401, "{name}, empty");
    }
}

/// A key of tenant A cannot retrieve or cancel tenant B's callback: 404.
#[test]
fn check_09_tenants_never_see_each_other() {
    let world = World::new();
    let id = world.booked("Sales", Some("2031-03-04T16:00:00Z"));
    for operation in ["retrieve", "cancel"] {
        let path = format!("{V3}/callbacks/{operation}");
        let request = Request::new(world.external, "POST", &path).header("x-api-key", GLOBEX);
        let reply = request.json(&json!({ "id": id })).send();
        assert_eq!((reply.status, reply.reason().as_str()), (404, "CALLBACK_UNKNOWN"), "{operation}");
    }
    assert_eq!(world.retrieved(&id)["callbackState"], "SCHEDULED");
}

/// On the external listener a valid `ccid` with no key gives 401; with a valid key, a foreign `ccid` changes nothing.
#[test]
fn check_10_ccid_means_nothing_outside() {
    let world = World::new();
    let path = format!("{V3}/callbacks/open-for/Small");
    for name in ["ccid", "CCID", "ContactCenterID", "contactcenterid"] {
        let ask = || Request::new(world.external, "GET", &path).header(name, "acme");
        assert_eq!(ask().send().status, 401, "{name}");
        let foreign =
            Request::new(world.external, "GET", &path).header(name, "globex").header("x-api-key", ACME);
        // `Small` exists for acme alone.
        assert_eq!(foreign.send().status, 200, "{name}");
        assert_eq!(
            Request::new(world.internal, "GET", &path).header(name, "acme").send().status,
            200,
            "{name} inside"
        );
    }
    let mismatch =
        Request::new(world.internal, "GET", &path).header("ccid", "globex").header("x-api-key", ACME);
    assert_eq!(mismatch.send().status, 401);
}

/// A GET with `Content-Type: application/json` and no body is served normally.
#[test]
fn check_11_a_get_may_declare_json() {
    let world = World::new();
    let request = world.request("GET", "/callbacks/open-for/Sales");
    let request = request.header("Content-Type", "application/json").header("Accept", "application/json");
    assert_eq!(request.send().status, 200);
}

/// A GET with only `x-api-key` (no Accept, no Content-Type) is served normally.
#[test]
fn check_12_a_get_needs_nothing_but_the_key() {
    assert_eq!(World::new().get("/callbacks/open-for/Sales").status, 200);
}

/// Unknown query parameters, `_=…` included, are ignored.
#[test]
fn check_13_unknown_parameters_are_ignored() {
    let world = World::new();
    let plain = world.get("/callbacks/availability/Sales?numberOfDays=1").data();
    let odd = world
        .get("/callbacks/availability/Sales?numberOfDays=1&_=1893553200000&number-of-days=x&a=%20&b&=c")
        .data();
    assert_eq!(plain, odd);
}

/// A service named `a b/c+d&é` is reachable as `a%20b%2Fc%2Bd%26%C3%A9`.
#[test]
fn check_14_names_are_one_encoded_segment() {
    let world = World::new();
    let name = "a%20b%2Fc%2Bd%26%C3%A9";
    for path in ["availability", "open-for", "queue-status"] {
        assert_eq!(world.get(&format!("/callbacks/{path}/{name}")).status, 200, "{path}");
    }
    let waits = world.get(&format!("/estimated-wait-time?virtual-queues={name}%2CSales")).data();
    assert_eq!(waits[0]["virtualQueue"], "a b/c+d&é");
    assert_eq!(world.get("/callbacks/open-for/a%2520b").status, 400, "decoded once");
    assert_eq!(world.get("/callbacks/open-for/%FF").status, 400);
}

/// A 512,001-byte body on the external listener gives 413 and raises `INVALID_CONTENT_LENGTH`; the same body works
/// internally.
#[test]
fn check_15_bodies_are_bounded() {
    let world = World::new();
    let body = |bytes: usize| {
        let start = format!(r#"{{"serviceName":"Always","phoneNumber":"{NUMBER}","fill":""#);
        let fill = "x".repeat(bytes - start.len() - 2);
        format!("{start}{fill}\"}}")
    };
    let send = |to, bytes| {
        let request = Request::new(to, "POST", &format!("{V3}/callbacks/create")).header("x-api-key", ACME);
        let body = body(bytes);
        assert_eq!(body.len(), bytes);
        request.header("Content-Type", "application/json").body(body).send()
    };
    assert_eq!(send(world.external, 512_000).status, 200);
    let before = world.counter("INVALID_CONTENT_LENGTH");
    let reply = send(world.external, 512_001);
    assert_eq!((reply.status, reply.reason().as_str()), (413, "INVALID_CONTENT_LENGTH"));
    assert_eq!(world.counter("INVALID_CONTENT_LENGTH"), before + 1.0);
    assert_eq!(send(world.internal, 512_001).status, 200);
}

/// No reply sets a cookie or redirects. (Looked at in every reply of every test, too.)
#[test]
fn check_16_no_cookies_and_no_redirects() {
    let world = World::new();
    let id = world.booked("Sales", None);
    let replies = operations(&world, ACME, &id).into_iter().map(|(_, request)| request.send());
    for reply in replies.chain(refusals(&world)).chain([world.get("//callbacks/open-for/Sales")]) {
        assert!(reply.header("set-cookie").is_none() && !(300..400).contains(&reply.status));
    }
}

/// `OPTIONS` with an allowed origin and no key gives 204 and lists `x-api-key` in the allowed headers; a foreign origin
/// gets no CORS headers.
#[test]
fn check_17_browsers_may_ask_first() {
    let world = World::new();
    let options = |origin: &str| {
        let request = Request::new(world.external, "OPTIONS", &format!("{V3}/callbacks/create"));
        request.header("Origin", origin).header("Access-Control-Request-Method", "POST").send_unseen()
    };
    let allowed = options("https://www.acme.example");
    assert_eq!(allowed.status, 204);
    assert_eq!(allowed.header("access-control-allow-origin"), Some("https://www.acme.example"));
    assert!(allowed.header("access-control-allow-headers").unwrap().contains("x-api-key"));
    assert_eq!(allowed.header("access-control-allow-credentials"), None);
    let foreign = options("https://www.evil.example");
    assert!(foreign.headers.iter().all(|(name, _)| !name.starts_with("access-control-")));
    let cors = |origin| {
        let reply = world.request("GET", "/callbacks/open-for/Sales").header("Origin", origin).send();
        assert_eq!(reply.status, 200);
        reply.header("access-control-allow-origin").is_some()
    };
    assert!(cors("https://www.acme.example"));
    assert!(!cors("https://www.globex.example"), "allowed for another tenant only");
}

/// `/engagement/v3/captcha/verify`, `/notification/publish` and `/metrics` are 404 on the external listener.
#[test]
fn check_18_the_list_of_public_paths_is_closed() {
    let world = World::new();
    let closed = [
        "/engagement/v3/captcha/verify",
        "/engagement/v3/notification/publish",
        "/notification/publish",
        "/metrics",
        "/ges/v1/health/detail",
        "/ges/v1/openapi.json",
        "/genesys/1/service/callback/Sales",
        "/genesys/1/admin/settings",
        "/",
    ];
    for path in closed {
        for method in ["GET", "POST"] {
            let request =
                Request::new(world.external, method, path).header("x-api-key", ACME).json(&json!({}));
            let reply = request.send_unseen();
            assert_eq!((reply.status, reply.reason().as_str()), (404, "PATH_UNKNOWN"), "{method} {path}");
        }
    }
}

/// POST with malformed JSON, with `[]`, with `"x"`: 400 envelope.
#[test]
fn check_19_bodies_are_json_objects() {
    let world = World::new();
    for path in ["/callbacks/create", "/callbacks/cancel", "/callbacks/retrieve", "/call-in/requests/create"]
    {
        for body in ["{", "[]", "\"x\"", "", "null", "5", "{\"a\":1}x"] {
            let request = world.request("POST", path).header("Content-Type", "application/json");
            let reply = request.body(body).send();
            assert_eq!(reply.status, 400, "{path} {body}");
        }
        let form = world.request("POST", path).header("Content-Type", "text/plain").body("{}").send();
        assert_eq!((form.status, form.reason().as_str()), (400, "CONTENT_TYPE"), "{path}");
    }
}

/// Wrong method on a known path: 405 with `Allow`.
#[test]
fn check_20_wrong_methods_are_405() {
    let world = World::new();
    let get = ["/callbacks/create", "/callbacks/cancel", "/statistics/operations/get-statistic-ex"];
    let post = ["/callbacks/availability/Sales", "/callbacks/queue-status/Sales", "/estimated-wait-time"];
    for (method, paths, right) in [("GET", get, "POST"), ("POST", post, "GET")] {
        for path in paths {
            let reply = world.request(method, path).send();
            assert_eq!(reply.status, 405, "{method} {path}");
            assert!(reply.header("allow").unwrap().contains(right), "{method} {path}");
            assert_eq!(reply.phrase, "Method Not Allowed");
        }
    }
}
