//! How the callback engine is reached over HTTP: from a request to one call of a handler, and back.
//!
//! A [`Service`] is a value. It takes a request and answers with a response, knows no socket, and can be called from a
//! test as it is called by a listener. Handlers only translate: they see a [`Call`] whose tenant is known, whose
//! path is decoded and whose body is bounded, and answer with a [`Reply`] or a [`Problem`].

pub mod access;
mod body;
pub mod call;
pub mod correlation;
pub mod cors;
pub mod engagement;
mod envelope;
pub mod errors;
pub mod extract;
mod face;
pub mod gms;
pub mod idempotency;
pub mod limits;
mod list;
mod observer;
pub mod problem;
mod reply;
pub mod route;
pub mod router;
mod service;
pub mod statistics;
mod vitals;

pub use access::{Access, WriteBackKeys};
pub use body::{Body, BoxError};
pub use call::Call;
pub use face::Face;
pub use limits::Limits;
pub use observer::{Answered, Observer};
pub use problem::{Dialect, Problem};
pub use reply::Reply;
pub use router::{Exposure, Router};
pub use service::{Parts, Service};
pub use vitals::Vitals;
