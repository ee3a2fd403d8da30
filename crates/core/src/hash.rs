//! Hashes passwords and verifies stored hashes.

mod cost;
mod hasher;
mod normalization;
mod options;
mod pepper;
mod phc;
mod pool;
mod profile;
mod status;
mod stored;
mod worker;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use repass_hash_families::{Family, FormatError};
use stored::StoredHash;

pub use cost::HashCost;
pub use hasher::Argon2idHasher;
pub use normalization::Normalization;
pub use options::HasherOptions;
pub use pepper::{InvalidPepper, MissingPeppers, Peppers};
pub use profile::{HashProfile, InvalidProfile};
pub use repass_argon2::{
    Path as Argon2Path, PathError as Argon2PathError, self_check as argon2_self_check,
};
pub use status::{HasherStatus, JobCounts};

use crate::{NewPassword, Plaintext, RandomnessError};

/// A stored password hash: a text with algorithm and parameters, such as a PHC string, and the
/// normalization of the password. A store keeps both.
#[derive(Clone, PartialEq, Eq)]
pub struct HashedPassword {
    text: String,
    normalization: Normalization,
}

impl HashedPassword {
    /// Takes a hash of another system or of a store, without normalization of the password. The
    /// text is not validated; see [`check`](Self::check).
    pub fn from_stored(text: impl Into<String>) -> Self {
        Self { text: text.into(), normalization: Normalization::AsReceived }
    }

    /// Sets the normalization of the password.
    #[must_use]
    pub fn with_normalization(self, normalization: Normalization) -> Self {
        Self { normalization, ..self }
    }

    /// Returns the text, for a store.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns the normalization of the password, which is stored with the text.
    pub const fn normalization(&self) -> Normalization {
        self.normalization
    }

    /// Returns the stable name of the family, or `unknown`.
    pub fn family(&self) -> &'static str {
        Family::detect(&self.text).map_or("unknown", Family::name)
    }

    /// Returns the id of the pepper key that the hash was made with, if any; see [`Peppers`].
    pub fn pepper(&self) -> Option<String> {
        phc::key_id(&self.text)
    }

    /// Returns whether `password`, which this hash was verified with, is the only text that a
    /// person would type and that this hash accepts, apart from forms that the
    /// [normalization](Self::normalization) makes equal.
    ///
    /// Argon2 determines every password. For other families see
    /// [`ForeignHash::determines`](repass_hash_families::ForeignHash::determines). Returns false
    /// for a hash that cannot be verified.
    pub fn determines(&self, password: &Plaintext) -> bool {
        let normalized = self.normalization.changed(password);
        let password = normalized.as_ref().unwrap_or(password);
        StoredHash::parse(self, u32::MAX).is_ok_and(|stored| stored.determines(password))
    }

    /// Validates the text of a hash of another system: its family, its format and its costs.
    ///
    /// # Errors
    /// When the hash cannot be verified ([`HashError::is_unverifiable`]). The message does not
    /// quote the hash.
    pub fn check(&self) -> Result<(), HashError> {
        self.cost().map(drop)
    }

    /// Validates the text as [`check`](Self::check), and returns the cost of a verification.
    ///
    /// # Errors
    /// As [`check`](Self::check).
    pub fn cost(&self) -> Result<HashCost, HashError> {
        StoredHash::parse(self, HasherOptions::LARGEST_STORED_KIB).map(|stored| stored.cost())
    }
}

impl fmt::Debug for HashedPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Salt and tag are omitted, because they allow offline guessing.
        let family = Family::detect(&self.text).map_or("of no known family", Family::name);
        write!(f, "HashedPassword({family})")
    }
}

/// Hashes and verifies passwords without blocking async tasks.
#[async_trait]
pub trait Hasher: Send + Sync + fmt::Debug {
    /// Hashes an accepted password with a new salt.
    ///
    /// # Errors
    /// [`HashError::Busy`] when the queue is full; other errors when hashing fails.
    async fn hash(&self, password: NewPassword) -> Result<HashedPassword, HashError>;

    /// Returns whether `password` matches `hash`.
    ///
    /// # Errors
    /// [`HashError::Busy`] when the queue is full; an
    /// [unverifiable](HashError::is_unverifiable) error when the hash is unsupported or corrupt.
    async fn verify(
        &self,
        password: Arc<Plaintext>,
        hash: &HashedPassword,
    ) -> Result<bool, HashError>;

    /// Returns a hash of an unknown password, with the cost of a new hash. Passwords for unknown
    /// accounts are verified against it, so that they take as long as for known accounts.
    fn dummy_hash(&self) -> &HashedPassword;

    /// Returns whether `hash` has the family, cost, pepper and normalization of a new hash.
    /// Otherwise it needs a rehash: it is replaced by the next change, or after a proof by the
    /// password if it [determines](Self::determines) that password.
    ///
    /// The default is that no hash needs a rehash.
    fn is_current(&self, _hash: &HashedPassword) -> bool {
        true
    }

    /// Returns whether `hash` may be replaced by a new hash of `password`, which it was verified
    /// with: only if the new hash accepts each text that `hash` accepts and that a person would
    /// type. Otherwise a typing error that the older scheme ignores would replace the true
    /// password.
    ///
    /// The default is [`HashedPassword::determines`], for hashers whose new hashes accept all forms
    /// of Unicode that a stored hash accepts.
    fn determines(&self, hash: &HashedPassword, password: &Plaintext) -> bool {
        hash.determines(password)
    }

