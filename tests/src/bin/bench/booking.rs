//! The requests that book.

use std::time::Duration;

use ges_core::Timestamp;

use crate::client::post;
use crate::lateness::number;
use crate::settings::{KEY, TENANT, V3};

/// The sizing example of callback-domain §18: 14 days of 15 minutes, one hundred each.
pub const SIZING: u64 = 1_344 * 100;

const QUARTER: Duration = Duration::from_secs(15 * 60);

/// The n-th create of the sizing example: neighbours in time go to different slots.
pub fn sizing(first_slot: Timestamp) -> impl Fn(u64, &mut Vec<u8>) + 'static {
    sizing_in(first_slot, 1_344)
}

/// The same in so many slots; a few less than 1,344 have room for all.
pub fn sizing_in(first_slot: Timestamp, slots: u64) -> impl Fn(u64, &mut Vec<u8>) + 'static {
    move |of, out| {
        let slot = u32::try_from(of % slots).unwrap_or(0);
        create(out, "Load", of, first_slot + QUARTER * slot)
    }
}

/// The same of a tenant by its id, in the way of the older API, for the internal listener.
pub fn sizing_inside(
    tenant: String,
    first_slot: Timestamp,
    slots: u64,
) -> impl Fn(u64, &mut Vec<u8>) + 'static {
    move |of, out| {
        let slot = u32::try_from(of % slots).unwrap_or(0);
        let (number, desired) = (number(usize::try_from(of).unwrap_or(0)), first_slot + QUARTER * slot);
        let body =
            format!(r#"{{"_customer_number":"{number}","_desired_time":"{desired}","customerId":"C-{of}"}}"#);
        inside(out, "POST", "/genesys/1/service/callback/Load", &tenant, &body);
    }
}

/// The n-th immediate create of a service.
pub fn immediate(service: &'static str) -> impl Fn(u64, &mut Vec<u8>) + 'static {
    move |of, out| {
        let number = number(usize::try_from(of).unwrap_or(0));
        let body = format!(r#"{{"serviceName":"{service}","phoneNumber":"{number}"}}"#);
        post(out, &format!("{V3}/callbacks/create"), KEY, &body);
    }
}

/// The n-th create at `first` and so much later each.
pub fn spread(
    service: &'static str,
    first: Timestamp,
    apart: Duration,
) -> impl Fn(u64, &mut Vec<u8>) + 'static {
    move |of, out| create(out, service, of, first + apart * u32::try_from(of).unwrap_or(u32::MAX))
}

/// The n-th create of the service `Load` with this user data, written as JSON.
pub fn with_user_data(
    first: Timestamp,
    data: impl Fn(u64) -> String + 'static,
) -> impl Fn(u64, &mut Vec<u8>) + 'static {
    move |of, out| {
        let number = number(usize::try_from(of).unwrap_or(0));
        let desired = first + QUARTER * u32::try_from(of % 1_300).unwrap_or(0);
        let data = data(of);
        let body = format!(
            r#"{{"serviceName":"Load","phoneNumber":"{number}","desiredTime":"{desired}","userData":{data}}}"#
        );
        post(out, &format!("{V3}/callbacks/create"), KEY, &body);
    }
}

/// What a session writes back about an attempt.
pub fn write_back(out: &mut Vec<u8>, service: &str, id: &str, attempt: &str, state: &str, sequence: u32) {
    let reason = if state == "COMPLETED" { r#","_callback_reason":"AGENT_CONNECTED""# } else { "" };
    let body = format!(
        r#"{{"_callback_state":"{state}","_attempt":{attempt},"_seq":{sequence},"_ors_session_id":"bench-{sequence}"{reason}}}"#
    );
    inside(out, "PUT", &format!("/genesys/1/service/callback/{service}/{id}"), TENANT, &body);
}

/// A request of the internal listener in the name of a tenant.
fn inside(out: &mut Vec<u8>, method: &str, path: &str, tenant: &str, body: &str) {
    use std::io::Write;
    // Writing into a vector cannot fail.
    let _ = write!(
        out,
        "{method} {path} HTTP/1.1\r\nHost: bench\r\nContactCenterId: {tenant}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
}

/// The n-th create of a list of instants.
pub fn at_instants(instants: Vec<Timestamp>) -> impl Fn(u64, &mut Vec<u8>) + 'static {
    move |of, out| {
        let instant = usize::try_from(of).ok().and_then(|of| instants.get(of)).copied();
        create(out, "Burst", of, instant.unwrap_or(Timestamp::MAX))
    }
}

/// The first slot that is certainly still ahead when the run is over.
pub fn first_slot(now: Timestamp) -> Timestamp {
    let quarter = 15 * 60 * 1000;
    Timestamp::from_millis((now.as_millis().div_euclid(quarter) + 1) * quarter)
}

fn create(out: &mut Vec<u8>, service: &str, of: u64, desired: Timestamp) {
    let number = number(usize::try_from(of).unwrap_or(0));
    let body = format!(
        r#"{{"serviceName":"{service}","phoneNumber":"{number}","desiredTime":"{desired}","userData":{{"customerId":"C-{of}","segment":"gold"}}}}"#
    );
    post(out, &format!("{V3}/callbacks/create"), KEY, &body);
}
