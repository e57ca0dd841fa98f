//! What the customer, or the client on his behalf, asked for.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::number::PhoneNumber;
use crate::user_data::UserData;

/// The parts of a request that are kept with the record ([callback-domain §11](crate::rules), create body).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// Whom to call, byte for byte as given; compared and counted by its digits ([callback-domain §9.1](crate::rules)).
    pub number: PhoneNumber,
    /// What kind of offer was accepted; reporting only.
    pub offer_type: OfferType,
    /// Prompt language in Designer's form, such as `en-US`.
    pub language: String,
    /// Who dials.
    #[serde(default)]
    pub direction: Direction,
    /// The inbound queue the caller would have waited in; reporting only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inbound_vq: Option<String>,
    /// The wait, in seconds, that triggered the offer; reporting only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offer_threshold_secs: Option<i64>,
    /// Where the request came from; reporting only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
    /// Whether the offer was made while the office was open; reporting only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offer_timing: Option<OfferTiming>,
    /// The interaction in which the offer was accepted; reporting only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origination_ixn_id: Option<String>,
    /// Values that replace the service's for this one callback.
    #[serde(default, skip_serializing_if = "Override::is_empty")]
    pub overrides: Override,
    /// Where a push message can reach the customer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub push_targets: Vec<PushTarget>,
    /// Data that travels with the callback.
    #[serde(default, skip_serializing_if = "UserData::is_empty")]
    pub user_data: UserData,
}

impl Request {
    /// A request that says nothing but whom to call: as soon as possible, in `en-US`.
    pub fn new(number: PhoneNumber) -> Self {
        Request {
            number,
            offer_type: OfferType::Asap,
            language: Self::LANGUAGE.to_owned(),
            direction: Direction::default(),
            inbound_vq: None,
            offer_threshold_secs: None,
            channel: None,
            offer_timing: None,
            origination_ixn_id: None,
            overrides: Override::default(),
            push_targets: Vec::new(),
            user_data: UserData::default(),
        }
    }

    /// The prompt language when the request names none ([engagement-api-v3 §3.1](crate::rules)).
    pub const LANGUAGE: &'static str = "en-US";
}

/// What kind of offer was accepted ([engagement-api-v3 §3.1](crate::rules)).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum OfferType {
    /// As soon as possible.
    Asap,
    /// At a chosen time.
    Scheduled,
    /// Both were on offer.
    CombinedScheduledAndAsap,
}

/// Whether the office was open when the offer was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING-KEBAB-CASE")]
pub enum OfferTiming {
    /// Open.
    OnHours,
    /// Closed.
    OffHours,
}

/// Who dials ([callback-domain §1.1](crate::rules)).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Direction {
    /// The system dials the customer.
    #[default]
    UserTerminated,
    /// The customer is notified and dials in.
    UserOriginated,
}

/// Values a request may replace for one callback ([callback-domain §3.1](crate::rules), last row).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Override {
    /// Routing point of the outbound leg.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub route_point: Option<String>,
    /// Survey routing point.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub survey_route_point: Option<String>,
    /// Initial priority; increments and limits stay as configured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<i64>,
}

impl Override {
    /// Whether nothing is replaced.
    pub fn is_empty(&self) -> bool {
        *self == Override::default()
    }
}

/// A device to send push messages to; the registration token is a secret and never shown.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PushTarget {
    /// The channel; `FCM` is the only one.
    pub channel: String,
    /// The device's registration token.
    pub target: String,
}

impl fmt::Debug for PushTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PushTarget").field("channel", &self.channel).finish_non_exhaustive()
    }
}
