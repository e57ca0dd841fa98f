//! Checks 71 to 76: what the vendor's clients and tutorials send, as the reference describes it, and what they need to
//! find in the replies.
//!
//! The clients themselves are not run here: the JavaScript one is driven by a script of its own, the Java one cannot be
//! linked. What they send is replayed, and every reply is put through the rules by which they parse (engagement-api-v3
//! §2.1, §4.3, §5.2): UUIDs, date-times with an offset, numbers, booleans, arrays where arrays are declared.

use serde_json::{Value, json};

use crate::client::{Answer, exchange, is_uuid};
use crate::world::{ACME, V3, World};

/// Stands for the English sentence both untouched clients put into `cbOfferType`. Only its beginning is in the reference;
/// the rest is ours.
const SENTENCE: &str =
    "ASAP if the request does not contain a desired time, SCHEDULED otherwise; reporting only";

/// A client's way to send a request.
struct Client {
    name: &'static str,
    head: &'static [(&'static str, &'static str)],
    /// The parameters of the content type of a body.
    charset: &'static str,
    user_data: fn() -> Value,
    desired: &'static str,
}

const JS: Client = Client {
    name: "JS 9.0.83",
    head: &[
        ("User-Agent", "node-superagent/3.7.0"),
        ("Accept-Encoding", "gzip, deflate"),
        ("Accept", "application/json"),
        ("Connection", "close"),
    ],
    charset: "",
    user_data: || json!({ "email": "uservalue" }),
    desired: "2031-03-05T15:05:00.000Z",
};

const JAVA: Client = Client {
    name: "JAVA 9.0.75",
    head: &[
        ("Accept", "application/json"),
        ("User-Agent", "Swagger-Codegen/1.0.0/java"),
        ("Accept-Encoding", "gzip"),
        ("Connection", "close"),
    ],
    charset: "; charset=utf-8",
    user_data: || json!({ "email": "uservalue" }),
    desired: "2031-03-05T10:05:00.123456789-05:00",
};

