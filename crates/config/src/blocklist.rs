//! Lists of passwords that the operator refuses: `[policy] blocklist_files`.

use std::collections::HashSet;
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::{PoisonError, RwLock};

use repass_core::{Blocklist, Plaintext};
use unicode_normalization::UnicodeNormalization;

/// A file with a password on each line.
pub(super) struct BlocklistFile {
    file: PathBuf,
    passwords: RwLock<HashSet<Box<str>>>,
}

impl BlocklistFile {
    /// Reads `file`.
    ///
    /// # Errors
    /// When it cannot be read or is not UTF-8.
    pub(super) fn open(file: PathBuf) -> io::Result<Self> {
        let list = Self { file, passwords: RwLock::default() };
        list.reload()?;
        Ok(list)
    }
}

impl Blocklist for BlocklistFile {
    fn contains(&self, candidate: &Plaintext) -> bool {
        let passwords = self.passwords.read().unwrap_or_else(PoisonError::into_inner);
        passwords.contains(zeroize::Zeroizing::new(folded(candidate.expose())).as_str())
    }

    fn reload(&self) -> io::Result<()> {
        let text = std::fs::read_to_string(&self.file).map_err(|error| {
            io::Error::new(error.kind(), format!("{}: {error}", self.file.display()))
        })?;
        let lines = text.trim_start_matches('\u{feff}').lines().filter(|line| !line.is_empty());
        let read = lines.map(|line| folded(line).into_boxed_str()).collect();
        *self.passwords.write().unwrap_or_else(PoisonError::into_inner) = read;
        Ok(())
    }
}

/// The passwords are many.
impl fmt::Debug for BlocklistFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("BlocklistFile").field(&self.file).finish()
    }
}

/// Returns `text` in lower case and in Unicode Normalization Form C.
fn folded(text: &str) -> String {
    // A string that grows leaves copies of a password behind.
    let chars = || text.nfc().flat_map(char::to_lowercase);
    let mut folded = String::with_capacity(chars().map(char::len_utf8).sum());
    folded.extend(chars());
    folded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_a_password_on_each_line_in_any_case() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("words.txt");
        std::fs::write(&file, "\u{feff}Corner Shop Forever\r\n\nCafe\u{301} au lait\n").unwrap();
        let list = BlocklistFile::open(file.clone()).unwrap();
        let has = |text: &str| list.contains(&Plaintext::from(text));
        assert!(has("CORNER shop forever") && has("café au lait"));
        assert!(!has("") && !has("corner shop") && !has("another one"));

        std::fs::write(&file, "another one").unwrap();
        list.reload().unwrap();
        assert!(has("another one") && !has("corner shop forever"));

        for bad in [&b"\xff\xfe"[..], b""] {
            if bad.is_empty() {
                std::fs::remove_file(&file).unwrap();
            } else {
                std::fs::write(&file, bad).unwrap();
            }
            let error = list.reload().unwrap_err().to_string();
            assert!(error.contains("words.txt: "), "{error}");
            assert!(has("another one"), "the list before stays");
        }
    }
}
