//! The table of options. Everything the documentation says of an option stands here.

use std::time::Duration;

use super::Absent::{Default as Is, NotRead, RowRefused, Unset};
use super::Allowed::{OneOf, Range};
use super::Unit::{Count, Minutes, Seconds};
use super::{ServiceOption, Shape};
use crate::callback::Direction;
use crate::capacity::{BookingInterval, ShortInterval};
use crate::lead::EarlySubmission;
use crate::settings::CallbackService;
use crate::throttle::InQueueCheck;

const DAY_SECS: u64 = 86_400;
/// The widest count a limit holds.
const COUNT_MAX: u64 = 4_294_967_295;
const YEAR_SECS: u64 = 31_536_000;
/// The furthest booking, 14 days, in minutes.
const HORIZON_MINUTES: u64 = 20_160;

/// An option that is read, with a published name and a field.
const fn option(
    key: &'static str,
    field: &'static str,
    absent: super::Absent,
    source: &'static str,
    meaning: &'static str,
    shape: Shape,
) -> ServiceOption {
    ServiceOption { key, column: None, field: Some(field), absent, meaning, source, shape }
}

/// The same with the heading of its column.
const fn column(heading: &'static str, option: ServiceOption) -> ServiceOption {
    ServiceOption { column: Some(heading), ..option }
}

/// An option that is kept as published and read by nobody.
const fn kept(key: &'static str, source: &'static str, meaning: &'static str) -> ServiceOption {
    ServiceOption { key, column: None, field: None, absent: NotRead, meaning, source, shape: Shape::Kept }
}

const fn secs(number: u64) -> Duration {
    Duration::from_secs(number)
}

const fn minutes(number: u64) -> Duration {
    Duration::from_secs(number.saturating_mul(60))
}

