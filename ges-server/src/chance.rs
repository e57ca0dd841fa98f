//! Ids, secrets and chance from the operating system's random source.

use ges_core::port::IdSource;
use uuid::Uuid;

/// Draws everything from the operating system; keeps no state.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemIds;

impl IdSource for SystemIds {
    // This adapter is where the port meets the machine.
    #[allow(clippy::disallowed_methods)]
    fn uuid(&self) -> Uuid {
        Uuid::new_v4()
    }

    fn below(&self, bound: u64) -> u64 {
        if bound < 2 {
            return 0;
        }
        // Draws above the largest multiple of `bound` would favour small numbers and are drawn again; each draw is
        // kept with a probability above one half.
        let fair = u64::MAX - u64::MAX % bound;
        loop {
            let drawn = random_u64();
            if drawn < fair {
                return drawn % bound;
            }
        }
    }
}

/// A fresh API key or secret: 256 bits as 64 hexadecimal digits.
pub fn secret() -> String {
    let mut text = String::with_capacity(64);
    for _ in 0..4 {
        text.push_str(&format!("{:016x}", random_u64()));
    }
    text
}

fn random_u64() -> u64 {
    // A Uuid of version 4 comes from the same source and fails in the same way; without a working random source no
    // key, token or id may be handed out, so stopping is the only right answer.
    getrandom::u64().expect("the operating system gives random numbers")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn below_stays_below_and_reaches_every_number() {
        let ids = SystemIds;
        let mut seen = [false; 5];
        for _ in 0..500 {
            seen[usize::try_from(ids.below(5)).unwrap()] = true;
        }
        assert_eq!(seen, [true; 5]);
        assert_eq!((ids.below(0), ids.below(1)), (0, 0));
    }

    #[test]
    fn secrets_are_long_and_differ() {
        let (one, other) = (secret(), secret());
        assert_eq!(one.len(), 64);
        assert_ne!(one, other);
    }
}
