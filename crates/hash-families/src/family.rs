mod facts;

use std::fmt;

use data_encoding::BASE64;

use crate::DigestAlgorithm;

/// A family of stored hashes: one algorithm with its text formats.
///
/// [`Display`](fmt::Display) writes the stable name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Family {
    /// PBKDF2 of AIX: `{ssha1}`, `{ssha256}`, `{ssha512}`.
    Aix,
    /// Argon2 as a PHC string; `repass-core` verifies it.
    Argon2,
    /// ASP.NET Identity, versions 2 and 3 of its format.
    AspNetIdentity,
    /// ASP.NET's membership provider, the predecessor of Identity.
    AspNetMembership,
    /// bcrypt: `$2$`, `$2a$`, `$2b$`, `$2x$`, `$2y$`, Django's `bcrypt$`, and MediaWiki's
    /// `:bcrypt:`.
    Bcrypt,
    /// bcrypt over SHA-256, of Django and passlib.
    BcryptSha256,
    /// The scrypt of better-auth.
    BetterAuth,
    /// Extended DES crypt(3) of BSD/OS: `_` and 19 characters.
    BsdiCrypt,
    /// Type 8 of Cisco IOS: PBKDF2, `$8$`.
    CiscoPbkdf2,
    /// Type 9 of Cisco IOS: scrypt, `$9$`.
    CiscoScrypt,
    /// Traditional DES crypt(3), behind `{CRYPT}` or `{DES-CRYPT}`.
    DesCrypt,
    /// bcrypt of the password and a pepper, of Devise.
    Devise,
    /// Drupal 7 to 10.0: `$S$`, and `U$S$` of accounts from Drupal 6.
    Drupal,
    /// The modified scrypt of Firebase.
    FirebaseScrypt,
    /// gost-yescrypt: `$gy$`, yescrypt behind HMACs of GOST R 34.11-2012.
    GostYescrypt,
    /// An HMAC of the password with the salt as its key, of Werkzeug before 3.0.
    HmacDigest,
    /// A digest of an LDAP directory, such as `{SSHA}`.
    LdapDigest,
    /// crypt(3) over MD5: `$1$`, Apache's `$apr1$`, and `{smd5}` of AIX.
    Md5Crypt,
    /// The MD5 digests of MediaWiki: `:A:`, `:B:`.
    MediaWiki,
    /// A login of Microsoft SQL Server: `0x0100`, `0x0200`.
    Mssql,
    /// MD5 of two MD5 digests, of MyBB and Invision Power Board.
    MyBb,
    /// `mysql_native_password` of MySQL 4.1 and later: SHA-1 of SHA-1.
    MysqlNative,
    /// `caching_sha2_password` of MySQL 8: SHA-crypt with a salt of 20 bytes.
    MysqlSha2,
    /// The NT hash of Windows: `$3$`.
    NtHash,
    /// Three SHA-1 digests, of OpenCart and Woltlab's Burning Board 3.
    OpenCart,
    /// A user of Oracle Database 11g and later: `S:`, `T:`.
    Oracle,
    /// PBKDF2 with SHA-1, SHA-256 or SHA-512.
    Pbkdf2,
    /// phpass over MD5: `$P$`, `$H$`.
    Phpass,
    /// One digest of the password and a salt, in a declared layout.
    SaltedDigest,
    /// The verifier of SCRAM (RFC 5802, RFC 7677), of PostgreSQL and Dovecot.
    Scram,
    /// scrypt (RFC 7914).
    Scrypt,
    /// crypt(3) of NetBSD over HMAC-SHA-1: `$sha1$`.
    Sha1Crypt,
    /// crypt(3) over SHA-256 and SHA-512: `$5$`, `$6$`.
    ShaCrypt,
    /// The `StandardPasswordEncoder` of Spring Security: 1024 times SHA-256.
    SpringStandard,
    /// crypt(3) of Solaris over MD5: `$md5$`, `$md5,rounds=`.
    SunMd5,
    /// Firebase's scrypt with the signer key in the text, of Supabase: `$fbscrypt$`.
    SupabaseScrypt,
    /// An iterated digest of the password and the salt in braces, of Symfony.
    Symfony,
    /// MD5 of an MD5 and a salt, of vBulletin.
    VBulletin,
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
            .or_else(|| (text.starts_with('_') && text.len() == 20).then_some(Self::BsdiCrypt))
            .or_else(|| is_aspnet_identity(text).then_some(Self::AspNetIdentity))
    }

    /// Returns a self-describing text without the scheme that some systems write before it, such as
    /// `{CRYPT}`, `{argon2}` or `:argon2:`.
    pub fn strip_wrapper(text: &str) -> &str {
        strip_wrapper(text)
    }

    /// The stable name.
    pub const fn name(self) -> &'static str {
        self.facts().name
    }

    /// The feature of this crate that verifies the family; `None` for Argon2.
    pub const fn feature(self) -> Option<&'static str> {
        self.facts().feature
    }

    /// The systems that write such hashes.
    pub const fn systems(self) -> &'static str {
        self.facts().systems
    }

    /// The forms of the stored texts, in Markdown.
    pub const fn texts(self) -> &'static str {
        self.facts().texts
    }

    /// The bounds of the parameters.
    pub const fn bounds(self) -> &'static str {
        self.facts().bounds
    }

    /// The passwords that a hash of the family determines, in Markdown; see
    /// [`ForeignHash::determines`](crate::ForeignHash::determines).
    pub const fn determined(self) -> &'static str {
        self.facts().determined
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// The prefixes of each family. No prefix begins a later one of another family.
const PREFIXES: &[(&str, Family)] = &[
    ("$argon2d$", Family::Argon2),
    ("$argon2i$", Family::Argon2),
    ("$argon2id$", Family::Argon2),
    ("$2$", Family::Bcrypt),
    ("$2a$", Family::Bcrypt),
    ("$2b$", Family::Bcrypt),
    ("$2x$", Family::Bcrypt),
    ("$2y$", Family::Bcrypt),
    ("bcrypt$", Family::Bcrypt),
    (":bcrypt:", Family::Bcrypt),
    ("bcrypt_sha256$", Family::BcryptSha256),
    ("$bcrypt-sha256$", Family::BcryptSha256),
    ("$wp$2", Family::WordPress),
    ("$scrypt$", Family::Scrypt),
    ("scrypt$", Family::Scrypt),
    ("scrypt:", Family::Scrypt),
    ("$7$", Family::Scrypt),
    ("$s0$", Family::Scrypt),
    ("$better-auth$", Family::BetterAuth),
    ("$firebase-scrypt$", Family::FirebaseScrypt),
    ("$fbscrypt$", Family::SupabaseScrypt),
    ("$pbkdf2$", Family::Pbkdf2),
    ("$pbkdf2-", Family::Pbkdf2),
    ("pbkdf2_", Family::Pbkdf2),
    ("pbkdf2:", Family::Pbkdf2),
    ("grub.pbkdf2.", Family::Pbkdf2),
    ("$ml$", Family::Pbkdf2),
    (":pbkdf2:", Family::Pbkdf2),
    ("$8$", Family::CiscoPbkdf2),
    ("$9$", Family::CiscoScrypt),
    ("SCRAM-SHA-256$", Family::Scram),
    ("$1$", Family::Md5Crypt),
    ("$apr1$", Family::Md5Crypt),
    ("$md5$", Family::SunMd5),
    ("$md5,", Family::SunMd5),
    ("S:", Family::Oracle),
    ("T:", Family::Oracle),
    ("H:", Family::Oracle),
    ("$3$", Family::NtHash),
    ("$5$", Family::ShaCrypt),
    ("$6$", Family::ShaCrypt),
    ("$sha1$", Family::Sha1Crypt),
    ("$y$", Family::Yescrypt),
    ("$gy$", Family::GostYescrypt),
    ("$P$", Family::Phpass),
    ("$H$", Family::Phpass),
    ("$S$", Family::Drupal),
    ("U$S$", Family::Drupal),
    ("$salted-", Family::SaltedDigest),
    ("$unsalted-", Family::SaltedDigest),
    ("$devise$", Family::Devise),
    ("$hmac-", Family::HmacDigest),
    ("$aspnet-membership-", Family::AspNetMembership),
    ("$mysql41$", Family::MysqlNative),
    ("$mysql-sha2$", Family::MysqlSha2),
    ("0x0100", Family::Mssql),
    ("0x0200", Family::Mssql),
    ("$spring-standard$", Family::SpringStandard),
    ("$symfony-", Family::Symfony),
    (":A:", Family::MediaWiki),
    (":B:", Family::MediaWiki),
    ("$mybb$", Family::MyBb),
    ("$vbulletin$", Family::VBulletin),
    ("$opencart$", Family::OpenCart),
];

