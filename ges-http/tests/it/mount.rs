//! The API as a host mounts it: defaults, prefix, sides, routes of its own, tower.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream;
use ges_core::settings::SettingsFile;
use ges_core::zone::ZoneDatabase;
use ges_http::{Access, Api, ApiMistake, Call, Exposure, OPENAPI, Reply, Router, Service};
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt, Full, StreamBody};
use serde_json::{Value, json};
use tower_service::Service as _;

use crate::fixture::engine;

const SETTINGS: &str = "
    [tenants.acme.services.Support]
    scheduled = true
";

/// The least a host writes.
fn mounted(prefix: &str) -> Api {
    let engine = engine();
    for (tenant, file) in SettingsFile::parse(SETTINGS, &ZoneDatabase::embedded()).unwrap().tenants {
        engine.configure(file.definitions.resolve(tenant, 1).unwrap());
    }
    Api::builder(engine).under(prefix).build().unwrap()
}

async fn ask(service: &Service, method: Method, path: &str, body: Value) -> (StatusCode, Value) {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("ContactCenterId", "acme")
        .header("content-type", "application/json");
    let answer = service.handle(request.body(Full::new(Bytes::from(body.to_string()))).unwrap()).await;
    let (head, body) = answer.into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    (head.status, serde_json::from_slice(&bytes).unwrap())
}

async fn get(service: &Service, path: &str) -> (StatusCode, Value) {
    ask(service, Method::GET, path, Value::Null).await
}

fn wish() -> Value {
    json!({ "serviceName": "Support", "phoneNumber": "+15195550123", "desiredTime": "1970-01-01T12:00:00Z" })
}

#[tokio::test]
async fn an_engine_alone_is_enough_to_book_and_to_list() {
    for prefix in ["", "/callbacks", "/a/b"] {
        let inside = mounted(prefix).internal();
        let create = format!("{prefix}/engagement/v3/callbacks/create");
        let (status, booked) = ask(&inside, Method::POST, &create, wish()).await;
        assert_eq!(status, 200, "{booked}");
        let (status, listed) =
            get(&inside, &format!("{prefix}/genesys/1/service/callback?_callback_state=SCHEDULED")).await;
        assert_eq!(status, 200, "{listed}");
        assert_eq!(listed.as_array().unwrap().len(), 1, "{listed}");
        // Where the record says that it is, it is.
        let url = listed[0]["_url"].as_str().unwrap();
        let (status, cancelled) = ask(&inside, Method::DELETE, url, Value::Null).await;
        assert_eq!((status.as_u16(), &cancelled["_url"]), (200, &json!(url)), "{cancelled}");
    }
}

#[tokio::test]
async fn outside_of_the_prefix_there_is_nothing() {
    let inside = mounted("/callbacks").internal();
    for path in ["/", "/callbacks", "/engagement/v3/estimated-wait-time", "/callbacksx/genesys/1/tenants"] {
        let (status, answer) = get(&inside, path).await;
        assert_eq!((status.as_u16(), &answer["status"]["reason"]), (404, &json!("PATH_UNKNOWN")), "{path}");
    }
    assert_eq!(get(&inside, "/callbacks/genesys/1/tenants").await, (StatusCode::OK, json!(["acme"])));
}

#[tokio::test]
async fn the_document_says_where_the_api_is() {
    let of = |prefix: &'static str| async move {
        get(&mounted(prefix).internal(), &format!("{prefix}/ges/v1/openapi.json")).await.1
    };
    let plain: Value = serde_json::from_str(OPENAPI).unwrap();
    assert_eq!(of("").await, plain);
    let mut mounted = of("/callbacks").await;
    assert_eq!(mounted["servers"], json!([{ "url": "/callbacks/engagement/v3" }]));
    mounted["servers"] = plain["servers"].clone();
    assert_eq!(mounted, plain, "nothing else is different");
}

#[tokio::test]
async fn without_identities_nobody_gets_in_from_the_street() {
    let street = mounted("").external();
    let (status, _) = ask(&street, Method::POST, "/engagement/v3/callbacks/create", wish()).await;
    assert_eq!(status, 401);
    assert_eq!(get(&street, "/genesys/1/tenants").await.0, 404, "it is for the inside");
}

#[tokio::test]
async fn what_a_host_does_not_bring_is_not_there() {
    let inside = mounted("").internal();
    for path in ["/metrics", "/ges/v1/health", "/genesys/1/admin/settings", "/genesys/1/tenants/refresh"] {
        assert_eq!(get(&inside, path).await.0, 404, "{path}");
    }
}

#[tokio::test]
async fn routes_of_the_host_stand_beside_and_private_ones_inside_only() {
    let hello = |_: Call| async move { Reply::data(&"hello") };
    let routes = Router::new()
        .reads(Method::GET, "/hello", Exposure::Api, Access::Open, hello)
        .and_then(|routes| routes.reads(Method::GET, "/desk", Exposure::Private, Access::Open, hello));
    let api = Api::builder(engine()).routes(routes.unwrap()).build().unwrap();
    for (service, path, status) in [
        (api.external(), "/hello", 200),
        (api.internal(), "/hello", 200),
        (api.external(), "/desk", 404),
        (api.internal(), "/desk", 200),
    ] {
        assert_eq!(get(&service, path).await.0, status, "{path}");
    }
}

#[test]
fn mistakes_of_the_host_are_told() {
    let refused =
        |prefix: &str| Api::builder(engine()).under(prefix).build().err().map(|error| error.to_string());
    assert_eq!(
        refused("callbacks/").unwrap(),
        "\"callbacks/\" is no prefix of paths; one like /callbacks is, with no slash at its end"
    );
    let taken = |_: Call| async move { Reply::data(&"") };
    let routes = Router::new().reads(Method::GET, "/genesys/2/ewt", Exposure::Private, Access::Open, taken);
    let error = Api::builder(engine()).routes(routes.unwrap()).build().err().unwrap();
    assert!(matches!(error, ApiMistake::Route(_)), "{error}");
    assert_eq!(
        error.to_string(),
        "the route /genesys/2/ewt cannot be entered: it has a handler for GET already"
    );
}

/// As a tower service, from a body that is neither ours nor hyper's and can fail.
#[tokio::test]
async fn it_is_a_tower_service_over_any_body() {
    let mut inside = mounted("/callbacks").internal();
    let text = wish().to_string();
    let (first, second) = text.split_at(20);
    let pieces = [first, second]
        .map(|piece| Ok::<_, std::io::Error>(http_body::Frame::data(Bytes::from(piece.to_owned()))));
    let request = Request::post("/callbacks/engagement/v3/callbacks/create")
        .header("ccid", "acme")
        .header("content-type", "application/json")
        .body(StreamBody::new(stream::iter(pieces)));
    std::future::poll_fn(|context| {
        tower_service::Service::<Request<Full<Bytes>>>::poll_ready(&mut inside, context)
    })
    .await
    .unwrap();
    let answer = inside.call(request.unwrap()).await.unwrap();
    assert_eq!(answer.status(), 200);
    fn is_mountable<S: Clone + Send + Sync + 'static>(_: &S) {}
    is_mountable(&inside);
    let _: Arc<Service> = Arc::new(inside);
}
