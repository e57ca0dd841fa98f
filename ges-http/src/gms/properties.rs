//! The properties of a request: a flat object, as JSON or as a form.

use percent_encoding::percent_decode;
use serde_json::{Map, Value};

use crate::engagement::{BadInput, Members};

/// Reads a body. The older clients send forms, the newer ones JSON.
///
/// # Errors
/// A body that is neither, or percent-encoding that is not UTF-8.
pub fn read(content_type: Option<&str>, body: &[u8]) -> Result<Map<String, Value>, BadInput> {
    let content_type = content_type.unwrap_or_default().trim_start();
    if starts_with_ignoring_case(content_type, "application/x-www-form-urlencoded") {
        form(body)
    } else {
        Ok(Members::read(body)?.rest())
    }
}

fn starts_with_ignoring_case(text: &str, prefix: &str) -> bool {
    text.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

fn form(body: &[u8]) -> Result<Map<String, Value>, BadInput> {
    let pairs = body.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let mut halves = pair.splitn(2, |byte| *byte == b'=');
            let name = form_text(halves.next().unwrap_or_default())?;
            let value = form_text(halves.next().unwrap_or_default())?;
            Ok((name, Value::String(value)))
        })
        .collect()
}

fn form_text(raw: &[u8]) -> Result<String, BadInput> {
    let blanks: Vec<u8> = raw.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
    let text = percent_decode(&blanks).decode_utf8();
    text.map(|text| text.into_owned()).map_err(|_| BadInput::at("body", "percent-encoded UTF-8 is expected"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_and_the_same_json_are_the_same_properties() {
        let json = read(None, br#"{"_customer_number":"+1 519","a":"x y"}"#).unwrap();
        let form = read(
            Some("Application/x-www-form-urlencoded; charset=utf-8"),
            b"_customer_number=%2B1+519&a=x%20y",
        );
        assert_eq!(form.unwrap(), json);
        assert!(read(Some("application/x-www-form-urlencoded"), b"a=%ff").is_err());
        assert!(read(None, b"[]").is_err());
        assert!(read(Some("appli\u{00e9}"), b"").is_err());
    }
}
