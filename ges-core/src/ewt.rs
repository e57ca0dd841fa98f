//! Estimated wait: what it is made of, and how sure we are.
