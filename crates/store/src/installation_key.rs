use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use repass_core::{InstallationKey, InstallationKeyError, Plaintext, Randomness, RandomnessError};
use zeroize::Zeroizing;

use crate::OpenError;
use crate::database_url::DatabaseUrl;

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
    /// The database URL is not understood.
    #[error("the database URL names no place for the installation key")]
    Url(#[from] OpenError),
    /// A database on a server has no file to keep the key beside.
    #[error("a database on a server needs an installation key file that all nodes share")]
    Required,
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
}

/// Reads the key of the installation whose database `url` names.
///
/// A given `key_file` must exist. With none given, the key of an SQLite database stands beside it,
/// in the file of the same name with `.key` after it; it is made if it is missing, readable by its
/// owner only (mode 0600). Processes that do so at once end up with the same key.
///
/// # Errors
/// When the file cannot be read or made, or holds no key, or when a database on a server comes
/// without a file.
pub fn load_installation_key(
    url: &str,
    key_file: Option<&Path>,
    randomness: &dyn Randomness,
) -> Result<LoadedKey, KeyFileError> {
    if let Some(path) = key_file {
        return read(path);
    }
    let DatabaseUrl::Sqlite { path: database, .. } = DatabaseUrl::parse(url)? else {
        return Err(KeyFileError::Required);
    };
    let mut path = database.into_os_string();
    path.push(".key");
    let path = PathBuf::from(path);
    match read(&path) {
        Err(KeyFileError::Unreadable { source, .. })
            if source.kind() == io::ErrorKind::NotFound =>
        {
            let created = create(&path, randomness)?;
            // Read back even when it was made here, so that what is used is what is on the disk.
            Ok(LoadedKey { created, ..read(&path)? })
        }
        read => read,
    }
}

fn read(path: &Path) -> Result<LoadedKey, KeyFileError> {
    let unreadable = |source| KeyFileError::Unreadable { path: path.to_owned(), source };
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
