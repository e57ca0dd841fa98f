//! One callback service: everything that is configured per queue ([callback-domain §3.6](crate::rules)).

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::callback::Direction;
use crate::capacity::{BookingInterval, ShortInterval};
use crate::id::ServiceName;
use crate::lead::SubmitPolicy;
use crate::number::NumberPolicy;
use crate::offer::OfferPolicy;
use crate::slots::BookingRules;
use crate::throttle::ThrottleLimits;

/// The settings of one callback service.
#[derive(Clone, Debug, PartialEq)]
pub struct CallbackService {
    /// The service, which is also the name of its virtual queue.
    pub name: ServiceName,
    /// The virtual queue, when it is spelled differently (`_vq`).
    pub virtual_queue: String,
    /// The callback application to run (`Callback Application`).
    pub application: Option<String>,
    /// The Designer workspace (`_designer_workspace`).
    pub workspace: Option<String>,
    /// The application's stream, such as `Development` (`_stream`).
    pub stream: Option<String>,
    /// Where the outbound leg is routed (`_route_point`).
    pub route_point: String,
    /// The survey's routing point.
    pub survey_route_point: Option<String>,
    /// Routing target expression (`_target`).
    pub target: Option<String>,
    /// Put before the number when dialling (`_prefix_dial_out`).
    pub dial_prefix: String,
    /// Shown to the customer (`_call_display_number`).
    pub display_number: Option<String>,
    /// Shown to the customer (`_call_display_name`).
    pub display_name: Option<String>,
    /// Who dials (`_call_direction`).
    pub direction: Direction,
    /// Immediate callbacks.
    pub immediate: Immediate,
    /// Scheduled callbacks.
    pub scheduled: Scheduled,
    /// The office-hours definition (`_business_hours_service`); none means always open, in UTC
    /// ([engagement-api-v3 §3.4, §3.5](crate::rules)).
    pub hours: Option<String>,
    /// The capacity rule, if one is assigned.
    pub capacity_rule: Option<String>,
    /// The country and number rule, if one is assigned.
    pub number_rule: Option<String>,
    /// What numbers it may call. Its rule is the one named by `number_rule`, put here when references are followed.
    pub numbers: NumberPolicy,
    /// Preferred regions, in order ([callback-domain §13.4](crate::rules)).
    pub regions: Vec<String>,
    /// When and how it is handed over.
    pub submit: SubmitPolicy,
    /// What the session is told about dialling.
    pub dial: Dial,
    /// How much is accepted.
    pub limits: ThrottleLimits,
    /// Life limit of an unfinished callback (`_ttl`, [callback-domain §10.1](crate::rules)).
    pub ttl: Duration,
    /// Push notification.
    pub push: Push,
    /// Refuse immediate callbacks while no agent is logged in (`_logged_in_check`).
    pub require_logged_in: bool,
    /// Options a request may override (`_overwritable_options`).
    pub overridable: BTreeSet<String>,
    /// Options nobody here reads, kept as published.
    pub extra: BTreeMap<String, String>,
}

/// Immediate callbacks of a service.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Immediate {
    /// Whether they may be booked (`_immediate_enabled`).
    pub enabled: bool,
    /// None are taken this long before closing (`_immediate_blackout`).
    pub blackout: Duration,
}

/// Scheduled callbacks of a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scheduled {
    /// Whether they may be booked (`_scheduled_enabled`).
    pub enabled: bool,
    /// The booking interval (`_request_time_bucket`).
    pub interval: BookingInterval,
    /// Bookings per interval when no capacity rule is assigned (`_max_request_by_time_bucket`).
    pub capacity: u32,
    /// The shortest lead of a booking (`_min_time_before_callback`).
    pub min_lead: Duration,
    /// How a rule's number applies to an interval shorter than the rule's slot ([callback-domain §5.3](crate::rules)).
    pub short_interval: ShortInterval,
}

/// What the session is told about dialling ([callback-domain §8.4](crate::rules)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dial {
    /// Outbound attempts (`_max_dial_attempts`).
    pub max_attempts: u32,
    /// Pause between them, from the end of the failed one (`_dial_retry_timeout`).
    pub retry_after: Duration,
    /// Delay when the customer asks to be called a bit later (`_snooze_duration`).
    pub snooze: Duration,
    /// Call-progress detection (`_cpd_enable`).
    pub call_progress_detection: bool,
}

/// Push notification of a service ([callback-domain §16.1](crate::rules)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Push {
    /// `CALLBACK_UPCOMING` is sent once the wait drops below this.
    pub upcoming_below: Option<Duration>,
    /// How long a pushed offer stays valid.
    pub expiry: Duration,
}

impl CallbackService {
    /// What its settings say about offering and booking.
    pub fn booking_rules(&self) -> BookingRules {
        BookingRules {
            offer: OfferPolicy {
                immediate: self.immediate.enabled,
                blackout: self.immediate.blackout,
                scheduled: self.scheduled.enabled,
                require_logged_in: self.require_logged_in,
            },
            submit: self.submit,
            min_lead: self.scheduled.min_lead,
        }
    }

    /// A service with every default of [callback-domain §3.3](crate::rules) and neither kind enabled.
    pub fn named(name: impl Into<ServiceName>, route_point: impl Into<String>) -> Self {
        let name = name.into();
        CallbackService {
            virtual_queue: name.as_str().to_owned(),
            name,
            application: None,
            workspace: None,
            stream: None,
            route_point: route_point.into(),
            survey_route_point: None,
            target: None,
            dial_prefix: String::new(),
            display_number: None,
            display_name: None,
            direction: Direction::default(),
            immediate: Immediate::default(),
            scheduled: Scheduled {
                enabled: false,
                interval: BookingInterval::default(),
                capacity: 100,
                min_lead: Duration::ZERO,
                short_interval: ShortInterval::default(),
            },
            hours: None,
            capacity_rule: None,
            number_rule: None,
            numbers: NumberPolicy::default(),
            regions: Vec::new(),
            submit: SubmitPolicy::default(),
            dial: Dial {
                max_attempts: 3,
                retry_after: Duration::from_secs(300),
                snooze: Duration::from_secs(300),
                call_progress_detection: true,
            },
            limits: ThrottleLimits::default(),
            ttl: Duration::from_secs(86_400),
            push: Push { upcoming_below: None, expiry: Duration::from_secs(300) },
            require_logged_in: true,
            overridable: ["_route_point", "_survey_route_point", "_priority"].map(String::from).into(),
            extra: BTreeMap::new(),
        }
    }
}
