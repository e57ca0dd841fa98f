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
    /// Other names of its environment variable, as deployments of the original have them.
    pub aliases: &'static [&'static str],
}

impl Key {
    /// A key.
    pub const fn new(name: &'static str, default: &'static str, meaning: &'static str) -> Self {
        Key { name, default, meaning, secret: false, aliases: &[] }
    }

    /// A key whose value is never shown.
    pub const fn secret(name: &'static str, meaning: &'static str) -> Self {
        Key { name, default: "", meaning, secret: true, aliases: &[] }
    }

    /// The same key, which these environment variables set as well, weaker than its own.
    pub const fn also(self, aliases: &'static [&'static str]) -> Self {
        Key { aliases, ..self }
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

/// Things between commas, at least one; spaces around them do not count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct List<T>(pub Vec<T>);

impl<T: Setting> Setting for List<T> {
    fn parse(text: &str) -> Option<Self> {
        text.split(',').map(|part| T::parse(part.trim())).collect::<Option<_>>().map(List)
    }
    fn expected() -> String {
        format!("one or several, with commas between them, each {}", T::expected())
    }
}

/// A host and, if it is not the usual one, a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// A name or an address, without brackets.
    pub host: String,
    /// None for the usual one.
    pub port: Option<u16>,
}

impl Setting for Node {
    fn parse(text: &str) -> Option<Self> {
        let authority: hyper::http::uri::Authority = text.parse().ok()?;
        let (host, port) = (authority.host(), authority.port_u16());
        let whole = port.map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        (whole == text && !bare.is_empty()).then(|| Node { host: bare.to_owned(), port })
    }
    fn expected() -> String {
        "a host and port such as redis.example.com:6379".to_owned()
    }
}

/// A text that nobody is shown, of any length: what a neighbour has given us.
#[derive(Clone, Debug)]
pub struct Given(pub SecretString);

impl Setting for Given {
    fn parse(text: &str) -> Option<Self> {
        Some(Given(text.into()))
    }
    fn expected() -> String {
        "a text".to_owned()
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
