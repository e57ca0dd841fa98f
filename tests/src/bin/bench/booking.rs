//! The requests that book.

use std::time::Duration;

use ges_core::Timestamp;

use crate::client::post;
use crate::lateness::number;
use crate::settings::{KEY, V3};

/// The sizing example of callback-domain §18: 14 days of 15 minutes, one hundred each.
pub const SIZING: u64 = 1_344 * 100;

const QUARTER: Duration = Duration::from_secs(15 * 60);

/// The n-th create of the sizing example: neighbours in time go to different slots.
pub fn sizing(first_slot: Timestamp) -> impl Fn(u64, &mut Vec<u8>) + 'static {
    move |of, out| {
        let slot = u32::try_from(of % 1_344).unwrap_or(0);
        create(out, "Load", of, first_slot + QUARTER * slot)
    }
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
