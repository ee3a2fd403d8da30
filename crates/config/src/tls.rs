//! TLS of a listener: the certificate and its key from files, reloaded when the files change, or from
//! an ACME server.

use std::collections::HashMap;
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
use rustls::server::{Acceptor, ClientHello, ServerConfig, WebPkiClientVerifier};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use serde::Deserialize;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::sync::Notify;
use tokio_rustls::LazyConfigAcceptor;
use tokio_util::either::Either;
use x509_cert::Certificate;
use x509_cert::der::Decode;
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;

use crate::KeyError;
use crate::acme::{AcmeConfig, RawAcme};

/// The number of days before its expiry in which a certificate is reported.
const WARNING_DAYS: i64 = 14;

/// What the file of a key contains.
const KEY: &str = "private key";

/// The protocol of the challenge TLS-ALPN-01 (RFC 8737).
const CHALLENGE_PROTOCOL: &[u8] = b"acme-tls/1";

/// The TLS of `listen`: 1.2 and 1.3 with HTTP/2 and HTTP/1.1. The certificate is that of the files, or
/// of `[tls.acme]`. The files are PEM. They are reloaded when they change and at SIGHUP.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct RawTls {
    /// The file of the certificate, followed by the intermediate certificates. Required without
    /// `[tls.acme]`.
    certificate: Option<PathBuf>,
    /// The file of the certificate's private key. Required without `[tls.acme]`.
    key: Option<PathBuf>,
    /// The file of the authorities whose certificates clients must present. Without it, clients
    /// need no certificate.
    client_ca: Option<PathBuf>,
    acme: Option<RawAcme>,
}

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

/// The TLS of a listener.
pub struct Tls {
    files: TlsFiles,
    acme: Option<AcmeConfig>,
    loaded: RwLock<Loaded>,
    /// Those that answer the challenges of an order, by domain.
    challenges: RwLock<HashMap<String, Arc<ServerConfig>>>,
    forces: Notify,
}

#[derive(Clone)]
struct Loaded {
    /// `None` until an ACME server has issued the first certificate.
    served: Option<Served>,
    state: Vec<FileState>,
}

/// A certificate in use.
#[derive(Clone)]
struct Served {
    config: Arc<ServerConfig>,
    begins: Timestamp,
    expires: Timestamp,
    /// Its DNS names.
    domains: Vec<String>,
}

/// Time of modification and size, which change when a file is written or replaced.
type FileState = Option<(SystemTime, u64)>;

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (files, acme) = (&self.files, &self.acme);
        f.debug_struct("Tls").field("files", files).field("acme", acme).finish_non_exhaustive()
    }
}

impl Tls {
    fn new(files: TlsFiles, acme: Option<AcmeConfig>, loaded: Loaded) -> Self {
        Self {
            files,
            acme,
            loaded: RwLock::new(loaded),
            challenges: RwLock::default(),
            forces: Notify::new(),
        }
    }

