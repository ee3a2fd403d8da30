//! TLS of a listener: the certificate and its key from files, reloaded when the files change, or from
//! an ACME server.

mod files;

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use jiff::Timestamp;
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{Acceptor, ClientHello, ServerConfig};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use serde::Deserialize;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::sync::Notify;
use tokio_rustls::LazyConfigAcceptor;
use tokio_util::either::Either;

use crate::KeyError;
use crate::acme::{AcmeConfig, RawAcme};
use files::{FileState, Served, client_verifier};
pub(crate) use files::{TlsFiles, certificates};

/// The number of days before its expiry in which a certificate is reported.
const WARNING_DAYS: i64 = 14;

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
        key: &PrivateKeyDer<'_>,
    ) -> Result<(), rustls::Error> {
        let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?;
        // Not checked by rustls, which does not know the critical extension of such a certificate.
        let key = CertifiedKey::new(vec![certificate], ring::sign::any_supported_type(key)?);
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
        self.reload_files(force, now);
        if force {
            self.forces.notify_one();
        }
    }

    fn reload_files(&self, force: bool, now: Timestamp) {
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
