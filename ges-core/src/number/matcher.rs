//! Blocked patterns, compiled and matched.

use std::fmt;

use regex::bytes::{Regex, RegexBuilder};

use super::{BlockedPattern, PatternProblem};

/// Longest pattern, in characters ([callback-administration §4.3](crate::rules)).
const MAX_PATTERN_CHARS: usize = 256;
/// Bound of one compiled expression and of its match cache, in bytes each. A number has at most sixteen characters, so
/// honest expressions stay far below.
const MAX_COMPILED_BYTES: usize = 64 * 1024;

/// A pattern ready to be matched.
#[derive(Clone)]
pub(super) enum Matcher {
    Prefix(Box<[u8]>),
    Glob(Box<[u8]>),
    Regex(Regex),
}

impl Matcher {
    pub(super) fn compile(pattern: &BlockedPattern) -> Result<Matcher, PatternProblem> {
        let text = match pattern {
            BlockedPattern::Simple(text) | BlockedPattern::Regex(text) => text,
        };
        let chars = text.chars().count();
        if chars == 0 {
            return Err(PatternProblem::Empty);
        }
        if chars > MAX_PATTERN_CHARS {
            return Err(PatternProblem::TooLong { chars });
        }
        match pattern {
            BlockedPattern::Simple(text) => simple(text),
            BlockedPattern::Regex(text) => expression(text),
        }
    }

    /// Whether a number is blocked. `digits` is the number as given without its punctuation, `e164` the E.164 form
    /// without `+`. Expressions see both, and the E.164 form with its `+` ([callback-domain §9.1](crate::rules));
    /// simple patterns see the E.164 form alone, so that a national number is not taken for one of another country.
    pub(super) fn blocks(&self, digits: &str, e164: &str) -> bool {
        match self {
            Matcher::Prefix(prefix) => e164.as_bytes().starts_with(prefix),
            Matcher::Glob(glob) => glob_matches(glob, e164.as_bytes()),
            Matcher::Regex(regex) => {
                regex.is_match(e164.as_bytes())
                    || (digits != e164 && regex.is_match(digits.as_bytes()))
                    || regex.is_match(format!("+{e164}").as_bytes())
            }
        }
    }
}

impl fmt::Debug for Matcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Matcher(..)")
    }
}

fn simple(text: &str) -> Result<Matcher, PatternProblem> {
    let stranger = text.chars().position(|c| !matches!(c, '0'..='9' | '*' | '?'));
    if let Some(index) = stranger {
        return Err(PatternProblem::Character { position: index + 1 });
    }
    let bytes: Box<[u8]> = text.as_bytes().into();
    if bytes.iter().all(u8::is_ascii_digit) { Ok(Matcher::Prefix(bytes)) } else { Ok(Matcher::Glob(bytes)) }
}

fn expression(text: &str) -> Result<Matcher, PatternProblem> {
    // Bytes without Unicode classes: the candidates are ASCII, and \d becomes ten characters instead of hundreds.
    regex_syntax::ParserBuilder::new().unicode(false).utf8(false).build().parse(text).map_err(|error| {
        let (offset, what) = match &error {
            regex_syntax::Error::Parse(error) => (error.span().start.offset, error.kind().to_string()),
            regex_syntax::Error::Translate(error) => (error.span().start.offset, error.kind().to_string()),
            _ => (0, "not a regular expression".to_owned()),
        };
        let position = text.char_indices().take_while(|(at, _)| *at < offset).count() + 1;
        PatternProblem::Syntax { position, what }
    })?;
    RegexBuilder::new(text)
        .unicode(false)
        .size_limit(MAX_COMPILED_BYTES)
        .dfa_size_limit(MAX_COMPILED_BYTES)
        .build()
        .map(Matcher::Regex)
        .map_err(|_| PatternProblem::TooBig)
}