    async fn accept<S>(&self, stream: S) -> io::Result<tokio_rustls::server::TlsStream<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let hello = LazyConfigAcceptor::new(Acceptor::default(), stream).await?;
        if let Some(config) = self.challenge(&hello.client_hello()) {
            hello.into_stream(config).await?.shutdown().await?;
            return Err(io::Error::other("it was a challenge of the ACME server"));
        }
        let served = self.loaded().served;
        let served = served.ok_or_else(|| io::Error::other("there is no certificate yet"))?;
        hello.into_stream(served.config).await
    }

    /// Returns when the certificate expires. `None` if an ACME server has not yet issued one.
    pub fn expires(&self) -> Option<Timestamp> {
        self.loaded().served.map(|served| served.expires)
    }

    /// Returns where certificates are ordered, if they are.
    pub const fn acme(&self) -> Option<&AcmeConfig> {
        self.acme.as_ref()
    }

    /// Returns when a certificate must be ordered: when two thirds of the lifetime have passed, and
    /// at once if there is none or its domains are not those of the configuration.
    pub fn renewal(&self) -> Timestamp {
        let configured = self.acme.as_ref().map_or(&[][..], |acme| &acme.domains);
        let has = |served: &Served| configured.iter().all(|own| served.domains.contains(own));
        let at_two_thirds = |served: Served| {
            let third = served.expires.duration_since(served.begins) / 3;
            served.expires.checked_sub(third).ok()
        };
        self.loaded().served.filter(has).and_then(at_two_thirds).unwrap_or(Timestamp::MIN)
    }

    /// Waits for the next reload that is forced, so that a certificate that is due is ordered then.
    pub async fn forced(&self) {
        self.forces.notified().await;
    }

    /// Answers the challenge TLS-ALPN-01 for `domain` with this certificate, until
    /// [`end_challenges`](Self::end_challenges).
    ///
    /// # Errors
    /// If the key is of an unknown kind.
    pub fn answer_challenge(
        &self,
        domain: &str,
        certificate: CertificateDer<'static>,
        key: PrivateKeyDer<'static>,
    ) -> Result<(), rustls::Error> {
        let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?;
        // Not checked by rustls, which does not know the critical extension of such a certificate.
        let key = CertifiedKey::new(vec![certificate], ring::sign::any_supported_type(&key)?);
        let resolver = Arc::new(SingleCertAndKey::from(key));
        let mut config = builder.with_no_client_auth().with_cert_resolver(resolver);
        config.alpn_protocols = vec![CHALLENGE_PROTOCOL.to_vec()];
        let mut challenges = self.challenges.write().unwrap_or_else(PoisonError::into_inner);
        challenges.insert(domain.to_owned(), Arc::new(config));
        Ok(())
    }

    /// Answers no challenge any more.
    pub fn end_challenges(&self) {
        self.challenges.write().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn challenge(&self, hello: &ClientHello<'_>) -> Option<Arc<ServerConfig>> {
        hello.alpn()?.find(|protocol| *protocol == CHALLENGE_PROTOCOL)?;
        let challenges = self.challenges.read().unwrap_or_else(PoisonError::into_inner);
        challenges.get(hello.server_name()?).cloned()
    }

    /// Returns a warning if the certificate has expired or expires soon.
    pub fn warning(&self, now: Timestamp) -> Option<String> {
        let Served { begins, expires, .. } = self.loaded().served?;
        let left = expires.duration_since(now);
        let days = left.as_hours() / 24;
        let file = self.files.certificate.display();
        // By ACME, half of the time for the renewal has passed without one.
        let (is_near, remedy) = match &self.acme {
            None => (days < WARNING_DAYS, "renew it"),
            Some(_) => (left < expires.duration_since(begins) / 6, "the log says why ACME failed"),
        };
        if expires <= now {
            Some(format!("the certificate in {file} expired on {expires}; clients refuse it"))
        } else if is_near {
            Some(format!(
                "the certificate in {file} expires on {expires}, in {days} days; {remedy}"
            ))
        } else {
            None
        }
    }

    /// Reloads the files if they have changed, or always if `force`. If they are invalid, the last
    /// valid ones stay in use.
    pub fn reload(&self, force: bool, now: Timestamp) {
        if force {
            self.forces.notify_one();
        }
        let state = self.files.state();
        // Before the first certificate of an ACME server, there is no file.
        let is_absent = self.acme.is_some() && state.first() == Some(&None);
        if is_absent || (!force && state == self.loaded().state) {
            return;
        }
        let certificate = self.files.certificate.display();
        let loaded = self.files.load();
        let mut own = self.loaded.write().unwrap_or_else(PoisonError::into_inner);
        // The same files are reported only once. They may have changed while they were read.
        own.state = state;
        match loaded {
            Ok(served) => {
                tracing::info!(%certificate, expires = %served.expires, "reloaded the certificate");
                own.served = Some(served);
                drop(own);
                if let Some(warning) = self.warning(now) {
                    tracing::warn!("{warning}");
                }
            }
            Err(error) => {
                tracing::error!(%error, "the certificate could not be reloaded; the old one stays in use");
            }
        }
    }

    fn loaded(&self) -> Loaded {
        self.loaded.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl RawTls {
    /// Loads the files of `[tls]`, or the certificate that an ACME server has issued before.
    pub(crate) fn check(self, folder: &Path) -> Result<Arc<Tls>, KeyError> {
        const TABLE: &str = "tls";
        let Self { certificate, key, client_ca, acme } = self;
        let missing = |key| KeyError::new(key, "is required, unless [tls.acme] is set");
        let Some(acme) = acme else {
            let certificate = certificate.ok_or_else(|| missing("tls.certificate"))?;
            let key = key.ok_or_else(|| missing("tls.key"))?;
            return TlsFiles { certificate, key, client_ca }.check(TABLE, folder);
        };
        if certificate.is_some() || key.is_some() {
            let given = if certificate.is_some() { "tls.certificate" } else { "tls.key" };
            return Err(KeyError::new(given, "set either this or [tls.acme], not both"));
        }
        let acme = acme.check(folder)?;
        let file = acme.certificate_file();
        let client_ca = client_ca.map(|file| folder.join(file));
        if let Some(file) = &client_ca {
            let verifier = client_verifier(file, Arc::new(ring::default_provider()));
            verifier.map_err(|error| error.of_table(TABLE))?;
        }
        let files = TlsFiles { certificate: file.clone(), key: file, client_ca };
        // Without a valid one, another is ordered.
        let loaded = Loaded { state: files.state(), served: files.load().ok() };
        Ok(Arc::new(Tls::new(files, Some(acme), loaded)))
    }
}

impl TlsFiles {
    /// Loads the files of `table`. Relative paths are resolved against `folder`. An expired
    /// certificate is not an error; [`Tls::warning`] reports it.
    pub(crate) fn check(mut self, table: &str, folder: &Path) -> Result<Arc<Tls>, KeyError> {
        let files = [&mut self.certificate, &mut self.key].into_iter().chain(&mut self.client_ca);
        files.for_each(|file| *file = folder.join(&*file));
        // Before reading: a file that changes meanwhile is reloaded.
        let state = self.state();
        let served = Some(self.load().map_err(|error| error.of_table(table))?);
        Ok(Arc::new(Tls::new(self, None, Loaded { served, state })))
    }

    fn load(&self) -> Result<Served, TlsError> {
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
        let names = parsed.tbs_certificate.get::<SubjectAltName>();
        let (_, SubjectAltName(names)) =
            names.map_err(|error| bad_certificate(&error))?.unwrap_or_default();
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

    fn state(&self) -> Vec<FileState> {
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
