use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::{SecretFileError, Store, read_secret_file};
use repass_core::{
    AccountFilter, InstallationKey, InstallationKeyError, Randomness, RandomnessError, StoreError,
    has_installation_key_check,
};

/// An installation key and its file.
#[derive(Debug)]
pub struct LoadedKey {
    /// The key.
    pub key: InstallationKey,
    /// The file of the key.
    pub path: PathBuf,
    /// Whether this call created the file, which should then be backed up.
    pub created: bool,
    /// Whether other users than the owner may read or write the file. Always `false` on platforms
    /// without Unix modes.
    pub accessible_to_others: bool,
}

/// The installation key could not be loaded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyFileError {
    /// A database on a server needs a configured key file.
    #[error(
        "a database on a server needs an installation key file that all nodes share; create one with \
         `repass database init`"
    )]
    Required,
    /// The file does not exist, although the database was used with a key, or the file is
    /// configured.
    #[error(
        "the installation key file {} is missing; restore it from its backup. `repass database init` \
         creates the first one, and `repass database accept-keys` replaces a lost one",
        .0.display()
    )]
    Missing(PathBuf),
    /// The file cannot be read.
    #[error("the installation key file {0}")]
    Unreadable(#[from] SecretFileError),
    /// The file cannot be created.
    #[error("the installation key file {} cannot be created", .path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: io::Error,
    },
    /// The file does not contain a key.
    #[error("{} does not contain an installation key", .path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: InstallationKeyError,
    },
    /// A new key could not be generated.
    #[error("no random bytes for an installation key")]
    Randomness(#[from] RandomnessError),
    /// The store failed.
    #[error("the installation key check value of the database cannot be read")]
    Store(#[from] StoreError),
}

impl KeyFileError {
    /// Returns whether the operator must give another file, and not try again.
    pub fn is_configuration(&self) -> bool {
        matches!(
            self,
            Self::Required | Self::Missing(_) | Self::Unreadable(_) | Self::Malformed { .. }
        )
    }
}

impl Store {
    /// Reads the installation key of this database from `key_file`, by default the path of the
    /// database with `.key` appended. The default file is created if it is missing and the database
    /// was never used with a key. It is readable by its owner only (mode 0600). Concurrent programs
    /// get the same key.
    ///
    /// # Errors
    /// When the file is missing, cannot be read or created, or does not contain a key, or when a
    /// database on a server has no `key_file`.
    pub async fn installation_key(
        &self,
        key_file: Option<&Path>,
        randomness: &dyn Randomness,
    ) -> Result<LoadedKey, KeyFileError> {
        match read_installation_key(&self.key_path(key_file)?) {
            Err(KeyFileError::Missing(_)) if key_file.is_none() && self.is_new().await? => {
                self.read_or_create_key(None, randomness)
            }
            read => read,
        }
    }

    /// Like [`installation_key`](Self::installation_key), but always creates a missing file: for
    /// the first key of an installation, or to replace a lost one.
    ///
    /// # Errors
    /// When the file cannot be read or created, or does not contain a key, or when a database on a
    /// server has no `key_file`.
    pub fn read_or_create_key(
        &self,
        key_file: Option<&Path>,
        randomness: &dyn Randomness,
    ) -> Result<LoadedKey, KeyFileError> {
        let path = self.key_path(key_file)?;
        match read_installation_key(&path) {
            Err(KeyFileError::Missing(_)) => {
                let created = create(&path, randomness)?;
                // Read back, since another program may have created the file.
                Ok(LoadedKey { created, ..read_installation_key(&path)? })
            }
            read => read,
        }
    }

    /// Returns whether the database shows no sign of an earlier key.
    async fn is_new(&self) -> Result<bool, StoreError> {
        let ports = self.ports();
        if has_installation_key_check(&*ports).await? {
            return Ok(false);
        }
        // An embedder may have added accounts without a key check. Mapped accounts are no sign of a
        // key.
        let any = AccountFilter { limit: 1, ..AccountFilter::default() };
        Ok(!self.keeps_accounts() || ports.accounts(&any).await?.is_empty())
    }

    fn key_path(&self, key_file: Option<&Path>) -> Result<PathBuf, KeyFileError> {
        if let Some(path) = key_file {
            return Ok(path.to_owned());
        }
        let mut path = self.file().ok_or(KeyFileError::Required)?.into_os_string();
        path.push(".key");
        Ok(path.into())
    }
}

/// Reads an installation key from a file. White space around the key is ignored.
///
/// # Errors
/// When the file is missing or cannot be read, or does not contain a key.
pub fn read_installation_key(path: &Path) -> Result<LoadedKey, KeyFileError> {
    let text = read_secret_file(path).map_err(|error| match error {
        SecretFileError::Missing(path) => KeyFileError::Missing(path),
        error => KeyFileError::Unreadable(error),
    })?;
    let key = InstallationKey::from_text(&text)
        .map_err(|source| KeyFileError::Malformed { path: path.to_owned(), source })?;
    let accessible_to_others = fs::metadata(path).is_ok_and(|file| accessible_to_others(&file));
    Ok(LoadedKey { key, path: path.to_owned(), created: false, accessible_to_others })
}

/// Creates a key file. Returns `false` if another program created it first.
fn create(path: &Path, randomness: &dyn Randomness) -> Result<bool, KeyFileError> {
    let unwritable = |source| KeyFileError::Unwritable { path: path.to_owned(), source };
    let key = InstallationKey::generate(randomness)?;
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };

    // A temporary file (mode 0600) is renamed when it is complete. It never replaces another key:
    // data that was sealed with that key could not be opened again.
    let mut temporary =
        tempfile::Builder::new().prefix(".repass-key-").tempfile_in(folder).map_err(unwritable)?;
    temporary.write_all(key.to_text().expose().as_bytes()).map_err(unwritable)?;
    temporary.write_all(b"\n").map_err(unwritable)?;
    temporary.as_file().sync_all().map_err(unwritable)?;
    match temporary.persist_noclobber(path) {
        Ok(_) => {}
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => return Ok(false),
        Err(error) => return Err(unwritable(error.error)),
    }
    sync_folder(folder).map_err(unwritable)?;
    Ok(true)
}

/// Syncs the folder of a new file, so that its name survives a power failure.
fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

#[cfg(unix)]
fn accessible_to_others(metadata: &fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    metadata.permissions().mode() & 0o077 != 0
}

#[cfg(not(unix))]
fn accessible_to_others(_: &fs::Metadata) -> bool {
    false
}
