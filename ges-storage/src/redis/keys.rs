//! Every name in Redis, and how long it lives.
//!
//! | name | what | lives until |
//! |---|---|---|
//! | `<prefix>:w:{<tenant>}:<service>` | hash: rate windows of a service (`b`: those of the service, packed; a digest per value counted by day) | an hour after the last window in it ends |
//! | `<prefix>:w:{<tenant>}:` | hash: rate windows of the tenant | as above |
//! | `<prefix>:nodes` | channel: who is there | nothing is kept |
//!
//! The tenant in braces keeps what one script touches on one node of a cluster.

use std::fmt::Write as _;

/// What every name begins with unless told otherwise.
pub const PREFIX: &str = "ges";

/// Names of one deployment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keys {
    prefix: String,
}

impl Default for Keys {
    fn default() -> Self {
        Keys::new(PREFIX)
    }
}

impl Keys {
    /// Names that begin with `prefix`, so that deployments may share a Redis.
    pub fn new(prefix: &str) -> Self {
        Keys { prefix: escaped(prefix) }
    }

    /// The hash of the rate windows of a service; of the tenant itself when `service` is empty.
    pub fn windows(&self, tenant: &str, service: &str) -> Vec<u8> {
        format!("{}:w:{{{}}}:{}", self.prefix, escaped(tenant), escaped(service)).into_bytes()
    }

    /// The channel on which nodes speak.
    pub fn nodes(&self) -> String {
        format!("{}:nodes", self.prefix)
    }
}

/// A name that cannot be taken for more than one part of a key, nor for a hash tag.
fn escaped(name: &str) -> String {
    name.chars().fold(String::with_capacity(name.len()), |mut text, letter| {
        match letter {
            '%' | ':' | '{' | '}' => {
                // Writing to a text cannot fail.
                let _ = write!(text, "%{:02x}", u32::from(letter));
            }
            other => text.push(other),
        }
        text
    })
}

#[cfg(test)]
mod tests {
    use super::super::slots::slot_of;
    use super::*;

    #[test]
    fn names_are_apart_and_those_of_a_tenant_together() {
        let keys = Keys::default();
        assert_eq!(keys.windows("acme", "sales"), b"ges:w:{acme}:sales");
        assert_ne!(keys.windows("a", "b:c"), keys.windows("a:b", "c"));
        for tenant in ["acme", "}", "{", "a}b", "{}", "%7d"] {
            let slot = |service| slot_of(&keys.windows(tenant, service));
            assert_eq!(slot(""), slot("sales"), "{tenant}");
            assert_eq!(slot(""), slot("{x}"), "{tenant}");
        }
        assert_ne!(keys.windows("}", ""), keys.windows("%7d", ""));
    }
}
