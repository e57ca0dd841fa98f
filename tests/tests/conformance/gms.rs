//! The GMS-compatible API of the internal listener (callback-domain §12).

use serde_json::{Value, json};

use crate::client::{Answer, Request};
use crate::world::{ACME, NUMBER, World};

const CALLBACK: &str = "/genesys/1/service/callback";

fn created(world: &World, service: &str, properties: Value) -> String {
    let reply = world.inside("POST", &format!("{CALLBACK}/{service}")).json(&properties).send_unseen();
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.json()["_id"].as_str().unwrap().to_owned()
}

fn put(world: &World, id: &str, properties: Value) -> Answer {
    world.inside("PUT", &format!("{CALLBACK}/Sales/{id}")).json(&properties).send_unseen()
}

fn found(world: &World, query: &str) -> Vec<Value> {
    let reply = world.inside("GET", &format!("{CALLBACK}?{query}")).send_unseen();
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.json().as_array().unwrap().clone()
}

#[test]
fn a_callback_is_created_found_changed_and_cancelled() {
    let world = World::new();
    let wish = json!({ "_customer_number": NUMBER, "_desired_time": "2031-03-05T15:00:00.000Z", "order": "uservalue-9" });
    let reply = world.inside("POST", &format!("{CALLBACK}/Sales")).json(&wish).send_unseen();
    let made = reply.json();
    assert_eq!((&made["_dialog_id"], &made["_action"]), (&json!("0"), &json!("ConfirmationDialog")));
    let id = made["_id"].as_str().unwrap();

    let record = found(&world, &format!("_id={id}")).remove(0);
    for member in [
        "_id",
        "_desired_time",
        "_service_name",
        "_callback_state",
        "_expiration_time",
        "_customer_number",
        "_url",
    ] {
        assert!(record[member].is_string(), "{member}");
    }
    assert_eq!(record["_customer_number"], NUMBER);
    assert!(record.get("_callback_reason").is_none());

    let moved = put(
        &world,
        id,
        json!({ "_desired_time": "2031-03-05T16:00:00.000Z", "order": "", "next": "uservalue-1" }),
    );
    assert_eq!(moved.json()["_desired_time"], "2031-03-05T16:00:00.000Z", "{}", moved.text());
    let data = world.stored(id).request.user_data.clone();
    assert!(data.get("order").is_none() && data.get("next").is_some());

    let cancel = || world.inside("DELETE", &format!("{CALLBACK}/Sales/{id}")).send_unseen();
    assert_eq!(cancel().json()["_callback_reason"], "CANCELLED");
    assert_eq!(cancel().status, 400);
    assert_eq!(
        world.inside("DELETE", &format!("{CALLBACK}/Small/{id}")).send_unseen().status,
        404,
        "of another service"
    );
}

#[test]
fn a_form_creates_too() {
    let world = World::new();
    let request = world.inside("POST", &format!("{CALLBACK}/Sales"));
    let request = request.header("Content-Type", "application/x-www-form-urlencoded");
    let reply = request.body("_customer_number=%2B1+519+555-0123&name=uservalue").send_unseen();
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(found(&world, "_customer_number=15195550123").len(), 1);
}

