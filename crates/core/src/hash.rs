//! Hashing passwords, and verifying stored hashes.

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

pub use hasher::Argon2idHasher;
pub use normalization::Normalization;
pub use options::HasherOptions;
pub use pepper::{InvalidPepper, MissingPeppers, Peppers};
pub use profile::{HashProfile, InvalidProfile};
pub use repass_argon2::{
    Path as Argon2Path, PathError as Argon2PathError, self_check as argon2_self_check,
};
pub use status::HasherStatus;

use crate::{NewPassword, Plaintext, RandomnessError};

/// A password hash as it is stored: a text that names its own algorithm and parameters, such as a PHC
/// string, and what was done to the password before. A store keeps both.
#[derive(Clone, PartialEq, Eq)]
pub struct HashedPassword {
    text: String,
    normalization: Normalization,
}

impl HashedPassword {
    /// A hash brought from elsewhere, or read back from a store that has noted no normalization: of
    /// the password as it was received. Whether it can be verified is found out when it is.
    pub fn from_stored(text: impl Into<String>) -> Self {
        Self { text: text.into(), normalization: Normalization::AsReceived }
    }

    /// The same text, of a password that was normalized so.
    #[must_use]
    pub fn with_normalization(self, normalization: Normalization) -> Self {
        Self { normalization, ..self }
    }

    /// The text to store.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// What was done to the password before it was hashed; to be stored with the text.
    pub const fn normalization(&self) -> Normalization {
        self.normalization
    }

    /// The id of the pepper key that it takes to verify it, if any: see [`Peppers`].
    pub fn pepper(&self) -> Option<String> {
        phc::key_id(&self.text)
    }

    /// Returns whether this hash can have been made of no other text than `password` that a person
    /// would type, apart from other forms of it that its [normalization](Self::normalization) makes the
    /// same. `password` is one that it was verified by.
    ///
    /// Argon2 determines every password; for other families see
    /// [`ForeignHash::determines`](repass_hash_families::ForeignHash::determines). Returns false for a
    /// hash that cannot be verified.
    pub fn determines(&self, password: &Plaintext) -> bool {
        let normalized = self.normalization.changed(password);
        let password = normalized.as_ref().unwrap_or(password);
        StoredHash::parse(self, u32::MAX).is_ok_and(|stored| stored.determines(password))
    }

    /// Judges a hash that was brought from elsewhere by its text: whether it is of a known family,
    /// whole, and with costs within bounds. Nothing is computed, so no password is needed.
    ///
    /// # Errors
    /// When it could never be verified: an error that
    /// [is about the hash](HashError::is_unverifiable). No message quotes it.
    pub fn check(&self) -> Result<(), HashError> {
        StoredHash::parse(self, HasherOptions::LARGEST_STORED_KIB).map(drop)
    }
}

impl fmt::Debug for HashedPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the salt and the tag: whoever has those can guess off line.
        let family = Family::of(&self.text).map_or("of no known family", Family::name);
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

    /// Returns a retry delay when the queue is too full for new requests. Asked before an attempt costs
    /// anything; the second job of a request that has begun finds room for longer.
    ///
    /// The default is that there always is room.
    fn overloaded(&self) -> Option<Duration> {
        None
    }

    /// Returns a hash of no one's password, of the same cost as a fresh one. The password for an unknown
    /// account is verified against it, so that the answer takes as long as for a known one.
    fn dummy_hash(&self) -> &HashedPassword;

    /// Whether `hash` is as a fresh one would be, whatever the salt: of the same family, cost, pepper
    /// and normalization. One that is not needs a rehash: the next change replaces it, and a proof by
    /// the password does so as well where it [determines](Self::determines) that.
    ///
    /// The default is that no hash needs one.
    fn is_current(&self, _hash: &HashedPassword) -> bool {
        true
    }

    /// Returns whether `hash`, which `password` was verified by, may be replaced by a fresh one of
    /// `password`: only if the fresh one accepts each text that `hash` accepts and that a person would
    /// type. Otherwise a typing error which the older scheme ignores would make the true password wrong.
    ///
    /// The default is [`HashedPassword::determines`], for hashers whose fresh hashes accept all forms of
    /// Unicode that a stored one accepts.
    fn determines(&self, hash: &HashedPassword, password: &Plaintext) -> bool {
        hash.determines(password)
    }

    /// Returns whether `hash` takes as long to verify as the [dummy hash](Self::dummy_hash). A wrong guess
    /// at one that does not is followed by a verification of the dummy hash, so that it never answers
    /// faster than one at an unknown account.
    ///
    /// The default is that a hash does if it is [current](Self::is_current).
    fn costs_as_dummy_hash(&self, hash: &HashedPassword) -> bool {
        self.is_current(hash)
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
    #[error(transparent)]
    Foreign(#[from] FormatError),
    /// The stored hash is of a Firebase project whose signer key is not in
    /// [`HasherOptions::projects`].
    #[error("the signer key of the Firebase project {project} is not configured")]
    UnknownProject {
        /// The name of the project.
        project: String,
    },
    /// The stored hash takes a pepper key that is not in [`HasherOptions::peppers`]. It is whole, and
    /// the password may well be right, so it counts as a failure of ours and not as nobody's.
    #[error("the pepper key {id}, which the stored hash was made with, is not configured")]
    UnknownPepper {
        /// The id of the key.
        id: String,
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
    fn algorithm(error: impl fmt::Display) -> Self {
        Self::Algorithm(error.to_string())
    }

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

    const ARGON2: &str =
        "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";
    /// Of Openwall's crypt_blowfish, `wrapper.c`.
    const BCRYPT: &str = "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";

    fn check(text: &str) -> Result<(), String> {
        HashedPassword::from_stored(text).check().map_err(|error| error.to_string())
    }

    #[test]
    fn argon2_is_judged_here_and_other_families_by_theirs() {
        assert_eq!(check(ARGON2), Ok(()));
        let built_in = cfg!(feature = "hash-families");
        match check(BCRYPT) {
            Ok(()) => assert!(built_in),
            Err(reason) => assert!(!built_in && reason.contains("lacks the feature"), "{reason}"),
        }
    }

    #[test]
    fn what_could_never_be_verified_is_refused_without_being_quoted() {
        for (bad, part) in [
            ("", "no known family"),
            ("hunter2", "no known family"),
            ("5f4dcc3b5aa765d61d8327deb882cf99", "no known family"),
            ("$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ", "damaged"),
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
