//! Parses and verifies stored hashes of all families.

use repass_hash_families::{Family, ForeignHash, Projects, VerifyError};

use super::phc::Argon2Hash;
use super::pool::JobSize;
use super::worker::Worker;
use super::{HashCost, HashError, HashedPassword, HasherOptions, Peppers};
use crate::Plaintext;

/// A parsed stored hash.
pub(super) enum StoredHash {
    /// An Argon2 hash.
    Argon2(Argon2Hash),
    /// A hash of another family, which is computed outside the arena.
    Foreign(ForeignHash),
}

impl StoredHash {
    /// Parses a hash. An Argon2 hash may need at most `max_kib` of memory; other families have
    /// their own bounds.
    pub(super) fn parse(text: &HashedPassword, max_kib: u32) -> Result<Self, HashError> {
        let text = Family::strip_wrapper(text.as_str());
        if Family::detect(text) == Some(Family::Argon2) {
            Argon2Hash::from_phc(text, max_kib).map(Self::Argon2)
        } else {
            Ok(Self::Foreign(ForeignHash::parse(text)?))
        }
    }

    /// Returns the size of the job that verifies the hash, for an arena of `arena_kib`.
    pub(super) fn size(&self, arena_kib: u32) -> JobSize {
        let fits = match self {
            Self::Argon2(hash) => hash.blocks() <= arena_kib as usize,
            Self::Foreign(hash) => hash.memory_bytes() <= HasherOptions::SMALL_BYTES,
        };
        if fits { JobSize::Fits } else { JobSize::Large }
    }

    /// See [`HashedPassword::cost`].
    pub(super) fn cost(&self) -> HashCost {
        match self {
            Self::Argon2(hash) => hash.cost(),
            Self::Foreign(hash) => HashCost {
                parameters: hash.parameters(),
                memory_bytes: hash.memory_bytes(),
                time: hash.estimated_time(),
            },
        }
    }

    /// See [`HashedPassword::determines`].
    pub(super) fn determines(&self, password: &Plaintext) -> bool {
        match self {
            // Argon2 hashes the length and the whole password.
            Self::Argon2(_) => true,
            Self::Foreign(hash) => hash.determines(password.expose().as_bytes()),
        }
    }

    /// Returns whether `password` matches the hash.
    pub(super) fn verify(
        &self,
        worker: &mut Worker,
        password: &Plaintext,
        peppers: &Peppers,
        projects: &Projects,
    ) -> Result<bool, HashError> {
        match self {
            Self::Argon2(hash) => hash.verify(worker, password, peppers),
            Self::Foreign(hash) => {
                worker.wipe();
                hash.verify(password.expose().as_bytes(), projects).map_err(|error| match error {
                    VerifyError::UnknownProject { project } => {
                        HashError::UnknownProject { project }
                    }
                    VerifyError::UnknownPepper { pepper } => {
                        HashError::UnknownDevisePepper { pepper }
                    }
                    error => HashError::algorithm(error),
                })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stored_hash_may_need_one_gibibyte() {
        let check = |kib: u32| {
            let text = format!("$argon2id$v=19$m={kib},t=1,p=1$c2FsdHNhbHQ$AAECAwQFBgcICQoLDA0ODw");
            HashedPassword::from_stored(text).check()
        };
        assert!(check(1_048_576).is_ok());
        assert!(check(1_048_577).unwrap_err().is_unverifiable());
    }

    #[test]
    #[cfg(feature = "scrypt")]
    fn a_hash_of_another_family_is_large_by_its_memory() {
        let size = |log_n| {
            let tag = "A".repeat(43);
            let text = format!("$scrypt$ln={log_n},r=8,p=1$c2FsdHNhbHQ${tag}");
            let stored = StoredHash::parse(&HashedPassword::from_stored(text), 1024).unwrap();
            stored.size(1 << 20)
        };
        assert_eq!(size(4), JobSize::Fits);
        assert_eq!(size(14), JobSize::Large);
    }

    #[test]
    fn a_hash_of_more_memory_than_the_arena_is_large() {
        let size = |cost: &str| {
            let text = format!("$argon2id$v=19${cost}$c2FsdHNhbHQ$AAECAwQFBgcICQoLDA0ODw");
            let stored = StoredHash::parse(&HashedPassword::from_stored(text), 1024).unwrap();
            stored.size(64)
        };
        assert_eq!(size("m=8,t=9,p=1"), JobSize::Fits);
        assert_eq!(size("m=64,t=1,p=1"), JobSize::Fits);
        assert_eq!(size("m=67,t=1,p=1"), JobSize::Fits, "64 blocks: whole ones, four at a time");
        assert_eq!(size("m=68,t=1,p=1"), JobSize::Large);
    }
}
