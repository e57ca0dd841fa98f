//! Click-to-call-in: number and access code, expiry, recognising the caller.
//!
//! A customer asks on a page or in an app and gets a number to dial, often with a code; the call that then comes in is
//! recognised as theirs ([callback-domain §16.3](crate::rules), [callback-administration §9](crate::rules),
//! [engagement-api-v3 §3.8](crate::rules)). Here are the decisions: which number and code a request gets, and which
//! request a call belongs to. The caller of these functions loads the waiting requests of the numbers concerned and
//! commits what is decided, in one step, so that no two requests get the same code.
//!
//! Numbers and codes of customers do not show in `Debug`, `Display` or error texts.

mod allocate;
mod code;
mod group;
mod recognise;
mod request;

pub use allocate::{CallInAsk, CallInRefused, Chance, TiedCallback, allocate};
pub use code::{AccessCode, NotAnAccessCode};
pub use group::{
    Allocation, CallInGroup, CallInGroupProblem, CallInGroupSpec, InvalidCallInGroup, shared_numbers,
};
pub use recognise::{InboundCall, MAX_WRONG_CODES, Match, RecognisedBy, match_inbound};
pub use request::{CallInRequest, CallInState, Caller, NotWaiting, RETAINED, ToNumber};

#[cfg(test)]
mod tests;
