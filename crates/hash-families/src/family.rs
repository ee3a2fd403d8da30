//! Which family a stored text is of.

use std::fmt;

use data_encoding::BASE64;

use crate::DigestAlgorithm;

/// A family of stored hashes: one algorithm, with the text forms that systems write it in.
///
/// [`Display`](fmt::Display) gives the name, which never changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Family {
    /// Argon2 as a PHC string. Recognised here, verified by `repass-core`.
    Argon2,
    /// ASP.NET Identity, versions 2 and 3 of its format.
    AspNetIdentity,
    /// ASP.NET's membership provider, before Identity.
    AspNetMembership,
    /// bcrypt: `$2a$`, `$2b$`, `$2x$`, `$2y$`, and Django's `bcrypt$`.
    Bcrypt,
    /// bcrypt over a SHA-256 of the password: Django's and passlib's.
    BcryptSha256,
    /// scrypt as better-auth uses it.
    BetterAuth,
    /// Drupal 7 and later: `$S$`, and `U$S$` of accounts from before.
    Drupal,
    /// scrypt as Firebase changed it.
    FirebaseScrypt,
    /// One digest, as LDAP directories write it: `{SSHA}` and its kin.
    LdapDigest,
    /// crypt(3) over MD5: `$1$`, and Apache's `$apr1$`.
    Md5Crypt,
    /// The NT hash of Windows: `$3$`.
    NtHash,
    /// PBKDF2 with SHA-1, SHA-256 or SHA-512.
    Pbkdf2,
    /// phpass over MD5: `$P$`, `$H$`.
    Phpass,
    /// One digest of the password and a salt, in a declared layout.
    SaltedDigest,
    /// scrypt (RFC 7914).
    Scrypt,
    /// crypt(3) over SHA-256 and SHA-512: `$5$`, `$6$`.
    ShaCrypt,
    /// WordPress since 6.8: bcrypt over an HMAC-SHA-384.
    WordPress,
    /// yescrypt: `$y$`.
    Yescrypt,
}

impl Family {
    /// The family of `text`, by its outward form alone. The text may still be damaged.
    ///
    /// What cannot be told from the text alone is never guessed: 32 hexadecimal digits may be an MD5
    /// or an NT hash, and are of no family here.
    pub fn of(text: &str) -> Option<Self> {
        let text = unwrapped(text);
        if text.starts_with('{') {
            return of_scheme(text);
        }
        PREFIXES
            .iter()
            .find(|(prefix, _)| text.starts_with(prefix))
            .map(|(_, family)| *family)
            .or_else(|| is_aspnet_identity(text).then_some(Self::AspNetIdentity))
    }

    /// The name, which never changes.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Argon2 => "argon2",
            Self::AspNetIdentity => "aspnet-identity",
            Self::AspNetMembership => "aspnet-membership",
            Self::Bcrypt => "bcrypt",
            Self::BcryptSha256 => "bcrypt-sha256",
            Self::BetterAuth => "better-auth",
            Self::Drupal => "drupal",
            Self::FirebaseScrypt => "firebase-scrypt",
            Self::LdapDigest => "ldap-digest",
            Self::Md5Crypt => "md5-crypt",
            Self::NtHash => "nt-hash",
            Self::Pbkdf2 => "pbkdf2",
            Self::Phpass => "phpass",
            Self::SaltedDigest => "salted-digest",
            Self::Scrypt => "scrypt",
            Self::ShaCrypt => "sha-crypt",
            Self::WordPress => "wordpress",
            Self::Yescrypt => "yescrypt",
        }
    }

    /// The feature of this crate that verifies the family; none verifies Argon2.
    pub const fn feature(self) -> Option<&'static str> {
        Some(match self {
            Self::Argon2 => return None,
            Self::AspNetIdentity | Self::AspNetMembership => "aspnet",
            Self::Bcrypt | Self::BcryptSha256 => "bcrypt",
            Self::BetterAuth => "better-auth",
            Self::Drupal => "drupal",
            Self::FirebaseScrypt => "firebase",
            Self::LdapDigest => "ldap",
            Self::Md5Crypt | Self::ShaCrypt | Self::Yescrypt => "crypt",
            Self::NtHash => "nt",
            Self::Pbkdf2 => "pbkdf2",
            Self::Phpass => "phpass",
            Self::SaltedDigest => "salted-digest",
            Self::Scrypt => "scrypt",
            Self::WordPress => "wordpress",
        })
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// How the texts of each family begin. No entry is the beginning of a later one of another family.
const PREFIXES: [(&str, Family); 34] = [
    ("$argon2d$", Family::Argon2),
    ("$argon2i$", Family::Argon2),
    ("$argon2id$", Family::Argon2),
    ("$2a$", Family::Bcrypt),
    ("$2b$", Family::Bcrypt),
    ("$2x$", Family::Bcrypt),
    ("$2y$", Family::Bcrypt),
    ("bcrypt$", Family::Bcrypt),
    ("bcrypt_sha256$", Family::BcryptSha256),
    ("$bcrypt-sha256$", Family::BcryptSha256),
    ("$wp$2", Family::WordPress),
    ("$scrypt$", Family::Scrypt),
    ("scrypt$", Family::Scrypt),
    ("scrypt:", Family::Scrypt),
    ("$7$", Family::Scrypt),
    ("$better-auth$", Family::BetterAuth),
    ("$firebase-scrypt$", Family::FirebaseScrypt),
    ("$pbkdf2$", Family::Pbkdf2),
    ("$pbkdf2-", Family::Pbkdf2),
    ("pbkdf2_", Family::Pbkdf2),
    ("pbkdf2:", Family::Pbkdf2),
    ("$1$", Family::Md5Crypt),
    ("$apr1$", Family::Md5Crypt),
    ("$3$", Family::NtHash),
    ("$5$", Family::ShaCrypt),
    ("$6$", Family::ShaCrypt),
    ("$y$", Family::Yescrypt),
    ("$P$", Family::Phpass),
    ("$H$", Family::Phpass),
    ("$S$", Family::Drupal),
    ("U$S$", Family::Drupal),
    ("$salted-", Family::SaltedDigest),
    ("$unsalted-", Family::SaltedDigest),
    ("$aspnet-membership-", Family::AspNetMembership),
];

