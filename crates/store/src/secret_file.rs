use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};

use repass_core::Plaintext;
use repass_store_sqlite::Access;
use zeroize::Zeroizing;

/// The maximum size of a secret file, in bytes.
const MAX_BYTES: usize = 4096;

/// A file with a secret could not be read. Contains no part of the secret.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SecretFileError {
    /// The file does not exist.
    #[error("{} does not exist", .0.display())]
    Missing(PathBuf),
    /// The file cannot be read.
    #[error("{} cannot be read: {access}; it must be a file that this user can read", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Owner and mode of the file, and the user of this process.
        access: String,
        /// The cause.
        #[source]
        source: io::Error,
    },
    /// The file is too long for a secret.
    #[error("{} has more than {MAX_BYTES} bytes; a secret file holds one secret", .0.display())]
    TooLong(PathBuf),
    /// The file is no text.
    #[error("{} is not UTF-8 text", .0.display())]
    NotText(PathBuf),
}

/// Reads a secret from a file of at most 4096 bytes. A byte order mark at its beginning and line
/// breaks at its end are not part of the secret.
///
/// # Errors
/// When the file is missing, cannot be read, is too long or not UTF-8.
pub fn read_secret_file(path: &Path) -> Result<Plaintext, SecretFileError> {
    // The full capacity from the start, since a growing buffer leaves copies of the secret behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(MAX_BYTES + 64));
    let file = File::open(path).map_err(|source| unreadable(path, source))?;
    let read = file.take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes);
    read.map_err(|source| unreadable(path, source))?;
    if bytes.len() > MAX_BYTES {
        return Err(SecretFileError::TooLong(path.to_owned()));
    }
    let text =
        std::str::from_utf8(&bytes).map_err(|_| SecretFileError::NotText(path.to_owned()))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    Ok(Plaintext::from(text.trim_end_matches(['\r', '\n'])))
}

fn unreadable(path: &Path, source: io::Error) -> SecretFileError {
    match source.kind() {
        ErrorKind::NotFound => SecretFileError::Missing(path.to_owned()),
        _ => SecretFileError::Unreadable {
            path: path.to_owned(),
            access: Access(path).to_string(),
            source,
        },
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// Proves L7 secret files.
    #[test]
    fn l7_line_breaks_and_a_byte_order_mark_are_no_part_of_a_secret() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("secret");
        for (bytes, secret) in [
            ("secret", "secret"),
            ("secret\r\n", "secret"),
            ("\u{feff}secret\n\n", "secret"),
            (" kept \n", " kept "),
        ] {
            fs::write(&file, bytes).unwrap();
            assert_eq!(read_secret_file(&file).unwrap().expose(), secret, "{bytes:?}");
        }
    }

    /// Proves L7 secret files.
    #[test]
    fn l7_errors_name_the_path_and_the_remedy() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("secret");
        let message = || read_secret_file(&file).unwrap_err().to_string();
        assert_eq!(message(), format!("{} does not exist", file.display()));
        fs::write(&file, b"\xff\xfes\0").unwrap();
        assert!(message().ends_with("secret is not UTF-8 text"));
        fs::write(&file, "x".repeat(MAX_BYTES + 1)).unwrap();
        assert!(message().contains("more than 4096 bytes"));
        // root reads every file, so a folder is read instead.
        let denied = read_secret_file(folder.path()).unwrap_err().to_string();
        assert!(denied.contains("cannot be read: "), "{denied}");
        if cfg!(unix) {
            let access = [", its mode 0", "and this program runs as user "];
            assert!(access.iter().all(|part| denied.contains(part)), "{denied}");
        }
    }
}
