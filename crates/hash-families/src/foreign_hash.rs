use std::fmt;
use std::time::Duration;

use crate::family::strip_wrapper;
use crate::resemblance;
use crate::{Family, FormatError, Projects, VerifyError};

/// Maximum length of a stored hash, in bytes. The families here need about 2 KiB.
pub const MAX_TEXT_BYTES: usize = 8 * 1024;

/// Maximum length of a password, in bytes. The time of SHA-crypt is quadratic in the length.
pub const MAX_PASSWORD_BYTES: usize = 4 * 1024;

/// Estimated time of a verification above which a hash is [costly](ForeignHash::is_costly).
pub const MAX_USUAL_TIME: Duration = Duration::from_secs(2);

/// A parsed hash of one family.
pub(crate) trait StoredHash: Send + Sync {
    /// Whether the hash is of `password`, compared in constant time.
    fn verify(&self, password: &[u8], projects: &Projects) -> Result<bool, VerifyError>;

    /// Whether `verify` accepts no other text that a person would type, given that it accepts
    /// `password`. Each family must state what it ignores in a password, so there is no default.
    fn determines(&self, password: &[u8]) -> bool;

    /// Maximum memory of `verify`, in bytes: by default that of a family whose hashes have no memory
    /// parameter, with the longest password.
    fn memory_bytes(&self) -> usize {
        32 * 1024
    }

    /// Estimated time of `verify` with the longest password, see [`cost`](crate::cost).
    fn time(&self) -> Duration;

    /// The variant and the cost parameters, for `Debug`.
    fn costs(&self) -> String;
}

/// A stored hash of another system, with costs within bounds.
pub struct ForeignHash {
    family: Family,
    stored: Box<dyn StoredHash>,
}

impl ForeignHash {
    /// Parses a stored hash completely, so that a hash accepted at import is accepted at every
    /// verification with the same bounds.
    ///
    /// # Errors
    /// If the family is unknown or not built in, or the text is damaged or out of bounds.
    pub fn parse(text: &str) -> Result<Self, FormatError> {
        if text.len() > MAX_TEXT_BYTES {
            return Err(FormatError::TooLong { bytes: text.len(), max: MAX_TEXT_BYTES });
        }
        let family = Family::detect(text).ok_or_else(|| resemblance::error(text))?;
        Ok(Self { family, stored: parse_as(family, strip_wrapper(text))? })
    }

    /// The family of the hash.
    pub const fn family(&self) -> Family {
        self.family
    }

    /// Whether the hash is of `password`. The password is used byte for byte, except for what the
    /// family itself does, such as bcrypt's cut at 72 bytes. Passwords of more than
    /// [`MAX_PASSWORD_BYTES`] are refused.
    ///
    /// At the bounds, this computes for up to half a minute and uses
    /// [`memory_bytes`](Self::memory_bytes).
    ///
    /// # Errors
    /// If the algorithm fails or a key is missing; a wrong password is `Ok(false)`.
    pub fn verify(&self, password: &[u8], projects: &Projects) -> Result<bool, VerifyError> {
        if password.len() > MAX_PASSWORD_BYTES {
            return Ok(false);
        }
        self.stored.verify(password, projects)
    }

    /// Whether [`verify`](Self::verify) accepts `password` and no other text that a person would
    /// type. `password` must be one that it accepts.
    ///
    /// Only then may a hash of `password` replace this one. Otherwise the password that was set may
    /// be another one, which the new hash would refuse: bcrypt accepts a typing error in the 80th
    /// character, but a hash of the mistyped text does not accept the right password.
    ///
    /// Constructed collisions do not count, such as those of MD5, or the digest that HMAC uses
    /// instead of a key longer than its block.
    pub fn determines(&self, password: &[u8]) -> bool {
        self.stored.determines(password)
    }

    /// Maximum memory of a verification, in bytes, to within a few KiB.
    pub fn memory_bytes(&self) -> usize {
        self.stored.memory_bytes()
    }

    /// Estimated time of a verification with the longest password, on one thread of an x86-64 server
    /// with the SHA extensions, to within a factor of two.
    pub fn estimated_time(&self) -> Duration {
        self.stored.time()
    }

    /// Whether a verification may take longer than [`MAX_USUAL_TIME`], by the
    /// [estimate](Self::estimated_time). The bounds of some families permit that.
    pub fn is_costly(&self) -> bool {
        self.estimated_time() > MAX_USUAL_TIME
    }

    /// The variant and the cost parameters as text, without salt and tag.
    pub fn parameters(&self) -> String {
        self.stored.costs()
    }
}

/// Whether an HMAC with `password` as its key determines it. HMAC pads its key with NULs, so NULs
/// at the end of a password are ignored.
#[cfg(any(feature = "crypt", feature = "pbkdf2", feature = "scrypt"))]
pub(crate) fn is_determined_by_hmac(password: &[u8]) -> bool {
    !password.ends_with(&[0])
}

