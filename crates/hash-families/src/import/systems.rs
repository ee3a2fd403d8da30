//! Texts of systems that do not say what they are, or say it in a way that others use differently.

use data_encoding::{BASE64, BASE64_NOPAD, HEXLOWER, HEXLOWER_PERMISSIVE};

use super::{ByteEncoding, pbkdf2, salted_digest};
use crate::family::strip_scheme;
use crate::parsing::split;
use crate::resemblance::PLAINTEXT;
use crate::{DigestAlgorithm, FormatError, SaltLayout};

/// crypt(3): thirteen characters are DES, all others self-describing.
pub(super) fn crypt(hash: &str) -> String {
    let is_des = hash.len() == 13 && !hash.starts_with(['$', '{', '_']);
    if is_des { format!("{{CRYPT}}{hash}") } else { hash.to_owned() }
}

/// Dovecot: its `{PBKDF2}`, and digests in hexadecimal, which a suffix or the length tells.
pub(super) fn dovecot(hash: &str) -> Result<String, FormatError> {
    const DIGESTS: [(&str, &str, usize, bool); 11] = [
        ("SHA", "SHA", 20, false),
        ("SHA1", "SHA", 20, false),
        ("SHA256", "SHA256", 32, false),
        ("SHA512", "SHA512", 64, false),
        ("SSHA", "SSHA", 20, true),
        ("SSHA256", "SSHA256", 32, true),
        ("SSHA512", "SSHA512", 64, true),
        ("MD5", "MD5", 16, false),
        ("PLAIN-MD5", "MD5", 16, false),
        ("LDAP-MD5", "MD5", 16, false),
        ("SMD5", "SMD5", 16, true),
    ];
    if let Some(rest) = strip_scheme(hash, "{PBKDF2}") {
        return dovecot_pbkdf2(rest);
    }
    let Some((scheme, value)) = hash.strip_prefix('{').and_then(|rest| rest.split_once('}')) else {
        return Ok(hash.to_owned());
    };
    let (name, suffix) = scheme.split_once('.').unwrap_or((scheme, ""));
    if ["PLAIN", "CLEAR", "CLEARTEXT"].iter().any(|own| own.eq_ignore_ascii_case(name)) {
        return Err(FormatError::Resembles(PLAINTEXT));
    }
    if name.eq_ignore_ascii_case("MD5") && value.starts_with("$1$") {
        // Unlike in LDAP, the crypt(3) of MD5 too.
        return Ok(format!("{{MD5-CRYPT}}{value}"));
    }
    let digest = DIGESTS.iter().find(|(own, ..)| own.eq_ignore_ascii_case(name));
    let Some((_, scheme, bytes, is_salted)) = digest else {
        return Ok(hash.to_owned());
    };
    let is_hex = match suffix.to_ascii_lowercase().as_str() {
        "hex" => true,
        "" => !is_salted && value.len() == 2 * bytes,
        "b64" | "base64" => false,
        _ => return Err(FormatError::Export { reason: "the encoding behind the scheme" }),
    };
    let encoding = if is_hex { ByteEncoding::Hexadecimal } else { ByteEncoding::Base64 };
    let value = encoding.decode("the value is not in its encoding", value)?;
    Ok(format!("{{{scheme}}}{}", BASE64.encode(&value)))
}

/// Converts `$1$salt$iterations$tag`: PBKDF2 with SHA-1, the salt as text, the tag in hexadecimal.
fn dovecot_pbkdf2(hash: &str) -> Result<String, FormatError> {
    let reason = "the form is not {PBKDF2}$1$salt$iterations$tag";
    let damaged = || FormatError::Export { reason };
    let Some(["", "1", salt, iterations, tag]) = split(hash, '$') else {
        return Err(damaged());
    };
    let iterations = iterations.parse().map_err(|_| damaged())?;
    let tag = HEXLOWER_PERMISSIVE.decode(tag.as_bytes()).map_err(|_| damaged())?;
    Ok(pbkdf2(DigestAlgorithm::Sha1, iterations, salt.as_bytes(), &tag))
}

/// Joomla before 3.2.1: `digest:salt`, the MD5 of the password and the salt, or `{SHA256}digest:salt`.
/// An account without a salt has the digest alone.
pub(super) fn joomla(hash: &str) -> Result<String, FormatError> {
    let (algorithm, rest) = match hash.strip_prefix("{SHA256}") {
        Some(rest) => (DigestAlgorithm::Sha256, rest),
        None => (DigestAlgorithm::Md5, hash),
    };
    match split(rest, ':') {
        Some([digest, salt]) => digest_and_salt(&[algorithm], SaltLayout::SaltLast, digest, salt),
        None if rest.starts_with('$') => Ok(hash.to_owned()),
        None => digest_and_salt(&[algorithm], SaltLayout::SaltLast, rest, ""),
    }
}

