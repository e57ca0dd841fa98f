//! `Idempotency-Key`: a create that is sent again makes no second callback (engagement-api-v3 §3.1).

use serde_json::{Value, json};

use crate::client::{Answer, Request};
use crate::privacy;
use crate::world::{ACME, GLOBEX, GUARDED, NUMBER, V3, World};

/// A key carries a mark of the privacy watch: it must not reach a log, a metric or the list of failed requests.
const KEY: &str = "order-4711-secretkey-of-the-caller";
const GMS: &str = "/genesys/1/service/callback";

fn wish(more: Value) -> Value {
    let mut wish = json!({ "serviceName": "Sales", "phoneNumber": NUMBER });
    wish.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    wish
}

fn create(world: &World, key: &str, body: &Value) -> Answer {
    world.request("POST", "/callbacks/create").header("Idempotency-Key", key).json(body).send()
}

fn create_gms(world: &World, key: &str, properties: &Value) -> Answer {
    let request = world.inside("POST", &format!("{GMS}/Sales"));
    request.header("idempotency-key", key).json(properties).send_unseen()
}

/// How many callbacks the service has that most tests ask for.
fn records(world: &World) -> usize {
    let listed = world.inside("GET", &format!("{GMS}?_service_name=Sales")).send_unseen();
    listed.json().as_array().unwrap().len()
}

#[test]
fn the_same_key_and_request_have_the_same_answer_and_no_second_callback() {
    let world = World::new();
    let now = wish(json!({}));
    let later = wish(json!({ "desiredTime": "2031-03-05T15:00:00Z", "phoneNumber": "+1 (519) 555-0177" }));
    for (key, body) in [("secretkey-for-now", now), ("secretkey-for-later", later)] {
        let before = records(&world);
        let first = create(&world, key, &body);
        assert_eq!(first.status, 200, "{}", first.text());
        for _ in 0..2 {
            let again = create(&world, key, &body);
            assert_eq!((again.status, again.data()), (200, first.data()));
        }
        assert_eq!(records(&world), before + 1);
        let other = create(&world, &format!("{key}-2"), &body);
        assert_eq!(other.status, 200, "{}", other.text());
        assert_ne!(other.data(), first.data(), "another key is another callback");
    }
    assert_eq!(world.orchestrator.started().len(), 2, "those for now");
}

/// What a caller writes in another way is the same request if it means the same; a CAPTCHA token is another one each time.
#[test]
fn the_same_request_may_be_written_in_another_way() {
    let world = World::new();
    let send = |body: &str| {
        let request = world.request("POST", "/callbacks/create").header("Idempotency-Key", KEY);
        request.header("Content-Type", "application/json").body(body.to_owned()).send()
    };
    let number = format!(r#""phoneNumber":"{NUMBER}""#);
    let first = send(&format!(
        r#"{{"serviceName":"Sales",{number},"priority":5,"userData":{{"a":"uservalue","b":{{"c":1,"d":2}}}}}}"#
    ));
    let again = send(&format!(
        r#"{{ "userData":{{"b":{{"d":2,"c":1}},"a":"uservalue"}}, "captchaToken":"captchatoken-2",
            "priority":"5", {number}, "serviceName":"Sales", "language":"en-US", "channel":null }}"#
    ));
    assert_eq!((first.status, again.status), (200, 200), "{}", again.text());
    assert_eq!(first.data(), again.data());
}

#[test]
fn another_request_with_that_key_is_409() {
    let world = World::new();
    let first = create(&world, KEY, &wish(json!({ "desiredTime": "2031-03-05T15:00:00Z" })));
    for other in [
        wish(json!({})),
        wish(json!({ "desiredTime": "2031-03-05T15:05:00Z" })),
        wish(json!({ "desiredTime": "2031-03-05T15:00:00Z", "phoneNumber": "+1 519 555-0177" })),
        wish(json!({ "desiredTime": "2031-03-05T15:00:00Z", "userData": { "a": "uservalue" } })),
        wish(json!({ "desiredTime": "2031-03-05T15:00:00Z", "serviceName": "nobody" })),
    ] {
        let refused = create(&world, KEY, &other);
        assert_eq!((refused.status, refused.reason().as_str()), (409, "ID_TAKEN"), "{other}");
        let text = refused.text();
        assert!(text.contains("a new request needs a new key"), "{text}");
        privacy::look_at_text("the answer", &text);
    }
    assert_eq!(world.orchestrator.started().len(), 0);
    assert_eq!(records(&world), 1);
    assert_eq!(
        create(&world, KEY, &wish(json!({ "desiredTime": "2031-03-05T15:00:00Z" }))).data(),
        first.data()
    );
}

#[test]
fn a_key_that_is_none_is_400_and_books_nothing() {
    let world = World::new();
    let long = "x".repeat(256);
    for wrong in
        ["", "short-secretkey", long.as_str(), "secretkey with blanks in it", "secretkey-größer-als-16"]
    {
        for refused in [
            create(&world, wrong, &wish(json!({}))),
            create_gms(&world, wrong, &json!({ "_customer_number": NUMBER })),
        ] {
            assert_eq!((refused.status, refused.reason().as_str()), (400, "INPUT_INVALID"), "{wrong}");
            let text = refused.text();
            assert!(
                text.contains("Idempotency-Key: one key of 16 to 255 visible ASCII characters"),
                "{text}"
            );
            privacy::look_at_text("the answer", &text);
        }
    }
    let twice = world.request("POST", "/callbacks/create").header("Idempotency-Key", KEY);
    let twice = twice.header("Idempotency-Key", KEY).json(&wish(json!({}))).send();
    assert_eq!(twice.status, 400, "{}", twice.text());
    assert_eq!(records(&world), 0);
}

