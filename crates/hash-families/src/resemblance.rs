//! Says what a text of no known family looks like, and what to do.

use std::fmt;

use data_encoding::BASE64;

use crate::parsing::{crypt_value, split};
use crate::{Family, FormatError};

/// What a text of no known family looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resemblance {
    /// What it looks like, and the remedy if that is not a declaration.
    pub looks_like: &'static str,
    /// The names of the [`ImportFormat`](crate::ImportFormat)s to declare, one of them by what the
    /// other system is. None if the hash cannot be imported as it is.
    pub formats: &'static [&'static str],
}

impl Resemblance {
    const fn declare(looks_like: &'static str, formats: &'static [&'static str]) -> Self {
        Self { looks_like, formats }
    }
}

impl fmt::Display for Resemblance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.looks_like)?;
        for (at, format) in self.formats.iter().enumerate() {
            let before = match at {
                0 => "; declare the format ",
                at if at + 1 == self.formats.len() => " or ",
                _ => ", ",
            };
            write!(f, "{before}`{format}`")?;
        }
        Ok(())
    }
}

/// A text with an unhashed password.
pub(crate) const PLAINTEXT: Resemblance =
    Resemblance::declare("a password that is not hashed; import it as a password", &[]);

const NOT_SUPPORTED: Resemblance = Resemblance::declare(
    "one of an algorithm that is not supported; such accounts need a password reset",
    &[],
);

/// The mark of an account without a password, or of a locked one, in files of Unix and in Django.
const LOCKED: Resemblance = Resemblance::declare(
    "the mark of an account that is locked or has no password; import no hash for it",
    &[],
);

/// A line of a file of Unix or of a web server.
const LINE: Resemblance = Resemblance::declare(
    "a whole line of a password file; take the part after the user's name, up to the next colon",
    &[],
);

/// A role of PostgreSQL.
const POSTGRESQL_MD5: Resemblance = Resemblance::declare(
    "the MD5 of PostgreSQL, which needs the role's name and is not supported; such accounts need \
     a password reset",
    &[],
);

/// Returns the error for a text of no known family.
pub(crate) fn error(text: &str) -> FormatError {
    of(text).map_or(FormatError::Unknown, FormatError::Resembles)
}

fn of(text: &str) -> Option<Resemblance> {
    let is_digest = |bytes: usize| [16, 20, 32, 48, 64].contains(&bytes);
    let starts_with_one_of = |prefixes: &[&str]| {
        let has = |prefix: &&str| {
            text.get(..prefix.len()).is_some_and(|own| own.eq_ignore_ascii_case(prefix))
        };
        prefixes.iter().any(has)
    };
    Some(if text.trim() != text {
        Resemblance::declare("one with white space around it; remove that", &[])
    } else if text.starts_with('!') || ["*", "x", "NP", "*LK*", "*NP*"].contains(&text) {
        LOCKED
    } else if text.strip_prefix("md5").is_some_and(|hex| hex.len() == 32 && is_hex(hex)) {
        POSTGRESQL_MD5
    } else if text.split(':').nth(1).is_some_and(|part| Family::detect(part).is_some()) {
        LINE
    } else if is_hex(text) && text.len() == 32 {
        Resemblance::declare(
            "MD5 or an NT hash",
            &["salted-digest", "nt", "django", "vbulletin", "mybb", "symfony"],
        )
    } else if is_hex(text) && text.len().is_multiple_of(2) && is_digest(text.len() / 2) {
        Resemblance::declare(
            "a digest in hexadecimal",
            &["salted-digest", "pbkdf2", "opencart", "symfony"],
        )
    } else if text.strip_prefix("s2:").unwrap_or(text).split_once(':').is_some_and(|(salt, tag)| {
        matches!((salt.len(), tag.len()), (16 | 32, 128))
            && salt.bytes().all(|byte| byte.is_ascii_alphanumeric())
            && is_hex(tag)
    }) {
        Resemblance::declare("one of better-auth or Lucia", &["better-auth"])
    } else if text
        .split_once(':')
        .is_some_and(|(digest, _)| is_hex(digest) && is_digest(digest.len() / 2))
    {
        Resemblance::declare(
            "a digest and its salt; or put the salt into a column of its own",
            &["magento", "joomla"],
        )
    } else if starts_with_one_of(&["argon2$"]) {
        Resemblance::declare("one of Django", &["django"])
    } else if split::<3>(text, '$')
        .is_some_and(|[name, ..]| crate::DigestAlgorithm::from_name(name).is_some())
    {
        Resemblance::declare("one of Django or Werkzeug", &["django", "werkzeug"])
    } else if text.starts_with('{') && text.contains('"') {
        Resemblance::declare("JSON", &["keycloak", "okta"])
    } else if starts_with_one_of(&["{noop}", "{plain}", "{cleartext}", "{clear}", "plain$"]) {
        PLAINTEXT
    } else if starts_with_one_of(&[
        "{sha-1}",
        "{sha-256}",
        "{scrypt}",
        "{scrypt@",
        "{pbkdf2@",
        "{ldap}",
    ]) {
        Resemblance::declare("one of Spring Security", &["spring"])
    } else if starts_with_one_of(&[
        "{plain-md5",
        "{ldap-md5",
        "{sha1}",
        "{sha.",
        "{sha256.",
        "{sha512.",
        "{ssha.",
        "{ssha256.",
        "{ssha512.",
        "{smd5.",
    ]) {
        Resemblance::declare("one of Dovecot", &["dovecot"])
    } else if text.strip_prefix('*').is_some_and(|digits| digits.len() == 40 && is_hex(digits))
        || starts_with_one_of(&["0x244124", "$A$"])
    {
        Resemblance::declare("one of MySQL", &["mysql"])
    } else if text.len() == 13 && text.bytes().all(|byte| crypt_value(byte).is_some()) {
        Resemblance::declare("the traditional crypt(3)", &["crypt"])
    } else if text.starts_with(['$', '{', '*']) {
        NOT_SUPPORTED
    } else if BASE64.decode(text.as_bytes()).is_ok_and(|bytes| is_digest(bytes.len())) {
        Resemblance::declare(
            "a digest in Base64",
            &["salted-digest", "aspnet-membership", "pbkdf2", "symfony"],
        )
    } else {
        return None;
    })
}

fn is_hex(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_hexdigit())
}
