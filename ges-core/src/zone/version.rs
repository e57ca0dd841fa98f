//! Versions of the time-zone database, such as `2026e`.

/// A version in the order of publication: the year, then the letters (after `z` comes `za`, never reached so far).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Version<'a> {
    year: u16,
    letters: &'a str,
}

impl<'a> Version<'a> {
    /// Reads a four-digit year and at least one small letter.
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        let (year, letters) = text.split_at_checked(4)?;
        let plain = year.bytes().all(|b| b.is_ascii_digit())
            && (1..=2).contains(&letters.len())
            && letters.bytes().all(|b| b.is_ascii_lowercase());
        plain.then_some(Version { year: year.parse().ok()?, letters })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_publications_are_greater() {
        let rising = ["1997a", "2025b", "2025c", "2026a", "2026e", "2026f", "2026z", "2026za", "2027a"];
        assert!(rising.map(|v| Version::parse(v).unwrap()).is_sorted());
        for bad in ["", "2026", "26e", "2026E", "2026e ", "unknown", "2026é", "2026abc", "+026e"] {
            assert!(Version::parse(bad).is_none(), "{bad:?}");
        }
    }
}
