//! Says what a text of no known family looks like, and what to do.

use data_encoding::BASE64;

use crate::FormatError;
use crate::parsing::crypt_value;

const NOT_SUPPORTED: &str =
    "one of an algorithm that is not supported; such accounts need a password reset";

/// Returns the error for a text of no known family.
pub(crate) fn error(text: &str) -> FormatError {
    let is_hex = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let is_digest = |bytes: usize| [16, 20, 32, 48, 64].contains(&bytes);
    let starts_with_one_of = |prefixes: &[&str]| {
        let has = |prefix: &&str| {
            text.get(..prefix.len()).is_some_and(|own| own.eq_ignore_ascii_case(prefix))
        };
        prefixes.iter().any(has)
    };
    FormatError::Resembles(if text.trim() != text {
        "one with white space around it; remove that"
    } else if is_hex(text) && text.len() == 32 {
        "MD5 or an NT hash; declare the format `salted-digest` or `nt`"
    } else if is_hex(text) && text.len().is_multiple_of(2) && is_digest(text.len() / 2) {
        "a digest in hexadecimal; declare the format `salted-digest`"
    } else if text.strip_prefix("s2:").unwrap_or(text).split_once(':').is_some_and(|(salt, tag)| {
        (salt.len(), tag.len()) == (32, 128) && is_hex(salt) && is_hex(tag)
    }) {
        "one of better-auth or Lucia; declare the format `better-auth`"
    } else if starts_with_one_of(&["argon2$", "md5$", "sha1$"]) {
        "one of Django; declare the format `django`"
    } else if text.starts_with('{') && text.contains('"') {
        "JSON; declare the format `keycloak`"
    } else if starts_with_one_of(&["{noop}", "{plain}", "{cleartext}"]) {
        "a password that is not hashed; import it as a password"
    } else if text.starts_with(['$', '{', '*'])
        || (text.len() == 13 && text.bytes().all(|byte| crypt_value(byte).is_some()))
    {
        NOT_SUPPORTED
    } else if BASE64.decode(text.as_bytes()).is_ok_and(|bytes| is_digest(bytes.len())) {
        "a digest in Base64; declare the format `salted-digest` or `aspnet-membership`"
    } else {
        return FormatError::Unknown;
    })
}
