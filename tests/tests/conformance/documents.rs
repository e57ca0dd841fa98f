//! What is written down is what happens: every reply of every test is held to the OpenAPI document and to the table of
//! error codes, and both to the code.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock};

use ges_http::OPENAPI;
use jsonschema::Validator;
use serde_json::{Value, json};

use crate::client::{Answer, Request};
use crate::world::{NUMBER, V3, World};

const CODES: &str = include_str!("../../../docs/error-codes.md");

fn document() -> &'static Value {
    static PARSED: OnceLock<Value> = OnceLock::new();
    PARSED.get_or_init(|| serde_json::from_str(OPENAPI).unwrap())
}

/// Reason → HTTP statuses, from the table.
fn codes() -> &'static BTreeMap<&'static str, Vec<u16>> {
    static CODES_READ: OnceLock<BTreeMap<&'static str, Vec<u16>>> = OnceLock::new();
    CODES_READ.get_or_init(|| {
        let rows = CODES.lines().filter_map(|line| line.strip_prefix("| `"));
        rows.map(|row| {
            let (reason, rest) = row.split_once("` |").unwrap();
            let statuses = rest.split('|').next().unwrap().split(',');
            (reason, statuses.map(|status| status.trim().parse().unwrap()).collect())
        })
        .collect()
    })
}

/// Holds a reply to the documents.
pub fn hold(method: &str, target: &str, answer: &Answer) {
    let json = answer.json();
    if let Some(reason) = json["status"]["reason"].as_str() {
        let documented =
            codes().get(reason).unwrap_or_else(|| panic!("{reason} is not in docs/error-codes.md"));
        assert!(
            documented.contains(&answer.status),
            "{reason} with {} is not in docs/error-codes.md",
            answer.status
        );
    }
    let Some((template, operation)) = operation(method, target) else { return };
    let declared = operation["responses"].as_object().unwrap();
    let status = answer.status.to_string();
    assert!(
        declared.contains_key(&status),
        "{method} {template} does not declare {status}: {}",
        answer.text()
    );
    let validator = validator(method, template, &status);
    let errors: Vec<String> =
        validator.iter_errors(&json).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{method} {template} {status}: {errors:?} in {json}");
}

/// The operation a request belongs to; none for unknown paths and wrong methods.
fn operation(method: &str, target: &str) -> Option<(&'static str, &'static Value)> {
    let path = target.split('?').next()?.strip_prefix(V3)?;
    let asked: Vec<&str> = path.split('/').collect();
    let (template, item) = document()["paths"].as_object()?.iter().find(|(template, _)| {
        let parts: Vec<&str> = template.split('/').collect();
        parts.len() == asked.len()
            && parts
                .iter()
                .zip(&asked)
                .all(|(part, asked)| part == asked || (part.starts_with('{') && !asked.is_empty()))
    })?;
    Some((template, item.get(method.to_ascii_lowercase())?))
}

fn validator(method: &str, template: &str, status: &str) -> Arc<Validator> {
    static KNOWN: Mutex<Option<HashMap<String, Arc<Validator>>>> = Mutex::new(None);
    let escaped = template.replace('~', "~0").replace('/', "~1");
    let mut place = format!("/paths/{escaped}/{}/responses/{status}", method.to_ascii_lowercase());
    // A response may itself be a reference.
    if let Some(to) = document().pointer(&place).and_then(|response| response["$ref"].as_str()) {
        place = to.trim_start_matches('#').to_owned();
    }
    let mut known = KNOWN.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let known = known.get_or_insert_default();
    let made = known.entry(place.clone()).or_insert_with(|| {
        // Braces and tildes of the place have to be percent-encoded in a reference.
        let place = place.replace('{', "%7B").replace('}', "%7D");
        let schema = json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "$ref": format!("#{place}/content/application~1json/schema"),
            "paths": document()["paths"],
            "components": document()["components"],
        });
        Arc::new(jsonschema::options().should_validate_formats(true).build(&schema).unwrap())
    });
    made.clone()
}

