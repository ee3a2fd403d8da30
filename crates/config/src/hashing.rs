//! `[hashing]`: the cost of hashes, and the keys for verifying them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use repass_core::{
    Argon2Path, Argon2PathError, HashProfile, HasherOptions, Normalization, Peppers, Plaintext,
    Projects,
};
use repass_store::Accounts;
use serde::Deserialize;

use super::KeyError;
use super::checked::{at_least_one, one_of, timeout};
use super::outbox::secret;
use super::raw::Seconds;

/// The hashing of passwords, with Argon2id.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct RawHashing {
    /// The CPU instructions that compute hashes. `auto` is the fastest that the CPU has. Default:
    /// `auto`.
    kernel: Option<String>,
    /// The cost of new hashes; or set `memory_kib`, `iterations` and `parallelism`. `repass hash
    /// tune` proposes values for a machine. `insecure-for-tests` does not protect passwords.
    /// Default: `owasp`.
    profile: Option<String>,
    /// The memory of a new hash in KiB, with `iterations` and `parallelism`. Less than OWASP's
    /// minimum is refused.
    memory_kib: Option<u32>,
    /// The number of passes of a new hash over its memory.
    iterations: Option<u32>,
    /// The number of lanes of a new hash.
    parallelism: Option<u32>,
    /// The memory of each thread in KiB. Without it, the memory of a new hash. Increase it if many
    /// stored hashes need more: hashes that need more than a thread has are computed one at a time.
    arena_memory_kib: Option<u32>,
    /// The number of threads that hash. Without it, the number of CPUs that the process may use.
    threads: Option<usize>,
    /// The number of changes that may wait for their turn. Above it, a change of the client with
    /// most of them is answered with 503. Without it, 256 for each thread.
    queue: Option<usize>,
    /// The longest wait of a change for its turn. Then it is answered with 503. Default: `5s`.
    deadline: Option<Seconds>,
    /// The id of the pepper key for new hashes. Without it, new hashes have no pepper.
    pepper: Option<String>,
    #[serde(default)]
    peppers: BTreeMap<String, RawPepper>,
    #[serde(default)]
    firebase: BTreeMap<String, RawFirebase>,
    #[serde(default)]
    devise: BTreeMap<String, RawDevise>,
}

/// A pepper key. Every key that stored hashes need must be configured.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct RawPepper {
    /// The key: 32 to 1024 random bytes in Base64. Or `key_file`.
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    key: Option<Plaintext>,
    /// The file that holds the key.
    key_file: Option<PathBuf>,
}

/// A Firebase project that hashes were imported from.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct RawFirebase {
    /// The `base64_signer_key` of the project's hash parameters. Or `signer_key_file`.
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    signer_key: Option<Plaintext>,
    /// The file that holds the signer key.
    signer_key_file: Option<PathBuf>,
}

/// An application with Devise that hashes were imported from.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct RawDevise {
    /// The `config.pepper` of the application, as it is written there. Or `pepper_file`.
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    pepper: Option<Plaintext>,
    /// The file that holds the pepper.
    pepper_file: Option<PathBuf>,
}

/// The memory of the most expensive profile: 4 GiB.
const MAX_ARENA_KIB: u32 = 4 * 1024 * 1024;

impl RawHashing {
    /// Checks the values. Relative paths are resolved against `folder`; `accounts` is where the
    /// hashes are kept.
    pub(super) fn check(
        self,
        folder: &Path,
        accounts: &Accounts,
    ) -> Result<HasherOptions, KeyError> {
        let default = HasherOptions::default();
        let profile = match (self.profile, self.memory_kib, self.iterations, self.parallelism) {
            (None, None, None, None) => HashProfile::default(),
            (Some(name), None, None, None) => HashProfile::preset(&name)
                .ok_or_else(|| one_of("hashing.profile", &HashProfile::PRESETS))?,
            (None, Some(memory), Some(iterations), Some(parallelism)) => {
                HashProfile::new(memory, iterations, parallelism)
                    .map_err(|error| KeyError::new("hashing.memory_kib", error))?
            }
            _ => {
                let reason = "set either this, or all of memory_kib, iterations and parallelism";
                return Err(KeyError::new("hashing.profile", reason));
            }
        };
        if self.arena_memory_kib.is_some_and(|value| value > MAX_ARENA_KIB) {
            let reason = format!("must be at most {MAX_ARENA_KIB}");
            return Err(KeyError::new("hashing.arena_memory_kib", reason));
        }
        let kernel = match self.kernel.as_deref() {
            None | Some("auto") => default.kernel,
            Some(name) => kernel(name).map_err(kernel_error)?,
        };
        let peppers = peppers(self.pepper.as_deref(), self.peppers, folder)?;
        // The application that owns a mapped table verifies the hashes too, without normalization.
        let is_shared = matches!(accounts, Accounts::Mapped(_));
        if is_shared && peppers.current().is_some() {
            let reason = "cannot be used with store.accounts, because the application of that table \
                          could not verify the hashes";
            return Err(KeyError::new("hashing.pepper", reason));
        }
        Ok(HasherOptions {
            profile,
            normalization: if is_shared { Normalization::AsReceived } else { Normalization::Nfc },
            peppers: Arc::new(peppers),
            kernel,
            arena_memory_kib: self.arena_memory_kib,
            threads: at_least_one("hashing.threads", self.threads, default.threads, 1024)?,
            queue: at_least_one("hashing.queue", self.queue, default.queue, 1_000_000)?,
            deadline: timeout("hashing.deadline", self.deadline, default.deadline)?,
            projects: Arc::new(devise(projects(self.firebase, folder)?, self.devise, folder)?),
        })
    }
}

