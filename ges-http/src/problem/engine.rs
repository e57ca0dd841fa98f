//! What the engine's refusals and failures mean to a caller, in either dialect.

use ges_core::engine::{EngineError, Refused, Remedy};
use ges_core::settings::Faults;
use serde_json::json;

use super::status::Kind;
use super::{Dialect, Problem, told};
use crate::engagement::{BadInput, create};

impl Problem {
    /// An error of the engine, in the words of the one who asked.
    pub fn engine(error: EngineError, dialect: Dialect) -> Self {
        match error {
            EngineError::Refused(refused) => Self::refused(*refused, dialect),
            EngineError::Store(error) => error.into(),
            EngineError::Unavailable(error) => {
                let message = "a service that is needed cannot be reached; try again later";
                Problem::failed("UPSTREAM_UNAVAILABLE", message, error)
            }
        }
    }

    fn refused(refused: Refused, dialect: Dialect) -> Self {
        let kind = Kind::of(&refused, dialect);
        let Refused { refusal, proposals } = refused;
        // A 429 has times always, if only none of them ([engagement-api-v3 §3.1](ges_core::rules)).
        let times = proposals.or_else(|| (kind == Kind::TooMany).then(Vec::new));
        let retry_after = match refusal.remedy() {
            Remedy::AskAgainAfter(duration) => Some(duration),
            _ => None,
        };
        let problem = Problem {
            data: times.map(|times| create::proposals(&times).to_string().into_bytes()),
            retry_after,
            ..Problem::of(kind.clone(), refusal.code(), told(&refusal, dialect))
        };
        // What we say to have failed is looked up in the log, with its cause.
        if kind == Kind::Internal { Problem { source: Some(refusal.into()), ..problem } } else { problem }
    }

    /// 400 with every fault of a publication in `data.faults`.
    pub fn faults(faults: &Faults) -> Self {
        let message = format!("nothing was published: {} faults, see data.faults", faults.list().len());
        let data = json!({ "faults": faults.list() }).to_string().into_bytes();
        Problem { data: Some(data), ..Problem::bad_request("SETTINGS_INVALID", message) }
    }

    /// The same as plain 400 where it was 404 or 429: for operations that declare neither
    /// ([engagement-api-v3 §2.4, §3.8](ges_core::rules)).
    pub fn as_bad_request(mut self) -> Self {
        if matches!(self.kind, Kind::NotFound | Kind::TooMany) {
            self.kind = Kind::BadRequest;
            self.data = None;
            self.retry_after = None;
        }
        self
    }
}

impl From<BadInput> for Problem {
    fn from(error: BadInput) -> Self {
        Problem::bad_request(error.reason, error.message)
    }
}
