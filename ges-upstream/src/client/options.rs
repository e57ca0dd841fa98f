//! How neighbours are reached: whose certificates count, and through which proxy.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use hyper::Uri;
use hyper::header::HeaderValue;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use secrecy::{ExposeSecret, SecretString};

/// How neighbours are reached. By default straight, trusting the public authorities.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct ClientOptions {
    /// Certificates of authorities in PEM, trusted besides the public ones.
    pub authorities: Option<String>,
    /// Through what HTTPS goes out.
    pub proxy: Option<Proxy>,
}

/// A proxy that opens tunnels (`CONNECT`) for outgoing HTTPS. Plain HTTP goes straight.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Proxy {
    /// Its address; `https` when the way to the proxy itself is encrypted.
    pub address: Uri,
    /// Name and password, when it asks for them.
    pub login: Option<(String, SecretString)>,
    /// Hosts that are reached straight, each with everything below it: `internal.example` and `a.internal.example`.
    pub except: Vec<String>,
}

impl Proxy {
    /// A proxy that asks for no login and is used for every host.
    pub fn new(address: Uri) -> Self {
        Proxy { address, login: None, except: Vec::new() }
    }

    /// Whether this host is reached straight.
    pub(super) fn spares(&self, host: &str) -> bool {
        let host = host.trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase();
        self.except.iter().any(|spared| {
            let spared = spared.trim_start_matches('.').to_ascii_lowercase();
            host.strip_suffix(&spared)
                .is_some_and(|above| !spared.is_empty() && (above.is_empty() || above.ends_with('.')))
        })
    }

    /// `Proxy-Authorization`, when there is a login.
    pub(super) fn authorization(&self) -> Result<Option<HeaderValue>, ClientMistake> {
        let Some((name, password)) = &self.login else { return Ok(None) };
        let pair = BASE64.encode(format!("{name}:{}", password.expose_secret()));
        let mut value = HeaderValue::from_str(&format!("Basic {pair}")).map_err(|_| ClientMistake::Proxy)?;
        value.set_sensitive(true);
        Ok(Some(value))
    }
}

/// Why neighbours cannot be reached like this.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ClientMistake {
    /// The authorities cannot be understood.
    #[error("the authorities cannot be used: {0}; one or several certificates in PEM are right")]
    Authorities(String),
    /// The proxy cannot be used.
    #[error(
        "an http or https address with a host and nothing behind it is right, such as http://proxy.example.com:3128"
    )]
    Proxy,
}

/// What checks the certificates of neighbours.
pub(super) fn tls(options: &ClientOptions) -> Result<ClientConfig, ClientMistake> {
    let unusable = |problem: String| ClientMistake::Authorities(problem);
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    if let Some(text) = &options.authorities {
        let before = roots.len();
        for certificate in CertificateDer::pem_slice_iter(text.as_bytes()) {
            let certificate = certificate.map_err(|error| unusable(error.to_string()))?;
            roots.add(certificate).map_err(|error| unusable(error.to_string()))?;
        }
        if roots.len() == before {
            return Err(unusable("there is no certificate in it".to_owned()));
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = builder.map_err(|error| unusable(error.to_string()))?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_spared_with_all_below_them() {
        let mut proxy = Proxy::new(Uri::from_static("http://proxy:3128"));
        proxy.except =
            vec!["internal.example".to_owned(), ".Corp".to_owned(), "::1".to_owned(), String::new()];
        for host in ["internal.example", "a.INTERNAL.example", "gws.corp", "[::1]"] {
            assert!(proxy.spares(host), "{host}");
        }
        for host in ["notinternal.example", "example", "corp.example", "internal.example.org"] {
            assert!(!proxy.spares(host), "{host}");
        }
    }

    #[test]
    fn a_text_without_certificates_is_no_authority() {
        for text in ["", "no PEM", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
            let options = ClientOptions { authorities: Some(text.to_owned()), proxy: None };
            let mistake = tls(&options).unwrap_err().to_string();
            assert!(mistake.contains("certificates in PEM are right"), "{mistake}");
        }
    }

    #[test]
    fn a_login_is_never_shown() {
        let mut proxy = Proxy::new(Uri::from_static("http://proxy:3128"));
        proxy.login = Some(("ges".to_owned(), "hidden".into()));
        let header = proxy.authorization().unwrap().unwrap();
        assert_eq!(header, "Basic Z2VzOmhpZGRlbg==");
        assert!(!format!("{proxy:?} {header:?}").contains("hidden") && header.is_sensitive());
    }
}