/// Magento 1, osCommerce and Magento 2: `digest:salt` or `digest:salt:version`.
///
/// Version 0 is MD5, and 1 SHA-256, of the salt and the password. 2 is Argon2id with 64 MiB and two
/// passes, and `3_32_2_67108864` Argon2id with a tag of 32 bytes, two passes and so many bytes of
/// memory. Several versions, as in `1:2`, are digests of digests: of these, only `0:1` is supported,
/// as Argon2 is verified from the password alone.
pub(super) fn magento(hash: &str) -> Result<String, FormatError> {
    use DigestAlgorithm::{Md5, Sha256, Sha512};
    use SaltLayout::{SaltFirst, SaltFirstTwice};
    if hash.starts_with('$') {
        return Ok(hash.to_owned());
    }
    if let Some([digest, salt]) = split(hash, ':') {
        return digest_and_salt(&[Md5, Sha256, Sha512], SaltFirst, digest, salt);
    }
    let (digest, rest) = hash.split_once(':').unwrap_or_default();
    match rest.split_once(':') {
        Some((salt, "0")) => digest_and_salt(&[Md5], SaltFirst, digest, salt),
        Some((salt, "1")) => digest_and_salt(&[Sha256], SaltFirst, digest, salt),
        Some((salt, "0:1")) if !salt.is_empty() => {
            digest_and_salt(&[Sha256], SaltFirstTwice, digest, salt)
        }
        Some((salt, "2")) => magento_argon2(digest, salt, "3_32_2_67108864"),
        Some((salt, version)) if version.starts_with("3_") => magento_argon2(digest, salt, version),
        _ => {
            let reason = "the form is not that of Magento with one version, 0 to 3, or with 0:1; \
                          accounts whose hash has other versions need a password reset";
            Err(FormatError::Export { reason })
        }
    }
}

/// Returns the PHC string of Magento's Argon2id, which uses the first 16 characters of the salt, or
/// repeats a shorter one.
fn magento_argon2(tag: &str, salt: &str, version: &str) -> Result<String, FormatError> {
    let reason = "the hash of Magento is not of the form tag:salt:3_32_2_67108864";
    let damaged = || FormatError::Export { reason };
    let [_, length, passes, bytes] = split(version, '_').ok_or_else(damaged)?;
    let number = |text: &str| text.parse::<u32>().map_err(|_| damaged());
    let (length, passes, bytes) = (number(length)?, number(passes)?, number(bytes)?);
    let tag = ByteEncoding::Hexadecimal.decode(reason, tag)?;
    let salt: Vec<u8> = salt.bytes().cycle().take(16).collect();
    if salt.is_empty() || u32::try_from(tag.len()) != Ok(length) {
        return Err(damaged());
    }
    let (salt, tag) = (BASE64_NOPAD.encode(&salt), BASE64_NOPAD.encode(&tag));
    Ok(format!("$argon2id$v=19$m={},t={passes},p=1${salt}${tag}", bytes / 1024))
}

/// Converts a digest in hexadecimal of one of the algorithms, which its length tells.
fn digest_and_salt(
    algorithms: &[DigestAlgorithm],
    layout: SaltLayout,
    digest: &str,
    salt: &str,
) -> Result<String, FormatError> {
    let digest = ByteEncoding::Hexadecimal.decode("the digest is not hexadecimal", digest)?;
    let algorithm = algorithms.iter().find(|algorithm| algorithm.digest_bytes() == digest.len());
    let reason = "the digest does not have the length of its algorithm";
    let algorithm = *algorithm.ok_or(FormatError::Export { reason })?;
    let salt = (!salt.is_empty()).then(|| (layout, salt.as_bytes().to_vec()));
    Ok(salted_digest(algorithm, salt, &digest))
}

/// Meteor: bcrypt of the SHA-256 in hexadecimal, as in Django.
pub(super) fn meteor(hash: &str) -> Result<String, FormatError> {
    if hash.starts_with("$2") {
        return Ok(format!("bcrypt_sha256${hash}"));
    }
    Err(FormatError::Export { reason: "the hash is not the bcrypt of Meteor's accounts" })
}

/// MySQL: `*` and 40 digits of `mysql_native_password`, or `caching_sha2_password` as
/// `SHOW CREATE USER` prints it in hexadecimal.
pub(super) fn mysql(hash: &str) -> Result<String, FormatError> {
    if let Some(digits) = hash.strip_prefix('*') {
        return Ok(format!("$mysql41${}", digits.to_ascii_lowercase()));
    }
    let reason = "the form is neither * and 40 hexadecimal digits, nor that of \
                  caching_sha2_password in hexadecimal; SHOW CREATE USER prints the latter with \
                  print_identified_with_as_hex";
    let damaged = || FormatError::Export { reason };
    let digits = hash.strip_prefix("0x").ok_or_else(damaged)?;
    let bytes = HEXLOWER_PERMISSIVE.decode(digits.as_bytes()).map_err(|_| damaged())?;
    // $A$, three digits, $, twenty bytes of salt, the tag.
    let (head, rest) = bytes.split_at_checked(7).ok_or_else(damaged)?;
    let (salt, tag) = rest.split_at_checked(20).ok_or_else(damaged)?;
    let thousands = head.strip_prefix(b"$A$").and_then(|head| head.strip_suffix(b"$"));
    let thousands =
        thousands.and_then(|text| std::str::from_utf8(text).ok()).ok_or_else(damaged)?;
    let tag = std::str::from_utf8(tag).map_err(|_| damaged())?;
    Ok(format!("$mysql-sha2${thousands}${}${tag}", HEXLOWER.encode(salt)))
}

/// Werkzeug, also before 3.0: `sha256$salt$digest`, an HMAC.
pub(super) fn werkzeug(hash: &str) -> Result<String, FormatError> {
    let Some([name, salt, digest]) = split(hash, '$') else {
        return Ok(hash.to_owned());
    };
    if name == "plain" {
        return Err(FormatError::Resembles(PLAINTEXT));
    }
    let Some(algorithm) = DigestAlgorithm::from_name(name) else {
        return Ok(hash.to_owned());
    };
    let digest = ByteEncoding::Hexadecimal.decode("the digest is not hexadecimal", digest)?;
    if salt.is_empty() {
        return Ok(salted_digest(algorithm, None, &digest));
    }
    let (salt, digest) = (BASE64_NOPAD.encode(salt.as_bytes()), BASE64_NOPAD.encode(&digest));
    Ok(format!("$hmac-{algorithm}${salt}${digest}"))
}
