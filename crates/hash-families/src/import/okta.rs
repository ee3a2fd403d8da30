//! The password hashes of Okta's API: the object at `credentials.password.hash` of a user.

use serde::Deserialize;

use super::{ByteEncoding, pbkdf2, salted_digest};
use crate::{DigestAlgorithm, FormatError, SaltLayout};

const DAMAGED: FormatError = FormatError::Export {
    reason: "not the object credentials.password.hash of Okta, with algorithm and value",
};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PasswordHash {
    algorithm: String,
    value: String,
    #[serde(default)]
    salt: String,
    salt_order: Option<String>,
    work_factor: Option<u32>,
    iteration_count: Option<u32>,
    key_size: Option<usize>,
    digest_algorithm: Option<String>,
}

/// Converts the object to a text that describes itself.
pub(super) fn stored_text(json: &str) -> Result<String, FormatError> {
    // Messages of serde may quote the JSON.
    let hash: PasswordHash = serde_json::from_str(json).map_err(|_| DAMAGED)?;
    let algorithm = match hash.algorithm.as_str() {
        "BCRYPT" => {
            let cost = hash.work_factor.ok_or(DAMAGED)?;
            return Ok(format!("$2a${cost:02}${}{}", hash.salt, hash.value));
        }
        "PBKDF2" => return from_pbkdf2(&hash),
        "MD5" => DigestAlgorithm::Md5,
        "SHA-1" => DigestAlgorithm::Sha1,
        "SHA-256" => DigestAlgorithm::Sha256,
        "SHA-512" => DigestAlgorithm::Sha512,
        _ => {
            let reason = "the algorithm is none of BCRYPT, PBKDF2, SHA-512, SHA-256, SHA-1, MD5";
            return Err(FormatError::Export { reason });
        }
    };
    let (salt, digest) = decoded(&hash)?;
    let layout = match hash.salt_order.as_deref() {
        _ if salt.is_empty() => None,
        Some("PREFIX") => Some(SaltLayout::SaltFirst),
        Some("POSTFIX") => Some(SaltLayout::SaltLast),
        _ => return Err(FormatError::Export { reason: "the saltOrder is not PREFIX or POSTFIX" }),
    };
    Ok(salted_digest(algorithm, layout.map(|layout| (layout, salt)), &digest))
}

fn from_pbkdf2(hash: &PasswordHash) -> Result<String, FormatError> {
    let algorithm = match hash.digest_algorithm.as_deref() {
        Some("SHA256_HMAC") => DigestAlgorithm::Sha256,
        Some("SHA512_HMAC") => DigestAlgorithm::Sha512,
        _ => {
            let reason = "the digestAlgorithm is neither SHA256_HMAC nor SHA512_HMAC";
            return Err(FormatError::Export { reason });
        }
    };
    let (salt, tag) = decoded(hash)?;
    if hash.key_size.is_some_and(|length| length != tag.len()) {
        return Err(FormatError::Export { reason: "the value does not have keySize bytes" });
    }
    Ok(pbkdf2(algorithm, hash.iteration_count.ok_or(DAMAGED)?, &salt, &tag))
}

/// Returns the decoded salt and value.
fn decoded(hash: &PasswordHash) -> Result<(Vec<u8>, Vec<u8>), FormatError> {
    let salt = ByteEncoding::Base64.decode("the salt is not Base64", &hash.salt)?;
    let value = ByteEncoding::Base64.decode("the value is not Base64", &hash.value)?;
    Ok((salt, value))
}
