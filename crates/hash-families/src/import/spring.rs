//! Spring Security: the name of an encoder in braces, and its hash. An application chooses the
//! names; these are those of `PasswordEncoderFactories`.

use data_encoding::HEXLOWER_PERMISSIVE;

use super::{pbkdf2, salted_digest};
use crate::parsing::split;
use crate::resemblance::PLAINTEXT;
use crate::{DigestAlgorithm, FormatError, SaltLayout};

pub(super) fn stored_text(hash: &str) -> Result<String, FormatError> {
    let Some((name, rest)) = hash.strip_prefix('{').and_then(|rest| rest.split_once('}')) else {
        return Ok(hash.to_owned());
    };
    match name {
        // The versions of the defaults have other parameters, which the text does not contain.
        "pbkdf2" => from_pbkdf2(DigestAlgorithm::Sha1, 185_000, 8, rest),
        "pbkdf2@SpringSecurity_v5_8" => from_pbkdf2(DigestAlgorithm::Sha256, 310_000, 16, rest),
        "scrypt" | "scrypt@SpringSecurity_v5_8" => Ok(format!("$s0{rest}")),
        "sha256" => Ok(format!("$spring-standard${rest}")),
        "MD5" => message_digest(DigestAlgorithm::Md5, rest),
        "SHA-1" => message_digest(DigestAlgorithm::Sha1, rest),
        "SHA-256" => message_digest(DigestAlgorithm::Sha256, rest),
        "ldap" => Ok(rest.to_owned()),
        "noop" => Err(FormatError::Resembles(PLAINTEXT)),
        // {bcrypt}, {argon2} and {argon2@…} are read as they are.
        _ => Ok(hash.to_owned()),
    }
}

/// Converts salt and tag of 32 bytes in hexadecimal.
fn from_pbkdf2(
    algorithm: DigestAlgorithm,
    iterations: u32,
    salt_bytes: usize,
    hash: &str,
) -> Result<String, FormatError> {
    let reason = "the hash of pbkdf2 is not salt and 32 bytes in hexadecimal, as by the default \
                  encoder; declare the format `pbkdf2` with other parameters";
    let bytes = HEXLOWER_PERMISSIVE.decode(hash.as_bytes()).ok();
    let bytes = bytes.filter(|bytes| bytes.len() == salt_bytes + 32);
    let bytes = bytes.ok_or(FormatError::Export { reason })?;
    let (salt, tag) = bytes.split_at(salt_bytes);
    Ok(pbkdf2(algorithm, iterations, salt, tag))
}

/// Converts `{salt}digest`, where the digest is of the password and the salt with its braces.
fn message_digest(algorithm: DigestAlgorithm, hash: &str) -> Result<String, FormatError> {
    let reason = "the digest is not in hexadecimal behind its salt in braces";
    let (salt, digest) = match split(hash, '}') {
        Some([salt, digest]) if salt.starts_with('{') => (&hash[..=salt.len()], digest),
        _ => ("", hash),
    };
    let digest = HEXLOWER_PERMISSIVE.decode(digest.as_bytes());
    let digest = digest.map_err(|_| FormatError::Export { reason })?;
    let salt = (!salt.is_empty()).then(|| (SaltLayout::SaltLast, salt.as_bytes().to_vec()));
    Ok(salted_digest(algorithm, salt, &digest))
}

#[cfg(test)]
mod tests {
    use data_encoding::BASE64_NOPAD;

    use super::*;

    #[test]
    fn the_salt_of_a_digest_includes_its_braces() {
        let text = stored_text("{MD5}{ab}5f4dcc3b5aa765d61d8327deb882cf99").unwrap();
        let salt = BASE64_NOPAD.encode(b"{ab}");
        assert!(text.starts_with(&format!("$salted-md5$layout=salt-last${salt}$")), "{text}");
        let text = stored_text("{MD5}5f4dcc3b5aa765d61d8327deb882cf99").unwrap();
        assert!(text.starts_with("$unsalted-md5$"), "{text}");
    }
}
