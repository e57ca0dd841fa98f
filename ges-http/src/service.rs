//! A listener's service: everything that happens to a request between its headers and its answer.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Instant;

use bytes::Bytes;
use futures_util::FutureExt;
use ges_core::TenantId;
use ges_core::port::{Clock, IdSource, Identity};
use http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, HeaderMap, HeaderValue, VARY};
use http::{Method, Request, Response, StatusCode};
use http_body::Body;
use http_body_util::Full;
use uuid::Uuid;

use crate::access::{API_KEY, Access, WriteBackKeys, admit, blank_tenant_headers};
use crate::call::Call;
use crate::errors::{ErrorLog, Failure};
use crate::extract::decode_query;
use crate::face::Face;
use crate::limits::{Limits, drain, read};
use crate::observer::{Answered, Observer};
use crate::problem::Problem;
use crate::reply::Reply;
use crate::router::{Exposure, Found, Handler, Route, Router};
use crate::{correlation, cors};

/// What a service is made of.
pub struct Parts {
    /// Which listener it stands behind.
    pub face: Face,
    /// Its table.
    pub router: Router,
    /// Its bounds.
    pub limits: Limits,
    /// Who knows keys and origins.
    pub identity: Arc<dyn Identity>,
    /// Who knows write-back tokens.
    pub write_back: Arc<WriteBackKeys>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Correlation ids.
    pub ids: Arc<dyn IdSource>,
    /// Hears of every request.
    pub observer: Arc<dyn Observer>,
    /// Failed requests, for look-up.
    pub errors: Arc<ErrorLog>,
    /// Set once the process is being stopped.
    pub draining: Arc<AtomicBool>,
}

/// Answers requests. Cheap to clone.
#[derive(Clone)]
pub struct Service(Arc<Inner>);

struct Inner {
    parts: Parts,
    blanked_logged: AtomicI64,
}

/// What is known of a request besides its answer.
struct Traits {
    route: Option<(&'static str, &'static str)>,
    exposure: Option<Exposure>,
    tenant: Option<TenantId>,
}

impl Service {
    /// A service from its parts.
    pub fn new(parts: Parts) -> Self {
        Service(Arc::new(Inner { parts, blanked_logged: AtomicI64::new(i64::MIN) }))
    }

    /// Answers one request. Always answers: a panic of a handler, a time-out and an oversize body have answers too. Runs
    /// within a tokio runtime.
    ///
    /// # Cancel safety
    /// May be dropped at any moment. What a handler that may change something has begun by then goes on in a task of its
    /// own, and only its answer is lost.
    pub async fn handle<B>(&self, request: Request<B>) -> Response<Full<Bytes>>
    where
        B: Body<Data = Bytes> + Send,
    {
        let parts = &self.0.parts;
        let begun = Instant::now();
        let correlation = parts.ids.uuid();
        let (mut head, body) = request.into_parts();
        if parts.face == Face::External && blank_tenant_headers(&mut head.headers) {
            self.log_blanked();
        }
        let mut traits = Traits { route: None, exposure: None, tenant: None };
        let found = parts.router.find(&head.method, head.uri.path());
        let answer = match found {
            Found::Nothing => {
                drain(body, parts.limits.body_bytes).await;
                Err(Problem::unknown_path())
            }
            Found::WrongMethod(route) => {
                traits.saw(route);
                drain(body, parts.limits.body_bytes).await;
                Err(Problem::method_not_allowed(route.allow()))
            }
            Found::Preflight(route) => {
                traits.saw(route);
                match cors::preflight(&head.headers, parts.identity.as_ref()).await {
                    Ok(mut response) => {
                        correlation::stamp(&mut response, correlation);
                        self.count(&traits, &head.method, response.status(), begun);
                        return response;
                    }
                    Err(error) => Err(Problem::from(error)),
                }
            }
            Found::Handler { route, access, handler, params } => {
                traits.saw(route);
                let call = self.call(&head, route, params, correlation);
                let served = self.serve(call, access, handler, body, &mut traits.tenant);
                match tokio::time::timeout(parts.limits.answer_time, served).await {
                    Ok(answer) => answer,
                    Err(_) => Err(Problem::timed_out()),
                }
            }
        };
        self.answer(answer, &head.method, &head.headers, traits, correlation, begun).await
    }

    fn call(
        &self,
        head: &http::request::Parts,
        route: &Route,
        params: Result<Vec<(String, String)>, Problem>,
        correlation: Uuid,
    ) -> Result<Call, Problem> {
        Ok(Call {
            face: self.0.parts.face,
            method: head.method.clone(),
            template: route.template,
            params: params?,
            query: decode_query(head.uri.query())?,
            headers: head.headers.clone(),
            tenant: None,
            correlation,
            received: self.0.parts.clock.now(),
            body: Bytes::new(),
        })
    }

