//! The credential of an account whose hash is in a table that others write, too.

use jiff::Timestamp;
use repass_core::{Credential, HashedPassword, Normalization};
use sha2::{Digest, Sha256};

/// SHA-256 of a stored hash.
pub type Fingerprint = [u8; 32];

/// The fingerprint by which a store recognizes a hash that repass has written.
pub fn fingerprint(hash: &HashedPassword) -> Fingerprint {
    Sha256::digest(hash.as_str().as_bytes()).into()
}

/// What a store noted when repass last wrote the account's hash.
#[derive(Debug, Clone, Copy)]
pub struct Noted {
    /// The version of that hash.
    pub version: i64,
    /// When it was set.
    pub changed_at: Timestamp,
    /// Its fingerprint.
    pub fingerprint: Fingerprint,
    /// How its password was normalized.
    pub normalization: Normalization,
}

/// The state of an account's hash: what the table holds, and what was noted of it.
#[derive(Debug)]
pub struct Standing {
    /// The hash in the table.
    pub hash: Option<HashedPassword>,
    /// What was noted; `None` if repass has never written the hash.
    pub noted: Option<Noted>,
}

impl Standing {
    /// The credential, if there is a hash. A hash that repass has not written is the version after the
    /// noted one, or the first; it is of the password as received, and its time is the Unix epoch.
    pub fn credential(&self) -> Option<Credential> {
        let hash = self.hash.clone()?;
        let changed_at = Timestamp::UNIX_EPOCH;
        Some(match self.noted {
            None => Credential { hash, version: 1, changed_at },
            Some(noted) if noted.fingerprint == fingerprint(&hash) => Credential {
                hash: hash.with_normalization(noted.normalization),
                version: noted.version,
                changed_at: noted.changed_at,
            },
            Some(noted) => {
                Credential { hash, version: noted.version.saturating_add(1), changed_at }
            }
        })
    }

    /// The version of the next hash. It increases even if others have removed the hash meanwhile.
    pub fn next_version(&self) -> i64 {
        let noted = self.noted.map_or(0, |noted| noted.version);
        self.credential().map_or(noted, |credential| credential.version).saturating_add(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(text: &str) -> HashedPassword {
        HashedPassword::from_stored(text)
    }

    fn standing(hash_: Option<&str>, noted: Option<(i64, &str)>) -> Standing {
        let noted = noted.map(|(version, text)| Noted {
            version,
            changed_at: Timestamp::MAX,
            fingerprint: fingerprint(&hash(text)),
            normalization: Normalization::Nfc,
        });
        Standing { hash: hash_.map(hash), noted }
    }

    #[test]
    fn only_a_hash_of_repass_is_normalized() {
        for (hash, normalization) in
            [("ours", Normalization::Nfc), ("theirs", Normalization::AsReceived)]
        {
            let credential = standing(Some(hash), Some((5, "ours"))).credential().unwrap();
            assert_eq!(credential.hash.normalization(), normalization);
        }
    }

    #[test]
    fn versions_count_every_hash_that_was_seen() {
        let unknown = Timestamp::UNIX_EPOCH;
        for (standing, current, next) in [
            (standing(None, None), None, 1),
            (standing(Some("theirs"), None), Some((1, unknown)), 2),
            (standing(Some("ours"), Some((5, "ours"))), Some((5, Timestamp::MAX)), 6),
            (standing(Some("theirs"), Some((5, "ours"))), Some((6, unknown)), 7),
            (standing(None, Some((5, "ours"))), None, 6),
        ] {
            let credential = standing.credential();
            let told = credential.map(|credential| (credential.version, credential.changed_at));
            assert_eq!((told, standing.next_version()), (current, next), "{standing:?}");
        }
    }
}