    /// Returns whether `hash` takes as long to verify as the [dummy hash](Self::dummy_hash). If
    /// not, the dummy hash is verified after a mismatch, so that a wrong password never takes less
    /// time than for an unknown account.
    ///
    /// The default is [`is_current`](Self::is_current).
    fn costs_as_dummy_hash(&self, hash: &HashedPassword) -> bool {
        self.is_current(hash)
    }
}

/// A password could not be hashed or verified.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HashError {
    /// The queue is full, or the job was not started before its deadline.
    #[error("the hasher is busy")]
    Busy {
        /// The recommended delay before a retry.
        retry_after: Duration,
    },
    /// The stored hash is an Argon2 hash that is corrupt or out of bounds.
    #[error("the stored hash cannot be verified: {0}")]
    Unsupported(&'static str),
    /// The stored hash is of an unsupported family, corrupt, or out of bounds.
    #[error(transparent)]
    Foreign(#[from] FormatError),
    /// The stored hash is of a Firebase project that is not in [`HasherOptions::projects`]. The
    /// password may be right, so this is a fault and not a mismatch.
    #[error("the signer key of the Firebase project {project} is not configured")]
    UnknownProject {
        /// The name of the project.
        project: String,
    },
    /// The stored hash is of Devise with a pepper that is not in [`HasherOptions::projects`]. The
    /// password may be right, so this is a fault and not a mismatch.
    #[error("the pepper {pepper} of Devise is not configured")]
    UnknownDevisePepper {
        /// The name of the pepper.
        pepper: String,
    },
    /// The stored hash was made with a pepper key that is not in [`HasherOptions::peppers`]. The
    /// password may be right, so this is a fault and not a mismatch.
    #[error("the pepper key {id}, which the stored hash was made with, is not configured")]
    UnknownPepper {
        /// The id of the key.
        id: String,
    },
    /// The random source failed to generate a salt.
    #[error("no salt could be generated")]
    Randomness(#[from] RandomnessError),
    /// The algorithm refused its inputs.
    #[error("the algorithm failed: {0}")]
    Algorithm(String),
    /// The computation panicked. The message is omitted, because it may quote a password.
    #[error("the hashing panicked")]
    Panicked,
    /// The memory for the computation could not be allocated.
    #[error("{kib} KiB of memory for hashing could not be allocated")]
    OutOfMemory {
        /// The requested memory in KiB.
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
    fn algorithm(error: impl fmt::Display) -> Self {
        Self::Algorithm(error.to_string())
    }

    /// Returns whether the stored hash is unsupported or corrupt. The engine treats such a hash as
    /// a mismatch. A key that is not configured is a fault, whatever it is for.
    pub const fn is_unverifiable(&self) -> bool {
        matches!(self, Self::Unsupported(_) | Self::Foreign(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_the_family_without_salt_and_tag() {
        for (text, family) in [
            ("$argon2id$v=19$m=8,t=1,p=1$SALTSALT$TAGTAG", "argon2"),
            ("scrypt:32768:8:1$SALTSALT$TAGTAG", "scrypt"),
            ("pbkdf2_sha256$260000$SALTSALT$TAGTAG", "pbkdf2"),
            ("{SSHA}TAGTAGSALTSALT", "ldap-digest"),
            ("md5$SALTSALT$TAGTAG", "of no known family"),
            ("TAGTAG", "of no known family"),
        ] {
            let debug = format!("{:?}", HashedPassword::from_stored(text));
            assert_eq!(debug, format!("HashedPassword({family})"));
        }
    }

    const ARGON2: &str =
        "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";
    /// Of Openwall's crypt_blowfish, `wrapper.c`.
    const BCRYPT: &str = "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";

    fn check(text: &str) -> Result<(), String> {
        HashedPassword::from_stored(text).check().map_err(|error| error.to_string())
    }

    #[test]
    fn argon2_is_always_supported_and_other_families_by_features() {
        assert_eq!(check(ARGON2), Ok(()));
        let built_in = cfg!(feature = "hash-families");
        match check(BCRYPT) {
            Ok(()) => assert!(built_in),
            Err(reason) => assert!(!built_in && reason.contains("lacks the feature"), "{reason}"),
        }
    }

    #[test]
    fn unverifiable_hashes_are_refused_without_being_quoted() {
        for (bad, part) in [
            ("", "no known family"),
            ("hunter2", "no known family"),
            ("5f4dcc3b5aa765d61d8327deb882cf99", "no known family"),
            ("$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ", "cut off"),
            (&ARGON2.replace("m=256", "m=4294967295"), "out of bounds"),
            (&ARGON2.replace("v=19", "v=18"), "unknown Argon2 version"),
        ] {
            let reason = check(bad).unwrap_err();
            assert!(reason.contains(part), "{bad}: {reason}");
            assert!(!reason.contains("c29tZXNhbHQ") && !reason.contains("hunter2"), "{reason}");
        }
    }

    #[cfg(feature = "hash-families")]
    #[test]
    fn foreign_hashes_are_bounded() {
        for (bad, part) in [
            (&BCRYPT.replace("$05$", "$31$"), "out of bounds: cost is 31"),
            (&BCRYPT[..40].to_owned(), "damaged bcrypt"),
        ] {
            let reason = check(bad).unwrap_err();
            assert!(reason.contains(part), "{bad}: {reason}");
        }
    }
}
