//! The files of a certificate, its key and the authorities of client certificates.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use jiff::Timestamp;
use rustls::RootCertStore;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ServerConfig, WebPkiClientVerifier};
use serde::Deserialize;
use x509_cert::Certificate;
use x509_cert::der::Decode;
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;

use crate::KeyError;

/// What the file of a key contains.
const KEY: &str = "private key";

/// TLS 1.2 and 1.3 with HTTP/2 and HTTP/1.1. The files are PEM. They are reloaded when they change
/// and at SIGHUP.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct TlsFiles {
    /// The file of the certificate, followed by the intermediate certificates.
    pub(super) certificate: PathBuf,
    /// The file of the certificate's private key.
    pub(super) key: PathBuf,
    /// The file of the authorities whose certificates clients must present. Without it, clients
    /// need no certificate.
    pub(super) client_ca: Option<PathBuf>,
}

/// A file cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{}: {reason}", .file.display())]
pub(crate) struct TlsError {
    /// The key that names the file, below its table.
    key: &'static str,
    file: PathBuf,
    reason: String,
}

impl TlsError {
    /// Returns the error with the whole key.
    pub(crate) fn of_table(self, table: &str) -> KeyError {
        KeyError::new(format!("{table}.{}", self.key), self)
    }

    fn new(key: &'static str, file: &Path, reason: impl fmt::Display) -> Self {
        Self { key, file: file.to_owned(), reason: reason.to_string() }
    }
}

/// A certificate in use.
#[derive(Clone)]
pub(super) struct Served {
    pub(super) config: Arc<ServerConfig>,
    pub(super) begins: Timestamp,
    pub(super) expires: Timestamp,
    /// Its DNS names.
    pub(super) domains: Vec<String>,
}

/// Time of modification and size, which change when a file is written or replaced.
pub(super) type FileState = Option<(SystemTime, u64)>;

impl TlsFiles {
    /// Loads the files.
    pub(super) fn load(&self) -> Result<Served, TlsError> {
        let chain = certificates("certificate", &self.certificate)?;
        let key = PrivateKeyDer::from_pem_file(&self.key)
            .map_err(|error| TlsError::new("key", &self.key, reason(&error, KEY)))?;
        let bad_certificate =
            |error: &dyn fmt::Display| TlsError::new("certificate", &self.certificate, error);
        let leaf = chain.first().ok_or_else(|| bad_certificate(&"has no certificate"))?;
        let parsed = Certificate::from_der(leaf).map_err(|error| bad_certificate(&error))?;
        let validity = parsed.tbs_certificate.validity;
        let [begins, expires] = [validity.not_before, validity.not_after].map(|time| {
            let time = Timestamp::UNIX_EPOCH.checked_add(time.to_unix_duration());
            time.unwrap_or(Timestamp::MAX)
        });
        let names = parsed.tbs_certificate.get::<SubjectAltName>().ok().flatten();
        let names = names.map(|(_, SubjectAltName(names))| names).unwrap_or_default();
        let domains = names.iter().filter_map(|name| match name {
            GeneralName::DnsName(name) => Some(name.as_str().to_ascii_lowercase()),
            _ => None,
        });
        let domains = domains.collect();
        let provider = Arc::new(ring::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(|error| bad_certificate(&error))?;
        let builder = match &self.client_ca {
            None => builder.with_no_client_auth(),
            Some(file) => builder.with_client_cert_verifier(client_verifier(file, provider)?),
        };
        let mut config = builder.with_single_cert(chain, key).map_err(|error| match error {
            rustls::Error::InvalidCertificate(_) => bad_certificate(&error),
            rustls::Error::InconsistentKeys(_) => {
                let certificate = self.certificate.display();
                let reason = format!("is not the key of the certificate in {certificate}");
                TlsError::new("key", &self.key, reason)
            }
            error => TlsError::new("key", &self.key, error),
        })?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Served { config: Arc::new(config), begins, expires, domains })
    }

    /// Returns what changes when a file changes.
    pub(super) fn state(&self) -> Vec<FileState> {
        let files = [Some(&self.certificate), Some(&self.key), self.client_ca.as_ref()];
        let state = |file: &PathBuf| {
            let metadata = std::fs::metadata(file).ok()?;
            Some((metadata.modified().ok()?, metadata.len()))
        };
        files.into_iter().flatten().map(state).collect()
    }
}

/// Reads the certificates of a file.
pub(crate) fn certificates(
    key: &'static str,
    file: &Path,
) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let bad = |error: &pem::Error| TlsError::new(key, file, reason(error, "certificate"));
    let chain = CertificateDer::pem_file_iter(file).map_err(|error| bad(&error))?;
    let chain: Vec<_> = chain.collect::<Result<_, _>>().map_err(|error| bad(&error))?;
    if chain.is_empty() {
        return Err(bad(&pem::Error::NoItemsFound));
    }
    Ok(chain)
}

/// Returns the verifier of client certificates of the authorities in a file.
pub(super) fn client_verifier(
    file: &Path,
    provider: Arc<CryptoProvider>,
) -> Result<Arc<dyn rustls::server::danger::ClientCertVerifier>, TlsError> {
    let bad = |error: &dyn fmt::Display| TlsError::new("client_ca", file, error);
    let mut roots = RootCertStore::empty();
    for certificate in certificates("client_ca", file)? {
        roots.add(certificate).map_err(|error| bad(&error))?;
    }
    WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
        .build()
        .map_err(|error| bad(&error))
}

/// Returns the reason why a PEM file is invalid, without its content.
fn reason(error: &pem::Error, wanted: &str) -> String {
    match error {
        pem::Error::Io(error) => format!("cannot be read: {error}"),
        pem::Error::NoItemsFound => {
            let hint =
                if wanted == KEY { "; an encrypted key must be decrypted first" } else { "" };
            format!("has no {wanted} in PEM{hint}")
        }
        _ => "is malformed PEM".to_owned(),
    }
}
