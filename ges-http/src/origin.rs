//! Patterns of browser origins ([engagement-api-v3 §1.7](ges_core::rules)): wildcards inside a domain name, never a
//! lone one.

/// `scheme://host[:port]` where `*` in the host stands for one or more letters, digits and hyphens, and a whole first
/// label `*` for one or more labels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OriginPattern {
    scheme: String,
    labels: Vec<String>,
    port: Option<String>,
}

/// A text that is not a pattern of origins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "not an origin: https://www.example.com or https://*.example.com is expected, without path or lone *"
)]
pub struct NotAnOrigin;

impl std::str::FromStr for OriginPattern {
    type Err = NotAnOrigin;
    fn from_str(text: &str) -> Result<Self, NotAnOrigin> {
        let (scheme, labels, port) = split(text).ok_or(NotAnOrigin)?;
        // The last two labels are somebody's domain; a wildcard there would open the door to everybody.
        if labels.iter().rev().take(2).any(|label| label.contains('*')) {
            return Err(NotAnOrigin);
        }
        Ok(OriginPattern { scheme, labels, port })
    }
}

impl OriginPattern {
    /// Whether a browser's `Origin` header fits.
    pub fn matches(&self, origin: &str) -> bool {
        let Some((scheme, labels, port)) = split(origin) else { return false };
        if scheme != self.scheme || port != self.port || origin.contains('*') {
            return false;
        }
        let (patterns, asked) = match self.labels.split_first() {
            Some((first, rest)) if first == "*" => {
                // One or more labels stand for the star; what is right of them is compared one by one.
                let Some(surplus) = labels.len().checked_sub(rest.len()).filter(|surplus| *surplus > 0)
                else {
                    return false;
                };
                (rest, labels.get(surplus..).unwrap_or_default())
            }
            _ => (self.labels.as_slice(), labels.as_slice()),
        };
        patterns.len() == asked.len()
            && patterns.iter().zip(asked).all(|(pattern, label)| fits(pattern, label))
    }
}

fn split(text: &str) -> Option<(String, Vec<String>, Option<String>)> {
    let text = text.trim().to_ascii_lowercase();
    let (scheme, rest) = text.split_once("://")?;
    let (host, port) = match rest.split_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (rest, None),
    };
    let port_is_right = port.is_none_or(|port| port.parse::<u16>().is_ok());
    let of_host = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '*');
    let labels: Vec<String> = host.split('.').map(str::to_owned).collect();
    let host_is_right = labels.iter().all(|label| !label.is_empty() && label.chars().all(of_host));
    let right = matches!(scheme, "http" | "https") && port_is_right && host_is_right;
    right.then(|| (scheme.to_owned(), labels, port.map(str::to_owned)))
}

/// Whether a label fits a pattern in which at most a few `*` each stand for one or more characters.
fn fits(pattern: &str, label: &str) -> bool {
    let Some((before, after)) = pattern.split_once('*') else { return pattern == label };
    let Some(rest) = label.strip_prefix(before) else { return false };
    (1..=rest.len()).any(|taken| rest.get(taken..).is_some_and(|rest| fits(after, rest)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_fit_what_they_say() {
        for (pattern, origin, right) in [
            ("https://www.example.com", "https://www.example.com", true),
            ("https://www.example.com", "https://WWW.example.com", true),
            ("https://www.example.com", "http://www.example.com", false),
            ("https://www.example.com", "https://www.example.com:8443", false),
            ("https://www.example.com:8443", "https://www.example.com:8443", true),
            ("https://*.example.com", "https://a.example.com", true),
            ("https://*.example.com", "https://a.b.example.com", true),
            ("https://*.example.com", "https://example.com", false),
            ("https://*.example.com", "https://evilexample.com", false),
            ("https://*.example.com", "https://example.com.evil.org", false),
            ("https://app-*.example.com", "https://app-1.example.com", true),
            ("https://app-*.example.com", "https://app-.example.com", false),
            ("https://app-*.example.com", "https://app-1.x.example.com", false),
            ("http://localhost:8080", "http://localhost:8080", true),
            ("https://*.example.com", "https://*.example.com", false),
            ("https://*.example.com", "null", false),
        ] {
            let pattern: OriginPattern = pattern.parse().unwrap();
            assert_eq!(pattern.matches(origin), right, "{pattern:?} and {origin}");
        }
    }

    #[test]
    fn what_would_let_everybody_in_is_no_pattern() {
        for text in
            ["*", "https://*", "https://*.com", "https://example.*", "https://a.com/", "ftp://a.com", ""]
        {
            assert_eq!(text.parse::<OriginPattern>(), Err(NotAnOrigin), "{text}");
        }
    }
}
