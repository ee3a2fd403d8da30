//! Nested digests of forums and shops, in hexadecimal between the steps.
//!
//! | family | digest |
//! | --- | --- |
//! | vBulletin | MD5(MD5(password) + salt) |
//! | MyBB, Invision Power Board | MD5(MD5(salt) + MD5(password)) |
//! | OpenCart, Woltlab Burning Board 3 | SHA-1(salt + SHA-1(salt + SHA-1(password))) |
//!
//! The systems store salt and digest in two columns. The import writes `$vbulletin$salt$digest`,
//! `$mybb$…` or `$opencart$…`, in Base64 without padding.
//!
//! OpenCart replaces `&`, `<`, `>` and `"` in passwords by entities of HTML, and since version 3 trims
//! them, so both texts are tried. Invision Power Board replaced more; its passwords with such
//! characters do not verify.

use std::time::Duration;

use data_encoding::{BASE64_NOPAD, HEXLOWER};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::cleaned::with_entities;
use crate::cost;
use crate::foreign_hash::StoredHash;
use crate::parsing::split;
use crate::{DigestAlgorithm, Family, FormatError, Projects, VerifyError};

const SALT_BYTES: u64 = 128;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Nesting {
    VBulletin,
    MyBb,
    OpenCart,
}

/// One nested digest.
pub(crate) struct ForumDigest {
    nesting: Nesting,
    salt: Vec<u8>,
    digest: Vec<u8>,
}

impl ForumDigest {
    pub(crate) fn parse(family: Family, text: &str) -> Result<Self, FormatError> {
        let Some(["", name, salt, digest]) = split(text, '$') else {
            return Err(family.damaged("the form is not $name$salt$digest"));
        };
        let (nesting, length) = match name {
            "vbulletin" => (Nesting::VBulletin, 16),
            "mybb" => (Nesting::MyBb, 16),
            "opencart" => (Nesting::OpenCart, 20),
            _ => return Err(family.damaged("the prefix")),
        };
        let salt = family.decode("salt", &BASE64_NOPAD, salt, 1..=SALT_BYTES)?;
        let digest = family.decode("tag", &BASE64_NOPAD, digest, length..=length)?;
        Ok(Self { nesting, salt, digest })
    }

    fn matches(&self, password: &[u8]) -> bool {
        let salt = self.salt.as_slice();
        let digest = match self.nesting {
            Nesting::VBulletin => {
                let inner = hexadecimal(DigestAlgorithm::Md5, &[password]);
                DigestAlgorithm::Md5.digest(&[inner.as_bytes(), salt])
            }
            Nesting::MyBb => {
                let salt = hexadecimal(DigestAlgorithm::Md5, &[salt]);
                let inner = hexadecimal(DigestAlgorithm::Md5, &[password]);
                DigestAlgorithm::Md5.digest(&[salt.as_bytes(), inner.as_bytes()])
            }
            Nesting::OpenCart => {
                let first = hexadecimal(DigestAlgorithm::Sha1, &[password]);
                let second = hexadecimal(DigestAlgorithm::Sha1, &[salt, first.as_bytes()]);
                DigestAlgorithm::Sha1.digest(&[salt, second.as_bytes()])
            }
        };
        digest.ct_eq(&self.digest).into()
    }
}

fn hexadecimal(algorithm: DigestAlgorithm, parts: &[&[u8]]) -> Zeroizing<String> {
    Zeroizing::new(HEXLOWER.encode(&algorithm.digest(parts)))
}

impl StoredHash for ForumDigest {
    fn verify(&self, password: &[u8], _: &Projects) -> Result<bool, VerifyError> {
        let is_match = self.matches(password);
        let cleaned = (self.nesting == Nesting::OpenCart).then(|| with_entities(password));
        Ok(is_match || cleaned.flatten().is_some_and(|text| self.matches(&text)))
    }

    fn determines(&self, password: &[u8]) -> bool {
        self.nesting != Nesting::OpenCart || with_entities(password).is_none()
    }

    fn time(&self) -> Duration {
        cost::FEW_DIGESTS
    }

    fn costs(&self) -> String {
        match self.nesting {
            Nesting::VBulletin | Nesting::MyBb => "md5(md5)",
            Nesting::OpenCart => "sha1(sha1(sha1))",
        }
        .to_owned()
    }
}
