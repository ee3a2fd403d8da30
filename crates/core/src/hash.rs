//! Hashing passwords, and verifying stored hashes.

mod arena;
mod check;
mod hasher;
mod kernel;
mod options;
mod phc;
mod pool;
mod profile;
mod status;
mod stored;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use repass_hash_families::{Family, FormatError};

pub use check::UnusableHash;
pub use hasher::Argon2idHasher;
pub use kernel::{
    Argon2Inputs, Argon2Kernel, Argon2Parameters, Argon2Variant, Argon2Version, KernelError,
    RustCryptoKernel, VectorKernel,
};
pub use options::HasherOptions;
pub use profile::{HashProfile, InvalidProfile};
pub use repass_argon2::{Path as Argon2Path, PathError as Argon2PathError};
pub use status::HasherStatus;

use crate::{NewPassword, Plaintext, RandomnessError};

/// A password hash as it is stored: a text that names its own algorithm and parameters, such as a PHC
/// string.
#[derive(Clone, PartialEq, Eq)]
pub struct HashedPassword(String);

impl HashedPassword {
    /// A hash read back from a store, or brought from elsewhere. Whether it can be verified is
    /// found out when it is.
    pub fn from_stored(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text to store.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for HashedPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the salt and the tag: whoever has those can guess off line.
        let family = Family::of(&self.0).map_or("of no known family", Family::name);
        write!(f, "HashedPassword({family})")
    }
}

/// Hashes and verifies passwords without ever blocking the threads that run async tasks.
#[async_trait]
pub trait Hasher: Send + Sync + fmt::Debug {
    /// Hashes an accepted password with a fresh salt.
    ///
    /// # Errors
    /// [`HashError::Busy`] at once when there is no room; other errors when hashing failed.
    async fn hash(&self, password: NewPassword) -> Result<HashedPassword, HashError>;

    /// Whether `password` is the one that `hash` was made of.
    ///
    /// # Errors
    /// [`HashError::Busy`] at once when there is no room; one that
    /// [is about the hash](HashError::is_unverifiable) when no password can be verified against it.
    async fn verify(
        &self,
        password: Arc<Plaintext>,
        hash: &HashedPassword,
    ) -> Result<bool, HashError>;

    /// A hash of nobody's password, of the same cost as a fresh one. An unknown account is verified
    /// against it, so that it takes as long as a known one.
    fn decoy(&self) -> &HashedPassword;

    /// Whether `hash` is as a fresh one would be, whatever the salt: of the same family and cost. One
    /// that is not has drifted, and is replaced at the next occasion.
    ///
    /// As it is given here, for hashers whose hashes never drift, every hash is current.
    fn is_current(&self, hash: &HashedPassword) -> bool {
        let _ = hash;
        true
    }
}

/// Why a password could not be hashed or verified.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HashError {
    /// No room in the queue, or the job waited too long in it.
    #[error("no room to hash")]
    Busy {
        /// After how long trying again can make sense.
        retry_after: Duration,
    },
    /// The stored hash is an Argon2 hash that is damaged or out of bounds.
    #[error("the stored hash cannot be verified: {0}")]
    Unsupported(&'static str),
    /// The stored hash is of no family that is verified here, or damaged, or out of bounds.
    #[error("the stored hash cannot be verified: {0}")]
    Foreign(#[source] FormatError),
    /// The stored hash is of a Firebase project whose signer key is not in
    /// [`HasherOptions::projects`].
    #[error("the signer key of the Firebase project {project} is not configured")]
    UnknownProject {
        /// The name of the project.
        project: String,
    },
    /// The random source gave no salt.
    #[error("no salt")]
    Randomness(#[from] RandomnessError),
    /// The algorithm refused its inputs.
    #[error("the algorithm failed: {0}")]
    Algorithm(String),
    /// The computation panicked. What it said is not told, since it may quote a password.
    #[error("the hashing panicked")]
    Panicked,
    /// The system has not the memory that the computation takes.
    #[error("no {kib} KiB of memory to hash in")]
    OutOfMemory {
        /// How much was asked for, in KiB.
        kib: usize,
    },
    /// A thread could not be started.
    #[error("a hashing thread could not be started")]
    Thread(#[source] std::io::Error),
    /// The hasher was shut down.
    #[error("the hashing threads are not running")]
    Stopped,
}

impl HashError {
    /// Whether it is the stored hash that cannot be verified, by this hasher and with any password.
    /// Such a hash counts as nobody's.
    pub const fn is_unverifiable(&self) -> bool {
        matches!(self, Self::Unsupported(_) | Self::Foreign(_) | Self::UnknownProject { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_tells_the_family_and_neither_salt_nor_tag() {
        for (text, told) in [
            ("$argon2id$v=19$m=8,t=1,p=1$SALTSALT$TAGTAG", "argon2"),
            ("scrypt:32768:8:1$SALTSALT$TAGTAG", "scrypt"),
            ("pbkdf2_sha256$260000$SALTSALT$TAGTAG", "pbkdf2"),
            ("{SSHA}TAGTAGSALTSALT", "ldap-digest"),
            ("md5$SALTSALT$TAGTAG", "of no known family"),
            ("TAGTAG", "of no known family"),
        ] {
            let debug = format!("{:?}", HashedPassword::from_stored(text));
            assert_eq!(debug, format!("HashedPassword({told})"));
        }
    }
}