/// Whole-text match with `*` and `?`. On a mismatch only the last `*` is widened, so the work is at most
/// pattern length times text length: 256 × 15 steps.
fn glob_matches(glob: &[u8], text: &[u8]) -> bool {
    let (mut at_glob, mut at_text) = (0, 0);
    let mut last_star: Option<(usize, usize)> = None;
    while let Some(&digit) = text.get(at_text) {
        match glob.get(at_glob) {
            Some(b'*') => {
                last_star = Some((at_glob, at_text));
                at_glob += 1;
            }
            Some(&wanted) if wanted == b'?' || wanted == digit => {
                at_glob += 1;
                at_text += 1;
            }
            _ => match last_star {
                Some((star, from)) => {
                    last_star = Some((star, from + 1));
                    at_glob = star + 1;
                    at_text = from + 1;
                }
                None => return false,
            },
        }
    }
    glob.iter().skip(at_glob).all(|&rest| rest == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn simple_patterns_match_the_whole_number_or_its_beginning() {
        let table = [
            ("1900", "19005550100", true),
            ("1900", "11900555010", false),
            ("1900*", "19005550100", true),
            ("1900*", "1900", true),
            ("*00", "19005550100", true),
            ("*01", "19005550100", false),
            ("1???5550100", "19005550100", true),
            ("1??5550100", "19005550100", false),
            ("?*?", "1", false),
            ("*555*1*", "19005550100", true),
            ("*556*", "19005550100", false),
        ];
        for (pattern, number, blocked) in table {
            let matcher = Matcher::compile(&BlockedPattern::Simple(pattern.into())).unwrap();
            assert_eq!(matcher.blocks(number, number), blocked, "{pattern} on {number}");
        }
    }

    #[test]
    fn expressions_see_the_digits_the_e164_form_and_its_plus() {
        for (pattern, blocked) in
            [("^900", true), ("^1900", true), (r"^\+1900", true), ("^1901", false), ("0100$", true)]
        {
            let matcher = Matcher::compile(&BlockedPattern::Regex(pattern.into())).unwrap();
            assert_eq!(matcher.blocks("9005550100", "19005550100"), blocked, "{pattern}");
        }
    }

    #[test]
    fn a_simple_pattern_does_not_take_a_national_number_for_a_foreign_one() {
        let morocco = Matcher::compile(&BlockedPattern::Simple("212".into())).unwrap();
        assert!(!morocco.blocks("2125551234", "12125551234"));
    }

    #[test]
    fn problems_name_the_place() {
        let simple = |text: &str| Matcher::compile(&BlockedPattern::Simple(text.into())).unwrap_err();
        let regex = |text: &str| Matcher::compile(&BlockedPattern::Regex(text.into())).unwrap_err();
        assert_eq!(simple(""), PatternProblem::Empty);
        assert_eq!(simple("19x"), PatternProblem::Character { position: 3 });
        assert_eq!(simple(&"1".repeat(257)), PatternProblem::TooLong { chars: 257 });
        assert!(Matcher::compile(&BlockedPattern::Simple("1".repeat(256))).is_ok());
        assert!(matches!(regex("^1(900"), PatternProblem::Syntax { position: 3, .. }), "{}", regex("^1(900"));
        assert!(matches!(regex(r"(1)\1"), PatternProblem::Syntax { position: 4, .. }), "{}", regex(r"(1)\1"));
        assert!(matches!(regex("(?=1)"), PatternProblem::Syntax { position: 1, .. }));
        assert_eq!(regex(r"(\d{1,500}){1,500}"), PatternProblem::TooBig);
        assert!(!regex("^1900555(").to_string().contains("1900555"));
    }

    proptest::proptest! {
        /// The glob agrees with the same pattern written as an expression.
        #[test]
        fn glob_agrees_with_regex(glob in "[0-2*?]{1,8}", text in "[0-2]{3,12}") {
            let expression = format!("^{}$", glob.replace('*', "[0-9]*").replace('?', "[0-9]"));
            let regex = Regex::new(&expression).unwrap();
            proptest::prop_assert_eq!(glob_matches(glob.as_bytes(), text.as_bytes()), regex.is_match(text.as_bytes()));
        }
    }
}
