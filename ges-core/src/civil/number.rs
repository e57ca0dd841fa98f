//! Whole numbers as clients write them, among them counts of milliseconds
//! ([engagement-api-v3 §3.4, §4.4](crate::rules)).

use crate::Timestamp;

/// An instant given as milliseconds since 1970-01-01T00:00Z, in any form that [`parse_whole_number`] reads.
///
/// # Errors
///
/// When the text is not a whole number, when the number has 11 digits or fewer (seconds, almost surely), or when the
/// instant lies outside the years 1 to 9999.
///
/// ```
/// use ges_core::civil::{parse_epoch_millis, BadNumber};
///
/// assert_eq!(parse_epoch_millis("1.8935532E+12")?.to_string(), "2030-01-02T03:00:00.000Z");
/// assert_eq!(parse_epoch_millis("1893553200"), Err(BadNumber::Seconds));
/// # Ok::<(), BadNumber>(())
/// ```
pub fn parse_epoch_millis(text: &str) -> Result<Timestamp, BadNumber> {
    let millis = parse_whole_number(text)?;
    if millis.unsigned_abs() < 100_000_000_000 {
        return Err(BadNumber::Seconds);
    }
    Timestamp::try_from(millis).map_err(|_| BadNumber::TooGreat)
}

/// A whole number in integer, decimal or exponent notation (`12`, `12.0`, `1.2E+1`, `120e-1`). A blank after the `E`
/// is read as the `+` it was before the query was decoded.
///
/// # Errors
///
/// When the text is not a number, not a whole one, or does not fit into 64 bits.
pub fn parse_whole_number(text: &str) -> Result<i64, BadNumber> {
    let (negative, unsigned) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, read_exponent(exponent)?),
        None => (unsigned, 0),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) if !fraction.is_empty() => (whole, fraction),
        Some(_) => return Err(BadNumber::NotANumber),
        None => (mantissa, ""),
    };
    let is_digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || !is_digits(whole) || !is_digits(fraction) {
        return Err(BadNumber::NotANumber);
    }
    let digits = format!("{whole}{fraction}");
    let significant = digits.trim_end_matches('0');
    let dropped = digits.len() - significant.len();
    let significant = significant.trim_start_matches('0');
    if significant.is_empty() {
        return Ok(0);
    }
    // A text whose length does not fit into an i64 does not fit into memory either.
    let length = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    let power = i64::from(exponent) - length(fraction.len()) + length(dropped);
    let power = u32::try_from(power).map_err(|_| BadNumber::NotWhole)?;
    let number: i64 = significant.parse().map_err(|_| BadNumber::TooGreat)?;
    let number = 10i64.checked_pow(power).and_then(|p| number.checked_mul(p)).ok_or(BadNumber::TooGreat)?;
    Ok(if negative { -number } else { number })
}

fn read_exponent(text: &str) -> Result<i32, BadNumber> {
    let (negative, digits) = match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+' | b' ') => (false, &text[1..]),
        _ => (false, text),
    };
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(BadNumber::NotANumber);
    }
    // Beyond this the number is too great or not whole whatever it is.
    let size = digits.parse().unwrap_or(i32::MAX);
    Ok(if negative { -size } else { size })
}

/// Why a text is not the number asked for. The text itself is not repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadNumber {
    /// Not a number at all.
    #[error("not a number: digits are needed, as in \"1893553200000\"")]
    NotANumber,
    /// It has a fraction.
    #[error("not a whole number")]
    NotWhole,
    /// It does not fit.
    #[error("the number is too great")]
    TooGreat,
    /// Too small for a count of milliseconds.
    #[error("11 digits or fewer look like seconds: milliseconds since 1970-01-01T00:00Z are needed")]
    Seconds,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn notations_of_one_number() {
        for text in [
            "1893553200000",
            "1893553200000.0",
            "1.8935532E+12",
            "1.8935532e12",
            "1.8935532E 12",
            "18935532000000E-1",
        ] {
            assert_eq!(parse_whole_number(text), Ok(1_893_553_200_000), "{text}");
            assert_eq!(parse_epoch_millis(text), Ok(Timestamp::from_millis(1_893_553_200_000)), "{text}");
        }
        for (text, wanted) in
            [("0", 0), ("-0", 0), ("007", 7), ("0e999999999999", 0), ("-12", -12), ("1.50e1", 15)]
        {
            assert_eq!(parse_whole_number(text), Ok(wanted), "{text}");
        }
    }

    #[test]
    fn anything_else_is_refused() {
        let rows = [
            ("", BadNumber::NotANumber),
            ("-", BadNumber::NotANumber),
            ("+1", BadNumber::NotANumber),
            (" 1", BadNumber::NotANumber),
            ("1.", BadNumber::NotANumber),
            (".5", BadNumber::NotANumber),
            ("1e", BadNumber::NotANumber),
            ("1e+", BadNumber::NotANumber),
            ("1e1.0", BadNumber::NotANumber),
            ("0x10", BadNumber::NotANumber),
            ("NaN", BadNumber::NotANumber),
            ("1e٣", BadNumber::NotANumber),
            ("1.5", BadNumber::NotWhole),
            ("1e-1", BadNumber::NotWhole),
            ("1e-99999999999", BadNumber::NotWhole),
            ("9223372036854775808", BadNumber::TooGreat),
            ("1e19", BadNumber::TooGreat),
            ("1e99999999999", BadNumber::TooGreat),
        ];
        for (text, wanted) in rows {
            assert_eq!(parse_whole_number(text), Err(wanted), "{text:?}");
        }
    }

    #[test]
    fn eleven_digits_are_seconds_twelve_are_milliseconds() {
        assert_eq!(parse_epoch_millis("99999999999"), Err(BadNumber::Seconds));
        assert_eq!(parse_epoch_millis("100000000000"), Ok(Timestamp::from_millis(100_000_000_000)));
        assert_eq!(parse_epoch_millis("0"), Err(BadNumber::Seconds));
        assert_eq!(parse_epoch_millis("253402300800000"), Err(BadNumber::TooGreat));
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "\\PC*", like in "-?[0-9]{0,25}(\\.[0-9]{0,9})?([eE][+ -]?[0-9]{0,12})?") {
            let _ = (parse_epoch_millis(&text), parse_epoch_millis(&like));
        }

        #[test]
        fn plain_integers_are_themselves(number: i64) {
            // The least 64-bit number has no positive counterpart and counts as too great.
            prop_assume!(number != i64::MIN);
            prop_assert_eq!(parse_whole_number(&number.to_string()), Ok(number));
        }
    }
}
