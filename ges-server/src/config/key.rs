//! A key and the types its value can have.

use std::net::SocketAddr;
use std::path::PathBuf;

use secrecy::SecretString;

/// One thing that can be configured.
#[derive(Debug)]
pub struct Key {
    /// Its place in the file, such as `http.external_address`.
    pub name: &'static str,
    /// What holds without it; empty for none.
    pub default: &'static str,
    /// What it means.
    pub meaning: &'static str,
    /// Whether its value is never shown, and may stand in a file named by the key with `_file` behind it.
    pub secret: bool,
}

impl Key {
    /// A key.
    pub const fn new(name: &'static str, default: &'static str, meaning: &'static str) -> Self {
        Key { name, default, meaning, secret: false }
    }

    /// A key whose value is never shown.
    pub const fn secret(name: &'static str, meaning: &'static str) -> Self {
        Key { name, default: "", meaning, secret: true }
    }

    /// Its environment variable.
    pub fn environment(&self) -> String {
        format!("GES_{}", self.name.to_ascii_uppercase().replace('.', "_"))
    }
}

/// A type that a value's text can be read into.
pub trait Setting: Sized {
    /// The value; `None` when the text is not right.
    fn parse(text: &str) -> Option<Self>;
    /// What would be right, as the end of a sentence that begins with `expected`.
    fn expected() -> String;
}

/// A whole number between two bounds, both allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Whole<const MIN: u64, const MAX: u64>(pub u64);

impl<const MIN: u64, const MAX: u64> Setting for Whole<MIN, MAX> {
    fn parse(text: &str) -> Option<Self> {
        text.parse().ok().filter(|number| (MIN..=MAX).contains(number)).map(Whole)
    }
    fn expected() -> String {
        format!("a whole number from {MIN} to {MAX}")
    }
}

impl Setting for bool {
    fn parse(text: &str) -> Option<Self> {
        text.parse().ok()
    }
    fn expected() -> String {
        "true or false".to_owned()
    }
}

impl Setting for SocketAddr {
    fn parse(text: &str) -> Option<Self> {
        text.parse().ok()
    }
    fn expected() -> String {
        "an address and port such as 127.0.0.1:3005 or [::1]:3005".to_owned()
    }
}

impl Setting for String {
    fn parse(text: &str) -> Option<Self> {
        (!text.trim().is_empty()).then(|| text.to_owned())
    }
    fn expected() -> String {
        "a text".to_owned()
    }
}

impl Setting for PathBuf {
    fn parse(text: &str) -> Option<Self> {
        Some(PathBuf::from(text))
    }
    fn expected() -> String {
        "a path".to_owned()
    }
}

/// A secret that signs or opens something; long enough not to be guessed.
#[derive(Clone, Debug)]
pub struct Secret(pub SecretString);

impl Setting for Secret {
    fn parse(text: &str) -> Option<Self> {
        (text.len() >= 16).then(|| Secret(text.into()))
    }
    fn expected() -> String {
        "at least 16 characters; `ges-server new-key` prints good ones".to_owned()
    }
}

/// An `http` or `https` address without query; a trailing `/` is dropped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Url(pub hyper::Uri);

impl Setting for Url {
    fn parse(text: &str) -> Option<Self> {
        let uri: hyper::Uri = text.trim_end_matches('/').parse().ok()?;
        let right = matches!(uri.scheme_str(), Some("http" | "https"))
            && uri.host().is_some_and(|host| !host.is_empty())
            && uri.query().is_none()
            && !uri.authority().is_some_and(|authority| authority.as_str().contains('@'));
        right.then_some(Url(uri))
    }
    fn expected() -> String {
        "an http or https address such as https://telephony.example.com/calls, without query or password"
            .to_owned()
    }
}
