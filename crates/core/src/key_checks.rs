//! Check values of keys, which detect that a database is used with different keys than before.

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

use crate::{AdministrationStore, HashError, InstallationKey, Peppers, StoreError};

/// The keys differ from those that the database was used with before.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyCheckError {
    /// The installation key differs, so enrolled one-time passwords could not be verified.
    #[error("this is not the installation key that the database was used with before")]
    OtherInstallationKey,
    /// A pepper key differs, so right passwords would not match.
    #[error("the pepper key {id} is not the one that the database was used with before")]
    OtherPepper {
        /// The id of the key.
        id: String,
    },
    /// A check value could not be computed.
    #[error("a check value cannot be computed")]
    Hash(#[from] HashError),
    /// The store failed.
    #[error("the check values of the keys cannot be read or written")]
    Store(#[from] StoreError),
}

const INSTALLATION: &str = "installation";

/// Returns whether the database was used with an installation key before.
///
/// # Errors
/// When the store fails.
pub async fn has_installation_key_check(
    store: &dyn AdministrationStore,
) -> Result<bool, StoreError> {
    Ok(store.key_checks().await?.contains_key(INSTALLATION))
}

/// Compares the keys with the stored check values, and stores check values of new keys. Call it
/// before the keys are used.
///
/// # Errors
/// When a key differs from the earlier key of the same name, or the store fails.
pub async fn check_keys(
    store: &dyn AdministrationStore,
    installation: &InstallationKey,
    peppers: &Peppers,
) -> Result<(), KeyCheckError> {
    check(store, installation, peppers, true).await
}

/// Compares the keys with the stored check values like [`check_keys`], and stores none.
///
/// # Errors
/// When a key differs from the earlier key of the same name, or the store fails.
pub async fn compare_keys(
    store: &dyn AdministrationStore,
    installation: &InstallationKey,
    peppers: &Peppers,
) -> Result<(), KeyCheckError> {
    check(store, installation, peppers, false).await
}

async fn check(
    store: &dyn AdministrationStore,
    installation: &InstallationKey,
    peppers: &Peppers,
    adds: bool,
) -> Result<(), KeyCheckError> {
    let kept = store.key_checks().await?;
    let same = async |name: &str, value: [u8; 32]| -> Result<bool, StoreError> {
        Ok(match kept.get(name) {
            Some(kept) => *kept == value,
            None if !adds => true,
            None => store.add_key_check(name, &value).await? == value,
        })
    };
    if !same(INSTALLATION, installation_check(installation)).await? {
        return Err(KeyCheckError::OtherInstallationKey);
    }
    for (id, key) in peppers.keys() {
        if !same(&pepper_name(id), pepper_check(key)?).await? {
            return Err(KeyCheckError::OtherPepper { id: id.to_owned() });
        }
    }
    Ok(())
}

/// Replaces the stored check values by those of these keys, for operators who have lost a key.
/// Hashes and one-time password secrets that were made with the lost key can no longer be verified.
///
/// # Errors
/// When the store fails.
pub async fn accept_keys(
    store: &dyn AdministrationStore,
    installation: &InstallationKey,
    peppers: &Peppers,
) -> Result<(), KeyCheckError> {
    store.replace_key_check(INSTALLATION, &installation_check(installation)).await?;
    for (id, key) in peppers.keys() {
        store.replace_key_check(&pepper_name(id), &pepper_check(key)?).await?;
    }
    Ok(())
}

fn pepper_name(id: &str) -> String {
    format!("pepper:{id}")
}

fn installation_check(key: &InstallationKey) -> [u8; 32] {
    key.digest("check value", &[])
}

/// Hashed once more, so that the check value is not the peppered form of a password.
fn pepper_check(key: &[u8]) -> Result<[u8; 32], HashError> {
    let mac = Hmac::<Sha256>::new_from_slice(key);
    let mut mac = mac.map_err(|error| HashError::Algorithm(error.to_string()))?;
    mac.update(b"repass check value");
    Ok(Sha256::digest(mac.finalize().into_bytes()).into())
}
