//! The modified scrypt of Firebase: the hash is the project's signer key, encrypted with the
//! derived key (AES-256 in counter mode, from a counter of zero). Verification needs the signer
//! key, see [`Projects`].
//!
//! Firebase exports hash, salt and the project's parameters separately. The import writes
//! `$firebase-scrypt$ln=14,r=8,project=name$salt$tag`. The salt is that of the user followed by the
//! project's salt separator; ln and r are the project's `mem_cost` and `rounds`.

use std::time::Duration;

use aes::Aes256;
use ctr::Ctr128BE;
use ctr::cipher::{KeyIvInit, StreamCipher};
use subtle::ConstantTimeEq;

use crate::foreign_hash::StoredHash;
use crate::parsing::split;
use crate::scrypt::Scrypt;
use crate::{Family, FormatError, Projects, VerifyError};

const FAMILY: Family = Family::FirebaseScrypt;
const KEY_BYTES: usize = 32;

/// One hash of a Firebase project.
pub(crate) struct FirebaseScrypt {
    project: String,
    scrypt: Scrypt,
}

impl FirebaseScrypt {
    pub(crate) fn parse(text: &str) -> Result<Self, FormatError> {
        let damaged =
            FAMILY.damaged("the form is not $firebase-scrypt$ln=N,r=N,project=name$salt$tag");
        let Some(["", "firebase-scrypt", costs, salt, tag]) = split(text, '$') else {
            return Err(damaged);
        };
        let Some([log_n, r, project]) = split(costs, ',') else {
            return Err(damaged);
        };
        let project = project.strip_prefix("project=").ok_or(damaged)?;
        if !crate::import::is_project_name(project) {
            return Err(FAMILY.damaged("project"));
        }
        // Firebase has no parameter p and uses 1.
        let scrypt = Scrypt::from_phc(FAMILY, &format!("{log_n},{r},p=1${salt}${tag}"))?;
        Ok(Self { project: project.to_owned(), scrypt })
    }
}

/// Whether the tag is `signer_key`, encrypted with the key derived from `password`.
pub(crate) fn is_encrypted_key(
    family: Family,
    scrypt: &Scrypt,
    signer_key: &[u8],
    password: &[u8],
) -> Result<bool, VerifyError> {
    let key = scrypt.derive(family, password, KEY_BYTES)?;
    let mut cipher = Ctr128BE::<Aes256>::new_from_slices(&key, &[0; 16])
        .map_err(|_| VerifyError::Algorithm { family, reason: "AES key" })?;
    let mut tag = signer_key.to_vec();
    cipher.apply_keystream(&mut tag);
    Ok(tag.ct_eq(scrypt.tag()).into())
}

impl StoredHash for FirebaseScrypt {
    fn verify(&self, password: &[u8], projects: &Projects) -> Result<bool, VerifyError> {
        let signer_key = projects
            .signer_key(&self.project)
            .ok_or_else(|| VerifyError::UnknownProject { project: self.project.clone() })?;
        is_encrypted_key(FAMILY, &self.scrypt, signer_key, password)
    }

    fn determines(&self, password: &[u8]) -> bool {
        self.scrypt.determines(password)
    }

    fn memory_bytes(&self) -> usize {
        self.scrypt.memory_bytes()
    }

    fn time(&self) -> Duration {
        self.scrypt.time()
    }

    fn costs(&self) -> String {
        format!("{} project={}", self.scrypt.costs(), self.project)
    }
}
