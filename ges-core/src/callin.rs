//! Click-to-call-in: number and access code, expiry, recognising the caller.
