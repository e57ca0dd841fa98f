//! What the engine's refusals and failures mean to a caller, for both dialects, from one exhaustive match.

use std::borrow::Cow;
use std::time::Duration;

use ges_core::engine::{EngineError, Refusal};
use ges_core::offer::NotOffered;
use ges_core::settings::Faults;
use ges_core::slots::{self, SlotOnOffer};
use serde_json::json;

use super::{Kind, Problem};
use crate::engagement::{BadInput, create};

/// What a caller can do about a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    /// Ask for something else.
    Wrong,
    /// Nothing; it is not there.
    Missing,
    /// Choose another time, if times are on offer at all; otherwise it is [`Verdict::Wrong`].
    AnotherTime,
    /// Nothing under this id; a new request needs a new one.
    Taken,
    /// Come back later, after so long where that is known.
    Later(Option<Duration>),
    /// Try the same again at once.
    Again,
}

/// The one place where refusals are sorted ([callback-domain §6.4](ges_core::rules),
/// [engagement-api-v3 §2.4](ges_core::rules)).
fn verdict(refusal: &Refusal) -> Verdict {
    match refusal {
        Refusal::TenantUnknown
        | Refusal::ServiceUnknown
        | Refusal::GroupUnknown
        | Refusal::Number(_)
        | Refusal::CaptchaMissing
        | Refusal::CaptchaRejected
        | Refusal::PushTargetsMissing
        | Refusal::PushTarget { .. }
        | Refusal::Window(_)
        | Refusal::LifeCycle(_)
        | Refusal::CallbackFinished
        | Refusal::CallIn(_) => Verdict::Wrong,
        Refusal::CallbackUnknown => Verdict::Missing,
        Refusal::IdTaken => Verdict::Taken,
        Refusal::Time(time) => match time {
            slots::Refusal::NotOffered(NotOffered::Disabled)
            | slots::Refusal::ScheduledDisabled
            | slots::Refusal::Past
            | slots::Refusal::TooFar { .. }
            | slots::Refusal::TooSoon { .. } => Verdict::Wrong,
            slots::Refusal::NotOffered(NotOffered::Closed | NotOffered::NoAgents | NotOffered::TooLate)
            | slots::Refusal::Closed
            | slots::Refusal::NotWithinSlot(_)
            | slots::Refusal::Full => Verdict::AnotherTime,
        },
        Refusal::NumberQueued { .. } => Verdict::Later(None),
        Refusal::NumberThrottled { retry_after } | Refusal::ServiceThrottled { retry_after } => {
            Verdict::Later(Some(*retry_after))
        }
        Refusal::Contended => Verdict::Again,
    }
}

/// How the wire says that an id is taken: callers know it as their key.
const KEY_TAKEN: &str =
    "Idempotency-Key: this key came with another request before; a new request needs a new key";

impl Problem {
    /// An error of the engine as the Engagement API tells it. `offers_times` says whether the service takes scheduled
    /// callbacks, so that another time could be had.
    pub fn engine(error: EngineError, offers_times: bool) -> Self {
        let (refusal, proposals) = match taken_apart(error) {
            Ok(refused) => refused,
            Err(failure) => return failure,
        };
        let (reason, message) = (refusal.code(), refusal.to_string());
        match verdict(&refusal) {
            Verdict::AnotherTime if offers_times => {
                Problem::too_many(reason, message, &create::proposals(&proposals), None)
            }
            Verdict::Wrong | Verdict::AnotherTime => Problem::bad_request(reason, message),
            Verdict::Missing => Problem::not_found(reason, message),
            Verdict::Taken => Problem::of(Kind::Conflict, reason, KEY_TAKEN),
            Verdict::Later(after) => Problem::too_many(reason, message, &create::proposals(&[]), after),
            Verdict::Again => Problem::failed(reason, message, refusal),
        }
    }

    /// The same as the GMS-compatible API tells it: 400 for bad input, numbers and times, 503 for throttles
    /// ([callback-domain §12](ges_core::rules)).
    pub fn engine_gms(error: EngineError) -> Self {
        let (refusal, proposals) = match taken_apart(error) {
            Ok(refused) => refused,
            Err(failure) => return failure,
        };
        let (reason, message) = (refusal.code(), refusal.to_string());
        match verdict(&refusal) {
            Verdict::AnotherTime => {
                let data = create::proposals(&proposals).to_string().into_bytes();
                Problem { data: Some(data), ..Problem::bad_request(reason, message) }
            }
            Verdict::Wrong => Problem::bad_request(reason, message),
            Verdict::Missing => Problem::not_found(reason, message),
            Verdict::Taken => Problem::of(Kind::Conflict, reason, KEY_TAKEN),
            Verdict::Later(retry_after) => {
                Problem { retry_after, ..Problem::of(Kind::Throttled, reason, Cow::from(message)) }
            }
            Verdict::Again => Problem::failed(reason, message, refusal),
        }
    }

    /// 400 with every fault of a publication in `data.faults`.
    pub fn faults(faults: &Faults) -> Self {
        let message = format!("nothing was published: {} faults, see data.faults", faults.list().len());
        let data = json!({ "faults": faults.list() }).to_string().into_bytes();
        Problem { data: Some(data), ..Problem::bad_request("SETTINGS_INVALID", message) }
    }

    /// The same, with 400 where it was 404: for operations that do not declare 404
    /// ([engagement-api-v3 §2.4](ges_core::rules)).
    pub fn not_found_as_bad_request(mut self) -> Self {
        if self.kind == Kind::NotFound {
            self.kind = Kind::BadRequest;
        }
        self
    }
}

/// A refusal with its proposals, or the problem that a failure of ours is to every caller.
fn taken_apart(error: EngineError) -> Result<(Refusal, Vec<SlotOnOffer>), Problem> {
    match error {
        EngineError::Refused(refused) => Ok((refused.refusal, refused.proposals)),
        EngineError::Store(error) => Err(error.into()),
        EngineError::Unavailable(error) => {
            let message = "a service that is needed cannot be reached; try again later";
            Err(Problem::failed("UPSTREAM_UNAVAILABLE", message, error))
        }
    }
}

impl From<BadInput> for Problem {
    fn from(error: BadInput) -> Self {
        Problem::bad_request("INPUT_INVALID", error.0)
    }
}
