//! What hashes and verifies, as the command line says.

use std::fs::File;
use std::io::Read;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;

use repass_core::{HasherOptions, Plaintext, Projects};

use crate::cli::{HashOption, NamedFile};
use crate::failure::Failure;

/// Reads the files that `wanted` names.
pub(crate) fn options(wanted: &HashOption) -> Result<HasherOptions, Failure> {
    Ok(HasherOptions {
        profile: wanted.hash_profile,
        // Enough for one password.
        threads: NonZeroUsize::MIN,
        projects: Arc::new(projects(&wanted.firebase_keys)?),
        ..HasherOptions::default()
    })
}

fn projects(keys: &[NamedFile]) -> Result<Projects, Failure> {
    keys.iter().try_fold(Projects::none(), |projects, NamedFile { name, file }| {
        let wrong = |reason: String| Failure::SecretFile {
            option: "--firebase-key",
            file: file.display().to_string(),
            reason,
        };
        let key = read(file).map_err(wrong)?;
        let added = projects.with_encoded(name, key.expose().trim());
        added.map_err(|error| wrong(error.to_string()))
    })
}

/// The largest file that can hold a key, in bytes.
const LARGEST_KEY: usize = 4096;

fn read(file: &Path) -> Result<Plaintext, String> {
    let file = File::open(file).map_err(|error| error.to_string())?;
    let mut text = String::with_capacity(LARGEST_KEY + 1);
    let read = file.take(LARGEST_KEY as u64 + 1).read_to_string(&mut text);
    let text = Plaintext::new(text);
    match read {
        Err(error) => Err(error.to_string()),
        Ok(_) if text.byte_len() > LARGEST_KEY => {
            Err(format!("a key has at most {LARGEST_KEY} bytes"))
        }
        Ok(_) => Ok(text),
    }
}
