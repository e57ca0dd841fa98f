#![doc = include_str!("../README.md")]

mod access;
mod api;
mod body;
mod call;
mod changes;
mod correlation;
mod cors;
mod envelope;
mod errors;
mod extract;
mod face;
mod idempotency;
mod limits;
mod list;
mod observer;
mod origin;
mod prefix;
mod problem;
mod reply;
mod route;
mod router;
mod service;
mod statistics;
mod vitals;

pub mod engagement;
pub mod gms;

pub use access::{Access, WriteBackKeys, hex};
pub use api::{Api, ApiBuilder, ApiMistake};
pub use body::{Body, BoxError};
pub use call::Call;
pub use errors::{ErrorLog, Failure};
pub use face::Face;
pub use limits::Limits;
pub use observer::{Answered, Observer};
pub use origin::{NotAnOrigin, OriginPattern};
pub use problem::{Dialect, Problem};
pub use reply::Reply;
pub use route::openapi::DOCUMENT as OPENAPI;
pub use router::{Exposure, Handler, Handling, RouteMistake, Router};
pub use service::Service;
pub use vitals::Vitals;
