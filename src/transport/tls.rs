//! TLS by rustls, with the platform's roots read only when a certificate is there to be checked.

use std::fmt;
use std::sync::{Arc, OnceLock};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use rustls_platform_verifier::Verifier;

/// Whom to trust.
#[derive(Debug, Clone, Default)]
pub enum Roots {
    /// The authorities that the platform trusts, or those of `SSL_CERT_FILE`.
    #[default]
    Platform,
    /// These authorities alone.
    Only(Vec<CertificateDer<'static>>),
    /// The platform's, and these.
    Also(Vec<CertificateDer<'static>>),
    /// Whoever answers.
    Anyone,
}

/// The certificates of a PEM text, in their order.
///
/// # Errors
/// It holds none, or one that is broken.
pub fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let all = all.map_err(|error| format!("it is no PEM: {error}"))?;
    let mut store = RootCertStore::empty();
    match all.iter().map(|certificate| store.add(certificate.clone())).collect::<Result<Vec<()>, _>>() {
        _ if all.is_empty() => {
            Err("it holds no certificate: PEM has one after `-----BEGIN CERTIFICATE-----`".to_owned())
        }
        Err(error) => Err(format!("a certificate in it cannot be used: {error}")),
        Ok(_) => Ok(all),
    }
}

/// A certificate of the client's own, with its key.
#[derive(Clone)]
pub struct Identity(Arc<CertifiedKey>);

impl Identity {
    /// From the PEM of a certificate, further ones up to its authority, and the private key of the first.
    ///
    /// # Errors
    /// What is wrong with which of the two, without what the key says.
    pub fn read(chain: &[u8], key: &[u8]) -> Result<Identity, String> {
        let chain = certificates(chain).map_err(|words| format!("the certificate cannot be used: {words}"))?;
        let key = PrivateKeyDer::from_pem_slice(key)
            .map_err(|_| "the key cannot be used: it is no private key in PEM, or one with a password".to_owned())?;
        let provider = rustls::crypto::ring::default_provider();
        let certified = CertifiedKey::from_der(chain, key, &provider);
        certified.map(|key| Identity(Arc::new(key))).map_err(|error| format!("they cannot be used together: {error}"))
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Identity(***)")
    }
}

/// A configuration that speaks HTTP/1.1. Making it reads no files.
pub(super) fn config(roots: Roots, identity: Option<&Identity>) -> Arc<ClientConfig> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .expect("ring speaks TLS 1.2 and 1.3");
    let platform = |also| Arc::new(PlatformVerifier { provider: provider.clone(), also, loaded: OnceLock::new() });
    let builder = match roots {
        Roots::Platform => builder.dangerous().with_custom_certificate_verifier(platform(Vec::new())),
        Roots::Also(certificates) => builder.dangerous().with_custom_certificate_verifier(platform(certificates)),
        Roots::Anyone => builder.dangerous().with_custom_certificate_verifier(Arc::new(Unchecked(provider))),
        Roots::Only(certificates) => {
            let mut store = RootCertStore::empty();
            store.add_parsable_certificates(certificates);
            builder.with_root_certificates(store)
        }
    };
    let mut config = match identity {
        None => builder.with_no_client_auth(),
        Some(Identity(key)) => builder.with_client_cert_resolver(Arc::new(SingleCertAndKey::from(key.clone()))),
    };
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Arc::new(config)
}

/// The platform's verifier, made when it is first asked: reading its roots takes longer than many a run over plain
/// HTTP.
#[derive(Debug)]
struct PlatformVerifier {
    provider: Arc<CryptoProvider>,
    also: Vec<CertificateDer<'static>>,
    loaded: OnceLock<Result<Verifier, Error>>,
}

impl PlatformVerifier {
    fn loaded(&self) -> Result<&Verifier, Error> {
        let made = || match self.also.as_slice() {
            [] => Verifier::new(self.provider.clone()),
            also => Verifier::new_with_extra_roots(also.iter().cloned(), self.provider.clone()),
        };
        self.loaded.get_or_init(made).as_ref().map_err(Clone::clone)
    }
}

impl ServerCertVerifier for PlatformVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        self.loaded()?.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.loaded()?.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.loaded()?.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// Takes every certificate. That whoever answers holds the key of what it shows is checked all the same.
#[derive(Debug)]
struct Unchecked(Arc<CryptoProvider>);

impl ServerCertVerifier for Unchecked {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        rustls::crypto::verify_tls12_signature(message, cert, dss, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        rustls::crypto::verify_tls13_signature(message, cert, dss, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
