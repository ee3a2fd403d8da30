//! Firebase's modified scrypt with the project's parameters in the text, as Supabase stores it for
//! accounts from Firebase: `$fbscrypt$v=1,n=14,r=8,p=1,ss=Bw==,sk=key$salt$tag`, where n is log₂ N,
//! ss the salt separator and sk the signer key.

use std::time::Duration;

use data_encoding::BASE64;
use zeroize::Zeroizing;

use crate::firebase::is_encrypted_key;
use crate::foreign_hash::StoredHash;
use crate::parsing::split;
use crate::scrypt::Scrypt;
use crate::{Family, FormatError, Projects, VerifyError};

const FAMILY: Family = Family::SupabaseScrypt;

/// One hash of Firebase with the key of the project.
pub(crate) struct SupabaseScrypt {
    signer_key: Zeroizing<Vec<u8>>,
    scrypt: Scrypt,
}

impl SupabaseScrypt {
    pub(crate) fn parse(text: &str) -> Result<Self, FormatError> {
        let damaged =
            FAMILY.damaged("the form is not $fbscrypt$v=1,n=N,r=N,p=N,ss=text,sk=key$salt$tag");
        let Some(["", "fbscrypt", costs, salt, tag]) = split(text, '$') else {
            return Err(damaged);
        };
        let Some(["v=1", log_n, r, p, separator, key]) = split(costs, ',') else {
            return Err(damaged);
        };
        let (Some(separator), Some(key)) = (separator.strip_prefix("ss="), key.strip_prefix("sk="))
        else {
            return Err(damaged);
        };
        let log_n = FAMILY.parse_named_number("n", log_n, "n=", 1..=20)?;
        let r = FAMILY.parse_named_number("r", r, "r=", 1..=64)?;
        let p = FAMILY.parse_named_number("p", p, "p=", 1..=64)?;
        let mut salt = FAMILY.decode("salt", &BASE64, salt, 0..=1024)?;
        salt.extend(FAMILY.decode("salt separator", &BASE64, separator, 0..=64)?);
        let signer_key = Zeroizing::new(FAMILY.decode("signer key", &BASE64, key, 16..=128)?);
        let length = signer_key.len() as u64;
        let tag = FAMILY.decode("tag", &BASE64, tag, length..=length)?;
        Ok(Self { signer_key, scrypt: Scrypt::new(FAMILY, log_n, r, p, salt, tag)? })
    }
}

impl StoredHash for SupabaseScrypt {
    fn verify(&self, password: &[u8], _: &Projects) -> Result<bool, VerifyError> {
        is_encrypted_key(FAMILY, &self.scrypt, &self.signer_key, password)
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
        self.scrypt.costs()
    }
}