/// Every path and method of the document is a route of the street, and nothing else is.
#[test]
fn the_document_has_the_routes_and_nothing_else() {
    let world = World::new();
    let documented: BTreeSet<(String, String)> = document()["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(template, item)| {
            item.as_object()
                .unwrap()
                .keys()
                .map(move |method| (format!("{V3}{template}"), method.to_ascii_uppercase()))
        })
        .collect();
    let routed: BTreeSet<(String, String)> = world
        .routes
        .iter()
        .flat_map(|(template, allow)| {
            let methods = allow.split(", ").filter(|method| *method != "OPTIONS");
            methods.map(move |method| ((*template).to_owned(), method.to_owned()))
        })
        .collect();
    assert_eq!(documented, routed);
    assert_eq!(routed.len(), 9);
}

#[test]
fn the_document_is_served_inside_only() {
    let world = World::new();
    let inside = Request::new(world.internal, "GET", "/ges/v1/openapi.json").send_unseen();
    assert_eq!((inside.status, &inside.json()), (200, document()));
    assert_eq!(inside.json()["openapi"], "3.1.0");
}

/// A document that promises too little would hold no reply to anything.
#[test]
fn the_document_refuses_what_clients_cannot_read() {
    let refuses = |method: &str, path: &str, status: &str, reply: Value| {
        !validator(method, path, status).is_valid(&reply)
    };
    let status =
        json!({ "code": 0, "message": "Successful", "corrId": "3f0c6f7e-52a1-4a0e-9c0b-6f4f3d9b8a11" });
    let data = |data: Value| json!({ "status": status, "data": data });
    assert!(!refuses(
        "POST",
        "/callbacks/create",
        "200",
        data(json!({ "id": "b3f2b6a4-7a53-4f0a-8f6e-2f4b7c1d9e10" }))
    ));
    assert!(refuses("POST", "/callbacks/create", "200", data(json!({ "id": "7" }))));
    assert!(refuses("POST", "/callbacks/create", "200", json!({ "status": status })));
    let slot = |local: &str| {
        data(json!({ "durationMin": 5, "timezone": "UTC", "slots": [
            { "utcTime": "2030-01-02T03:00:00.000Z", "localTime": local, "capacity": 1, "total": 1 }] }))
    };
    let path = "/callbacks/availability/{service-name}";
    assert!(!refuses("GET", path, "200", slot("2030-01-02T03:00:00.000-05:00")));
    for local in ["2030-01-02T03:00:00.000", "2030-01-02T03:00:00.000+0530", "2030-01-02 03:00:00Z"] {
        assert!(refuses("GET", path, "200", slot(local)), "{local}");
    }
    assert!(refuses("GET", "/estimated-wait-time", "200", data(json!({}))));
    let throttled = json!({ "status": { "code": 429, "message": "", "corrId": status["corrId"], "reason": "X" }, "data": { "slots": [] } });
    assert!(refuses("POST", "/callbacks/create", "429", throttled));
    let callback = json!({ "id": "b3f2b6a4-7a53-4f0a-8f6e-2f4b7c1d9e10", "desiredTime": "2031-03-04T15:05:00.000Z",
        "callbackState": "QUEUED", "phoneNumber": NUMBER, "callbackReason": "CANCELLED" });
    assert!(refuses("POST", "/callbacks/retrieve", "200", data(callback)));
}

/// Every reason the code can answer has a row, and every row a reason.
#[test]
fn every_reason_is_in_the_table_and_no_other() {
    // Upper-case words of the same files that are no reasons.
    const OTHERS: [&str; 11] = [
        "POST",
        "DELETE",
        "PATCH",
        "HEAD",
        "OPTIONS",
        "OTHER",
        "DOWN",
        "ASAP",
        "SCHEDULED",
        "COMBINED_SCHEDULED_AND_ASAP",
        "CANCELLED_BY_ADMIN",
    ];
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut files: Vec<_> = ["ges-core/src/engine/refusal.rs", "ges-core/src/number/policy.rs"]
        .map(|file| root.join(file))
        .into();
    rust_files(&root.join("ges-http/src"), &mut files);
    let mut found = BTreeSet::new();
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let code = text.split("#[cfg(test)]").next().unwrap();
        let token = |word: &&str| {
            word.len() > 3
                && word.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_')
                && !OTHERS.contains(word)
        };
        found.extend(code.split('"').filter(token).map(str::to_owned));
    }
    let documented: BTreeSet<String> = codes().keys().map(|&reason| reason.to_owned()).collect();
    assert_eq!(found, documented);
}

fn rust_files(folder: &Path, files: &mut Vec<std::path::PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            rust_files(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}
