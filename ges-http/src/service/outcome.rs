//! The end of a request: its response, and what of it is counted, logged and kept.

use std::time::Instant;

use ges_core::TenantId;
use http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, HeaderMap, HeaderValue, VARY};
use http::{Method, Response, StatusCode};
use uuid::Uuid;

use super::{Service, Shared};
use crate::access::API_KEY;
use crate::body::Body;
use crate::errors::Failure;
use crate::observer::Answered;
use crate::problem::Problem;
use crate::reply::Reply;
use crate::router::{Exposure, Route};
use crate::{correlation, cors};

/// What is known of a request besides its answer.
#[derive(Default)]
pub(super) struct Traits {
    route: Option<(&'static str, &'static str)>,
    exposure: Option<Exposure>,
    pub tenant: Option<TenantId>,
}

impl Traits {
    pub(super) fn saw(&mut self, route: &Route) {
        self.route = Some((route.template, route.label()));
        self.exposure = Some(route.exposure);
    }
}

impl Service {
    /// Turns the outcome into a response, and remembers what has to be remembered.
    pub(super) async fn answer(
        &self,
        outcome: Result<Reply, Problem>,
        method: &Method,
        headers: &HeaderMap,
        traits: Traits,
        correlation: Uuid,
        begun: Instant,
    ) -> Response<Body> {
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
            let identity = self.0.shared.identity.as_ref();
            // Without a tenant any tenant's list decides, so that a page can read why its key was refused.
            if let Ok(Some(origin)) = cors::allowed_origin(headers, traits.tenant.as_ref(), identity).await {
                response.headers_mut().insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            }
        }
        self.count(&traits, method, response.status(), begun);
        response
    }

    pub(super) fn count(&self, traits: &Traits, method: &Method, status: StatusCode, begun: Instant) {
        let (template, label) = traits.route.unwrap_or(("Unknown Endpoint", "Unknown Endpoint"));
        self.0.shared.observer.answered(&Answered {
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
        let Shared { clock, observer, errors, .. } = &*self.0.shared;
        if problem.is_too_large() {
            observer.too_large();
        }
        let status = problem.status();
        let path = traits.route.map_or("Unknown Endpoint", |(template, _)| template);
        if status.is_server_error() {
            let cause = problem.inside().unwrap_or_default();
            tracing::error!(%correlation, face = self.0.side.face.as_str(), %method, path, status = status.as_u16(),
                reason = problem.reason(), cause, "a request failed");
        } else {
            tracing::info!(%correlation, face = self.0.side.face.as_str(), %method, path, status = status.as_u16(),
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
