//! How the certificate of a Redis is checked.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use tokio_rustls::TlsConnector;

use super::options::{Misconfigured, Tls};

/// A connector that checks as told.
pub(super) fn connector(tls: &Tls) -> Result<TlsConnector, Misconfigured> {
    if let Some(name) = &tls.server_name {
        server_name(name)?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(|error| Misconfigured::Authorities { file: String::new(), problem: error.to_string() })?;
    let config = if tls.reject_unauthorized {
        builder.with_root_certificates(authorities(tls)?).with_no_client_auth()
    } else {
        let anything = Arc::new(AnyCertificate(provider));
        builder.dangerous().with_custom_certificate_verifier(anything).with_no_client_auth()
    };
    Ok(TlsConnector::from(Arc::new(config)))
}

/// The name a certificate must bear.
pub(super) fn server_name(name: &str) -> Result<ServerName<'static>, Misconfigured> {
    ServerName::try_from(name.to_owned()).map_err(|_| Misconfigured::ServerName(name.to_owned()))
}

fn authorities(tls: &Tls) -> Result<RootCertStore, Misconfigured> {
    let Some(path) = &tls.ca_file else {
        return Ok(RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() });
    };
    let unusable = |problem: String| Misconfigured::Authorities { file: path.display().to_string(), problem };
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(path).map_err(|error| unusable(error.to_string()))? {
        let certificate = certificate.map_err(|error| unusable(error.to_string()))?;
        roots.add(certificate).map_err(|error| unusable(error.to_string()))?;
    }
    if roots.is_empty() { Err(unusable("there is none in it".to_owned())) } else { Ok(roots) }
}

/// Takes any certificate whose owner holds its key: what `rejectUnauthorized = false` asks for.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
