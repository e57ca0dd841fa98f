//! Everything that happens to a request between its headers and its answer.

mod outcome;

use std::convert::Infallible;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::task::{Context, Poll};
use std::time::Instant;

use bytes::Bytes;
use futures_util::FutureExt;
use ges_core::TenantId;
use ges_core::port::{Clock, IdSource, Identity};
use http::{Method, Request, Response};
use uuid::Uuid;

use crate::access::{WriteBackKeys, admit, blank_tenant_headers};
use crate::body::Body;
use crate::call::Call;
use crate::changes::Changes;
use crate::errors::ErrorLog;
use crate::extract::decode_query;
use crate::face::Face;
use crate::limits::{Limits, drain, read};
use crate::observer::Observer;
use crate::prefix::Prefix;
use crate::problem::Problem;
use crate::reply::Reply;
use crate::router::{Entry, Found, Route, Router};
use crate::{correlation, cors};
use outcome::Traits;

/// Answers the requests of one [`Face`]. It is a [`tower_service::Service`] over any body, always ready, and cheap to
/// clone; [`Service::handle`] is the same for hosts without tower. It has to be called within a tokio runtime.
///
/// The path must arrive whole. A host that mounts it under a prefix says so to the builder
/// ([`under`](crate::ApiBuilder::under)) and does not cut the prefix off itself.
#[derive(Clone)]
pub struct Service(Arc<Inner>);

struct Inner {
    side: Side,
    shared: Arc<Shared>,
    blanked_logged: AtomicI64,
}

/// What is different on each side.
pub(super) struct Side {
    pub face: Face,
    pub router: Router,
    pub limits: Limits,
}

/// What both sides have in common.
pub(super) struct Shared {
    pub prefix: Prefix,
    pub identity: Arc<dyn Identity>,
    pub write_back: Option<Arc<WriteBackKeys>>,
    pub clock: Arc<dyn Clock>,
    pub ids: Arc<dyn IdSource>,
    pub observer: Arc<dyn Observer>,
    pub errors: Arc<ErrorLog>,
    pub changes: Changes,
}

impl Service {
    pub(super) fn new(side: Side, shared: Arc<Shared>) -> Self {
        Service(Arc::new(Inner { side, shared, blanked_logged: AtomicI64::new(i64::MIN) }))
    }

    /// The paths it knows, below the prefix: each as a template, with the methods it takes.
    pub fn templates(&self) -> impl Iterator<Item = (&'static str, String)> {
        self.0.side.router.templates()
    }

    /// Answers one request. Always answers: a path outside of the prefix, a panic of a handler, a time-out and an oversize
    /// body have answers too.
    ///
    /// # Cancel safety
    /// May be dropped at any moment, as servers do when the caller hangs up. What only reads ends there. What may change
    /// something and was begun by then goes on in a task of its own, only its answer is lost, and
    /// [`Api::drained`](crate::Api::drained) waits for it. Of a body that is still being sent, see [`Body`].
    pub async fn handle<B>(&self, request: Request<B>) -> Response<Body>
    where
        B: http_body::Body<Data = Bytes> + Send,
    {
        let Inner { side, shared, .. } = &*self.0;
        let begun = Instant::now();
        let correlation = shared.ids.uuid();
        let (mut head, body) = request.into_parts();
        if side.face == Face::External && blank_tenant_headers(&mut head.headers) {
            self.log_blanked();
        }
        let mut traits = Traits::default();
        let found = match shared.prefix.below(head.uri.path()) {
            Some(path) => side.router.find(&head.method, path),
            None => Found::Nothing,
        };
        let answer = match found {
            Found::Nothing => {
                drain(body, side.limits.body_bytes).await;
                Err(Problem::unknown_path())
            }
            Found::WrongMethod(route) => {
                traits.saw(route);
                drain(body, side.limits.body_bytes).await;
                Err(Problem::method_not_allowed(route.allow()))
            }
            Found::Preflight(route) => {
                traits.saw(route);
                match cors::preflight(&head.headers, shared.identity.as_ref()).await {
                    Ok(mut response) => {
                        correlation::stamp(&mut response, correlation);
                        self.count(&traits, &head.method, response.status(), begun);
                        return response;
                    }
                    Err(error) => Err(Problem::from(error)),
                }
            }
            Found::Entry { route, entry, params } => {
                traits.saw(route);
                let call = self.call(&head, route, params, correlation);
                let served = self.serve(call, entry, body, &mut traits.tenant);
                match tokio::time::timeout(side.limits.answer_time, served).await {
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
            face: self.0.side.face,
            method: head.method.clone(),
            template: route.template,
            params: params?,
            query: decode_query(head.uri.query())?,
            headers: head.headers.clone(),
            tenant: None,
            correlation,
            received: self.0.shared.clock.now(),
            body: Bytes::new(),
        })
    }

    /// Admits the caller, reads the body, calls the handler.
    async fn serve<B>(
        &self,
        call: Result<Call, Problem>,
        entry: &Entry,
        body: B,
        tenant: &mut Option<TenantId>,
    ) -> Result<Reply, Problem>
    where
        B: http_body::Body<Data = Bytes> + Send,
    {
        let Inner { side: Side { face, limits, .. }, shared, .. } = &*self.0;
        let admitted = match &call {
            Ok(call) => {
                let (identity, keys) = (shared.identity.as_ref(), shared.write_back.as_deref());
                admit(entry.access, *face, &call.headers, &call.params, identity, keys).await
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
        let (handler, observer) = (entry.handler.clone(), shared.observer.clone());
        let handling = async move {
            // The handler's state is dropped with its future, so nothing half-changed is seen again.
            let handled = AssertUnwindSafe(async { handler.handle(call).await }).catch_unwind().await;
            handled.unwrap_or_else(|_| {
                observer.panicked();
                Err(Problem::panicked())
            })
        };
        if !entry.changes {
            return handling.await;
        }
        // In a task of its own: a caller that hangs up and a time limit end the waiting, never the work. Only a runtime
        // that is shut down ends it.
        let under_way = shared.changes.begin();
        let change = tokio::spawn(async move {
            let handled = handling.await;
            drop(under_way);
            handled
        });
        change.await.unwrap_or_else(|_| Err(Problem::panicked()))
    }

    fn log_blanked(&self) {
        const ONCE_PER_MS: i64 = 60_000;
        let now = self.0.shared.clock.now().as_millis();
        let logged = &self.0.blanked_logged;
        let last = logged.load(Ordering::Relaxed);
        if now.saturating_sub(last) >= ONCE_PER_MS
            && logged.compare_exchange(last, now, Ordering::Relaxed, Ordering::Relaxed).is_ok()
        {
            tracing::warn!("tenant headers from outside were blanked; the ingress should remove them");
        }
    }
}

impl<B> tower_service::Service<Request<B>> for Service
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let service = self.clone();
        Box::pin(async move { Ok(service.handle(request).await) })
    }
}
