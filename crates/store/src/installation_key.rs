use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use repass_core::{
    AccountFilter, InstallationKey, InstallationKeyError, Plaintext, Randomness, RandomnessError,
    StoreError, has_installation_key_check,
};
use zeroize::Zeroizing;

use crate::Store;

/// More than any key file with white space around the key; a larger file is none.
const MAX_BYTES: usize = 1024;

/// The installation's key, and where it stands.
#[derive(Debug)]
pub struct LoadedKey {
    /// The key.
    pub key: InstallationKey,
    /// The file it was read from.
    pub path: PathBuf,
    /// Whether the file was made by this call. Then it is time to back it up.
    pub created: bool,
    /// Whether others than the file's owner may read or change it, which is worth a warning. Always
    /// `false` where files have no Unix mode.
    pub open_to_others: bool,
}

/// Why there is no installation key.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyFileError {
    /// A database on a server has no file to keep the key beside.
    #[error(
        "a database on a server needs an installation key file that all nodes share; `repass \
         database init` makes one"
    )]
    Required,
    /// The file does not exist, although the database was used with a key, or the file was named.
    #[error(
        "the installation key file {} is missing; restore it from its backup. `repass database init` \
         makes the first one, and `repass database accept-keys` replaces a lost one",
        .0.display()
    )]
    Missing(PathBuf),
    /// The file cannot be read.
    #[error("the installation key file {} cannot be read", .path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// What is in the way.
        #[source]
        source: io::Error,
    },
    /// The file cannot be written.
    #[error("the installation key file {} cannot be made", .path.display())]
    Unwritable {
        /// Which file.
        path: PathBuf,
        /// What is in the way.
        #[source]
        source: io::Error,
    },
    /// The file holds no key.
    #[error("{} holds no installation key", .path.display())]
    Malformed {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: InstallationKeyError,
    },
    /// No random bytes for a new key.
    #[error("no random bytes for an installation key")]
    Randomness(#[from] RandomnessError),
    /// The store failed.
    #[error("the database cannot tell whether it has an installation key")]
    Store(#[from] StoreError),
}

impl Store {
    /// Reads the installation key of this database from `key_file`, or else from the file beside the
    /// database that has its name and `.key` after it. Only for a database that was never used with a
    /// key, and only beside it, a missing file is made, readable by its owner only (mode 0600); of
    /// several programs that do so at once, all get the same key.
    ///
    /// # Errors
    /// When the file is missing, cannot be read or made, or holds no key, or when a database on a
    /// server comes without a file.
    pub async fn installation_key(
        &self,
        key_file: Option<&Path>,
        randomness: &dyn Randomness,
    ) -> Result<LoadedKey, KeyFileError> {
        match read_installation_key(&self.key_path(key_file)?) {
            Err(KeyFileError::Missing(_)) if key_file.is_none() && self.is_new().await? => {
                self.read_or_make_key(None, randomness)
            }
            read => read,
        }
    }

    /// The same, but a missing file is made in any case: for the first key of an installation, or in
    /// place of a lost one.
    ///
    /// # Errors
    /// When the file cannot be read or made, or holds no key, or when a database on a server comes
    /// without a file.
    pub fn read_or_make_key(
        &self,
        key_file: Option<&Path>,
        randomness: &dyn Randomness,
    ) -> Result<LoadedKey, KeyFileError> {
        let path = self.key_path(key_file)?;
        match read_installation_key(&path) {
            Err(KeyFileError::Missing(_)) => {
                let created = create(&path, randomness)?;
                // Read back even when it was made here, so that what is used is what is on the disk.
                Ok(LoadedKey { created, ..read_installation_key(&path)? })
            }
            read => read,
        }
    }

    /// Whether the database was never used with a key, as far as it shows.
    async fn is_new(&self) -> Result<bool, StoreError> {
        let ports = self.ports();
        if has_installation_key_check(&*ports).await? {
            return Ok(false);
        }
        // An application may have used it with a key of its own. Those of its users table tell nothing.
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

/// Reads an installation key from a file. White space around it is ignored.
///
/// # Errors
/// When the file is missing or cannot be read, or holds no key.
pub fn read_installation_key(path: &Path) -> Result<LoadedKey, KeyFileError> {
    let unreadable = |source: io::Error| match source.kind() {
        io::ErrorKind::NotFound => KeyFileError::Missing(path.to_owned()),
        _ => KeyFileError::Unreadable { path: path.to_owned(), source },
    };
    let malformed = |source| KeyFileError::Malformed { path: path.to_owned(), source };

    let file = File::open(path).map_err(unreadable)?;
    let open_to_others = open_to_others(&file.metadata().map_err(unreadable)?);
    // Its full size from the start: a buffer that grows leaves copies behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(MAX_BYTES));
    file.take(MAX_BYTES as u64).read_to_end(&mut bytes).map_err(unreadable)?;
    let text = std::str::from_utf8(&bytes)
        .map(Plaintext::from)
        .map_err(|_| malformed(InstallationKeyError::Malformed))?;
    let key = InstallationKey::from_text(&text).map_err(malformed)?;
    Ok(LoadedKey { key, path: path.to_owned(), created: false, open_to_others })
}

/// Whether the file was made here; `false` when somebody else was quicker.
fn create(path: &Path, randomness: &dyn Randomness) -> Result<bool, KeyFileError> {
    let unwritable = |source| KeyFileError::Unwritable { path: path.to_owned(), source };
    let key = InstallationKey::generate(randomness)?;
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };

    // Written aside (tempfile gives mode 0600) and moved into place complete, but never over another
    // key: what was sealed with that one could not be opened again.
    let mut aside =
        tempfile::Builder::new().prefix(".repass-key-").tempfile_in(folder).map_err(unwritable)?;
    aside.write_all(key.to_text().expose().as_bytes()).map_err(unwritable)?;
    aside.write_all(b"\n").map_err(unwritable)?;
    aside.as_file().sync_all().map_err(unwritable)?;
    match aside.persist_noclobber(path) {
        Ok(_) => {}
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => return Ok(false),
        Err(error) => return Err(unwritable(error.error)),
    }
    sync_folder(folder).map_err(unwritable)?;
    Ok(true)
}

/// The name of a new file survives a power failure only when its folder was synced too.
fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

#[cfg(unix)]
fn open_to_others(metadata: &fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    metadata.permissions().mode() & 0o077 != 0
}

#[cfg(not(unix))]
fn open_to_others(_: &fs::Metadata) -> bool {
    false
}