/// Ranges are checked before a number comes here, and none of them is wider than this type.
fn narrow(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn filled(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}

/// The name of a GMS service may be given with the prefix of its section.
fn service_reference(text: String) -> Option<String> {
    filled(text.strip_prefix("service.").map_or_else(|| text.clone(), str::to_owned))
}

fn set_window_accepted(service: &mut CallbackService, index: usize, number: u64) {
    if let Some((accepted, _)) = service.limits.burst.get_mut(index) {
        *accepted = narrow(number);
    }
}

fn set_window_lasting(service: &mut CallbackService, index: usize, number: u64) {
    if let Some((_, lasting)) = service.limits.burst.get_mut(index) {
        *lasting = secs(number);
    }
}

fn window_accepted(service: &CallbackService, index: usize) -> Option<u64> {
    service.limits.burst.get(index).map(|(accepted, _)| u64::from(*accepted))
}

fn window_lasting(service: &CallbackService, index: usize) -> Option<u64> {
    service.limits.burst.get(index).map(|(_, lasting)| lasting.as_secs())
}

pub(super) static SERVICE_OPTIONS: &[ServiceOption] = &[
    column(
        "Virtual Queue",
        option(
            "_vq",
            "virtual_queue",
            Unset("the name of the service"),
            "§3.3",
            "The virtual queue, where it is spelled differently from the service.",
            Shape::Text {
                set: |s, text| s.virtual_queue = filled(text).unwrap_or_else(|| s.name.as_str().to_owned()),
                get: |s| (s.virtual_queue != s.name.as_str()).then(|| s.virtual_queue.clone()),
            },
        ),
    ),
    kept("_service", "§3.3", "Kind of the section. Only `callback` sections become services."),
    kept("_service_type", "§3.3", "Kind of the session."),
    kept("_type", "§3.3", "Kind of the section's implementation."),
    option(
        "_target",
        "target",
        Unset("none"),
        "§3.3",
        "Routing target expression.",
        Shape::Text { set: |s, text| s.target = filled(text), get: |s| s.target.clone() },
    ),
    column(
        "Routing Point",
        option(
            "_route_point",
            "route_point",
            RowRefused { file: "empty" },
            "§3.3",
            "Routing point of the outbound leg. A create request may replace it.",
            Shape::Text { set: |s, text| s.route_point = text, get: |s| Some(s.route_point.clone()) },
        ),
    ),
    option(
        "_survey_route_point",
        "survey_route_point",
        Unset("none"),
        "§3.2",
        "Routing point of the survey. A create request may replace it.",
        Shape::Text {
            set: |s, text| s.survey_route_point = filled(text),
            get: |s| s.survey_route_point.clone(),
        },
    ),
    column(
        "Callback Application",
        option(
            "_callback_application",
            "application",
            Unset("none"),
            "§3.2",
            "The callback application to run. A published row names it or the workspace.",
            Shape::Text { set: |s, text| s.application = filled(text), get: |s| s.application.clone() },
        ),
    ),
    option(
        "_designer_workspace",
        "workspace",
        RowRefused { file: "none" },
        "§3.3",
        "The Designer workspace of the application. A published row may name the application instead.",
        Shape::Text { set: |s, text| s.workspace = filled(text), get: |s| s.workspace.clone() },
    ),
    column(
        "Application Stream",
        option(
            "_stream",
            "stream",
            RowRefused { file: "none" },
            "§3.3",
            "The stream of the application, such as `Development`.",
            Shape::Text { set: |s, text| s.stream = filled(text), get: |s| s.stream.clone() },
        ),
    ),
    option(
        "_call_direction",
        "direction",
        Is("USERTERMINATED"),
        "§3.3",
        "Who dials: `USERTERMINATED` the system, `USERORIGINATED` the customer, who is notified.",
        Shape::Choice {
            allowed: &["USERTERMINATED", "USERORIGINATED"],
            set: |s, word| {
                s.direction = match word {
                    "USERORIGINATED" => Direction::UserOriginated,
                    _ => Direction::UserTerminated,
                }
            },
            get: |s| match s.direction {
                Direction::UserTerminated => "USERTERMINATED",
                Direction::UserOriginated => "USERORIGINATED",
            },
        },
    ),
    column(
        "Call Display Number",
        option(
            "_call_display_number",
            "display_number",
            Unset("none"),
            "§3.3",
            "The number shown to the customer.",
            Shape::Text { set: |s, text| s.display_number = filled(text), get: |s| s.display_number.clone() },
        ),
    ),
    column(
        "Callback Display Name",
        option(
            "_call_display_name",
            "display_name",
            Unset("none"),
            "§3.3",
            "The name shown to the customer.",
            Shape::Text { set: |s, text| s.display_name = filled(text), get: |s| s.display_name.clone() },
        ),
    ),
    column(
        "Dial Prefix",
        option(
            "_prefix_dial_out",
            "dial_prefix",
            Unset("no prefix"),
            "§3.3, §8.3",
            "Put before the number when dialling; often `+`.",
            Shape::Text { set: |s, text| s.dial_prefix = text, get: |s| Some(s.dial_prefix.clone()) },
        ),
    ),
    column(
        "Business Hours",
        option(
            "_business_hours_service",
            "hours",
            RowRefused { file: "always open, in UTC" },
            "§3.3, §4",
            "The office hours, which also give the time zone.",
            Shape::Text { set: |s, text| s.hours = service_reference(text), get: |s| s.hours.clone() },
        ),
    ),
    option(
        "_immediate_enabled",
        "immediate",
        Is("false"),
        "§3.3",
        "Whether immediate callbacks may be booked.",
        Shape::Flag { set: |s, flag| s.immediate.enabled = flag, get: |s| s.immediate.enabled },
    ),
    option(
        "_scheduled_enabled",
        "scheduled",
        Is("false"),
        "§3.3",
        "Whether scheduled callbacks may be booked.",
        Shape::Flag { set: |s, flag| s.scheduled.enabled = flag, get: |s| s.scheduled.enabled },
    ),
    option(
        "_immediate_blackout",
        "immediate_blackout_minutes",
        Is("0"),
        "§3.3",
        "No immediate callbacks are taken this long before closing.",
        Shape::Whole {
            unit: Minutes,
            allowed: Range(0, HORIZON_MINUTES),
            set: |s, number| s.immediate.blackout = minutes(number),
            get: |s| Some(s.immediate.blackout.as_secs() / 60),
        },
    ),
    option(
        "_min_time_before_callback",
        "min_lead_minutes",
        Is("0"),
        "§3.3",
        "The shortest lead of a scheduled booking.",
        Shape::Whole {
            unit: Minutes,
            allowed: Range(0, HORIZON_MINUTES),
            set: |s, number| s.scheduled.min_lead = minutes(number),
            get: |s| Some(s.scheduled.min_lead.as_secs() / 60),
        },
    ),
    option(
        "_request_time_bucket",
        "interval_minutes",
        Is("5"),
        "§3.3",
        "Length of the intervals that are offered and booked.",
        Shape::Whole {
            unit: Minutes,
            allowed: OneOf(&[5, 10, 15, 20, 30, 60, 120]),
            // The list above is the list of booking intervals, so the default is never taken.
            set: |s, number| {
                s.scheduled.interval = BookingInterval::try_from(narrow(number)).unwrap_or_default();
            },
            get: |s| Some(u64::from(s.scheduled.interval.minutes())),
        },
    ),
    option(
        "_max_request_by_time_bucket",
        "capacity",
        Is("100"),
        "§3.3, §5",
        "Scheduled bookings per interval where no capacity rule is assigned; 0 takes none.",
        Shape::Whole {
            unit: Count,
            allowed: Range(0, 1_000_000),
            set: |s, number| s.scheduled.capacity = narrow(number),
            get: |s| Some(u64::from(s.scheduled.capacity)),
        },
    ),
    option(
        "_capacity_service",
        "capacity_rule",
        Unset("no rule"),
        "§3.1, §5.3",
        "The capacity rule; its numbers replace the number per interval.",
        Shape::Text {
            set: |s, text| s.capacity_rule = service_reference(text),
            get: |s| s.capacity_rule.clone(),
        },
    ),
    option(
        "_ges_short_interval",
        "short_interval",
        Is("proportional"),
        "§5.3",
        "How a rule's number applies to an interval shorter than the rule's slot: `proportional` gives each its share, \
         `per_bucket` gives each the whole number.",
        Shape::Choice {
            allowed: &["proportional", "per_bucket"],
            set: |s, word| {
                s.scheduled.short_interval = match word {
                    "per_bucket" => ShortInterval::PerBucket,
                    _ => ShortInterval::Proportional,
                }
            },
            get: |s| match s.scheduled.short_interval {
                ShortInterval::Proportional => "proportional",
                ShortInterval::PerBucket => "per_bucket",
            },
        },
    ),
    option(
        "_ges_number_rule",
        "number_rule",
        Unset("no rule"),
        "§3.1, §9.1",
        "The country and number rule.",
        Shape::Text { set: |s, text| s.number_rule = filled(text), get: |s| s.number_rule.clone() },
    ),
    option(
        "_ges_preferred_regions",
        "preferred_regions",
        Unset("none preferred"),
        "§3.1, §13.4",
        "Regions that handle the queue, in the order in which they are tried.",
        Shape::Names { set: |s, names| s.regions = names, get: |s| s.regions.clone() },
    ),
    column(
        "Callback TTL (seconds)",
        option(
            "_ttl",
            "ttl_seconds",
            Is("86400"),
            "§3.3, §10.1",
            "Life limit of an unfinished callback, counted from its desired time. It does not change how long records \
             are kept.",
            Shape::Whole {
                unit: Seconds,
                allowed: Range(1, YEAR_SECS),
                set: |s, number| s.ttl = secs(number),
                get: |s| Some(s.ttl.as_secs()),
            },
        ),
    ),
    kept("_callback_purge_time", "§3.3", "Records are kept for 14 days, whatever it says."),
    option(
        "_logged_in_check",
        "require_logged_in",
        Is("true"),
        "§3.3",
        "Refuse immediate callbacks while no agent is logged in.",
        Shape::Flag { set: |s, flag| s.require_logged_in = flag, get: |s| s.require_logged_in },
    ),
    option(
        "_enable_in_queue_checking",
        "duplicate_check",
        Is("true"),
        "§3.3, §9.3",
        "Refuse a number that already has unfinished callbacks in the service: `true` at two, `strict` at one, `false` \
         never.",
        Shape::Choice {
            allowed: &["true", "strict", "false"],
            set: |s, word| {
                s.limits.in_queue = match word {
                    "strict" => InQueueCheck::One,
                    "false" => InQueueCheck::Off,
                    _ => InQueueCheck::Two,
                }
            },
            get: |s| match s.limits.in_queue {
                InQueueCheck::Two => "true",
                InQueueCheck::One => "strict",
                InQueueCheck::Off => "false",
            },
        },
    ),
    option(
        "_throttle_request_parameters",
        "daily_parameters",
        Is("_customer_number"),
        "§3.3, §9.2",
        "Request parameters whose values are counted per local day.",
        Shape::Names { set: |s, names| s.limits.parameters = names, get: |s| s.limits.parameters.clone() },
    ),
    option(
        "_throttle_request_parameters_limit",
        "daily_max",
        Is("6"),
        "§3.3, §9.2",
        "Immediate callbacks accepted per local day with the same value of a counted parameter; 0 blocks all.",
        Shape::Throttle {
            unit: Count,
            allowed: Range(0, COUNT_MAX),
            set: |s, number| s.limits.per_value_daily = narrow(number),
            get: |s| Some(u64::from(s.limits.per_value_daily)),
        },
    ),
    kept("_enable_throttle_header_parameters", "§3.3", "Headers are never counted."),
    kept("_enable_reject_out_of_office_hours", "§3.3, §6.4", "A scheduled booking may be made while closed."),
    option(
        "_max_dial_attempts",
        "dial_attempts",
        Is("3"),
        "§3.3, §8.4",
        "Outbound attempts.",
        Shape::Whole {
            unit: Count,
            allowed: Range(1, 100),
            set: |s, number| s.dial.max_attempts = narrow(number),
            get: |s| Some(u64::from(s.dial.max_attempts)),
        },
    ),
    option(
        "_dial_retry_timeout",
        "dial_retry_seconds",
        Is("300"),
        "§3.3, §8.4",
        "Pause between attempts, from the end of the failed one.",
        Shape::Whole {
            unit: Seconds,
            allowed: Range(0, DAY_SECS),
            set: |s, number| s.dial.retry_after = secs(number),
            get: |s| Some(s.dial.retry_after.as_secs()),
        },
    ),
    option(
        "_snooze_duration",
        "snooze_seconds",
        Is("300"),
        "§3.3",
        "Delay when the customer asks to be called a bit later.",
        Shape::Whole {
            unit: Seconds,
            allowed: Range(0, DAY_SECS),
            set: |s, number| s.dial.snooze = secs(number),
            get: |s| Some(s.dial.snooze.as_secs()),
        },
    ),
    option(
        "_cpd_enable",
        "call_progress_detection",
        Is("true"),
        "§3.3",
        "Call-progress detection.",
        Shape::Flag {
            set: |s, flag| s.dial.call_progress_detection = flag,
            get: |s| s.dial.call_progress_detection,
        },
    ),
    kept("_cpd_timeguard", "§3.3", "The switch's own default holds."),
    kept("_hold_enabled", "§3.3", "Unknown."),
    kept("_attach_udata", "§3.3", "User data is attached as one JSON text."),
    option(
        "_overwritable_options",
        "overridable",
        Is("_route_point, _survey_route_point, _priority"),
        "§3.3",
        "Options that a create request may replace for one callback.",
        Shape::Names {
            set: |s, names| s.overridable = names.into_iter().collect(),
            get: |s| s.overridable.iter().cloned().collect(),
        },
    ),
    column(
        "Push Notification Threshold (minutes)",
        option(
            "_push_notification_threshold",
            "push_below_minutes",
            Unset("no notification"),
            "§3.3, §16.1",
            "`CALLBACK_UPCOMING` is sent once the estimated wait drops below this; 0 sends none.",
            Shape::Whole {
                unit: Minutes,
                allowed: Range(0, HORIZON_MINUTES),
                set: |s, number| s.push.upcoming_below = (number > 0).then(|| minutes(number)),
                get: |s| s.push.upcoming_below.map(|below| below.as_secs() / 60),
            },
        ),
    ),
    option(
        "_pushed_callback_expiry_time",
        "push_expiry_seconds",
        Is("300"),
        "§3.3",
        "How long a pushed offer stays valid.",
        Shape::Whole {
            unit: Seconds,
            allowed: Range(1, DAY_SECS),
            set: |s, number| s.push.expiry = secs(number),
            get: |s| Some(s.push.expiry.as_secs()),
        },
    ),
    kept("_ors", "§3.3", "Orchestration servers are configured for the node."),
    option(
        "_request_execution_time_buffer",
        "submit_buffer_seconds",
        Is("120"),
        "§3.4, §8.1",
        "The shortest lead with which a scheduled callback is handed over.",
        Shape::Whole {
            unit: Seconds,
            allowed: Range(0, DAY_SECS),
            set: |s, number| s.submit.buffer = secs(number),
            get: |s| Some(s.submit.buffer.as_secs()),
        },
    ),
    option(
        "_ges_early_submission",
        "submit_early",
        Is("ewt"),
        "§3.6, §8.1",
        "What moves the hand-over forward: `ewt` the estimated wait, at least the buffer; `buffer_only`; `off`.",
        Shape::Choice {
            allowed: &["ewt", "buffer_only", "off"],
            set: |s, word| {
                s.submit.early = match word {
                    "buffer_only" => EarlySubmission::BufferOnly,
                    "off" => EarlySubmission::Off,
                    _ => EarlySubmission::Ewt,
                }
            },
            get: |s| match s.submit.early {
                EarlySubmission::Ewt => "ewt",
                EarlySubmission::BufferOnly => "buffer_only",
                EarlySubmission::Off => "off",
            },
        },
    ),
    option(
        "max_queued_callbacks_per_service",
        "active_max",
        Is("1000"),
        "§3.4, §9.2",
        "Active callbacks of the service at which no more immediate ones are taken; 0 blocks all.",
        Shape::Throttle {
            unit: Count,
            allowed: Range(0, COUNT_MAX),
            set: |s, number| s.limits.active_max = narrow(number),
            get: |s| Some(u64::from(s.limits.active_max)),
        },
    ),
    option(
        "_throttle_callbacks_per_service_1",
        "window_1_accepted",
        Is("500"),
        "§3.4, §9.2",
        "Immediate callbacks accepted in the first window; 0 blocks all.",
        Shape::Throttle {
            unit: Count,
            allowed: Range(0, COUNT_MAX),
            set: |s, number| set_window_accepted(s, 0, number),
            get: |s| window_accepted(s, 0),
        },
    ),
    option(
        "_throttle_ttl_1",
        "window_1_seconds",
        Is("300"),
        "§3.4, §9.2",
        "Length of the first window.",
        Shape::Throttle {
            unit: Seconds,
            allowed: Range(1, DAY_SECS),
            set: |s, number| set_window_lasting(s, 0, number),
            get: |s| window_lasting(s, 0),
        },
    ),
    option(
        "_throttle_callbacks_per_service_2",
        "window_2_accepted",
        Is("1000"),
        "§3.4, §9.2",
        "Immediate callbacks accepted in the second window; 0 blocks all.",
        Shape::Throttle {
            unit: Count,
            allowed: Range(0, COUNT_MAX),
            set: |s, number| set_window_accepted(s, 1, number),
            get: |s| window_accepted(s, 1),
        },
    ),
    option(
        "_throttle_ttl_2",
        "window_2_seconds",
        Is("3600"),
        "§3.4, §9.2",
        "Length of the second window.",
        Shape::Throttle {
            unit: Seconds,
            allowed: Range(1, DAY_SECS),
            set: |s, number| set_window_lasting(s, 1, number),
            get: |s| window_lasting(s, 1),
        },
    ),
    option(
        "_default_country",
        "default_country",
        Is("US"),
        "§3.4, §9.1",
        "The country of numbers given in national form.",
        Shape::Country {
            set: |s, country| s.numbers.default_country = country,
            get: |s| s.numbers.default_country,
        },
    ),
    option(
        "_disallow_impossible_phone_numbers",
        "refuse_impossible_numbers",
        Is("true"),
        "§3.4, §9.1",
        "Refuse numbers that cannot exist.",
        Shape::Flag {
            set: |s, flag| s.numbers.refuse_impossible = flag,
            get: |s| s.numbers.refuse_impossible,
        },
    ),
    option(
        "_disallow_premium_phone_numbers",
        "refuse_premium_numbers",
        Is("true"),
        "§3.4, §9.1",
        "Refuse premium-rate numbers.",
        Shape::Flag { set: |s, flag| s.numbers.refuse_premium = flag, get: |s| s.numbers.refuse_premium },
    ),
    kept("_request_queue_time_stat", "§3.4", "The estimated wait is asked of the router."),
    kept("_desired_connect_time_threshold", "§3.4", "Belongs to the session."),
    kept("_reject_future_desired_time", "§3.4", "The furthest booking is 14 days ahead."),
    kept(
        "_reject_past_desired_time",
        "§3.4",
        "A desired time in the past is judged as callback-domain §6.3 says.",
    ),
    kept("_urs_queued_ttl", "§3.4", "Belongs to the router."),
    kept("_max_ors_submit_attempts", "§3.4", "Three tries, fixed."),
    kept("_max_transfer_to_agent_attempts", "§3.4", "Belongs to the session."),
    kept("_max_time_to_wait_for_agent_on_the_call", "§3.4", "Belongs to the session."),
    kept("_max_time_to_reach_eta_pos_threshold", "§3.4", "Belongs to the session."),
    kept("_eta_pos_threshold", "§3.4", "Belongs to the session."),
    kept("_min_urs_ewt_pos_polling_interval", "§3.4", "Belongs to the session."),
    kept("_max_urs_ewt_pos_polling_interval", "§3.4", "Belongs to the session."),
    kept("_ixn_createcall_timeout", "§3.4", "Belongs to the session."),
    kept("_user_confirm_timeout", "§3.4", "Belongs to the session."),
    kept("_agent_preview_timeout", "§3.4", "Belongs to the session."),
    kept("_min_queue_wait", "§3.4", "Belongs to the session."),
    kept("_queue_poll_period", "§3.4", "What is due is found by its time, not by polling."),
    kept("_queue_ping_ors_period", "§3.4", "Not needed."),
    kept("_queue_poll_period_recovery", "§3.4", "Not needed."),
    kept("_paused_services_list", "§3.4", "Not supported."),
    kept("_do_not_call_items", "§3.4", "Its meaning is not public."),
];
