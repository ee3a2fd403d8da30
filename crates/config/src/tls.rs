//! TLS of a listener: the certificate and its key from files, reloaded when the files change.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::SystemTime;

use jiff::Timestamp;
use rustls::RootCertStore;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ServerConfig, WebPkiClientVerifier};
use serde::Deserialize;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsAcceptor;
use tokio_util::either::Either;
use x509_cert::Certificate;
use x509_cert::der::Decode;

use crate::KeyError;

/// The number of days before its expiry in which a certificate is reported.
const WARNING_DAYS: i64 = 14;

/// What the file of a key contains.
const KEY: &str = "private key";

/// TLS 1.2 and 1.3 with HTTP/2 and HTTP/1.1. The files are PEM. They are reloaded when they change
/// and at SIGHUP.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct TlsFiles {
    /// The file of the certificate, followed by the intermediate certificates.
    certificate: PathBuf,
    /// The file of the certificate's private key.
    key: PathBuf,
    /// The file of the authorities whose certificates clients must present. Without it, clients
    /// need no certificate.
    client_ca: Option<PathBuf>,
}

/// A file cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{}: {reason}", .file.display())]
struct TlsError {
    /// The key that names the file, below its table.
    key: &'static str,
    file: PathBuf,
    reason: String,
}

impl TlsError {
    fn new(key: &'static str, file: &Path, reason: impl fmt::Display) -> Self {
        Self { key, file: file.to_owned(), reason: reason.to_string() }
    }
}

/// The TLS of a listener.
pub struct Tls {
    files: TlsFiles,
    loaded: RwLock<Loaded>,
}

#[derive(Clone)]
struct Loaded {
    config: Arc<ServerConfig>,
    expires: Timestamp,
    state: Vec<FileState>,
}

/// Time of modification and size, which change when a file is written or replaced.
type FileState = Option<(SystemTime, u64)>;

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").field("files", &self.files).finish_non_exhaustive()
    }
}

impl Tls {
    async fn accept<S>(&self, stream: S) -> io::Result<tokio_rustls::server::TlsStream<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        TlsAcceptor::from(self.loaded().config).accept(stream).await
    }

    /// Returns when the certificate expires.
    pub fn expires(&self) -> Timestamp {
        self.loaded().expires
    }

    /// Returns a warning if the certificate has expired or expires soon.
    pub fn warning(&self, now: Timestamp) -> Option<String> {
        let expires = self.expires();
        let days = expires.duration_since(now).as_hours() / 24;
        let file = self.files.certificate.display();
        if expires <= now {
            Some(format!("the certificate in {file} expired on {expires}; clients refuse it"))
        } else if days < WARNING_DAYS {
            Some(format!(
                "the certificate in {file} expires on {expires}, in {days} days; renew it"
            ))
        } else {
            None
        }
    }

    /// Reloads the files if they have changed, or always if `force`. If they are invalid, the last
    /// valid ones stay in use.
    pub fn reload(&self, force: bool, now: Timestamp) {
        if !force && self.files.state() == self.loaded().state {
            return;
        }
        let certificate = self.files.certificate.display();
        match self.files.load() {
            Ok(loaded) => {
                tracing::info!(%certificate, expires = %loaded.expires, "reloaded the certificate");
                *self.loaded.write().unwrap_or_else(PoisonError::into_inner) = loaded;
                if let Some(warning) = self.warning(now) {
                    tracing::warn!("{warning}");
                }
            }
            Err(error) => {
                tracing::error!(%error, "the certificate could not be reloaded; the old one stays in use");
                // The same files are reported only once.
                let mut loaded = self.loaded.write().unwrap_or_else(PoisonError::into_inner);
                loaded.state = self.files.state();
            }
        }
    }

    fn loaded(&self) -> Loaded {
        self.loaded.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl TlsFiles {
    /// Loads the files of `table`. Relative paths are resolved against `folder`. An expired
    /// certificate is not an error; [`Tls::warning`] reports it.
    pub(crate) fn check(mut self, table: &str, folder: &Path) -> Result<Arc<Tls>, KeyError> {
        let files = [&mut self.certificate, &mut self.key].into_iter().chain(&mut self.client_ca);
        files.for_each(|file| *file = folder.join(&*file));
        let loaded =
            self.load().map_err(|error| KeyError::new(format!("{table}.{}", error.key), error))?;
        Ok(Arc::new(Tls { files: self, loaded: RwLock::new(loaded) }))
    }

    fn load(&self) -> Result<Loaded, TlsError> {
        // Before reading: a file that changes meanwhile is reloaded.
        let state = self.state();
        let chain = certificates("certificate", &self.certificate)?;
        let key = PrivateKeyDer::from_pem_file(&self.key)
            .map_err(|error| TlsError::new("key", &self.key, reason(&error, KEY)))?;
        let bad_certificate =
            |error: &dyn fmt::Display| TlsError::new("certificate", &self.certificate, error);
        let leaf = chain.first().ok_or_else(|| bad_certificate(&"has no certificate"))?;
        let parsed = Certificate::from_der(leaf).map_err(|error| bad_certificate(&error))?;
        let expires = parsed.tbs_certificate.validity.not_after.to_unix_duration();
        let expires = Timestamp::UNIX_EPOCH.checked_add(expires).unwrap_or(Timestamp::MAX);
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
        Ok(Loaded { config: Arc::new(config), expires, state })
    }

    fn state(&self) -> Vec<FileState> {
        let files = [Some(&self.certificate), Some(&self.key), self.client_ca.as_ref()];
        let state = |file: &PathBuf| {
            let metadata = std::fs::metadata(file).ok()?;
            Some((metadata.modified().ok()?, metadata.len()))
        };
        files.into_iter().flatten().map(state).collect()
    }
}

fn certificates(key: &'static str, file: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let bad = |error: &pem::Error| TlsError::new(key, file, reason(error, "certificate"));
    let chain = CertificateDer::pem_file_iter(file).map_err(|error| bad(&error))?;
    let chain: Vec<_> = chain.collect::<Result<_, _>>().map_err(|error| bad(&error))?;
    if chain.is_empty() {
        return Err(bad(&pem::Error::NoItemsFound));
    }
    Ok(chain)
}

fn client_verifier(
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

/// Performs the TLS handshake if TLS is configured, and returns the stream.
pub async fn accept<S>(
    tls: Option<&Tls>,
    stream: S,
) -> io::Result<Either<tokio_rustls::server::TlsStream<S>, S>>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    match tls {
        Some(tls) => Ok(Either::Left(tls.accept(stream).await?)),
        None => Ok(Either::Right(stream)),
    }
}
