//! `[tls]` and `[admin.tls]`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Deserialize;

use super::{Tls, TlsFiles};
use crate::KeyError;

/// TLS 1.2 and 1.3 with HTTP/2 and HTTP/1.1. The files are PEM. They are reloaded when they change
/// and at SIGHUP.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct RawTls {
    /// The file of the certificate, followed by the intermediate certificates.
    pub(crate) certificate: PathBuf,
    /// The file of the certificate's private key.
    pub(crate) key: PathBuf,
    /// The file of the authorities whose certificates clients must present. Without it, clients
    /// need no certificate.
    pub(crate) client_ca: Option<PathBuf>,
}

impl RawTls {
    pub(crate) fn check(self, table: &str, folder: &Path) -> Result<Arc<Tls>, KeyError> {
        let tls = Tls::load(TlsFiles {
            certificate: folder.join(self.certificate),
            key: folder.join(self.key),
            client_ca: self.client_ca.map(|file| folder.join(file)),
        });
        tls.map(Arc::new).map_err(|error| KeyError::new(format!("{table}.{}", error.key), error))
    }
}
