//! Hashing passwords, and verifying stored hashes.

mod argon2id;
mod pool;
mod profile;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

pub use pool::{Argon2idHasher, HasherOptions};
pub use profile::{HashProfile, InvalidProfile};

use crate::{NewPassword, Plaintext, RandomnessError};

/// A password hash as it is stored: a PHC string that names its own algorithm and parameters.
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
        let family = self.0.split('$').nth(1).unwrap_or("?");
        write!(f, "HashedPassword(${family}$..)")
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
    /// [`HashError::Busy`] at once when there is no room; [`HashError::Unsupported`] when the hash is
    /// of no supported family.
    async fn verify(
        &self,
        password: Arc<Plaintext>,
        hash: &HashedPassword,
    ) -> Result<bool, HashError>;

    /// A hash of nobody's password, of the same cost as a fresh one. An unknown account is verified
    /// against it, so that it takes as long as a known one.
    fn decoy(&self) -> &HashedPassword;
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
    /// The stored hash is of no supported family, or damaged.
    #[error("the stored hash is of no supported family: {0}")]
    Unsupported(&'static str),
    /// The random source gave no salt.
    #[error("no salt")]
    Randomness(#[from] RandomnessError),
    /// The algorithm refused its inputs.
    #[error("argon2 failed: {0}")]
    Algorithm(String),
    /// The computation panicked. What it said is not told, since it may quote a password.
    #[error("the hashing panicked")]
    Panicked,
    /// The threads could not be started, or are gone.
    #[error("the hashing threads are not running")]
    Stopped,
}