#[test]
fn a_key_belongs_to_its_tenant() {
    let world = World::new();
    let send = |api_key: &str| {
        let request = Request::new(world.external, "POST", &format!("{V3}/callbacks/create"));
        let request = request.header("x-api-key", api_key).header("Idempotency-Key", KEY);
        request.json(&wish(json!({}))).send()
    };
    let (ours, theirs) = (send(ACME), send(GLOBEX));
    assert_eq!((ours.status, theirs.status), (200, 200), "{} {}", ours.text(), theirs.text());
    assert_ne!(ours.data(), theirs.data(), "the id tells nothing of another tenant");
    assert_eq!((send(ACME).data(), send(GLOBEX).data()), (ours.data(), theirs.data()));
}

/// By now the token is spent, the number has asked too often, and at last the callback is cancelled.
#[test]
fn what_was_accepted_stays_accepted() {
    let world = World::new();
    let send = |token: Option<&str>| {
        let request = Request::new(world.external, "POST", &format!("{V3}/callbacks/create"));
        let request = request.header("x-api-key", GUARDED).header("Idempotency-Key", KEY);
        let mut body = wish(json!({}));
        if let Some(token) = token {
            body["captchaToken"] = token.into();
        }
        request.json(&body).send()
    };
    assert_eq!(send(Some("captchatoken-robot")).status, 400, "nothing is booked by that");
    let first = send(Some("captchatoken-human"));
    assert_eq!(first.status, 200, "{}", first.text());
    assert_eq!((send(Some("captchatoken-robot")).data(), send(None).data()), (first.data(), first.data()));

    let throttled = wish(json!({ "serviceName": "OncePerNumber" }));
    let first = create(&world, KEY, &throttled);
    assert_eq!(world.create(throttled.clone()).status, 429);
    let alarms = world.counter("CB_ENQUEUE_LIMIT_REACHED");
    assert_eq!(create(&world, KEY, &throttled).data(), first.data());
    assert_eq!(world.counter("CB_ENQUEUE_LIMIT_REACHED"), alarms, "no alarm for a repeat");
    world.post("/callbacks/cancel", first.data());
    assert_eq!(create(&world, KEY, &throttled).data(), first.data(), "cancelled since");
}

#[test]
fn of_many_at_once_all_have_the_same_answer() {
    let world = World::new();
    let body = wish(json!({}));
    let answers: Vec<Answer> = std::thread::scope(|threads| {
        let running: Vec<_> = (0..12).map(|_| threads.spawn(|| create(&world, KEY, &body))).collect();
        running.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(answers.iter().all(|answer| answer.status == 200 && answer.data() == answers[0].data()));
    assert_eq!((records(&world), world.orchestrator.started().len()), (1, 1));
}

#[test]
fn the_older_api_takes_keys_too() {
    let world = World::new();
    let wish = json!({ "_customer_number": NUMBER, "_desired_time": "2031-03-05T15:00:00.000Z", "order": "uservalue-9" });
    let first = create_gms(&world, KEY, &wish);
    assert_eq!(first.status, 200, "{}", first.text());
    let again = create_gms(&world, KEY, &wish);
    assert_eq!((again.status, again.json()), (200, first.json()));
    let form = world.inside("POST", &format!("{GMS}/Sales")).header("Idempotency-Key", KEY);
    let form = form.header("Content-Type", "application/x-www-form-urlencoded");
    let written = "order=uservalue-9&empty=&_desired_time=2031-03-05T15%3A00%3A00.000Z&_customer_number=%2B1+(519)+555-0123";
    assert_eq!(form.body(written).send_unseen().json(), first.json(), "the same as a form");

    let other = create_gms(&world, KEY, &json!({ "_customer_number": NUMBER }));
    assert_eq!((other.status, other.reason().as_str()), (409, "ID_TAKEN"), "{}", other.text());
    assert_eq!(other.json()["status"]["code"], 409);
    let elsewhere = world.inside("POST", &format!("{GMS}/Small")).header("Idempotency-Key", KEY);
    assert_eq!(elsewhere.json(&wish).send_unseen().status, 409, "another service is another request");
    assert_eq!(records(&world), 1);
}

/// The store has booked, and its answer is lost: 500 says that it is safe to send the same again, and it is.
#[test]
fn a_lost_answer_is_had_by_sending_it_again() {
    let world = World::new();
    let gms = json!({ "_customer_number": NUMBER });
    world.store.lose_answers(true);
    let key = format!("{KEY}-gms");
    for lost in [create(&world, KEY, &wish(json!({}))), create_gms(&world, &key, &gms)] {
        assert_eq!((lost.status, lost.reason().as_str()), (500, "OUTCOME_UNKNOWN"), "{}", lost.text());
        assert!(lost.text().contains("with the same Idempotency-Key"), "{}", lost.text());
    }
    world.store.lose_answers(false);
    assert_eq!(
        (create(&world, KEY, &wish(json!({}))).status, create_gms(&world, &key, &gms).status),
        (200, 200)
    );
    assert_eq!(records(&world), 2);
}

/// The watch over all log lines sees to it when the world ends; here it is seen that the failures are there to be looked at.
#[test]
fn a_key_is_not_kept_with_a_failure() {
    let world = World::new();
    create(&world, KEY, &wish(json!({})));
    create(&world, KEY, &wish(json!({ "priority": 1 })));
    create(&world, &format!("{KEY} "), &wish(json!({ "serviceName": "nobody" })));
    let failures = world.errors.newest(Some(&"acme".into()), 9, crate::world::now(&world));
    assert_eq!(failures.len(), 2);
    privacy::look_at_text("the failures", &format!("{failures:?}"));
}
