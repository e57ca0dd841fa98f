//! The GMS-compatible API of the internal listener ([callback-domain §12](ges_core::rules)). Answers are plain JSON
//! without the envelope; failures carry the envelope, so that they can be looked up by correlation id.

use std::sync::Arc;

use ges_core::callback::{CancelledBy, StateName};
use ges_core::engine::EngineError;
use ges_core::port;
use ges_core::{Callback, CallbackId};
use http::Method;
use http::header::CONTENT_TYPE;
use serde_json::{Map, Value};

use super::{Backend, with};
use crate::engagement::{BadInput, Query};
use crate::gms::change::Change;
use crate::gms::filter::Filter;
use crate::gms::{calendar, cancel, change, create, number, properties, queues, record, wait};
use crate::router::RouteMistake;
use crate::{Access, Call, Exposure, Problem, Reply, Router, idempotency};

/// Most records in one answer.
const RECORDS_MAX: usize = 5000;
/// Records read from the store at once.
const PAGE: usize = 500;
/// Most records looked at for one answer.
const SEEN_MAX: usize = 200_000;

const CALLBACK: &str = "/genesys/1/service/callback/{service}";
const ONE_CALLBACK: &str = "/genesys/1/service/callback/{service}/{id}";

/// Enters the routes.
///
/// # Errors
/// When one is in the table already.
pub fn routes(router: Router, backend: &Arc<Backend>) -> Result<Router, RouteMistake> {
    let (get, post) = (Method::GET, Method::POST);
    let (shown, who) = (Exposure::Private, Access::ContactCenter);
    router
        .changes(post.clone(), CALLBACK, shown, who, with(backend, book))?
        .changes(Method::PUT, ONE_CALLBACK, shown, Access::Session, with(backend, put))?
        .changes(Method::DELETE, ONE_CALLBACK, shown, who, with(backend, cancel_one))?
        .reads(get.clone(), "/genesys/1/service/callback", shown, who, with(backend, query))?
        .reads(
            get.clone(),
            "/genesys/1/service/{name}/check-queue-position",
            shown,
            who,
            with(backend, position),
        )?
        .reads(get.clone(), "/genesys/1/admin/callback/queues", shown, who, with(backend, by_queue))?
        .reads(get.clone(), "/genesys/1/admin/callback/watermarks", shown, who, with(backend, watermarks))?
        .changes(post.clone(), "/genesys/1/admin/callback/cancel", shown, who, with(backend, cancel_many))?
        .reads(post, "/genesys/1/admin/callback/reportcancelled", shown, who, with(backend, export))?
        .reads(get.clone(), "/genesys/1/service/ewt-for-vq", shown, who, with(backend, wait_for_queue))?
        .reads(get.clone(), "/genesys/2/ewt", shown, who, with(backend, waits))?
        .reads(get.clone(), "/genesys/1/phonenumber", shown, who, with(backend, phone_number))?
        .reads(get, "/genesys/1/service/{name}", shown, who, with(backend, open_periods))
}

async fn book(backend: Arc<Backend>, call: Call) -> Result<Reply, Problem> {
    let tenant = call.tenant()?;
    let mut wish = create::read(call.param("service")?, body(&call)?)?;
    wish.id = idempotency::callback_id(call.headers(), tenant)?;
    let accepted = backend.engine.book(tenant, wish).await.map_err(|error| backend.refused_gms(error))?;
    Reply::json(&create::made(&accepted.callback))
}

async fn put(backend: Arc<Backend>, call: Call) -> Result<Reply, Problem> {
    let (tenant, id) = (call.tenant()?, id(&call)?);
    let before = load(&backend, &call, id).await?;
    let after = match change::read(body(&call)?)? {
        Change::WriteBack(update) => backend.engine.write_back(tenant, id, update).await,
        Change::Edit(properties) => backend.engine.edit(tenant, id, properties.edit(&before)).await,
    };
    Reply::json(&record::record(&after.map_err(|error| backend.refused_gms(error))?, &backend.prefix))
}

async fn cancel_one(backend: Arc<Backend>, call: Call) -> Result<Reply, Problem> {
    let (tenant, id) = (call.tenant()?, id(&call)?);
    load(&backend, &call, id).await?;
    let cancelled = backend.engine.cancel(tenant, id, CancelledBy::Client).await;
    Reply::json(&record::record(&cancelled.map_err(|error| backend.refused_gms(error))?, &backend.prefix))
}

async fn query(backend: Arc<Backend>, call: Call) -> Result<Reply, Problem> {
    let tenant = call.tenant()?;
    let filter = Filter::read(&call.queries().collect::<Query>())?;
    let found = match filter.id {
        Some(id) => match backend.engine.retrieve(tenant, id).await {
            Ok(shown) => vec![shown.callback],
            Err(error) if is_unknown(&error) => Vec::new(),
            Err(error) => return Err(backend.refused_gms(error)),
        },
        None => {
            records(&backend, filter.query(tenant.clone(), PAGE), |callback| {
                filter.matches(callback, &backend.prefix)
            })
            .await?
        }
    };
    let matching = found.into_iter().filter_map(move |callback| {
        filter.matches(&callback, &backend.prefix).then(|| record::record(&callback, &backend.prefix))
    });
    Reply::json_list(matching)
}

async fn position(backend: Arc<Backend>, call: Call) -> Result<Reply, Problem> {
    let id: CallbackId = call.param("name")?.parse().map_err(|error| BadInput::at("_id", error))?;
    let shown =
        backend.engine.retrieve(call.tenant()?, id).await.map_err(|error| backend.refused_gms(error))?;
    let place = shown.queue.ok_or_else(|| {
        let message = "the session cannot be asked: it answers 404 Not Found";
        Problem::failed("SESSION_GONE", message, "the callback has no live session")
    })?;
    Reply::json(&wait::position(place))
}

