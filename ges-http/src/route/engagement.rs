//! The Engagement API v3: the nine operations ([engagement-api-v3 §3](ges_core::rules)).

use std::sync::Arc;

use http::Method;
use http::header::{AGE, HeaderValue};

use super::{Backend, with};
use crate::engagement::{Query, availability, call_in, callback, create, statistics, wait};
use crate::router::RouteMistake;
use crate::{Access, Call, Exposure, Problem, Reply, Router, idempotency};

/// Enters the nine operations.
///
/// # Errors
/// When one is in the table already.
pub fn routes(router: Router, backend: &Arc<Backend>) -> Result<Router, RouteMistake> {
    let (get, post) = (Method::GET, Method::POST);
    let (shown, who) = (Exposure::Api, Access::Tenant);
    router
        .changes(post.clone(), "/engagement/v3/callbacks/create", shown, who, with(backend, book))?
        .changes(post.clone(), "/engagement/v3/callbacks/cancel", shown, who, with(backend, cancel))?
        .reads(post.clone(), "/engagement/v3/callbacks/retrieve", shown, who, with(backend, retrieve))?
        .reads(
            get.clone(),
            "/engagement/v3/callbacks/availability/{service-name}",
            shown,
            who,
            with(backend, slots),
        )?
        .reads(
            get.clone(),
            "/engagement/v3/callbacks/open-for/{service-name}",
            shown,
            who,
            with(backend, open_for),
        )?
        .reads(
            get.clone(),
            "/engagement/v3/callbacks/queue-status/{queue-name}",
            shown,
            who,
            with(backend, queue_status),
        )?
        .reads(get, "/engagement/v3/estimated-wait-time", shown, who, with(backend, waits))?
        .changes(
            post.clone(),
            "/engagement/v3/call-in/requests/create",
            shown,
            who,
            with(backend, request_call_in),
        )?
        .reads(
            post,
            "/engagement/v3/statistics/operations/get-statistic-ex",
            shown,
            who,
            with(backend, read_statistics),
        )
}

async fn book(backend: Arc<Backend>, call: Call) -> Result<Reply, Problem> {
    let tenant = call.tenant()?;
    let mut wish = create::read(call.json_body()?)?;
    wish.id = idempotency::callback_id(call.headers(), tenant)?;
    let accepted = backend.engine.book(tenant, wish).await.map_err(|error| backend.refused(error))?;
    Reply::data(&callback::id(accepted.callback.id))
}

async fn cancel(backend: Arc<Backend>, call: Call) -> Result<Reply, Problem> {
    let tenant = call.tenant()?;
    let id = callback::read_id(call.json_body()?)?;
    let cancelled = backend.engine.cancel(tenant, id, ges_core::callback::CancelledBy::Client).await;
    let cancelled = cancelled.map_err(|error| backend.refused(error))?;
    Reply::data(&callback::id(cancelled.id))
}

async fn retrieve(backend: Arc<Backend>, call: Call) -> Result<Reply, Problem> {
    let tenant = call.tenant()?;
    let id = callback::read_id(call.json_body()?)?;
    let shown = backend.engine.retrieve(tenant, id).await.map_err(|error| backend.refused(error))?;
    Reply::data(&callback::shown(&shown))
}

async fn slots(backend: Arc<Backend>, call: Call) -> Result<Reply, Problem> {
    let tenant = call.tenant()?;
    let query: Query = call.queries().collect();
    let ask = availability::read(call.param("service-name")?, &query, &backend.zones)?;
    let found = backend.engine.availability(tenant, &ask).await;
    let found = found.map_err(|error| backend.refused(error))?;
    // Some 130 bytes a slot, so that the text is written without growing.
    let mut data = String::with_capacity(64 + found.slots.len() * 130);
    availability::write(&mut data, &found, &ask.zone);
    Ok(Reply::data_json(data.into_bytes()))
}

async fn open_for(backend: Arc<Backend>, call: Call) -> Result<Reply, Problem> {
    let tenant = call.tenant()?;
    let query: Query = call.queries().collect();
    let zone = query.zone("timezone", &backend.zones)?;
    let at = query.instant("start", &zone)?;
    let open = backend.engine.open_for(tenant, call.param("service-name")?, at);
    let open = open.map_err(|error| backend.refused(error))?;
    Reply::data(&serde_json::json!({ "openFor": open.as_secs() }))
}

async fn queue_status(backend: Arc<Backend>, call: Call) -> Result<Reply, Problem> {
    let tenant = call.tenant()?;
    let status = backend.engine.queue_status(tenant, &call.param("queue-name")?.into()).await;
    let status = status.map_err(|error| backend.refused(error))?;
    Reply::data(&wait::status(&status))
}

async fn waits(backend: Arc<Backend>, call: Call) -> Result<Reply, Problem> {
    let tenant = call.tenant()?;
    let (queues, mode) = wait::read(&call.queries().collect())?;
    let waits = backend.engine.estimated_waits(tenant, &queues, mode).await;
    Reply::data(&wait::waits(&queues, &waits))
}

async fn request_call_in(backend: Arc<Backend>, call: Call) -> Result<Reply, Problem> {
    let tenant = call.tenant()?;
    let wish = call_in::read(call.json_body()?)?;
    let made = backend.engine.request_call_in(tenant, wish).await;
    let made = made.map_err(|error| backend.refused(error).as_bad_request())?;
    backend.observer.call_in_created(tenant);
    Reply::data(&call_in::made(&made))
}

async fn read_statistics(backend: Arc<Backend>, call: Call) -> Result<Reply, Problem> {
    let tenant = call.tenant()?;
    let wanted = statistics::read(call.json_body()?)?;
    let directives = call.headers().get(http::header::CACHE_CONTROL).and_then(|value| value.to_str().ok());
    let read = backend.statistics.read(tenant, wanted, statistics::max_age(directives)).await?;
    Ok(Reply::data(&*read.data)?.with_header(AGE, HeaderValue::from(read.age.as_secs())))
}