/// Returns the kernel of this name, which the CPU must support.
fn kernel(name: &str) -> Result<Argon2Path, Argon2PathError> {
    let kernel: Argon2Path = name.parse()?;
    kernel.check().map(|()| kernel)
}

fn kernel_error(error: Argon2PathError) -> KeyError {
    let key = "hashing.kernel";
    if error == Argon2PathError::Unknown {
        let names: Vec<_> = Argon2Path::ALL.iter().map(Argon2Path::as_str).collect();
        return one_of(key, &[&["auto"], names.as_slice()].concat());
    }
    KeyError::new(key, error)
}

/// Returns the pepper keys by their ids.
fn peppers(
    current: Option<&str>,
    raw: BTreeMap<String, RawPepper>,
    folder: &Path,
) -> Result<Peppers, KeyError> {
    let peppers = raw.into_iter().try_fold(Peppers::none(), |peppers, (id, raw)| {
        let key = format!("hashing.peppers.{id}.key");
        let secret = secret(&key, raw.key, raw.key_file, folder)?;
        let (key, pepper) =
            secret.ok_or_else(|| KeyError::new(key, "set either this or key_file"))?;
        let added = peppers.with_encoded(&id, pepper.expose().trim());
        added.map_err(|error| KeyError::new(key, error))
    })?;
    match current {
        None => Ok(peppers),
        Some(id) => peppers.with_current(id).map_err(|_| {
            KeyError::new("hashing.pepper", "no table [hashing.peppers.ID] has this id")
        }),
    }
}

/// Returns the signer keys of Firebase projects by the project's name.
fn projects(raw: BTreeMap<String, RawFirebase>, folder: &Path) -> Result<Projects, KeyError> {
    raw.into_iter().try_fold(Projects::none(), |projects, (name, raw)| {
        let key = format!("hashing.firebase.{name}.signer_key");
        let secret = secret(&key, raw.signer_key, raw.signer_key_file, folder)?;
        let (key, signer_key) =
            secret.ok_or_else(|| KeyError::new(key, "set either this or signer_key_file"))?;
        let added = projects.with_encoded(&name, signer_key.expose().trim());
        added.map_err(|error| KeyError::new(key, error))
    })
}

/// Adds the peppers of Devise by their names.
fn devise(
    projects: Projects,
    raw: BTreeMap<String, RawDevise>,
    folder: &Path,
) -> Result<Projects, KeyError> {
    raw.into_iter().try_fold(projects, |projects, (name, raw)| {
        let key = format!("hashing.devise.{name}.pepper");
        let secret = secret(&key, raw.pepper, raw.pepper_file, folder)?;
        let (key, pepper) =
            secret.ok_or_else(|| KeyError::new(key, "set either this or pepper_file"))?;
        // White space may be part of the pepper.
        let added = projects.with_pepper(&name, pepper.expose());
        added.map_err(|error| KeyError::new(key, error))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kernel_of(name: &str) -> Result<Argon2Path, KeyError> {
        let raw = RawHashing { kernel: Some(name.to_owned()), ..RawHashing::default() };
        raw.check(Path::new("."), &Accounts::Own).map(|options| options.kernel)
    }

    #[test]
    fn the_white_space_of_a_devise_pepper_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("pepper"), " with spaces \n").unwrap();
        let in_file = RawDevise { pepper: None, pepper_file: Some("pepper".into()) };
        let written =
            RawDevise { pepper: Some(Plaintext::from(" with spaces ")), pepper_file: None };
        let raw = BTreeMap::from([("file".to_owned(), in_file), ("text".to_owned(), written)]);
        let projects = devise(Projects::none(), raw, folder.path()).unwrap();
        for name in ["file", "text"] {
            assert_eq!(projects.pepper(name), Some(b" with spaces ".as_slice()), "{name}");
        }
    }

    #[test]
    fn a_kernel_is_selected_by_name_if_the_cpu_supports_it() {
        assert_eq!(kernel_of("auto").unwrap(), HasherOptions::default().kernel);
        assert_eq!(kernel_of("portable").unwrap(), Argon2Path::Portable);
        for path in Argon2Path::ALL {
            assert_eq!(kernel_of(path.as_str()).ok(), path.is_available().then_some(path));
        }
        assert!(kernel_of("sse").is_err_and(|error| error.reason.contains("avx512")));
    }
}
