//! What tells one wish from another.

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The fingerprint of a wish: equal wishes have equal ones, different wishes different ones, with all the certainty that
/// 122 bits of SHA-1 give. It is kept with the record, so that a wish that comes again can be known by it when the record
/// has long been changed. It guards nothing: who makes two wishes of one fingerprint is answered with a record of his own.
///
/// `Debug` does not show it: few phone numbers are in question, and each could be tried ([invariant 37](crate::rules)).
/// In serde formats it is a hyphenated UUID.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fingerprint(Uuid);

impl Fingerprint {
    /// Of a wish as text. The text must tell everything about the wish, and always in the same way.
    pub fn of(text: &str) -> Self {
        Fingerprint(Uuid::new_v5(&NAMESPACE, text.as_bytes()))
    }
}

/// Where these UUIDs are at home. Another one would make every wish that comes again a different one.
const NAMESPACE: Uuid = Uuid::from_u128(0x8d0c_54d1_33b0_4f0e_9a43_5b7a_6f0f_2c11);

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Fingerprint")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_same_in_every_release() {
        let written = serde_json::to_string(&Fingerprint::of("a wish")).unwrap();
        assert_eq!(written, "\"912e6d74-c405-57f5-8a68-a3712632d338\"");
    }

    #[test]
    fn it_does_not_show() {
        assert_eq!(format!("{:?}", Fingerprint::of("15195550123")), "Fingerprint");
    }
}
