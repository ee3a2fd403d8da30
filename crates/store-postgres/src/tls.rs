//! TLS to the server, with the `sslmode` of libpq.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
};
use tokio_postgres::config::SslMode;
use tokio_postgres_rustls::MakeRustlsConnect;

/// The TLS parameters of a URL.
#[derive(Debug, Default)]
pub(crate) struct TlsSettings {
    pub(crate) mode: Mode,
    /// A file with the certificate authorities; `None` for those of this machine.
    pub(crate) roots: Option<PathBuf>,
    /// The files of the client's certificate and key.
    pub(crate) client: Option<(PathBuf, PathBuf)>,
}

/// A value of `sslmode`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Mode {
    Disable,
    #[default]
    Prefer,
    Require,
    VerifyCa,
    VerifyFull,
}

/// A certificate or key file cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the file {} of the parameter {parameter} cannot be used", .path.display())]
pub struct InvalidCertificate {
    /// The parameter of the URL.
    pub parameter: &'static str,
    /// The file.
    pub path: PathBuf,
    /// The cause.
    #[source]
    pub source: Box<dyn std::error::Error + Send + Sync>,
}

impl Mode {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "disable" => Self::Disable,
            "prefer" => Self::Prefer,
            "require" => Self::Require,
            "verify-ca" => Self::VerifyCa,
            "verify-full" => Self::VerifyFull,
            _ => return None,
        })
    }

    pub(crate) const fn driver(self) -> SslMode {
        match self {
            Self::Disable => SslMode::Disable,
            Self::Prefer => SslMode::Prefer,
            Self::Require | Self::VerifyCa | Self::VerifyFull => SslMode::Require,
        }
    }
}

impl TlsSettings {
    /// Reads the files and builds a connector.
    pub(crate) fn connector(&self) -> Result<MakeRustlsConnect, InvalidCertificate> {
        let provider = Arc::new(ring::default_provider());
        let invalid = |parameter, path: &Path| {
            let path = path.to_owned();
            move |source| InvalidCertificate { parameter, path, source }
        };
        let roots = self.roots.as_deref().unwrap_or(Path::new("system"));
        let verifier = self.verifier(&provider).map_err(invalid("sslrootcert", roots))?;
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| invalid("sslmode", roots)(error.into()))?
            .dangerous()
            .with_custom_certificate_verifier(verifier);
        let config = match &self.client {
            None => builder.with_no_client_auth(),
            Some((certificates, key)) => {
                let chain = read_certificates(certificates);
                let chain = chain.map_err(invalid("sslcert", certificates))?;
                let secret = PrivateKeyDer::from_pem_file(key)
                    .map_err(|error| invalid("sslkey", key)(error.into()))?;
                let built = builder.with_client_auth_cert(chain, secret);
                built.map_err(|error| invalid("sslkey", key)(error.into()))?
            }
        };
        Ok(MakeRustlsConnect::new(config))
    }

    fn verifier(
        &self,
        provider: &Arc<CryptoProvider>,
    ) -> Result<Arc<dyn ServerCertVerifier>, Box<dyn std::error::Error + Send + Sync>> {
        let check = match (self.mode, &self.roots) {
            (Mode::Disable | Mode::Prefer, _) | (Mode::Require, None) => Check::Nothing,
            // With a root certificate, `require` checks like `verify-ca`, as in libpq.
            (Mode::Require | Mode::VerifyCa, _) => Check::Authority(self.authorities(provider)?),
            (Mode::VerifyFull, _) => return Ok(self.authorities(provider)?),
        };
        Ok(Arc::new(LaxVerifier { check, provider: Arc::clone(provider) }))
    }

    fn authorities(
        &self,
        provider: &Arc<CryptoProvider>,
    ) -> Result<Arc<WebPkiServerVerifier>, Box<dyn std::error::Error + Send + Sync>> {
        let mut roots = RootCertStore::empty();
        match self.roots.as_deref() {
            Some(path) if path != Path::new("system") => {
                for certificate in read_certificates(path)? {
                    roots.add(certificate)?;
                }
            }
            _ => {
                roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            }
        }
        let provider = Arc::clone(provider);
        Ok(WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build()?)
    }
}

fn read_certificates(
    path: &Path,
) -> Result<Vec<CertificateDer<'static>>, Box<dyn std::error::Error + Send + Sync>> {
    let found = CertificateDer::pem_file_iter(path)?.collect::<Result<Vec<_>, _>>()?;
    if found.is_empty() { Err("the file contains no certificate".into()) } else { Ok(found) }
}

/// Verifies certificates without the host name, for modes below `verify-full`.
struct LaxVerifier {
    check: Check,
    provider: Arc<CryptoProvider>,
}

enum Check {
    /// Does not check the certificate.
    Nothing,
    /// Checks the signature of an authority, but not the name.
    Authority(Arc<WebPkiServerVerifier>),
}

impl fmt::Debug for LaxVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LaxVerifier(..)")
    }
}

impl ServerCertVerifier for LaxVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let Check::Authority(verifier) = &self.check else {
            return Ok(ServerCertVerified::assertion());
        };
        let verified =
            verifier.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        match verified {
            // The name is checked last, after signature and validity.
            Err(rustls::Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) => Ok(ServerCertVerified::assertion()),
            verified => verified,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
