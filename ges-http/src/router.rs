//! Which handler a path leads to.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use http::Method;

use crate::access::Access;
use crate::call::Call;
use crate::extract::decode_segment;
use crate::problem::Problem;
use crate::reply::Reply;

/// What a handler does once started.
pub type Handling = Pin<Box<dyn Future<Output = Result<Reply, Problem>> + Send>>;

/// Answers one kind of call. Implemented by every `async fn(Call) -> Result<Reply, Problem>`.
pub trait Handler: Send + Sync {
    /// Starts to answer.
    fn handle(&self, call: Call) -> Handling;
}

impl<F, Fut> Handler for F
where
    F: Fn(Call) -> Fut + Send + Sync,
    Fut: Future<Output = Result<Reply, Problem>> + Send + 'static,
{
    fn handle(&self, call: Call) -> Handling {
        Box::pin(self(call))
    }
}

/// How a route shows in metrics, and whether browsers may use it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exposure {
    /// Part of the Engagement API: counted under its template, open to CORS.
    Api,
    /// For the inside: counted as one, closed to CORS ([callback-domain §17.1](ges_core::rules)).
    Private,
}

/// One path.
pub struct Route {
    /// How it is written in the table.
    pub template: &'static str,
    /// How it shows.
    pub exposure: Exposure,
    methods: Vec<(Method, Access, Arc<dyn Handler>)>,
}

/// The table of one listener.
///
/// ```
/// use ges_http::{Access, Exposure, Reply, Router};
/// use http::Method;
///
/// let router = Router::new().route(
///     Method::GET,
///     "/greeting/{name}",
///     Exposure::Private,
///     Access::Open,
///     |call: ges_http::Call| async move { Reply::data(&call.param("name")?) },
/// )?;
/// # Ok::<(), ges_http::router::RouteMistake>(())
/// ```
#[derive(Default)]
pub struct Router {
    tree: matchit::Router<usize>,
    routes: Vec<Route>,
}

/// Two entries of a table contradict each other, or a template cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("the route {template} cannot be entered: {why}")]
pub struct RouteMistake {
    template: &'static str,
    why: String,
}

/// Where a request leads.
pub(super) enum Found<'r> {
    Nothing,
    Preflight(&'r Route),
    WrongMethod(&'r Route),
    Handler {
        route: &'r Route,
        access: Access,
        handler: &'r Arc<dyn Handler>,
        params: Result<Vec<(String, String)>, Problem>,
    },
}

impl Router {
    /// An empty table.
    pub fn new() -> Self {
        Router::default()
    }

    /// The same table with one more entry; several methods of one template share a path.
    ///
    /// # Errors
    /// When the template contradicts an earlier one, or the method is there already.
    pub fn route(
        mut self,
        method: Method,
        template: &'static str,
        exposure: Exposure,
        access: Access,
        handler: impl Handler + 'static,
    ) -> Result<Self, RouteMistake> {
        let mistake = |why: String| RouteMistake { template, why };
        let known = self.routes.iter_mut().find(|route| route.template == template);
        let route = match known {
            Some(route) => route,
            None => {
                let place = self.routes.len();
                self.tree.insert(template, place).map_err(|error| mistake(error.to_string()))?;
                self.routes.push(Route { template, exposure, methods: Vec::new() });
                // Cannot fail: the element was pushed just now.
                self.routes.last_mut().expect("there is a last route")
            }
        };
        if route.methods.iter().any(|(known, ..)| *known == method) {
            return Err(mistake(format!("it has a handler for {method} already")));
        }
        route.methods.push((method, access, Arc::new(handler)));
        Ok(self)
    }

    /// The templates, for documents and tests.
    pub fn templates(&self) -> impl Iterator<Item = (&'static str, String)> {
        self.routes.iter().map(|route| (route.template, route.allow()))
    }

    pub(super) fn find(&self, method: &Method, path: &str) -> Found<'_> {
        let Ok(matched) = self.tree.at(path) else { return Found::Nothing };
        let Some(route) = self.routes.get(*matched.value) else { return Found::Nothing };
        if let Some((_, access, handler)) = route.methods.iter().find(|(known, ..)| known == method) {
            let params = matched
                .params
                .iter()
                .map(|(name, raw)| Ok((name.to_owned(), decode_segment(raw)?)))
                .collect();
            return Found::Handler { route, access: *access, handler, params };
        }
        if method == Method::OPTIONS && route.exposure == Exposure::Api {
            return Found::Preflight(route);
        }
        Found::WrongMethod(route)
    }
}

impl Route {
    /// The methods it takes, as the `Allow` header writes them.
    pub fn allow(&self) -> String {
        let mut names: Vec<&str> = self.methods.iter().map(|(method, ..)| method.as_str()).collect();
        if self.exposure == Exposure::Api {
            names.push("OPTIONS");
        }
        names.join(", ")
    }

    /// The `path` label of the request counters: from a bounded set ([invariant 38](ges_core::rules)).
    pub fn label(&self) -> &'static str {
        match self.exposure {
            Exposure::Api => self.template,
            Exposure::Private => "Private API Endpoint",
        }
    }
}