#[test]
fn records_are_found_by_property_and_negation() {
    let world = World::new();
    let one = created(&world, "Sales", json!({ "_customer_number": NUMBER, "order": "uservalue-1" }));
    let two = created(
        &world,
        "Small",
        json!({ "_customer_number": "5195550177", "_desired_time": "2031-03-05T15:00:00Z" }),
    );
    let ids = |query: &str| -> Vec<String> {
        found(&world, query).iter().map(|record| record["_id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(ids("_customer_number=15195550123&_callback_state=!COMPLETED"), [one.as_str()]);
    assert_eq!(ids("_callback_state=!QUEUED"), [two.as_str()]);
    assert_eq!(ids("order=uservalue-1"), [one.as_str()]);
    assert_eq!(ids("order=!uservalue-1"), [two.as_str()]);
    assert_eq!(ids("_service_name=Small"), [two.as_str()]);
    assert_eq!(ids(&format!("_id={one}&_service_name=Small")), Vec::<String>::new());
    assert_eq!(ids("_id=b3f2b6a4-7a53-4f0a-8f6e-2f4b7c1d9e10"), Vec::<String>::new());
    for wrong in ["", "_=1", "_id=x", "_callback_state=DONE", "_customer_number=me"] {
        assert_eq!(world.inside("GET", &format!("{CALLBACK}?{wrong}")).send_unseen().status, 400, "{wrong}");
    }
    let other = Request::new(world.internal, "GET", &format!("{CALLBACK}?_id={one}"))
        .header("ContactCenterId", "globex");
    assert_eq!(other.send_unseen().json(), json!([]), "another tenant sees nothing");
}

#[test]
fn the_tenant_is_named_by_header_or_key() {
    let world = World::new();
    let path = format!("{CALLBACK}?_callback_state=QUEUED");
    let ask = || Request::new(world.internal, "GET", &path);
    assert_eq!(ask().send_unseen().status, 400);
    assert_eq!(ask().header("ContactCenterId", "nobody").send_unseen().status, 400);
    assert_eq!(ask().header("ccid", "acme").send_unseen().status, 200);
    assert_eq!(ask().header("x-api-key", ACME).send_unseen().status, 200);
    assert_eq!(ask().header("x-api-key", "wrong-secretkey").send_unseen().status, 401);
    assert_eq!(ask().header("x-api-key", ACME).header("ccid", "globex").send_unseen().status, 401);
}

#[test]
fn a_session_writes_back_once_per_sequence() {
    let world = World::new();
    let id = created(&world, "Sales", json!({ "_customer_number": NUMBER }));
    let state = |answer: Answer| answer.json()["_callback_state"].as_str().unwrap().to_owned();
    let routing = json!({ "_callback_state": "ROUTING", "_ors_session_id": "s-1", "_seq": 1 });
    assert_eq!(state(put(&world, &id, routing.clone())), "ROUTING");
    assert_eq!(state(put(&world, &id, json!({ "_callback_state": "PROCESSING", "_seq": 2 }))), "PROCESSING");
    let version = world.stored(&id).version;
    assert_eq!(state(put(&world, &id, routing)), "PROCESSING", "an older one is acknowledged and dropped");
    assert_eq!(world.stored(&id).version, version);
    let done = json!({ "_callback_state": "COMPLETED", "_callback_reason": "AGENT_CONNECTED", "_seq": 3 });
    assert_eq!(put(&world, &id, done.clone()).json()["_callback_reason"], "AGENT_CONNECTED");
    assert_eq!(state(put(&world, &id, done)), "COMPLETED");
    assert_eq!(put(&world, &id, json!({ "_callback_state": "SCHEDULED" })).status, 400);
    let waiting = created(
        &world,
        "Sales",
        json!({ "_customer_number": "5195550166", "_desired_time": "2031-03-05T15:00:00Z" }),
    );
    assert_eq!(
        put(&world, &waiting, json!({ "_callback_state": "QUEUED" })).status,
        400,
        "no attempt was issued"
    );
}

#[test]
fn a_write_back_token_is_for_one_callback() {
    let world = World::new();
    let id = created(&world, "Sales", json!({ "_customer_number": NUMBER }));
    let other = created(&world, "Sales", json!({ "_customer_number": "5195550166" }));
    let token = world.write_back.token(&"acme".into(), id.parse().unwrap());
    let write = |id: &str, token: &str| {
        let request = Request::new(world.internal, "PUT", &format!("{CALLBACK}/Sales/{id}"));
        let request = request.header("Authorization", &format!("Bearer {token}"));
        request.json(&json!({ "_callback_state": "ROUTING" })).send_unseen().status
    };
    assert_eq!(write(&id, &token), 200);
    assert_eq!(write(&other, &token), 401);
    assert_eq!(write(&id, "wrong"), 401);
}

#[test]
fn position_and_waits() {
    let world = World::new();
    world.wait("Sales", ges_core::ewt::Ewt::Known(120));
    let id = created(&world, "Sales", json!({ "_customer_number": NUMBER }));
    let position = |id: &str| {
        world.inside("GET", &format!("/genesys/1/service/{id}/check-queue-position")).send_unseen()
    };
    let place = position(&id).json();
    assert!(place["position"].is_i64() && place["ewt"].is_i64(), "{place}");
    world.inside("DELETE", &format!("{CALLBACK}/Sales/{id}")).send_unseen();
    let dead = position(&id);
    assert_eq!(dead.status, 500);
    assert!(dead.text().contains("404"), "{}", dead.text());
    let wait =
        |query: &str| world.inside("GET", &format!("/genesys/1/service/ewt-for-vq?{query}")).send_unseen();
    assert_eq!(wait("name=Sales&aqt=urs2").json()["ewt"], 120);
    assert_eq!(wait("aqt=urs2").status, 400);
    assert_eq!(wait("name=Sales&aqt=urs9").status, 400);
    let second = world.inside("GET", "/genesys/2/ewt?virtual-queues=Sales%2Cnone&mode=ewt3").send_unseen();
    assert_eq!(second.json()[1]["estimatedWaitTime"], -1);
}

#[test]
fn administrators_list_count_cancel_and_export() {
    let world = World::new();
    let queued = created(&world, "Sales", json!({ "_customer_number": NUMBER, "order": "uservalue-7" }));
    let later = created(
        &world,
        "Small",
        json!({ "_customer_number": NUMBER, "_desired_time": "2031-03-07T15:00:00Z" }),
    );
    let get = |path: &str| world.inside("GET", &format!("/genesys/1/admin/callback/{path}")).send_unseen();
    let queues = get("queues").json();
    assert_eq!(queues["Sales"][0]["_id"], queued.as_str());
    assert!(queues.get("Small").is_none(), "beyond the next 24 h");
    let all = get(
        "queues?start_time=2031-03-01T00:00Z&end_time=2031-03-30T00:00Z&states=SCHEDULED&target=Small,Sales",
    )
    .json();
    assert_eq!(all, json!({ "Small": [all["Small"][0].clone()] }));
    assert_eq!(get("queues?states=DONE").status, 400);
    assert_eq!(get("queues?start_time=2031-03-05T00:00Z&end_time=2031-03-04T00:00Z").status, 400);
    let marks = get("watermarks").json();
    assert_eq!(
        (&marks["services"]["Sales"], &marks["total"]),
        (&json!(1), &json!(1)),
        "SCHEDULED is not counted"
    );
    assert_eq!(get("watermarks?service_name=Small").json()["total"], 0);

    let post = |path: &str, body: Value| {
        world.inside("POST", &format!("/genesys/1/admin/callback/{path}")).json(&body).send_unseen()
    };
    let unknown = "b3f2b6a4-7a53-4f0a-8f6e-2f4b7c1d9e10";
    let outcome = post("cancel", json!({ "reason": "storm", "ids": [queued, later, unknown] })).json();
    assert_eq!(outcome["cancelled"], json!([queued, later]));
    assert_eq!(outcome["failed"][0]["id"], unknown);
    assert_eq!(post("cancel", json!({ "ids": ["x"] })).status, 400);
    let export =
        json!({ "callback_reason": "CANCELLED_BY_ADMIN", "exported_properties": ["_id", "order", "none"] });
    let exported = post("reportcancelled", export).json();
    assert_eq!(exported, json!([{ "_id": queued, "order": "uservalue-7" }, { "_id": later }]));
}

#[test]
fn calendar_and_numbers() {
    let world = World::new();
    let get = |path: &str| world.inside("GET", &format!("/genesys/1/{path}")).send_unseen();
    let week = get("service/office?start=2031-03-05T00:00:00&number-of-days=3").json();
    let days: Vec<&str> =
        week.as_array().unwrap().iter().map(|period| &period["localStart"].as_str().unwrap()[..10]).collect();
    assert_eq!(days, ["2031-03-05", "2031-03-07"], "a holiday lies between");
    assert_eq!(week[0]["localEnd"], "2031-03-05T17:00:00.000-05:00");
    assert_eq!(get("service/never").json(), json!([]));
    assert_eq!(get("service/none").status, 400);
    assert_eq!(get("service/office?number-of-days=401").status, 400);
    let number = get("phonenumber?number=5195550123&country=CA").json();
    assert_eq!((&number["possible"], &number["e164"]), (&json!(true), &json!("+15195550123")));
    assert_eq!(get("phonenumber?number=me").status, 400);
    assert_eq!(get("phonenumber?number=5195550123&country=UK").status, 400);
    assert_eq!(get("phonenumber").status, 400);
}

#[test]
fn throttles_are_503_and_times_400() {
    let world = World::new();
    let create = |service: &str, more: Value| {
        let mut body = json!({ "_customer_number": NUMBER });
        for (name, value) in more.as_object().unwrap() {
            body[name] = value.clone();
        }
        world.inside("POST", &format!("{CALLBACK}/{service}")).json(&body).send_unseen()
    };
    assert_eq!(create("OncePerNumber", json!({})).status, 200);
    let throttled = create("OncePerNumber", json!({}));
    assert_eq!((throttled.status, throttled.reason().as_str()), (503, "NUMBER_THROTTLED"));
    assert!(throttled.header("retry-after").is_some());
    assert_eq!(world.counter("CB_ENQUEUE_LIMIT_REACHED"), 1.0);
    let closed = create("Sales", json!({ "_desired_time": "2031-03-05T03:00:00.000Z" }));
    assert_eq!((closed.status, closed.reason().as_str()), (400, "OFFICE_CLOSED"));
    assert!(!closed.data()["slots"].as_object().unwrap().is_empty());
    assert_eq!(create("none", json!({})).status, 400);
    assert_eq!(create("Sales", json!({ "_customer_number": "" })).status, 400);
}

/// A caller reads the names of the properties it has sent, and none of the other API.
#[test]
fn a_refusal_names_the_properties_of_this_api() {
    let world = World::new();
    let create = |service: &str, body: Value| {
        world.inside("POST", &format!("{CALLBACK}/{service}")).json(&body).send_unseen()
    };
    let unknown = "b3f2b6a4-7a53-4f0a-8f6e-2f4b7c1d9e10";
    let id = created(
        &world,
        "Small",
        json!({ "_customer_number": NUMBER, "_desired_time": "2031-03-05T15:00:00Z" }),
    );
    created(&world, "Small", json!({ "_customer_number": NUMBER, "_desired_time": "2031-03-05T16:00:00Z" }));
    let at = |time: &str| json!({ "_customer_number": "5195550177", "_desired_time": time });
    let move_to_taken = world
        .inside("PUT", &format!("{CALLBACK}/Small/{id}"))
        .json(&json!({ "_desired_time": "2031-03-05T16:00:00Z" }));
    for (answer, status, text) in [
        (create("none", at("")), 400, "_service_name: no callback service of this name is configured"),
        (create("Sales", json!({})), 400, "_customer_number: is required"),
        (create("Sales", json!({ "_customer_number": "me" })), 400, "_customer_number: "),
        (create("Local", json!({ "_customer_number": "+33199001122" })), 400, "_customer_number: "),
        (create("OnlyLater", at("")), 400, "_desired_time: immediate callbacks are not enabled"),
        (create("Sales", at("2031-05-05T15:00:00Z")), 400, "_desired_time: the desired time is beyond"),
        (create("Small", at("2031-03-05T15:00:00Z")), 400, "_desired_time: no place is left"),
        (move_to_taken.send_unseen(), 400, "_desired_time: no place is left"),
        (create("Mobile", at("")), 400, "push targets: this service needs at least one"),
        (put(&world, unknown, json!({ "a": "b" })), 404, "_id: there is no callback with this id"),
        (put(&world, &id, json!({ "a": "b" })), 404, "_id: this service has no callback with this id"),
        (put(&world, "x", json!({ "a": "b" })), 400, "_id: "),
    ] {
        let told = answer.json()["status"]["message"].as_str().unwrap().to_owned();
        assert_eq!(answer.status, status, "{told}");
        assert!(told.starts_with(text), "{told}, not {text}");
    }
    let many = world.inside("POST", "/genesys/1/admin/callback/cancel").json(&json!({ "ids": [unknown] }));
    assert_eq!(many.send_unseen().json()["failed"][0]["message"], "_id: there is no callback with this id");
}

fn settings(world: &World, method: &str, path: &str, body: Option<Value>) -> Answer {
    let request = world.inside(method, &format!("/genesys/1/admin/settings{path}"));
    body.iter().fold(request, |request, body| request.json(body)).send_unseen()
}

#[test]
fn settings_are_published_as_a_whole_or_not_at_all() {
    let world = World::new();
    let section = json!({
        "_route_point": "8001", "_designer_workspace": "w", "_stream": "Live", "_business_hours_service": "office",
        "_scheduled_enabled": true, "_unknown": "kept",
    });
    let version =
        |answer: Answer| (answer.json()["data"]["version"].clone(), answer.json()["data"]["changed"].clone());
    assert_eq!(
        version(settings(&world, "PUT", "/service.Fresh", Some(section.clone()))),
        (json!(1), json!(true))
    );
    assert_eq!(
        version(settings(&world, "PUT", "/service.Fresh", Some(section.clone()))),
        (json!(1), json!(false))
    );
    assert!(!world.slots("Fresh?numberOfDays=1").is_empty(), "in force at once");
    assert_eq!(
        settings(&world, "GET", "", None).json()["data"]["sections"]["service.Fresh"]["_unknown"],
        "kept"
    );

    let rows = json!({ "service.Two": section, "service.Bad": { "_business_hours_service": "nowhere" } });
    let refused = settings(&world, "POST", "", Some(rows));
    assert_eq!((refused.status, refused.reason().as_str()), (400, "SETTINGS_INVALID"));
    let faults = refused.json()["data"]["faults"].as_array().unwrap().clone();
    assert!(
        faults.iter().any(|fault| fault["section"] == "service.Bad" && fault["field"] == "_route_point"),
        "{faults:?}"
    );
    assert_eq!(world.get("/callbacks/open-for/Two").status, 400, "nothing was published");

    let table = json!({ "service.Two": section });
    assert_eq!(version(settings(&world, "PUT", "", Some(table))), (json!(2), json!(true)));
    assert_eq!(world.get("/callbacks/open-for/Fresh").status, 400, "gone with the old table");
    assert_eq!(world.get("/callbacks/open-for/Two").status, 200);
    assert_eq!(world.get("/callbacks/open-for/Sales").status, 200, "the file's own stay");
    assert_eq!(version(settings(&world, "DELETE", "/service.Two", None)), (json!(3), json!(true)));
    assert_eq!(version(settings(&world, "DELETE", "/service.Two", None)), (json!(3), json!(false)));
    // A body that would close the object it is put into and open another section.
    let smuggled = world.inside("PUT", "/genesys/1/admin/settings/service.X");
    let smuggled = smuggled.header("Content-Type", "application/json");
    let reply = smuggled.body(format!(r#"{section},"service.Y":{section}"#)).send_unseen();
    assert_eq!((reply.status, reply.reason().as_str()), (400, "JSON_MALFORMED"));
    assert_eq!(world.get("/callbacks/open-for/Y").status, 400);
}

#[test]
fn tenants_are_listed_and_refreshed() {
    let world = World::new();
    let list = Request::new(world.internal, "GET", "/genesys/1/tenants").send_unseen().json();
    assert_eq!(list, json!(["acme", "globex", "guarded"]));
    let info = Request::new(world.internal, "GET", "/genesys/1/tenants/info").send_unseen().json();
    assert_eq!(info[0]["ccid"], "acme");
    let refresh = |tenant: &str| {
        Request::new(world.internal, "GET", "/genesys/1/tenants/refresh")
            .header("ContactCenterId", tenant)
            .send_unseen()
            .status
    };
    assert_eq!((refresh("acme"), refresh("nobody"), refresh("")), (202, 404, 400));
}

#[test]
fn a_session_that_reports_late_changes_nothing() {
    let world = World::new();
    let id = created(&world, "Sales", json!({ "_customer_number": NUMBER }));
    world.inside("DELETE", &format!("{CALLBACK}/Sales/{id}")).send_unseen();
    let late = put(&world, &id, json!({ "_callback_state": "PROCESSING", "_seq": 9 }));
    assert_eq!((late.status, late.json()["_callback_state"].clone()), (200, json!("COMPLETED")));
}
