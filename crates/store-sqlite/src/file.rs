//! The database file: its existence, identity and permissions.

use std::path::{Path, PathBuf};
use std::{fmt, fs, io};

/// The opened file can no longer be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FileFault {
    #[error("the file was deleted or replaced while in use; restart this program")]
    Replaced,
    #[error("the file no longer exists; restore it or restart this program")]
    Missing,
    #[error(
        "its -wal file was deleted or replaced while in use; stop every program that uses the database \
         to save what the programs still hold"
    )]
    LogReplaced,
    #[error("the file was made read-only; make it writable for its owner")]
    ReadOnly,
    #[error("the disk has less than 1 MiB left; free some space")]
    DiskFull,
}

/// The opened database file and its write-ahead log, to check that their paths still lead to them.
#[derive(Debug, Clone)]
pub(crate) struct OpenedFile {
    path: PathBuf,
    identity: Identity,
    log: Option<(PathBuf, Identity)>,
}

/// Device and inode; `None` on platforms without them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Identity(Option<(u64, u64)>);

impl Identity {
    #[cfg(unix)]
    fn new(metadata: &fs::Metadata) -> Self {
        use std::os::unix::fs::MetadataExt;
        Self(Some((metadata.dev(), metadata.ino())))
    }

    #[cfg(not(unix))]
    fn new(_: &fs::Metadata) -> Self {
        Self(None)
    }

    fn matches(self, path: &Path) -> bool {
        fs::metadata(path).is_ok_and(|found| Self::new(&found) == self)
    }
}

impl OpenedFile {
    pub(crate) fn new(path: &Path) -> io::Result<Self> {
        let identity = Identity::new(&fs::metadata(path)?);
        Ok(Self { path: path.to_owned(), identity, log: None })
    }

    /// Also checks the write-ahead log, which remains the same file while a connection has it open.
    pub(crate) fn with_log(mut self) -> io::Result<Self> {
        let mut path = self.path.clone().into_os_string();
        path.push("-wal");
        let identity = Identity::new(&fs::metadata(&path)?);
        self.log = Some((path.into(), identity));
        Ok(self)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Checks that the disk has free space. A change takes about 64 KiB.
    #[cfg(unix)]
    pub(crate) fn verify_free_space(&self) -> Result<(), FileFault> {
        const MIN_FREE: u64 = 1024 * 1024;
        let full = |disk: rustix::fs::StatVfs| disk.f_bavail * disk.f_frsize < MIN_FREE;
        if rustix::fs::statvfs(&self.path).is_ok_and(full) {
            Err(FileFault::DiskFull)
        } else {
            Ok(())
        }
    }

    #[cfg(not(unix))]
    pub(crate) fn verify_free_space(&self) -> Result<(), FileFault> {
        Ok(())
    }

    /// Checks the identity of the files, and that the database is not read-only.
    pub(crate) fn verify(&self) -> Result<(), FileFault> {
        if self.metadata()?.permissions().readonly() { Err(FileFault::ReadOnly) } else { Ok(()) }
    }

    /// Checks that the paths lead to the opened files.
    pub(crate) fn verify_identity(&self) -> Result<(), FileFault> {
        self.metadata().map(drop)
    }

    fn metadata(&self) -> Result<fs::Metadata, FileFault> {
        let found = fs::metadata(&self.path).map_err(|_| FileFault::Missing)?;
        if Identity::new(&found) != self.identity {
            return Err(FileFault::Replaced);
        }
        match &self.log {
            Some((path, identity)) if !identity.matches(path) => Err(FileFault::LogReplaced),
            _ => Ok(found),
        }
    }
}

/// Returns the folder of a file.
pub(crate) fn parent_folder(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// Creates an empty file that only its owner can read and write (mode 0600).
pub(crate) fn create(path: &Path) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}

/// Syncs a folder, so that the name of a new file in it survives a power failure.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { fs::File::open(folder)?.sync_all() } else { Ok(()) }
}

/// Displays owner and mode of a path and the user of this process.
#[derive(Debug, Clone, Copy)]
pub struct Access<'a>(pub &'a Path);

impl fmt::Display for Access<'_> {
    #[cfg(unix)]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use std::os::unix::fs::MetadataExt;
        let user = rustix::process::geteuid().as_raw();
        match fs::metadata(self.0) {
            Ok(found) => {
                let mode = found.mode() & 0o7777;
                write!(f, "its owner is user {}, its mode {mode:04o}, ", found.uid())?;
            }
            Err(error) => write!(f, "{error}, ")?,
        }
        write!(f, "and this program runs as user {user}")
    }

    #[cfg(not(unix))]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match fs::metadata(self.0) {
            Ok(found) if found.permissions().readonly() => f.write_str("it is read-only"),
            Ok(_) => f.write_str("it exists"),
            Err(error) => error.fmt(f),
        }
    }
}
