//! What hashes and verifies, as the command line says.

use std::fs::File;
use std::io::Read;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;

use repass_core::{HasherOptions, Peppers, Plaintext, Projects};

use crate::cli::{HashOption, NamedFile, PepperKeysOption};
use crate::failure::Failure;

/// Reads the files that `wanted` names.
pub(crate) fn options(wanted: &HashOption) -> Result<HasherOptions, Failure> {
    Ok(HasherOptions {
        profile: wanted.hash_profile,
        // Enough for one password.
        threads: NonZeroUsize::MIN,
        peppers: Arc::new(peppers(&wanted.pepper_keys, wanted.pepper.as_deref())?),
        projects: Arc::new(projects(&wanted.firebase_keys)?),
        ..HasherOptions::default()
    })
}

fn projects(keys: &[NamedFile]) -> Result<Projects, Failure> {
    keys.iter().try_fold(Projects::none(), |projects, named| {
        with_key("--firebase-key", named, |key| projects.with_encoded(&named.name, key))
    })
}

/// The keys of these files; `current` makes new hashes, or else the last.
pub(crate) fn peppers(keys: &PepperKeysOption, current: Option<&str>) -> Result<Peppers, Failure> {
    let keys = &keys.files;
    let peppers = keys.iter().try_fold(Peppers::none(), |peppers, named| {
        with_key("--pepper-key", named, |key| peppers.with_encoded(&named.name, key))
    })?;
    match current.or(keys.last().map(|named| named.name.as_str())) {
        None => Ok(peppers),
        Some(id) => peppers.with_current(id).map_err(|_| {
            Failure::Usage(format!("--pepper {id}: there is no --pepper-key of that name"))
        }),
    }
}

/// What `add` makes of the key in the file that an option names.
fn with_key<T, E: std::fmt::Display>(
    option: &'static str,
    NamedFile { file, .. }: &NamedFile,
    add: impl FnOnce(&str) -> Result<T, E>,
) -> Result<T, Failure> {
    let wrong =
        |reason: String| Failure::SecretFile { option, file: file.display().to_string(), reason };
    let key = read(file).map_err(wrong)?;
    add(key.expose().trim()).map_err(|error| wrong(error.to_string()))
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
