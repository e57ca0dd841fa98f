//! A listener's service: everything that happens to a request between its headers and its answer.

mod outcome;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Instant;

use bytes::Bytes;
use futures_util::FutureExt;
use ges_core::TenantId;
use ges_core::port::{Clock, IdSource, Identity};
use http::{Method, Request, Response};
use uuid::Uuid;

use crate::access::{Access, WriteBackKeys, admit, blank_tenant_headers};
use crate::body::Body;
use crate::call::Call;
use crate::errors::ErrorLog;
use crate::extract::decode_query;
use crate::face::Face;
use crate::limits::{Limits, drain, read};
use crate::observer::Observer;
use crate::problem::Problem;
use crate::reply::Reply;
use crate::router::{Found, Handler, Route, Router};
use crate::{correlation, cors};
use outcome::Traits;

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
    pub async fn handle<B>(&self, request: Request<B>) -> Response<Body>
    where
        B: http_body::Body<Data = Bytes> + Send,
    {
        let parts = &self.0.parts;
        let begun = Instant::now();
        let correlation = parts.ids.uuid();
        let (mut head, body) = request.into_parts();
        if parts.face == Face::External && blank_tenant_headers(&mut head.headers) {
            self.log_blanked();
        }
        let mut traits = Traits::default();
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
        B: http_body::Body<Data = Bytes> + Send,
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
