//! Whether a hash that was brought from elsewhere can be verified here.

use repass_hash_families::{Family, ForeignHash, FormatError};

use super::phc::Argon2Hash;
use super::{HashError, HashedPassword, HasherOptions};

/// Why a hash that was brought from elsewhere can never be verified here. No message quotes it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UnusableHash {
    /// It is an Argon2 hash that is damaged or out of bounds.
    #[error(transparent)]
    Argon2(HashError),
    /// It is no Argon2 hash, and none of another family that can be verified either.
    #[error(transparent)]
    Foreign(#[from] FormatError),
}

impl HashedPassword {
    /// Judges a hash that was brought from elsewhere by its text: whether it is of a known family,
    /// whole, and with costs within bounds. Nothing is computed, so no password is needed.
    ///
    /// # Errors
    /// When it could never be verified.
    pub fn check(&self) -> Result<(), UnusableHash> {
        if Family::of(self.as_str()) == Some(Family::Argon2) {
            let most_kib = HasherOptions::LARGEST_STORED_KIB;
            Argon2Hash::from_phc(self.as_str(), most_kib).map(drop).map_err(UnusableHash::Argon2)
        } else {
            ForeignHash::parse(self.as_str())?;
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
