//! How a server is to be before its first start.

use std::fmt::Write as _;
use std::sync::Mutex;

use super::super::{Certificates, Place};
use super::Redis;

/// The harness's own user, so that it is let in whatever users a test defines.
pub const HARNESS: (&str, &str) = ("harness", "of the tests");

/// Settings of a server.
#[derive(Debug, Default)]
pub struct RedisOptions {
    lines: Vec<String>,
    user: Option<(String, String)>,
    tls: Option<(String, String)>,
    certificates: Option<Certificates>,
    sentinel: bool,
}

impl RedisOptions {
    /// The same, with a line of `redis.conf`.
    pub fn with(mut self, setting: &str, value: &str) -> Self {
        self.lines.push(format!("{setting} {value}"));
        self
    }

    /// The same, with a user who may do everything, and nobody let in without a password.
    pub fn with_user(self, name: &str, password: &str) -> Self {
        self.with_restricted_user(name, password, "~* &* +@all")
    }

    /// The same, for a user with these rules (keys, channels, commands) of an access list.
    pub fn with_restricted_user(mut self, name: &str, password: &str, rules: &str) -> Self {
        self.user = Some((name.to_owned(), password.to_owned()));
        self.lines.push("user default off".to_owned());
        self.lines.push(format!("user {name} on >{password} {rules}"));
        self
    }

    /// The same, with a second address for TLS, and a certificate of its own of this authority. Clients need none.
    pub fn with_tls(mut self, certificates: Certificates) -> Self {
        self.certificates = Some(certificates);
        self
    }

    pub(super) fn for_sentinel(mut self) -> Self {
        self.sentinel = true;
        self
    }

    pub(super) fn login(&self) -> String {
        self.user.as_ref().map_or_else(String::new, |(name, password)| format!("{name}:{password}@"))
    }

    pub(super) fn arguments(&self) -> &'static [&'static str] {
        if self.sentinel { &["--sentinel"] } else { &[] }
    }

    /// Starts it and waits until it answers.
    ///
    /// # Panics
    /// When Redis is not installed or does not start.
    pub fn start(mut self) -> Redis {
        let place = Place::new();
        let address = crate::server::free_address();
        let tls = self.certificates.as_ref().map(|_| crate::server::free_address());
        self.tls = self.certificates.as_ref().map(|certificates| certificates.issue(address.ip()));
        let mut text = format!(
            "bind {}\nport {}\nprotected-mode no\ndir {}\ndaemonize no\n",
            address.ip(),
            address.port(),
            place.folder().display()
        );
        // Others see connections come from another loopback address than the one we listen on.
        if self.sentinel {
            let _ = writeln!(text, "sentinel announce-ip {}", address.ip());
        } else {
            text += "save \"\"\nappendonly no\nrepl-diskless-sync-delay 0\n";
            let _ = writeln!(text, "replica-announce-ip {0}\ncluster-announce-ip {0}", address.ip());
        }
        let (name, password) = HARNESS;
        let _ = writeln!(text, "user {name} on \">{password}\" ~* &* +@all");
        if let (Some(tls), Some((certificate, key))) = (tls, &self.tls) {
            place.put("server.pem", certificate);
            place.put("server.key", key);
            let _ = writeln!(
                text,
                "tls-port {}\ntls-cert-file server.pem\ntls-key-file server.key\ntls-ca-cert-file server.pem\n\
                 tls-auth-clients no",
                tls.port()
            );
        }
        for line in &self.lines {
            let _ = writeln!(text, "{line}");
        }
        place.put("redis.conf", &text);
        let redis =
            Redis { place, options: self, address, tls, server: Mutex::default(), talk: Mutex::default() };
        redis.launch();
        redis
    }
}
