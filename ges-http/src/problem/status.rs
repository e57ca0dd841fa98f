//! Which status says what: here a 429 is made.

use ges_core::engine::{Refused, Remedy};
use http::StatusCode;

use super::Dialect;

/// What the reader of the status can do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    BadRequest,
    Unauthorized,
    NotFound,
    MethodNotAllowed { allow: String },
    Conflict,
    Slow,
    TooLarge,
    TooMany,
    Throttled,
    Internal,
}

impl Kind {
    /// What a refusal is over the wire, derived from what can be done about it.
    ///
    /// The Engagement API says 429 to all that time can mend: when another time may be chosen, because times were
    /// looked for, and when the same may be asked again later ([callback-domain §6.4](ges_core::rules),
    /// [engagement-api-v3 §2.4](ges_core::rules)). The GMS-compatible API has no 429; it says 400 for times and 503 for
    /// limits ([callback-domain §12](ges_core::rules)).
    pub(super) fn of(refused: &Refused, dialect: Dialect) -> Self {
        match (refused.refusal.remedy(), dialect) {
            (Remedy::AnotherTime, Dialect::V3) if refused.proposals.is_some() => Kind::TooMany,
            (Remedy::AskAgainAfter(_) | Remedy::AskAgainLater, Dialect::V3) => Kind::TooMany,
            (Remedy::AskAgainAfter(_) | Remedy::AskAgainLater, Dialect::Gms) => Kind::Throttled,
            (Remedy::AskAgain, _) => Kind::Internal,
            (Remedy::AnotherCallback, _) => Kind::NotFound,
            (Remedy::AnotherId, _) => Kind::Conflict,
            (Remedy::AnotherTime | Remedy::AnotherNumber | Remedy::AnotherRequest | Remedy::Nothing, _) => {
                Kind::BadRequest
            }
        }
    }

    pub(super) fn status(&self) -> StatusCode {
        match self {
            Kind::BadRequest => StatusCode::BAD_REQUEST,
            Kind::Unauthorized => StatusCode::UNAUTHORIZED,
            Kind::NotFound => StatusCode::NOT_FOUND,
            Kind::MethodNotAllowed { .. } => StatusCode::METHOD_NOT_ALLOWED,
            Kind::Conflict => StatusCode::CONFLICT,
            Kind::Slow => StatusCode::REQUEST_TIMEOUT,
            Kind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Kind::TooMany => StatusCode::TOO_MANY_REQUESTS,
            Kind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            Kind::Throttled => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// Whether bytes of the request may still be on their way, so that the connection cannot be used again.
    pub(super) fn spoils_connection(&self) -> bool {
        matches!(self, Kind::Slow | Kind::TooLarge)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use ges_core::engine::Refusal;
    use ges_core::offer::NotOffered;
    use ges_core::slots::{self, SlotOnOffer};

    use super::*;

    fn statuses(refusal: Refusal, proposals: Option<Vec<SlotOnOffer>>) -> [u16; 2] {
        let refused = Refused { refusal, proposals };
        [Dialect::V3, Dialect::Gms].map(|dialect| Kind::of(&refused, dialect).status().as_u16())
    }

    #[test]
    fn v3_says_429_exactly_when_time_can_mend_it() {
        let retry_after = Duration::from_secs(9);
        assert_eq!(statuses(Refusal::Time(slots::Refusal::Full), Some(Vec::new())), [429, 400]);
        assert_eq!(statuses(Refusal::NumberQueued { limit: 2 }, None), [429, 503]);
        assert_eq!(statuses(Refusal::NumberThrottled { retry_after }, None), [429, 503]);
        assert_eq!(statuses(Refusal::ServiceThrottled { retry_after }, None), [429, 503]);

        let closed = slots::Refusal::NotOffered(NotOffered::Closed);
        assert_eq!(statuses(Refusal::Time(closed), None), [400, 400], "no times were looked for");
        assert_eq!(statuses(Refusal::Time(slots::Refusal::Past), None), [400, 400]);
        assert_eq!(statuses(Refusal::TenantUnknown, None), [400, 400]);
        assert_eq!(statuses(Refusal::CallbackUnknown, None), [404, 404]);
        assert_eq!(statuses(Refusal::IdTaken, None), [409, 409]);
        assert_eq!(statuses(Refusal::Contended, None), [500, 500]);
    }
}