    /// Admits the caller, reads the body, calls the handler.
    async fn serve<B>(
        &self,
        call: Result<Call, Problem>,
        access: Access,
        handler: &Arc<dyn Handler>,
        body: B,
        tenant: &mut Option<TenantId>,
    ) -> Result<Reply, Problem>
    where
        B: Body<Data = Bytes> + Send,
    {
        let Parts { face, limits, identity, write_back, observer, .. } = &self.0.parts;
        let admitted = match &call {
            Ok(call) => {
                admit(access, *face, &call.headers, &call.params, identity.as_ref(), write_back).await
            }
            Err(_) => Ok(None),
        };
        let (mut call, admitted) = match (call, admitted) {
            (Ok(call), Ok(admitted)) => (call, admitted),
            (Err(problem), _) | (_, Err(problem)) => {
                drain(body, limits.body_bytes).await;
                return Err(problem);
            }
        };
        tenant.clone_from(&admitted);
        call.tenant = admitted;
        if matches!(call.method, Method::POST | Method::PUT | Method::PATCH) {
            call.body = read(&call.headers, body, limits).await?;
        } else {
            drain(body, limits.body_bytes).await;
        }
        let only_reads = matches!(call.method, Method::GET | Method::HEAD);
        let (handler, observer) = (handler.clone(), observer.clone());
        let handling = async move {
            // The handler's state is dropped with its future, so nothing half-changed is seen again.
            let handled = AssertUnwindSafe(async { handler.handle(call).await }).catch_unwind().await;
            handled.unwrap_or_else(|_| {
                observer.panicked();
                Err(Problem::panicked())
            })
        };
        if only_reads {
            handling.await
        } else {
            // In a task of its own: a caller that hangs up and a time limit end the waiting, never the work. Only a
            // runtime that is shut down ends it.
            tokio::spawn(handling).await.unwrap_or_else(|_| Err(Problem::panicked()))
        }
    }

    /// Turns the outcome into a response, and remembers what has to be remembered.
    async fn answer(
        &self,
        outcome: Result<Reply, Problem>,
        method: &Method,
        headers: &HeaderMap,
        traits: Traits,
        correlation: Uuid,
        begun: Instant,
    ) -> Response<Full<Bytes>> {
        let mut response = match outcome {
            Ok(reply) => reply.into_response(correlation),
            Err(problem) => {
                self.remember(&problem, method, headers, &traits, correlation, begun);
                problem.into_response(correlation)
            }
        };
        correlation::stamp(&mut response, correlation);
        if traits.exposure == Some(Exposure::Api) {
            response.headers_mut().insert(VARY, HeaderValue::from_static("Origin"));
            let identity = self.0.parts.identity.as_ref();
            // Without a tenant any tenant's list decides, so that a page can read why its key was refused.
            if let Ok(Some(origin)) = cors::allowed_origin(headers, traits.tenant.as_ref(), identity).await {
                response.headers_mut().insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            }
        }
        self.count(&traits, method, response.status(), begun);
        response
    }

    fn count(&self, traits: &Traits, method: &Method, status: StatusCode, begun: Instant) {
        let (template, label) = traits.route.unwrap_or(("Unknown Endpoint", "Unknown Endpoint"));
        self.0.parts.observer.answered(&Answered {
            tenant: traits.tenant.as_ref(),
            label,
            template,
            method: known_method(method),
            status,
            lasted: begun.elapsed(),
        });
    }

    fn remember(
        &self,
        problem: &Problem,
        method: &Method,
        headers: &HeaderMap,
        traits: &Traits,
        correlation: Uuid,
        begun: Instant,
    ) {
        let Parts { face, clock, observer, errors, .. } = &self.0.parts;
        if problem.is_too_large() {
            observer.too_large();
        }
        let status = problem.status();
        let path = traits.route.map_or("Unknown Endpoint", |(template, _)| template);
        if status.is_server_error() {
            let cause = problem.inside().unwrap_or_default();
            tracing::error!(%correlation, face = face.as_str(), %method, path, status = status.as_u16(),
                reason = problem.reason(), cause, "a request failed");
        } else {
            tracing::info!(%correlation, face = face.as_str(), %method, path, status = status.as_u16(),
                reason = problem.reason(), "a request was refused");
        }
        errors.record(
            traits.tenant.as_ref(),
            Failure {
                correlation,
                at: clock.now(),
                status: status.as_u16(),
                reason: problem.reason(),
                method: known_method(method),
                path,
                message: problem.message().to_owned(),
                cause: problem.inside(),
                key_ending: traits.tenant.as_ref().and_then(|_| key_ending(headers)),
                lasted_ms: u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX),
            },
        );
    }

    fn log_blanked(&self) {
        const ONCE_PER_MS: i64 = 60_000;
        let now = self.0.parts.clock.now().as_millis();
        let last = self.0.blanked_logged.load(Ordering::Relaxed);
        if now.saturating_sub(last) >= ONCE_PER_MS
            && self.0.blanked_logged.compare_exchange(last, now, Ordering::Relaxed, Ordering::Relaxed).is_ok()
        {
            tracing::warn!("tenant headers from outside were blanked; the ingress should remove them");
        }
    }

    /// Whether the process is being stopped.
    pub fn is_draining(&self) -> bool {
        self.0.parts.draining.load(Ordering::Relaxed)
    }
}

impl Traits {
    fn saw(&mut self, route: &Route) {
        self.route = Some((route.template, route.label()));
        self.exposure = Some(route.exposure);
    }
}

/// The last four characters of a key that was accepted; a short key shows nothing.
fn key_ending(headers: &HeaderMap) -> Option<String> {
    let key = headers.get(API_KEY)?.to_str().ok()?;
    let shown: String = key.chars().rev().take(4).collect();
    (key.len() >= 16).then(|| shown.chars().rev().collect())
}

/// The method from a bounded set: anybody can invent methods.
fn known_method(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "POST" => "POST",
        "PUT" => "PUT",
        "DELETE" => "DELETE",
        "PATCH" => "PATCH",
        "HEAD" => "HEAD",
        "OPTIONS" => "OPTIONS",
        _ => "OTHER",
    }
}
