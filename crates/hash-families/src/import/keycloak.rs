//! Credentials of Keycloak: JSON with the members `secretData` and `credentialData`, each an object
//! or, as in the database and in realm exports, a string with the JSON of one.

use std::collections::BTreeMap;

use data_encoding::BASE64_NOPAD;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::ByteEncoding;
use crate::pbkdf2::{Pbkdf2, Prf};
use crate::{Family, FormatError};

const DAMAGED: FormatError = FormatError::Export {
    reason: "not a password credential with secretData and credentialData; import the older \
             hashedSaltedValue into a current Keycloak, and export it from there",
};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Credential {
    #[serde(rename = "type")]
    kind: Option<String>,
    secret_data: Value,
    credential_data: Value,
}

#[derive(Deserialize)]
struct SecretData {
    value: String,
    #[serde(default)]
    salt: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CredentialData {
    hash_iterations: u64,
    algorithm: String,
    #[serde(default)]
    additional_parameters: BTreeMap<String, Vec<String>>,
}

/// Converts a credential to a PHC string.
pub(super) fn stored_text(json: &str) -> Result<String, FormatError> {
    // Messages of serde may quote the JSON.
    let credential: Credential = serde_json::from_str(json).map_err(|_| DAMAGED)?;
    if credential.kind.is_some_and(|kind| kind != "password") {
        return Err(FormatError::Export { reason: "the type of the credential is not password" });
    }
    let secret: SecretData = inner(credential.secret_data)?;
    let data: CredentialData = inner(credential.credential_data)?;
    if data.algorithm == "bcrypt" {
        return Ok(secret.value);
    }
    let salt = ByteEncoding::Base64.decode("the salt is not Base64", &secret.salt)?;
    let tag = ByteEncoding::Base64.decode("the value is not Base64", &secret.value)?;
    let prf = match data.algorithm.as_str() {
        "pbkdf2" => Prf::Sha1,
        "pbkdf2-sha256" => Prf::Sha256,
        "pbkdf2-sha512" => Prf::Sha512,
        "argon2" => return argon2(&data, &salt, &tag),
        _ => {
            let reason = "the algorithm of the credential is none of pbkdf2, pbkdf2-sha256, \
                          pbkdf2-sha512, argon2, bcrypt; such accounts need a password reset";
            return Err(FormatError::Export { reason });
        }
    };
    Ok(Pbkdf2::new(Family::Pbkdf2, prf, data.hash_iterations, salt, tag)?.to_phc())
}

fn inner<T: DeserializeOwned>(value: Value) -> Result<T, FormatError> {
    match value {
        Value::String(text) => serde_json::from_str(&text),
        value => serde_json::from_value(value),
    }
    .map_err(|_| DAMAGED)
}

fn argon2(data: &CredentialData, salt: &[u8], tag: &[u8]) -> Result<String, FormatError> {
    let family = Family::Argon2;
    let parameter = |name: &'static str| match data.additional_parameters.get(name) {
        Some(values) if values.len() == 1 => Ok(values[0].as_str()),
        _ => Err(family.damaged(name)),
    };
    let number = |name| family.parse_number(name, parameter(name)?, 1..=u32::MAX);
    let variant @ ("id" | "i" | "d") = parameter("type")? else {
        return Err(family.damaged("type"));
    };
    let version = match parameter("version")? {
        "1.3" => 19,
        "1.0" => 16,
        _ => return Err(family.damaged("version")),
    };
    let (memory, parallelism) = (number("memory")?, number("parallelism")?);
    let bounds = 1..=u64::from(u32::MAX);
    let iterations = family.check_bounds("hashIterations", data.hash_iterations, bounds)?;
    Ok(format!(
        "$argon2{variant}$v={version}$m={memory},t={iterations},p={parallelism}${}${}",
        BASE64_NOPAD.encode(salt),
        BASE64_NOPAD.encode(tag),
    ))
}