/// The schemes before a self-describing text, in any case: LDAP's `{CRYPT}`, Dovecot's names for
/// it, the `{GOST_YESCRYPT}` of 389 Directory Server, the `{ARGON2}` of OpenLDAP and Dovecot, and
/// Spring Security's, which may have a version as in `{argon2@SpringSecurity_v5_8}`. MediaWiki's
/// `:argon2:` is not in braces.
const WRAPPERS: [&str; 12] = [
    "CRYPT",
    "DES-CRYPT",
    "BLF-CRYPT",
    "MD5-CRYPT",
    "SHA256-CRYPT",
    "SHA512-CRYPT",
    "GOST_YESCRYPT",
    "BCRYPT",
    "ARGON2",
    "ARGON2D",
    "ARGON2I",
    "ARGON2ID",
];

/// Strips a wrapper from a self-describing text.
pub(crate) fn strip_wrapper(text: &str) -> &str {
    if let Some(inner) = text.strip_prefix(":argon2:").filter(|inner| inner.starts_with('$')) {
        return inner;
    }
    let wrapped = text.strip_prefix('{').and_then(|rest| rest.split_once('}'));
    wrapped
        .filter(|(scheme, inner)| {
            let name = scheme.split_once('@').map_or(*scheme, |(name, _)| name);
            inner.starts_with(['$', '_'])
                && WRAPPERS.iter().any(|own| own.eq_ignore_ascii_case(name))
        })
        .map_or(text, |(_, inner)| inner)
}

