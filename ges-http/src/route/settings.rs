//! Publishing settings ([callback-domain §3.1](ges_core::rules)). The vendor's own path is not public; these are ours:
//!
//! | | |
//! |---|---|
//! | `GET /genesys/1/admin/settings` | what is published, with its version |
//! | `PUT /genesys/1/admin/settings` | the whole table; what is not in it goes |
//! | `POST /genesys/1/admin/settings` | several sections, or rows of the table; others stay |
//! | `PUT /genesys/1/admin/settings/{section}` | one section, an object of options |
//! | `DELETE /genesys/1/admin/settings/{section}` | one section goes |
//!
//! Every row is judged before any is stored; the answer names every fault by section and field.

use std::sync::Arc;

use ges_core::port::Published;
use ges_core::settings::Change;
use http::Method;
use serde_json::json;

use super::{Publishing, with};
use crate::engagement::BadInput;
use crate::router::RouteMistake;
use crate::{Access, Call, Exposure, Problem, Reply, Router};
use ges_core::node::{NotPublished, Outcome};

const TABLE: &str = "/genesys/1/admin/settings";
const SECTION: &str = "/genesys/1/admin/settings/{section}";

/// Enters the routes.
///
/// # Errors
/// When one is in the table already.
pub fn routes(router: Router, publishing: &Arc<Publishing>) -> Result<Router, RouteMistake> {
    let (shown, who) = (Exposure::Private, Access::ContactCenter);
    router
        .reads(Method::GET, TABLE, shown, who, with(publishing, read))?
        .changes(Method::PUT, TABLE, shown, who, with(publishing, replace))?
        .changes(Method::POST, TABLE, shown, who, with(publishing, upsert))?
        .changes(Method::PUT, SECTION, shown, who, with(publishing, upsert_one))?
        .changes(Method::DELETE, SECTION, shown, who, with(publishing, delete_one))
}

async fn read(publishing: Arc<Publishing>, call: Call) -> Result<Reply, Problem> {
    let published = publishing.publisher.published(call.tenant()?).await?;
    Reply::data(&json!({ "version": published.version, "sections": published.sections }))
}

async fn replace(publishing: Arc<Publishing>, call: Call) -> Result<Reply, Problem> {
    let table = table(text(&call)?)?.upserts;
    let change = move |current: &Published| Change::replacing(&current.sections, table.clone());
    answer(publishing.publisher.publish(call.tenant()?, &change).await)
}

async fn upsert(publishing: Arc<Publishing>, call: Call) -> Result<Reply, Problem> {
    let change = table(text(&call)?)?;
    answer(publishing.publisher.publish(call.tenant()?, &move |_: &Published| change.clone()).await)
}

async fn upsert_one(publishing: Arc<Publishing>, call: Call) -> Result<Reply, Problem> {
    let section = serde_json::to_string(call.param("section")?).map_err(Problem::internal)?;
    // The body must be JSON by itself, or it could close the object it is put into.
    call.json_object()?;
    let change = table(&format!("{{{section}:{}}}", text(&call)?))?;
    answer(publishing.publisher.publish(call.tenant()?, &move |_: &Published| change.clone()).await)
}

async fn delete_one(publishing: Arc<Publishing>, call: Call) -> Result<Reply, Problem> {
    let section = call.param("section")?.to_owned();
    let change = Change { deletes: [section].into(), ..Change::default() };
    answer(publishing.publisher.publish(call.tenant()?, &move |_: &Published| change.clone()).await)
}

fn text(call: &Call) -> Result<&str, Problem> {
    let body = std::str::from_utf8(call.json_body()?);
    body.map_err(|_| BadInput::at("body", "UTF-8 is expected").into())
}

fn table(text: &str) -> Result<Change, Problem> {
    Change::upserts_from_json(text).map_err(|faults| Problem::faults(&faults))
}

fn answer(outcome: Result<Outcome, NotPublished>) -> Result<Reply, Problem> {
    match outcome {
        Ok(Outcome { version, changed }) => Reply::data(&json!({ "version": version, "changed": changed })),
        Err(NotPublished::Faults(faults)) => Err(Problem::faults(&faults)),
        Err(error @ NotPublished::Contended) => {
            Err(Problem::failed("CONTENDED", "others are publishing at the same time; try again", error))
        }
        Err(NotPublished::Store(error)) => Err(error.into()),
    }
}
