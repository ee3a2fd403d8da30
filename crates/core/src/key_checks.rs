//! Check values of keys: a database notices when it is used with other keys than before.

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

use crate::{AdministrationStore, HashError, InstallationKey, Peppers, StoreError};

/// A database was used with other keys than it is used with now.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyCheckError {
    /// The installation key is another one than before, so enrolled one-time passwords could not be
    /// verified.
    #[error("this is not the installation key that the database was used with before")]
    OtherInstallationKey,
    /// A pepper key is another one than before, so right passwords would be wrong.
    #[error("the pepper key {id} is not the one that the database was used with before")]
    OtherPepper {
        /// The id of the key.
        id: String,
    },
    /// A check value cannot be computed.
    #[error("a check value cannot be computed")]
    Hash(#[from] HashError),
    /// The store failed.
    #[error("the check values of the keys cannot be read or written")]
    Store(#[from] StoreError),
}

const INSTALLATION: &str = "installation";

/// Whether the database was ever used with an installation key.
///
/// # Errors
/// When the store fails.
pub async fn has_installation_key_check(
    store: &dyn AdministrationStore,
) -> Result<bool, StoreError> {
    Ok(store.key_checks().await?.contains_key(INSTALLATION))
}

/// Compares keys with the check values that `store` keeps of them, and has it keep those of keys that
/// are new. Call it before the keys are used.
///
/// # Errors
/// When a key is another one than that of the same name before, or the store fails.
pub async fn check_keys(
    store: &dyn AdministrationStore,
    installation: &InstallationKey,
    peppers: &Peppers,
) -> Result<(), KeyCheckError> {
    let kept = store.key_checks().await?;
    let same = async |name: &str, value: [u8; 32]| -> Result<bool, StoreError> {
        Ok(match kept.get(name) {
            Some(kept) => *kept == value,
            None => store.add_key_check(name, &value).await? == value,
        })
    };
    if !same(INSTALLATION, of_installation(installation)).await? {
        return Err(KeyCheckError::OtherInstallationKey);
    }
    for (id, key) in peppers.keys() {
        if !same(&name_of_pepper(id), of_pepper(key)?).await? {
            return Err(KeyCheckError::OtherPepper { id: id.to_owned() });
        }
    }
    Ok(())
}

/// Has `store` keep the check values of these keys in place of those it had. What was made with
/// others cannot be verified any more: for operators who have lost a key.
///
/// # Errors
/// When the store fails.
pub async fn accept_keys(
    store: &dyn AdministrationStore,
    installation: &InstallationKey,
    peppers: &Peppers,
) -> Result<(), KeyCheckError> {
    store.replace_key_check(INSTALLATION, &of_installation(installation)).await?;
    for (id, key) in peppers.keys() {
        store.replace_key_check(&name_of_pepper(id), &of_pepper(key)?).await?;
    }
    Ok(())
}

fn name_of_pepper(id: &str) -> String {
    format!("pepper:{id}")
}

fn of_installation(key: &InstallationKey) -> [u8; 32] {
    key.digest("check value", &[])
}

/// Hashed once more, so that it is not what any password is under this key.
fn of_pepper(key: &[u8]) -> Result<[u8; 32], HashError> {
    let mac = Hmac::<Sha256>::new_from_slice(key);
    let mut mac = mac.map_err(|error| HashError::Algorithm(error.to_string()))?;
    mac.update(b"repass check value");
    Ok(Sha256::digest(mac.finalize().into_bytes()).into())
}
