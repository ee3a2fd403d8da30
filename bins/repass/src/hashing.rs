//! Builds the hasher options from the command line.

use std::fs::File;
use std::io::Read;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;

use repass_core::{HasherOptions, Peppers, Plaintext, Projects};

use crate::cli::{HashOption, NamedFile, PepperKeysOption};
use crate::failure::Failure;

/// Reads the key files and returns the options.
pub(crate) fn options(option: &HashOption) -> Result<HasherOptions, Failure> {
    Ok(HasherOptions {
        profile: option.hash_profile,
        // Enough for one password.
        threads: NonZeroUsize::MIN,
        peppers: Arc::new(peppers(&option.pepper_keys, option.pepper.as_deref())?),
        projects: Arc::new(projects(&option.firebase_keys)?),
        ..HasherOptions::default()
    })
}

fn projects(keys: &[NamedFile]) -> Result<Projects, Failure> {
    keys.iter().try_fold(Projects::none(), |projects, named| {
        with_key("--firebase-key", named, |key| projects.with_encoded(&named.name, key))
    })
}

/// Reads the pepper keys. New hashes use `current`, or else the last one.
pub(crate) fn peppers(keys: &PepperKeysOption, current: Option<&str>) -> Result<Peppers, Failure> {
    let keys = &keys.files;
    let peppers = keys.iter().try_fold(Peppers::none(), |peppers, named| {
        with_key("--pepper-key", named, |key| peppers.with_encoded(&named.name, key))
    })?;
    match current.or(keys.last().map(|named| named.name.as_str())) {
        None => Ok(peppers),
        Some(id) => peppers
            .with_current(id)
            .map_err(|_| Failure::Usage(format!("--pepper {id}: no --pepper-key has this id"))),
    }
}

/// Reads the key file of an option and passes the key to `add`.
fn with_key<T, E: std::fmt::Display>(
    option: &'static str,
    NamedFile { file, .. }: &NamedFile,
    add: impl FnOnce(&str) -> Result<T, E>,
) -> Result<T, Failure> {
    let invalid =
        |reason: String| Failure::SecretFile { option, file: file.display().to_string(), reason };
    let key = read(file).map_err(invalid)?;
    add(key.expose().trim()).map_err(|error| invalid(error.to_string()))
}

const MAX_KEY_FILE_BYTES: usize = 4096;

fn read(file: &Path) -> Result<Plaintext, String> {
    let file = File::open(file).map_err(|error| error.to_string())?;
    let mut text = String::with_capacity(MAX_KEY_FILE_BYTES + 1);
    let read = file.take(MAX_KEY_FILE_BYTES as u64 + 1).read_to_string(&mut text);
    let text = Plaintext::new(text);
    match read {
        Err(error) => Err(error.to_string()),
        Ok(_) if text.byte_len() > MAX_KEY_FILE_BYTES => {
            Err(format!("a key file has at most {MAX_KEY_FILE_BYTES} bytes"))
        }
        Ok(_) => Ok(text),
    }
}