async fn by_queue(backend: Arc<Backend>, call: Call) -> Result<Reply, Problem> {
    let asked: Query = call.queries().collect();
    let asked = queues::read(&asked, call.tenant()?.clone(), backend.engine.now(), PAGE)?;
    Reply::json(&queues::by_queue(&records(&backend, asked, |_| true).await?, &backend.prefix))
}

async fn watermarks(backend: Arc<Backend>, call: Call) -> Result<Reply, Problem> {
    let tallies = backend.engine.tally(call.tenant()?).await.map_err(|error| backend.refused_gms(error))?;
    Reply::json(&queues::watermarks(&tallies, call.query("service_name").filter(|name| !name.is_empty())))
}

async fn cancel_many(backend: Arc<Backend>, call: Call) -> Result<Reply, Problem> {
    let ids = cancel::read(call.json_body()?)?;
    Reply::json(&cancel::outcome(&backend.engine.cancel_many(call.tenant()?, &ids).await))
}

async fn export(backend: Arc<Backend>, call: Call) -> Result<Reply, Problem> {
    let export = queues::read_export(call.json_body()?)?;
    let asked = port::Query {
        states: Some(vec![StateName::Completed]),
        ..port::Query::of(call.tenant()?.clone(), PAGE)
    };
    let ended_so =
        |callback: &Callback| callback.reason().is_some_and(|reason| reason.as_str() == export.reason);
    let found = records(&backend, asked, ended_so).await?;
    Reply::json_list(
        found
            .into_iter()
            .map(move |callback| queues::exported(&callback, &export.properties, &backend.prefix)),
    )
}

async fn wait_for_queue(backend: Arc<Backend>, call: Call) -> Result<Reply, Problem> {
    let (queue, mode) = wait::read(&call.queries().collect())?;
    let waits = backend.engine.estimated_waits(call.tenant()?, std::slice::from_ref(&queue), mode).await;
    let ewt = waits.into_iter().next().ok_or_else(|| Problem::internal("one queue has one wait"))?;
    Reply::json(&wait::wait(&queue, mode, ewt))
}

async fn waits(backend: Arc<Backend>, call: Call) -> Result<Reply, Problem> {
    let (queues, mode) = wait::read_second(&call.queries().collect())?;
    let waits = backend.engine.estimated_waits(call.tenant()?, &queues, mode).await;
    Reply::json(&crate::engagement::wait::waits(&queues, &waits))
}

async fn phone_number(_: Arc<Backend>, call: Call) -> Result<Reply, Problem> {
    let ask = number::read(&call.queries().collect())?;
    Reply::json(&number::answer(&ask))
}

async fn open_periods(backend: Arc<Backend>, call: Call) -> Result<Reply, Problem> {
    let (tenant, name) = (call.tenant()?, call.param("name")?);
    let nothing = ges_core::time::Interval::new(backend.engine.now(), backend.engine.now());
    let (_, zone) =
        backend.engine.open_periods(tenant, name, nothing).map_err(|error| backend.refused_gms(error))?;
    let window = calendar::read(&call.queries().collect(), &zone, backend.engine.now())?;
    let (periods, zone) =
        backend.engine.open_periods(tenant, name, window).map_err(|error| backend.refused_gms(error))?;
    Reply::json(&calendar::periods(&periods, &zone))
}

fn body(call: &Call) -> Result<Map<String, Value>, Problem> {
    let content_type = call.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    Ok(properties::read(content_type, call.body())?)
}

fn id(call: &Call) -> Result<CallbackId, Problem> {
    Ok(call.param("id")?.parse().map_err(|error| BadInput::at("_id", error))?)
}

/// The record of the path, whose service must be the path's too.
async fn load(backend: &Backend, call: &Call, id: CallbackId) -> Result<Callback, Problem> {
    let shown =
        backend.engine.retrieve(call.tenant()?, id).await.map_err(|error| backend.refused_gms(error))?;
    if shown.callback.service.as_str() == call.param("service")? {
        Ok(shown.callback)
    } else {
        Err(Problem::not_found("CALLBACK_UNKNOWN", "_id: this service has no callback with this id"))
    }
}

fn is_unknown(error: &EngineError) -> bool {
    matches!(error, EngineError::Refused(refused)
        if matches!(refused.refusal, ges_core::engine::Refusal::CallbackUnknown))
}

/// The records of a listing that match, page by page.
///
/// # Errors
/// 400 when there are more than one answer may hold, so that nobody takes a part for the whole.
async fn records(
    backend: &Backend,
    mut query: port::Query,
    matches: impl Fn(&Callback) -> bool,
) -> Result<Vec<Callback>, Problem> {
    let (mut found, mut seen) = (Vec::new(), 0);
    loop {
        let page = backend.engine.list(query.clone()).await.map_err(|error| backend.refused_gms(error))?;
        seen += page.callbacks.len();
        found.extend(page.callbacks.into_iter().filter(&matches));
        if found.len() > RECORDS_MAX || seen > SEEN_MAX {
            let message =
                format!("more than {RECORDS_MAX} records match; ask for fewer, as by service or state");
            return Err(Problem::bad_request("TOO_MANY_RECORDS", message));
        }
        match page.next {
            Some(next) => query.after = Some(next),
            None => return Ok(found),
        }
    }
}