/// What stands in front of a text that describes itself: LDAP's `{CRYPT}`, the same by the names that
/// Dovecot has for it, and Spring Security's `{bcrypt}`. Letters of either case are the same.
const WRAPPERS: [&str; 6] =
    ["{CRYPT}", "{BLF-CRYPT}", "{MD5-CRYPT}", "{SHA256-CRYPT}", "{SHA512-CRYPT}", "{BCRYPT}"];

/// `text` without such a wrapper.
pub(crate) fn unwrapped(text: &str) -> &str {
    WRAPPERS
        .iter()
        .find_map(|wrapper| without_scheme(text, wrapper))
        .filter(|inner| inner.starts_with('$'))
        .unwrap_or(text)
}

/// What follows `scheme`, such as `{SSHA}`, in whichever case its letters are (RFC 3112).
pub(crate) fn without_scheme<'a>(text: &'a str, scheme: &str) -> Option<&'a str> {
    let (start, rest) = text.split_at_checked(scheme.len())?;
    start.eq_ignore_ascii_case(scheme).then_some(rest)
}

fn of_scheme(text: &str) -> Option<Family> {
    if without_scheme(text, "{PBKDF2").is_some() {
        return Some(Family::Pbkdf2);
    }
    DigestAlgorithm::of_ldap(text).map(|_| Family::LdapDigest)
}

/// ASP.NET Identity marks the first of its bytes with the version and has no mark outside of the
/// Base64. Version 2 has 49 bytes after a 0; version 3 has a 1, and then the number of the PRF as four
/// bytes of which at most the last is not 0.
fn is_aspnet_identity(text: &str) -> bool {
    match BASE64.decode(text.as_bytes()) {
        Ok(bytes) => match bytes[..] {
            [0, ..] => bytes.len() == 49,
            [1, 0, 0, 0, 0..=2, ..] => true,
            _ => false,
        },
        Err(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_prefix_hides_one_of_another_family() {
        for (at, (prefix, family)) in PREFIXES.iter().enumerate() {
            for (later, other) in &PREFIXES[at + 1..] {
                assert!(!later.starts_with(prefix) || family == other, "{prefix} hides {later}");
            }
        }
    }

    #[test]
    fn wrappers_are_taken_off_what_describes_itself_alone() {
        assert_eq!(Family::of("{crypt}$1$a$b"), Some(Family::Md5Crypt));
        assert_eq!(Family::of("{CRYPT}$6$a$b"), Some(Family::ShaCrypt));
        assert_eq!(Family::of("{BLF-CRYPT}$2y$05$a"), Some(Family::Bcrypt));
        assert_eq!(Family::of("{CRYPT}rlWMrHPVhTMqk"), None);
        assert_eq!(Family::of("{CRYPT}{SSHA}0c0blFTXXNuAMHECS4uxrj3ZieMoWImr"), None);
        assert_eq!(Family::of("{CRYPT}"), None);
        assert_eq!(Family::of("{CRYPT"), None);
        assert_eq!(Family::of("{sSHA}x"), Some(Family::LdapDigest));
        assert_eq!(Family::of("{CLEARTEXT}x"), None);
        assert_eq!(Family::of("{SSSHA}x"), None);
        assert_eq!(Family::of("{PBKDF2-sha256}x"), Some(Family::Pbkdf2));
    }
}