impl Client {
    fn send(&self, world: &World, method: &str, path: &str, body: Option<&Value>) -> Answer {
        let mut text =
            format!("{method} {V3}{path} HTTP/1.1\r\nHost: localhost:3005\r\nx-api-key: {ACME}\r\n");
        for (name, value) in self.head {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        let body = body.map(Value::to_string).unwrap_or_default();
        // Both declare JSON on every request, a GET included.
        text.push_str("Content-Type: application/json");
        text.push_str(if method == "GET" { "" } else { self.charset });
        if method == "GET" {
            text.push_str("\r\n\r\n");
        } else {
            text.push_str(&format!("\r\nContent-Length: {}\r\n\r\n{body}", body.len()));
        }
        let answer = exchange(world.external, text.as_bytes());
        assert!(is_uuid(answer.json()["status"]["corrId"].as_str().unwrap()), "{}", self.name);
        answer
    }

    fn data(&self, world: &World, method: &str, path: &str, body: Option<&Value>) -> Value {
        let answer = self.send(world, method, path, body);
        assert_eq!(answer.status, 200, "{} {path}: {}", self.name, answer.text());
        assert_eq!(answer.header("content-type"), Some("application/json"));
        answer.data()
    }

    /// All nine operations, each parsed as the client parses it.
    fn nine_operations(&self, world: &World) {
        let wish = json!({
            "serviceName": "Sales", "phoneNumber": "15195550123", "desiredTime": self.desired,
            "userData": (self.user_data)(), "cbOfferType": SENTENCE, "language": "en-US",
        });
        let id = uuid_of(&self.data(world, "POST", "/callbacks/create", Some(&wish)), "id");
        let body = json!({ "id": id });

        let shown = self.data(world, "POST", "/callbacks/retrieve", Some(&body));
        date_of(&shown, "desiredTime");
        assert!(shown["callbackState"].is_string() && shown["phoneNumber"].is_string());

        let path = "/callbacks/availability/Sales?numberOfDays=2&maxTimeSlots=5&timezone=America%2FNew_York";
        let free = self.data(world, "GET", path, None);
        number_of(&free, "durationMin");
        for slot in free["slots"].as_array().unwrap() {
            date_of(slot, "utcTime");
            date_of(slot, "localTime");
            number_of(slot, "capacity");
            number_of(slot, "total");
        }
        let path = "/callbacks/open-for/Sales?start=2031-03-04T15%3A05%3A00%2B00%3A00";
        number_of(&self.data(world, "GET", path, None), "openFor");

        let status = self.data(world, "GET", "/callbacks/queue-status/Sales", None);
        number_of(&status, "ewt");
        assert!(
            status["offerImmediateCallback"].is_boolean() && status["offerScheduledCallback"].is_boolean()
        );

        let waits =
            self.data(world, "GET", "/estimated-wait-time?virtual-queues=Sales%2CSmall&mode=mode2", None);
        for wait in waits.as_array().unwrap() {
            number_of(wait, "estimatedWaitTime");
            number_of(wait, "resultCode");
            assert!(wait["virtualQueue"].is_string() && wait["message"].is_string());
        }
        let wish = json!({
            "groupName": "help", "fromPhoneNumber": "15195550123", "userData": (self.user_data)(), "callbackServiceId": id,
        });
        let call_in = self.data(world, "POST", "/call-in/requests/create", Some(&wish));
        uuid_of(&call_in, "id");
        uuid_of(&call_in, "callbackServiceId");
        number_of(&call_in, "expirationTime");
        // Declared as a number, sent as digits: the only form every client reads.
        call_in["accessCode"].as_str().unwrap().parse::<i32>().unwrap();

        // Neither client can send a body here.
        let answer = exchange(
            world.external,
            format!(
                "POST {V3}/statistics/operations/get-statistic-ex HTTP/1.1\r\nHost: localhost\r\nx-api-key: {ACME}\r\n\
                 Content-Type: application/json\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            )
            .as_bytes(),
        );
        assert!(answer.status == 200 && answer.data().is_object(), "{}", answer.text());

        assert_eq!(uuid_of(&self.data(world, "POST", "/callbacks/cancel", Some(&body)), "id"), id);
    }
}

fn uuid_of(data: &Value, member: &str) -> String {
    let text = data[member].as_str().unwrap_or_else(|| panic!("{member} in {data}"));
    assert!(is_uuid(text), "{text}");
    text.to_owned()
}

/// `ISO_OFFSET_DATE_TIME`, as the Java client reads it.
fn date_of(data: &Value, member: &str) {
    let text = data[member].as_str().unwrap_or_else(|| panic!("{member} in {data}"));
    chrono::DateTime::parse_from_rfc3339(text).unwrap_or_else(|_| panic!("{text}"));
    assert!(text.contains('T'), "{text}");
}

fn number_of(data: &Value, member: &str) {
    assert!(data[member].is_number(), "{member} in {data}");
}

/// JS 9.0.83 (plus the missing proxy package) completes all nine operations with no rejected promise on success.
/// Replayed; the client itself is driven by its own script.
#[test]
fn check_71_what_the_javascript_client_sends() {
    JS.nine_operations(&World::new());
}

/// JAVA 9.0.75 completes all nine with no exception on success, sync and async. Replayed: both of its forms send the
/// same bytes and parse with the same rules.
#[test]
fn check_72_what_the_java_client_sends() {
    JAVA.nine_operations(&World::new());
}

/// JS 9.0.24 and JAVA 1.0.1, whose `userData` is text, book and call in successfully. Replayed.
#[test]
fn check_73_what_the_oldest_clients_send() {
    for client in [
        Client { name: "JS 9.0.24", user_data: || json!(r#"{"email":"uservalue"}"#), ..JS },
        Client { name: "JAVA 1.0.1", user_data: || json!("{}"), desired: "2031-03-05T15:05:00Z", ..JAVA },
    ] {
        client.nine_operations(&World::new());
    }
}

/// On 429 the JS application finds the proposals in `error.response.body.data.slots`, the Java one in the raw body of
/// `ApiException`. Replayed: JS parses the body only when it is typed JSON and takes the message from the phrase.
#[test]
fn check_74_both_find_the_proposals() {
    for client in [JS, JAVA] {
        let world = World::new();
        let wish = json!({
            "serviceName": "Small", "phoneNumber": "15195550123", "desiredTime": "2031-03-05T15:00:00.000Z",
            "cbOfferType": SENTENCE, "language": "en-US",
        });
        client.data(&world, "POST", "/callbacks/create", Some(&wish));
        let answer = client.send(&world, "POST", "/callbacks/create", Some(&wish));
        assert_eq!((answer.status, answer.phrase.as_str()), (429, "Too Many Requests"), "{}", client.name);
        assert_eq!(answer.header("content-type"), Some("application/json"));
        let slots = answer.json()["data"]["slots"].as_object().unwrap().clone();
        assert!(!slots.is_empty() && slots.values().all(Value::is_string));
    }
}

/// All twelve tutorial programs of TUT that touch this API print their success line. Replayed: each needs one operation
/// and certain members of its reply; those that read `data[0]`, or the length of a list without looking, find them.
#[test]
fn check_75_what_the_tutorials_need() {
    let world = World::new();
    for client in [&JS, &JAVA] {
        let wish = json!({ "serviceName": "Always", "phoneNumber": "15195550123", "cbOfferType": SENTENCE, "language": "en-US" });
        let id = uuid_of(&client.data(&world, "POST", "/callbacks/create", Some(&wish)), "id");
        client.data(&world, "POST", "/callbacks/retrieve", Some(&json!({ "id": id })));
        let free = client.data(&world, "GET", "/callbacks/availability/Never", None);
        assert_eq!(free["slots"].as_array().unwrap().len(), 0);
        number_of(&client.data(&world, "GET", "/callbacks/open-for/office", None), "openFor");
        let waits = client.data(&world, "GET", "/estimated-wait-time?virtual-queues=none", None);
        number_of(&waits[0], "estimatedWaitTime");
        let wish = json!({ "groupName": "help", "fromPhoneNumber": "15195550123", "userData": "{}" });
        assert!(
            client.data(&world, "POST", "/call-in/requests/create", Some(&wish))["toPhoneNumber"].is_string()
        );
        uuid_of(&client.data(&world, "POST", "/callbacks/cancel", Some(&json!({ "id": id }))), "id");
    }
}

/// Every success reply arrives within 2 s at normal load and never later than 9 s (else 500).
#[test]
fn check_76_replies_are_quick() {
    let world = World::new();
    for _ in 0..20 {
        let reply = world.get("/callbacks/availability/Always?numberOfDays=14");
        assert!(reply.status == 200 && reply.lasted.as_secs() < 2, "{:?}", reply.lasted);
    }
    // The bound itself is the listener's; its own tests hold a stuck handler to it.
    assert_eq!(ges_http::Limits::EXTERNAL.answer_time.as_secs(), 9);
    assert_eq!(ges_http::Limits::INTERNAL.answer_time.as_secs(), 9);
}
