//! `[tls.acme]`: certificates from an ACME server.

use std::path::{Path, PathBuf};

use rustls::pki_types::DnsName;
use serde::Deserialize;

use super::KeyError;
use super::features;
use super::tls::certificates;

/// The directories that have a name.
const DIRECTORIES: [(&str, &str); 2] = [
    ("letsencrypt", "https://acme-v02.api.letsencrypt.org/directory"),
    ("letsencrypt-staging", "https://acme-staging-v02.api.letsencrypt.org/directory"),
];

/// Certificates from an ACME server (RFC 8555) instead of files. By this table you accept the terms
/// of service of the directory. The ACME server connects to port 443 of each domain, which must reach
/// `listen` without a TLS proxy in between. It needs a build with the Cargo feature `acme`.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct RawAcme {
    /// The domains of the certificate.
    domains: Vec<String>,
    /// The e-mail addresses by which the directory may reach you.
    #[serde(default)]
    contact: Vec<String>,
    /// The directory: `letsencrypt`, `letsencrypt-staging` for trials, or the URL of another one.
    /// Default: `letsencrypt`.
    directory: Option<String>,
    /// The file of the authorities that verify a private directory. Without it, those of the system
    /// do.
    directory_ca: Option<PathBuf>,
    /// The folder for the certificate, its key and the account. It is created for its owner only.
    folder: PathBuf,
}

/// The account and the certificate at an ACME server.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct AcmeConfig {
    /// The domains of the certificate, in lower case; at least one.
    pub domains: Vec<String>,
    /// The URLs of the account's holder, such as `mailto:ops@example.org`.
    pub contact: Vec<String>,
    /// The URL of the directory.
    pub directory: String,
    /// The file of the authorities that verify the directory; `None` for those of the system.
    pub directory_ca: Option<PathBuf>,
    /// The folder for the certificate, its key and the account at this directory.
    pub folder: PathBuf,
}

impl AcmeConfig {
    /// The file of the certificate's private key and the certificate with its chain.
    pub fn certificate_file(&self) -> PathBuf {
        self.folder.join("certificate.pem")
    }

    /// The file of the account.
    pub fn account_file(&self) -> PathBuf {
        self.folder.join("account.json")
    }
}

impl RawAcme {
    /// Checks the values. Relative paths are resolved against `folder`.
    pub(super) fn check(self, folder: &Path) -> Result<AcmeConfig, KeyError> {
        features::require("tls.acme", "acme", features::ACME)?;
        let error = |key: &str, reason: &str| KeyError::new(format!("tls.acme.{key}"), reason);
        let domains: Vec<_> = self.domains.iter().map(|one| one.to_ascii_lowercase()).collect();
        if domains.is_empty() || domains.iter().any(|one| DnsName::try_from(&**one).is_err()) {
            return Err(error("domains", "must be domains such as example.org, without wildcards"));
        }
        let is_address = |text: &str| {
            let mut parts = text.split('@').map(|part| !part.is_empty());
            (parts.next(), parts.next(), parts.next()) == (Some(true), Some(true), None)
                && !text.contains(|c: char| c.is_whitespace() || c.is_control() || ",?".contains(c))
        };
        if !self.contact.iter().all(|one| is_address(one)) {
            return Err(error("contact", "must be e-mail addresses"));
        }
        let directory = self.directory.unwrap_or_else(|| DIRECTORIES[0].0.to_owned());
        let known = DIRECTORIES.iter().find(|(name, _)| *name == directory);
        let directory = known.map_or(directory, |(_, url)| (*url).to_owned());
        let host = directory.strip_prefix("https://").filter(|rest| !rest.is_empty());
        let host = host.filter(|_| directory.parse::<http::Uri>().is_ok()).ok_or_else(|| {
            let reason =
                "must be letsencrypt, letsencrypt-staging or a URL that begins with https://";
            error("directory", reason)
        })?;
        let directory_ca = self.directory_ca.map(|file| folder.join(file));
        if let Some(file) = &directory_ca {
            certificates("acme.directory_ca", file).map_err(|error| error.of_table("tls"))?;
        }
        let own = folder.join(self.folder);
        private_folder(&own).map_err(|reason| KeyError::new("tls.acme.folder", reason))?;
        // A folder for each directory, so that those of a trial are not used in production.
        let is_plain = |c: char| c.is_ascii_alphanumeric() || ".-".contains(c);
        let name = host.replace(|c| !is_plain(c), "_");
        let contact = self.contact.iter().map(|address| format!("mailto:{address}")).collect();
        Ok(AcmeConfig { domains, contact, directory, directory_ca, folder: own.join(name) })
    }
}

/// Refuses a folder that other users can read. It may be absent.
fn private_folder(folder: &Path) -> Result<(), String> {
    let Ok(metadata) = std::fs::metadata(folder) else { return Ok(()) };
    if !metadata.is_dir() {
        return Err("must be a folder".to_owned());
    }
    #[cfg(unix)]
    if std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o077 != 0 {
        let folder = folder.display();
        return Err(format!("other users can read the keys in it; run: chmod 700 {folder}"));
    }
    Ok(())
}
