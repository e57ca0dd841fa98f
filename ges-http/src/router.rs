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
#[derive(Clone)]
pub(super) struct Route {
    /// How it is written in the table.
    pub template: &'static str,
    /// How it shows.
    pub exposure: Exposure,
    entries: Vec<Entry>,
}

/// One method of a path.
#[derive(Clone)]
pub(super) struct Entry {
    method: Method,
    pub access: Access,
    /// Whether a caller that hangs up leaves it at work.
    pub changes: bool,
    pub handler: Arc<dyn Handler>,
}

/// Which handler each path and method leads to.
///
/// Every entry says whether it only reads or may change something. The method does not tell: there are questions that are
/// posted, and a `GET` that reads settings again.
///
/// ```
/// use ges_http::{Access, Exposure, Reply, Router};
/// use http::Method;
///
/// let router = Router::new().reads(
///     Method::GET,
///     "/greeting/{name}",
///     Exposure::Private,
///     Access::Open,
///     |call: ges_http::Call| async move { Reply::data(&call.param("name")?) },
/// )?;
/// # Ok::<(), ges_http::RouteMistake>(())
/// ```
#[derive(Clone, Default)]
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
    Entry { route: &'r Route, entry: &'r Entry, params: Result<Vec<(String, String)>, Problem> },
}

impl Router {
    /// An empty table.
    pub fn new() -> Self {
        Router::default()
    }

    /// The same table with one more entry, which only reads. Its future is dropped when the caller hangs up or the time
    /// for an answer is over.
    ///
    /// # Errors
    /// When the template contradicts an earlier one, or the method is there already.
    pub fn reads(
        self,
        method: Method,
        template: &'static str,
        exposure: Exposure,
        access: Access,
        handler: impl Handler + 'static,
    ) -> Result<Self, RouteMistake> {
        self.enter(template, exposure, Entry { method, access, changes: false, handler: Arc::new(handler) })
    }

    /// The same table with one more entry, which may change something. It runs to its end, whatever becomes of its caller.
    ///
    /// # Errors
    /// As [`Router::reads`].
    pub fn changes(
        self,
        method: Method,
        template: &'static str,
        exposure: Exposure,
        access: Access,
        handler: impl Handler + 'static,
    ) -> Result<Self, RouteMistake> {
        self.enter(template, exposure, Entry { method, access, changes: true, handler: Arc::new(handler) })
    }

    /// Several methods of one template share a path.
    fn enter(
        mut self,
        template: &'static str,
        exposure: Exposure,
        entry: Entry,
    ) -> Result<Self, RouteMistake> {
        let mistake = |why: String| RouteMistake { template, why };
        let known = self.routes.iter_mut().find(|route| route.template == template);
        let route = match known {
            Some(route) => route,
            None => {
                let place = self.routes.len();
                self.tree.insert(template, place).map_err(|error| mistake(error.to_string()))?;
                self.routes.push(Route { template, exposure, entries: Vec::new() });
                // Cannot fail: the element was pushed just now.
                self.routes.last_mut().expect("there is a last route")
            }
        };
        if route.entries.iter().any(|known| known.method == entry.method) {
            return Err(mistake(format!("it has a handler for {} already", entry.method)));
        }
        route.entries.push(entry);
        Ok(self)
    }

    /// The same table without what is for the inside.
    pub(super) fn public(&self) -> Result<Self, RouteMistake> {
        let mut public = Router::new();
        for route in self.routes.iter().filter(|route| route.exposure == Exposure::Api) {
            for entry in &route.entries {
                public = public.enter(route.template, route.exposure, entry.clone())?;
            }
        }
        Ok(public)
    }

    /// Each template, and the methods it takes as the `Allow` header writes them.
    pub(super) fn templates(&self) -> impl Iterator<Item = (&'static str, String)> {
        self.routes.iter().map(|route| (route.template, route.allow()))
    }

    pub(super) fn find(&self, method: &Method, path: &str) -> Found<'_> {
        let Ok(matched) = self.tree.at(path) else { return Found::Nothing };
        let Some(route) = self.routes.get(*matched.value) else { return Found::Nothing };
        if let Some(entry) = route.entries.iter().find(|entry| entry.method == method) {
            let params = matched
                .params
                .iter()
                .map(|(name, raw)| Ok((name.to_owned(), decode_segment(raw)?)))
                .collect();
            return Found::Entry { route, entry, params };
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
        let mut names: Vec<&str> = self.entries.iter().map(|entry| entry.method.as_str()).collect();
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
