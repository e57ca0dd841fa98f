//! Secrets from the operating system's random source.

/// A fresh API key or secret: 256 bits as 64 hexadecimal digits.
pub fn secret() -> String {
    let mut text = String::with_capacity(64);
    for _ in 0..4 {
        text.push_str(&format!("{:016x}", random_u64()));
    }
    text
}

fn random_u64() -> u64 {
    // Without a working random source no key or token may be handed out, so stopping is the only right answer.
    getrandom::u64().expect("the operating system gives random numbers")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_long_and_differ() {
        let (one, other) = (secret(), secret());
        assert_eq!(one.len(), 64);
        assert_ne!(one, other);
    }
}
