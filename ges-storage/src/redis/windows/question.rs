//! What the scripts are asked: keys and arguments, with digests in the place of values.

use ges_core::Timestamp;
use ges_core::throttle::{WindowKey, WindowKind, WindowRequest};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use super::super::keys::Keys;

/// Two values share a digest once in 2^64 values; a longer one would only take more room.
const DIGEST_BYTES: usize = 16;

/// Makes digests that tell nothing without the secret: numbers are few enough to be tried one after the other.
pub(super) struct Digests(Hmac<Sha256>);

impl Digests {
    pub fn new(secret: &[u8]) -> Self {
        // HMAC takes keys of any length.
        let mac = Hmac::new_from_slice(secret).unwrap_or_else(|_| Hmac::new(&Default::default()));
        Digests(mac)
    }

    fn of(&self, key: &WindowKey) -> Vec<u8> {
        let mut mac = self.0.clone();
        mac.update(&key.hash_input());
        mac.finalize().into_bytes().iter().copied().take(DIGEST_BYTES).collect()
    }
}

/// Keys and arguments of one call.
pub(super) struct Question {
    pub keys: Vec<Vec<u8>>,
    pub arguments: Vec<Vec<u8>>,
}

impl Question {
    pub fn reserve(
        keys: &Keys,
        digests: &Digests,
        asked: &[WindowRequest],
        now: Timestamp,
        serial: u64,
    ) -> Self {
        let head = vec![number(now.as_millis()), number(serial)];
        let places = (1usize..).zip(asked);
        Question::grouped(
            keys,
            head,
            places.map(|(place, request)| {
                let ends = request.lasting.end(now).as_millis();
                let of_window =
                    vec![number(place), name(digests, &request.key), number(request.limit), number(ends)];
                (&request.key, of_window)
            }),
        )
    }

    pub fn release(keys: &Keys, digests: &Digests, units: &[(WindowKey, u64)]) -> Self {
        let of_unit = |(key, serial)| (key, vec![name(digests, key), number(serial)]);
        Question::grouped(keys, Vec::new(), units.iter().map(|(key, serial)| of_unit((key, *serial))))
    }

    /// One key for each service, its windows behind each other.
    fn grouped<'k>(
        keys: &Keys,
        head: Vec<Vec<u8>>,
        windows: impl Iterator<Item = (&'k WindowKey, Vec<Vec<u8>>)>,
    ) -> Self {
        let mut groups: Vec<(Vec<u8>, usize, Vec<Vec<u8>>)> = Vec::new();
        for (key, arguments) in windows {
            let of_service = keys.windows(key.tenant(), key.service());
            match groups.iter_mut().find(|(known, ..)| *known == of_service) {
                Some((_, many, all)) => {
                    *many += 1;
                    all.extend(arguments);
                }
                None => groups.push((of_service, 1, arguments)),
            }
        }
        let mut question = Question { keys: Vec::with_capacity(groups.len()), arguments: head };
        for (key, many, arguments) in groups {
            question.keys.push(key);
            question.arguments.push(number(many));
            question.arguments.extend(arguments);
        }
        question
    }
}

/// Windows of a service or tenant by a short name, those per value by their digest.
fn name(digests: &Digests, key: &WindowKey) -> Vec<u8> {
    match key.kind() {
        WindowKind::Tenant => b"t".to_vec(),
        // More than two letters would be taken for a digest; nobody has so many windows.
        WindowKind::Burst(index) if *index < 36 => {
            let digit = char::from_digit(u32::from(*index), 36).unwrap_or('0');
            format!("b{digit}").into_bytes()
        }
        WindowKind::Burst(_) | WindowKind::Daily { .. } => digests.of(key),
    }
}

fn number(number: impl ToString) -> Vec<u8> {
    number.to_string().into_bytes()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use ges_core::throttle::Lasting;

    use super::*;

    fn daily(value: &str) -> WindowKey {
        let kind = WindowKind::Daily { parameter: "_customer_number".into() };
        WindowKey::new("acme", "sales", kind, value)
    }

    #[test]
    fn values_leave_as_digests_of_the_deployment() {
        let number = "12223334444";
        let asked = |secret: &str| {
            let request = WindowRequest {
                key: daily(number),
                limit: 6,
                lasting: Lasting::For(Duration::from_secs(60)),
            };
            let digests = Digests::new(secret.as_bytes());
            Question::reserve(&Keys::default(), &digests, &[request], Timestamp::from_secs(1), 7)
        };
        let (one, same, other) = (asked("a"), asked("a"), asked("b"));
        assert_eq!(one.arguments, same.arguments, "nodes of a deployment count the same number together");
        assert_ne!(one.arguments, other.arguments, "another deployment's digest is another");
        for part in one.keys.iter().chain(&one.arguments) {
            assert!(!part.windows(number.len()).any(|text| text == number.as_bytes()));
        }
    }

    #[test]
    fn values_are_told_apart() {
        let digests = Digests::new(b"secret");
        assert_ne!(digests.of(&daily("1")), digests.of(&daily("2")));
        assert_eq!(digests.of(&daily("1")).len(), DIGEST_BYTES);
    }
}
