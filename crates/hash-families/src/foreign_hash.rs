//! One stored hash of another system, read and ready to be verified.

use std::fmt;

use crate::family::unwrapped;
use crate::{Family, FormatError, Projects, VerifyError};

/// The longest text that is read, in bytes. The longest that a family here writes has some 2 KiB.
pub const MAX_TEXT_BYTES: usize = 8 * 1024;

/// The longest password that is hashed, in bytes; a longer one is never right. SHA-crypt takes time
/// with the square of the length.
pub const MAX_PASSWORD_BYTES: usize = 4 * 1024;

/// What a family makes of its text.
pub(crate) trait StoredHash: Send + Sync {
    /// Whether `password` is the one that was hashed, told in a time that does not depend on how
    /// much of the tag is alike.
    fn verify(&self, password: &[u8], projects: &Projects) -> Result<bool, VerifyError>;

    /// Whether `verify` accepts no other text that a person would type, given that it accepts
    /// `password`. There is no default: each family has to state what it ignores in a password.
    fn determines(&self, password: &[u8]) -> bool;

    /// The most memory that `verify` takes, in bytes.
    fn memory_bytes(&self) -> usize;

    /// The variant and the cost parameters, to be shown.
    fn costs(&self) -> String;
}

/// A stored hash of another system: recognised, decoded, and with costs within bounds.
pub struct ForeignHash {
    family: Family,
    stored: Box<dyn StoredHash>,
}

impl ForeignHash {
    /// Reads a stored text. What is read here is all that a verification needs, so a text that is
    /// taken at import is taken at every verification, as long as the bounds stay.
    ///
    /// # Errors
    /// When the text is of no known family, of one that is not built in, damaged, or out of bounds.
    pub fn parse(text: &str) -> Result<Self, FormatError> {
        if text.len() > MAX_TEXT_BYTES {
            return Err(FormatError::TooLong { bytes: text.len(), most: MAX_TEXT_BYTES });
        }
        let family = Family::of(text).ok_or(FormatError::Unknown)?;
        Ok(Self { family, stored: stored(family, unwrapped(text))? })
    }

    /// The family it is of.
    pub const fn family(&self) -> Family {
        self.family
    }

    /// Whether `password` is the one that was hashed. The password is taken as received, byte for
    /// byte; what a family itself does to it (bcrypt takes the first 72 bytes) is told with the
    /// family. A password of more than [`MAX_PASSWORD_BYTES`] is never right.
    ///
    /// Takes up to half a minute of computing at the bounds, and as much memory as [`memory_bytes`](Self::memory_bytes)
    /// tells.
    ///
    /// # Errors
    /// When there is no answer; a wrong password is `Ok(false)`.
    pub fn verify(&self, password: &[u8], projects: &Projects) -> Result<bool, VerifyError> {
        if password.len() > MAX_PASSWORD_BYTES {
            return Ok(false);
        }
        self.stored.verify(password, projects)
    }

    /// Returns whether this hash can have been made of no other text than `password` that a person
    /// would type. `password` is one that [`verify`](Self::verify) accepts.
    ///
    /// Only then may a hash of `password` take the place of this one. Otherwise the password that was
    /// set may be another one, which the new hash would reject: bcrypt accepts a typing error in the
    /// 80th character, and the hash of the mistyped text does not accept the right one.
    ///
    /// Collisions that only an attacker constructs do not count, such as those of MD5, or the digest
    /// that HMAC takes in place of a key longer than its block.
    pub fn determines(&self, password: &[u8]) -> bool {
        self.stored.determines(password)
    }

    /// The most memory that a verification takes, in bytes, to the nearest few KiB.
    pub fn memory_bytes(&self) -> usize {
        self.stored.memory_bytes()
    }
}

/// Whether an HMAC with `password` for its key determines it: HMAC fills up its key with NULs, so
/// those at the end of a password do not count.
#[cfg(any(feature = "crypt", feature = "pbkdf2", feature = "scrypt"))]
pub(crate) fn is_determined_by_hmac(password: &[u8]) -> bool {
    !password.ends_with(&[0])
}

/// Tells the family and the costs, not the salt and the tag: whoever has those can guess off line.
impl fmt::Debug for ForeignHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ForeignHash({} {})", self.family, self.stored.costs())
    }
}

/// Reads `text` as a hash of `family`.
#[cfg_attr(
    not(feature = "full"),
    allow(
        unused_variables,
        unreachable_code,
        unreachable_patterns,
        reason = "fewer families are built in"
    )
)]
fn stored(family: Family, text: &str) -> Result<Box<dyn StoredHash>, FormatError> {
    Ok(match family {
        #[cfg(feature = "aspnet")]
        Family::AspNetIdentity => Box::new(crate::aspnet_identity::AspNetIdentity::parse(text)?),
        #[cfg(feature = "aspnet")]
        Family::AspNetMembership => {
            Box::new(crate::aspnet_membership::AspNetMembership::parse(text)?)
        }
        #[cfg(feature = "bcrypt")]
        Family::Bcrypt => Box::new(crate::bcrypt::Bcrypt::parse(text)?),
        #[cfg(feature = "bcrypt")]
        Family::BcryptSha256 => Box::new(crate::bcrypt_sha256::BcryptSha256::parse(text)?),
        #[cfg(feature = "better-auth")]
        Family::BetterAuth => Box::new(crate::better_auth::BetterAuth::parse(text)?),
        #[cfg(feature = "drupal")]
        Family::Drupal => Box::new(crate::drupal::Drupal::parse(text)?),
        #[cfg(feature = "firebase")]
        Family::FirebaseScrypt => Box::new(crate::firebase::FirebaseScrypt::parse(text)?),
        #[cfg(feature = "ldap")]
        Family::LdapDigest => Box::new(crate::ldap_digest::LdapDigest::parse(text)?),
        #[cfg(feature = "crypt")]
        Family::Md5Crypt => Box::new(crate::md5_crypt::Md5Crypt::parse(text)?),
        #[cfg(feature = "nt")]
        Family::NtHash => Box::new(crate::nt_hash::NtHash::parse(text)?),
        #[cfg(feature = "pbkdf2")]
        Family::Pbkdf2 => Box::new(crate::pbkdf2::Pbkdf2::parse(text)?),
        #[cfg(feature = "phpass")]
        Family::Phpass => Box::new(crate::phpass::Phpass::parse(text)?),
        #[cfg(feature = "salted-digest")]
        Family::SaltedDigest => Box::new(crate::salted_digest::SaltedDigest::parse(text)?),
        #[cfg(feature = "scrypt")]
        Family::Scrypt => Box::new(crate::scrypt::Scrypt::parse(text)?),
        #[cfg(feature = "crypt")]
        Family::ShaCrypt => Box::new(crate::sha_crypt::ShaCrypt::parse(text)?),
        #[cfg(feature = "wordpress")]
        Family::WordPress => Box::new(crate::wordpress::WordPress::parse(text)?),
        #[cfg(feature = "crypt")]
        Family::Yescrypt => Box::new(crate::yescrypt::Yescrypt::parse(text)?),
        family => {
            return Err(match family.feature() {
                None => FormatError::Argon2,
                Some(feature) => FormatError::Disabled { family, feature },
            });
        }
    })
}
