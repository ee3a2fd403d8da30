use std::fmt;

use data_encoding::BASE64;

use crate::DigestAlgorithm;

/// A family of stored hashes: one algorithm with its text formats.
///
/// [`Display`](fmt::Display) writes the stable name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Family {
    /// Argon2 as a PHC string; `repass-core` verifies it.
    Argon2,
    /// ASP.NET Identity, versions 2 and 3 of its format.
    AspNetIdentity,
    /// ASP.NET's membership provider, the predecessor of Identity.
    AspNetMembership,
    /// bcrypt: `$2a$`, `$2b$`, `$2x$`, `$2y$`, and Django's `bcrypt$`.
    Bcrypt,
    /// bcrypt over SHA-256, of Django and passlib.
    BcryptSha256,
    /// The scrypt of better-auth.
    BetterAuth,
    /// Drupal 7 and later: `$S$`, and `U$S$` of accounts from Drupal 6.
    Drupal,
    /// The modified scrypt of Firebase.
    FirebaseScrypt,
    /// A digest of an LDAP directory, such as `{SSHA}`.
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
    /// Detects the family of `text` by its prefix or form. The text may still be damaged.
    ///
    /// Ambiguous texts have no family: 32 hexadecimal digits may be an MD5 or an NT hash.
    pub fn detect(text: &str) -> Option<Self> {
        let text = strip_wrapper(text);
        if text.starts_with('{') {
            return detect_scheme(text);
        }
        PREFIXES
            .iter()
            .find(|(prefix, _)| text.starts_with(prefix))
            .map(|(_, family)| *family)
            .or_else(|| is_aspnet_identity(text).then_some(Self::AspNetIdentity))
    }

    /// Returns a self-describing text without the scheme in braces that some systems write before
    /// it, such as `{CRYPT}` or `{argon2}`.
    pub fn strip_wrapper(text: &str) -> &str {
        strip_wrapper(text)
    }

    /// The stable name.
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

    /// The feature of this crate that verifies the family; `None` for Argon2.
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

/// The prefixes of each family. No prefix begins a later one of another family.
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

/// The schemes before a self-describing text, in any case: LDAP's `{CRYPT}`, Dovecot's names for
/// it, the `{ARGON2}` of OpenLDAP and Dovecot, and Spring Security's, which may have a version as
/// in `{argon2@SpringSecurity_v5_8}`.
const WRAPPERS: [&str; 10] = [
    "CRYPT",
    "BLF-CRYPT",
    "MD5-CRYPT",
    "SHA256-CRYPT",
    "SHA512-CRYPT",
    "BCRYPT",
    "ARGON2",
    "ARGON2D",
    "ARGON2I",
    "ARGON2ID",
];

/// Strips a wrapper from a self-describing text.
pub(crate) fn strip_wrapper(text: &str) -> &str {
    let wrapped = text.strip_prefix('{').and_then(|rest| rest.split_once('}'));
    wrapped
        .filter(|(scheme, inner)| {
            let name = scheme.split_once('@').map_or(*scheme, |(name, _)| name);
            inner.starts_with('$') && WRAPPERS.iter().any(|own| own.eq_ignore_ascii_case(name))
        })
        .map_or(text, |(_, inner)| inner)
}

/// Strips `scheme`, such as `{SSHA}`, ignoring case (RFC 3112).
pub(crate) fn strip_scheme<'a>(text: &'a str, scheme: &str) -> Option<&'a str> {
    let (start, rest) = text.split_at_checked(scheme.len())?;
    start.eq_ignore_ascii_case(scheme).then_some(rest)
}

fn detect_scheme(text: &str) -> Option<Family> {
    if strip_scheme(text, "{PBKDF2").is_some() {
        return Some(Family::Pbkdf2);
    }
    DigestAlgorithm::from_ldap_scheme(text).map(|_| Family::LdapDigest)
}

/// ASP.NET Identity has no prefix outside of its Base64. Version 2 is 49 bytes that begin with 0;
/// version 3 begins with 1 and the PRF as big-endian `u32`.
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
    fn wrappers_are_stripped_from_self_describing_texts_only() {
        assert_eq!(Family::detect("{crypt}$1$a$b"), Some(Family::Md5Crypt));
        assert_eq!(Family::detect("{CRYPT}$6$a$b"), Some(Family::ShaCrypt));
        assert_eq!(Family::detect("{BLF-CRYPT}$2y$05$a"), Some(Family::Bcrypt));
        assert_eq!(Family::detect("{CRYPT}rlWMrHPVhTMqk"), None);
        assert_eq!(Family::detect("{CRYPT}{SSHA}0c0blFTXXNuAMHECS4uxrj3ZieMoWImr"), None);
        assert_eq!(Family::detect("{CRYPT}"), None);
        assert_eq!(Family::detect("{CRYPT"), None);
        assert_eq!(Family::detect("{argon2@SpringSecurity_v5_8}$argon2id$v"), Some(Family::Argon2));
        assert_eq!(Family::detect("{ARGON2I}$argon2i$v"), Some(Family::Argon2));
        assert_eq!(Family::detect("{sSHA}x"), Some(Family::LdapDigest));
        assert_eq!(Family::detect("{CLEARTEXT}x"), None);
        assert_eq!(Family::detect("{SSSHA}x"), None);
        assert_eq!(Family::detect("{PBKDF2-sha256}x"), Some(Family::Pbkdf2));
    }
}
