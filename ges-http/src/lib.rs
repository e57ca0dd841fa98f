//! How the callback engine is reached over HTTP: from a request to one call of a handler, and back.
//!
//! A [`Service`] is a value. It takes a request and answers with a response, knows no socket, and can be called from a
//! test as it is called by a listener. Handlers only translate: they see a [`Call`] whose tenant is known, whose
//! path is decoded and whose body is bounded, and answer with a [`Reply`] or a [`Problem`].

pub mod access;
pub mod call;
pub mod correlation;
pub mod cors;
pub mod engagement;
pub mod envelope;
pub mod errors;
pub mod extract;
pub mod gms;
pub mod limits;
mod observer;
pub mod problem;
pub mod route;
pub mod router;
mod service;
pub mod statistics;
mod vitals;

pub use access::{Access, WriteBackKeys};
pub use call::Call;
pub use envelope::Reply;
pub use limits::Limits;
pub use observer::{Answered, Limit, Observer};
pub use problem::Problem;
pub use router::{Exposure, Router};
pub use service::{Parts, Service};
pub use vitals::Vitals;

/// Which listener a request came through ([engagement-api-v3 §1.1](ges_core::rules)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Face {
    /// The street: the Engagement API alone; tenant headers are blanked.
    External,
    /// Inside the deployment: everything, and callers are trusted to name their tenant.
    Internal,
}

impl Face {
    /// A word for logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Face::External => "external",
            Face::Internal => "internal",
        }
    }
}

/// Any error, as a source.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;