/// Omits salt and tag, which allow offline guessing.
impl fmt::Debug for ForeignHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ForeignHash({} {})", self.family, self.stored.costs())
    }
}

/// Parses `text` as a hash of `family`.
#[cfg_attr(
    not(feature = "full"),
    allow(
        unused_variables,
        unreachable_code,
        unreachable_patterns,
        reason = "fewer families are built in"
    )
)]
fn parse_as(family: Family, text: &str) -> Result<Box<dyn StoredHash>, FormatError> {
    Ok(match family {
        #[cfg(feature = "aix")]
        Family::Aix => Box::new(crate::aix::Aix::parse(text)?),
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
        #[cfg(feature = "crypt")]
        Family::BsdiCrypt => Box::new(crate::des_crypt::DesCrypt::parse_extended(text)?),
        #[cfg(feature = "cisco")]
        Family::CiscoPbkdf2 => Box::new(crate::cisco::CiscoPbkdf2::parse(text)?),
        #[cfg(feature = "cisco")]
        Family::CiscoScrypt => Box::new(crate::cisco::CiscoScrypt::parse(text)?),
        #[cfg(feature = "crypt")]
        Family::DesCrypt => Box::new(crate::des_crypt::DesCrypt::parse(text)?),
        #[cfg(feature = "bcrypt")]
        Family::Devise => Box::new(crate::devise::Devise::parse(text)?),
        #[cfg(feature = "drupal")]
        Family::Drupal => Box::new(crate::drupal::Drupal::parse(text)?),
        #[cfg(feature = "firebase")]
        Family::FirebaseScrypt => Box::new(crate::firebase::FirebaseScrypt::parse(text)?),
        #[cfg(feature = "crypt")]
        Family::GostYescrypt => Box::new(crate::gost_yescrypt::GostYescrypt::parse(text)?),
        #[cfg(feature = "werkzeug")]
        Family::HmacDigest => Box::new(crate::hmac_digest::HmacDigest::parse(text)?),
        #[cfg(feature = "ldap")]
        Family::LdapDigest => Box::new(crate::ldap_digest::LdapDigest::parse(text)?),
        #[cfg(feature = "crypt")]
        Family::Md5Crypt => Box::new(crate::md5_crypt::Md5Crypt::parse(text)?),
        #[cfg(feature = "mediawiki")]
        Family::MediaWiki => Box::new(crate::mediawiki::MediaWiki::parse(text)?),
        #[cfg(feature = "mssql")]
        Family::Mssql => Box::new(crate::mssql::Mssql::parse(text)?),
        #[cfg(feature = "forums")]
        Family::MyBb | Family::OpenCart | Family::VBulletin => {
            Box::new(crate::forums::ForumDigest::parse(family, text)?)
        }
        #[cfg(feature = "mysql")]
        Family::MysqlNative => Box::new(crate::mysql_native::MysqlNative::parse(text)?),
        #[cfg(feature = "mysql")]
        Family::MysqlSha2 => Box::new(crate::mysql_sha2::MysqlSha2::parse(text)?),
        #[cfg(feature = "nt")]
        Family::NtHash => Box::new(crate::nt_hash::NtHash::parse(text)?),
        #[cfg(feature = "oracle")]
        Family::Oracle => Box::new(crate::oracle::Oracle::parse(text)?),
        #[cfg(feature = "pbkdf2")]
        Family::Pbkdf2 => Box::new(crate::pbkdf2::Pbkdf2::parse(text)?),
        #[cfg(feature = "phpass")]
        Family::Phpass => Box::new(crate::phpass::Phpass::parse(text)?),
        #[cfg(feature = "salted-digest")]
        Family::SaltedDigest => Box::new(crate::salted_digest::SaltedDigest::parse(text)?),
        #[cfg(feature = "scram")]
        Family::Scram => Box::new(crate::scram::Scram::parse(text)?),
        #[cfg(feature = "scrypt")]
        Family::Scrypt => Box::new(crate::scrypt::Scrypt::parse(text)?),
        #[cfg(feature = "crypt")]
        Family::Sha1Crypt => Box::new(crate::sha1_crypt::Sha1Crypt::parse(text)?),
        #[cfg(feature = "crypt")]
        Family::ShaCrypt => Box::new(crate::sha_crypt::ShaCrypt::parse(text)?),
        #[cfg(feature = "spring")]
        Family::SpringStandard => Box::new(crate::spring_standard::SpringStandard::parse(text)?),
        #[cfg(feature = "crypt")]
        Family::SunMd5 => Box::new(crate::sun_md5::SunMd5::parse(text)?),
        #[cfg(feature = "firebase")]
        Family::SupabaseScrypt => Box::new(crate::supabase::SupabaseScrypt::parse(text)?),
        #[cfg(feature = "symfony")]
        Family::Symfony => Box::new(crate::symfony::Symfony::parse(text)?),
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