/// Strips `scheme`, such as `{SSHA}`, ignoring case (RFC 3112).
pub(crate) fn strip_scheme<'a>(text: &'a str, scheme: &str) -> Option<&'a str> {
    let (start, rest) = text.split_at_checked(scheme.len())?;
    start.eq_ignore_ascii_case(scheme).then_some(rest)
}

/// Strips the scheme of the traditional crypt(3): that of LDAP, or that of Dovecot.
pub(crate) fn strip_des_scheme(text: &str) -> Option<&str> {
    strip_scheme(text, "{CRYPT}").or_else(|| strip_scheme(text, "{DES-CRYPT}"))
}

fn detect_scheme(text: &str) -> Option<Family> {
    if strip_scheme(text, "{PBKDF2")
        .filter(|rest| !rest.starts_with('@'))
        .or(strip_scheme(text, "{PKCS5S2}"))
        .is_some()
    {
        return Some(Family::Pbkdf2);
    }
    if strip_scheme(text, "{SCRAM-SHA-").is_some() {
        return Some(Family::Scram);
    }
    if strip_des_scheme(text).is_some_and(|crypt| crypt.len() == 13) {
        return Some(Family::DesCrypt);
    }
    // The digests of LDAP are Base64, which has no `$`.
    let is_of_aix = |scheme: &str| text.contains('$') && strip_scheme(text, scheme).is_some();
    if is_of_aix("{smd5}") {
        return Some(Family::Md5Crypt);
    }
    if ["{ssha1}", "{ssha256}", "{ssha512}"].into_iter().any(is_of_aix) {
        return Some(Family::Aix);
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
        assert_eq!(Family::detect("{CRYPT}rlWMrHPVhTMqk"), Some(Family::DesCrypt));
        assert_eq!(Family::detect("{des-crypt}rlWMrHPVhTMqk"), Some(Family::DesCrypt));
        assert_eq!(Family::detect("{DES-CRYPT}_J9..rasmBYk8r9AiWNc"), Some(Family::BsdiCrypt));
        assert_eq!(Family::detect("{MD5-CRYPT}rlWMrHPVhTMqk"), None);
        assert_eq!(Family::detect("{GOST_YESCRYPT}$gy$a$b$c"), Some(Family::GostYescrypt));
        assert_eq!(Family::detect("{CRYPT}rlWMrHPVhTMq"), None);
        assert_eq!(Family::detect("{CRYPT}_J9..rasmBYk8r9AiWNc"), Some(Family::BsdiCrypt));
        assert_eq!(Family::detect("{CRYPT}{SSHA}0c0blFTXXNuAMHECS4uxrj3ZieMoWImr"), None);
        assert_eq!(Family::detect("{CRYPT}"), None);
        assert_eq!(Family::detect("{CRYPT"), None);
        assert_eq!(Family::detect("{argon2@SpringSecurity_v5_8}$argon2id$v"), Some(Family::Argon2));
        assert_eq!(Family::detect("{ARGON2I}$argon2i$v"), Some(Family::Argon2));
        assert_eq!(Family::detect(":argon2:$argon2id$v"), Some(Family::Argon2));
        assert_eq!(Family::detect(":argon2:v"), None);
        assert_eq!(Family::detect("{sSHA}x"), Some(Family::LdapDigest));
        assert_eq!(Family::detect("{CLEARTEXT}x"), None);
        assert_eq!(Family::detect("{SSSHA}x"), None);
        assert_eq!(Family::detect("{PBKDF2-sha256}x"), Some(Family::Pbkdf2));
    }
}
