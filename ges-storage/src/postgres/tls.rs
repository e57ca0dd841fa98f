//! Whom the connection believes.

use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::error::OpenError;
use super::options::Tls;

/// What makes a connection secret. With [`Tls::Off`] it is made all the same and never asked.
pub(super) fn connector(tls: &Tls) -> Result<MakeRustlsConnect, OpenError> {
    let mut roots = RootCertStore::empty();
    match tls {
        Tls::Off => {}
        Tls::Verify => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
        Tls::Authority(path) => {
            let unreadable = || OpenError::Authority { path: path.clone() };
            for certificate in CertificateDer::pem_file_iter(path).map_err(|_| unreadable())? {
                let added = certificate.map(|certificate| roots.add(certificate));
                added.map_err(|_| unreadable())?.map_err(|_| unreadable())?;
            }
            if roots.is_empty() {
                return Err(unreadable());
            }
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| OpenError::Unreachable(Box::new(error)))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}
