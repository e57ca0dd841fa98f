//! `Idempotency-Key`: a create that may be sent again ([engagement-api-v3 §3.1](ges_core::rules)).
//!
//! The key becomes the id of the callback, and the callback itself then says whether its key came before: there is no
//! table of keys and no copy of an answer. Of the key only this is kept; it is neither logged nor repeated in an answer.

use std::ops::RangeInclusive;

use ges_core::{CallbackId, TenantId};
use http::header::HeaderMap;
use sha2::{Digest, Sha256};
use uuid::Builder;

use crate::engagement::BadInput;

/// The header, in the form in which headers are found.
pub const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// How many characters a key has. Shorter ones meet by accident.
const LENGTH: RangeInclusive<usize> = 16..=255;

/// The id that the callback of this request shall have; none when no key was sent.
///
/// # Errors
/// A key that is too short, too long or not of visible ASCII characters, and two keys.
pub fn callback_id(headers: &HeaderMap, tenant: &TenantId) -> Result<Option<CallbackId>, BadInput> {
    let mut keys = headers.get_all(IDEMPOTENCY_KEY).iter();
    let Some(key) = keys.next() else { return Ok(None) };
    let key = key.as_bytes();
    if keys.next().is_none() && LENGTH.contains(&key.len()) && key.iter().all(u8::is_ascii_graphic) {
        return Ok(Some(id_of(tenant, key)));
    }
    let (least, most) = (LENGTH.start(), LENGTH.end());
    let right =
        format!("one key of {least} to {most} visible ASCII characters is expected, such as a fresh UUID");
    Err(BadInput::at("Idempotency-Key", right))
}

/// A UUID of version 8: who knows the key can reckon it, and the key cannot be had from it. Each part is preceded by its
/// length, so that no tenant and key together read as another tenant and key.
fn id_of(tenant: &TenantId, key: &[u8]) -> CallbackId {
    const LABEL: &[u8] = b"ges callback by idempotency key";
    let mut hash = Sha256::new();
    for part in [LABEL, tenant.as_str().as_bytes(), key] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    let mut bytes = [0; 16];
    bytes.iter_mut().zip(hash.finalize()).for_each(|(byte, hashed)| *byte = hashed);
    CallbackId(Builder::from_custom_bytes(bytes).into_uuid())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn id(tenant: &str, keys: &[&[u8]]) -> Result<Option<CallbackId>, BadInput> {
        let mut headers = HeaderMap::new();
        for key in keys {
            headers.append(IDEMPOTENCY_KEY, HeaderValue::from_bytes(key).unwrap());
        }
        callback_id(&headers, &tenant.into())
    }

    #[test]
    fn a_key_names_one_callback_of_its_tenant_in_every_release() {
        let key = b"0123456789abcdef".as_slice();
        let known: CallbackId = "ad7a1603-4a30-85e5-945f-a0f252dfecfc".parse().unwrap();
        assert_eq!(id("acme", &[key]), Ok(Some(known)));
        assert_eq!(known.0.get_version_num(), 8);
        for (tenant, key) in
            [("acme", b"0123456789abcdeg".as_slice()), ("acm", b"e0123456789abcdef"), ("globex", key)]
        {
            assert_ne!(id(tenant, &[key]), Ok(Some(known)), "{tenant}");
        }
    }

    #[test]
    fn without_a_key_there_is_none() {
        assert_eq!(id("acme", &[]), Ok(None));
    }

    #[test]
    fn a_key_has_sixteen_to_255_visible_characters() {
        let long = "~".repeat(255);
        for right in ["!23456789abcdef~", long.as_str(), "\"8e03978e-40d5-43e8-bc93-6894a57f9324\""] {
            assert!(id("acme", &[right.as_bytes()]).is_ok(), "{right}");
        }
        let longer = "~".repeat(256);
        for wrong in [
            "",
            "0123456789abcde",
            longer.as_str(),
            "0123456789 abcdef",
            "0123456789\tabcdef",
            "0123456789ä abcdef",
        ] {
            let error = id("acme", &[wrong.as_bytes()]).unwrap_err().message;
            assert!(error.starts_with("Idempotency-Key: one key of 16 to 255 visible"), "{error}");
            assert!(wrong.is_empty() || !error.contains(wrong), "{error}");
        }
        let key = b"0123456789abcdef".as_slice();
        assert!(id("acme", &[key, key]).is_err(), "two keys");
    }
}
