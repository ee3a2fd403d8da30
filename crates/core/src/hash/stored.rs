//! Which family a stored hash is of, and how it is verified.

use repass_hash_families::{Family, ForeignHash, Projects, VerifyError};

use super::kernel::Argon2Parameters;
use super::phc::Argon2Hash;
use super::pool::{Bench, JobSize};
use super::{HashError, HashedPassword, HasherOptions, Peppers};
use crate::Plaintext;

/// A stored hash that can be verified.
pub(super) enum StoredHash {
    /// Argon2 as a PHC string.
    Argon2(Argon2Hash),
    /// One of another family, which takes no arena but memory of its own.
    Foreign(ForeignHash),
}

impl StoredHash {
    /// Finds out the family by the text. An Argon2 hash may ask for `most_kib` of memory; the other
    /// families have bounds of their own.
    pub(super) fn parse(text: &HashedPassword, most_kib: u32) -> Result<Self, HashError> {
        let text = text.as_str();
        if Family::of(text) == Some(Family::Argon2) {
            Argon2Hash::from_phc(text, most_kib).map(Self::Argon2)
        } else {
            Ok(Self::Foreign(ForeignHash::parse(text)?))
        }
    }

    /// What it takes to verify it, where arenas have so many blocks and new hashes the parameters `usual`.
    pub(super) fn size(&self, arena_blocks: usize, usual: Argon2Parameters) -> JobSize {
        let fits = match self {
            Self::Argon2(hash) if hash.parameters == usual => return JobSize::Usual,
            Self::Argon2(hash) => hash.parameters.blocks() <= arena_blocks,
            Self::Foreign(hash) => hash.memory_bytes() <= HasherOptions::SMALL_BYTES,
        };
        if fits { JobSize::Fits } else { JobSize::Large }
    }

    /// Whether it can have been made of no other text than `password`, which it was verified by.
    pub(super) fn determines(&self, password: &Plaintext) -> bool {
        match self {
            // It hashes the length before the password, and the pepper is a key of its own.
            Self::Argon2(_) => true,
            Self::Foreign(hash) => hash.determines(password.expose().as_bytes()),
        }
    }

    /// Whether it is of `password`.
    pub(super) fn verify(
        &self,
        bench: &mut dyn Bench,
        password: &Plaintext,
        peppers: &Peppers,
        projects: &Projects,
    ) -> Result<bool, HashError> {
        match self {
            Self::Argon2(hash) => hash.verify(bench, password, peppers),
            Self::Foreign(hash) => {
                bench.wipe();
                hash.verify(password.expose().as_bytes(), projects).map_err(|error| match error {
                    VerifyError::UnknownProject { project } => {
                        HashError::UnknownProject { project }
                    }
                    error => HashError::Algorithm(error.to_string()),
                })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::HashProfile;

    #[test]
    fn what_costs_as_a_new_hash_is_usual() {
        let profile = HashProfile::INSECURE_FOR_TESTS;
        let size = |cost: &str| {
            let text = format!("$argon2id$v=19${cost}$c2FsdHNhbHQ$AAECAwQFBgcICQoLDA0ODw");
            let stored = StoredHash::parse(&HashedPassword::from_stored(text), 1024).unwrap();
            stored.size(profile.memory_kib() as usize, profile.parameters())
        };
        assert_eq!(size("m=8,t=1,p=1"), JobSize::Usual);
        assert_eq!(size("m=8,t=9,p=1"), JobSize::Fits);
        assert_eq!(size("m=12,t=1,p=1"), JobSize::Large);
    }
}
