//! The credential of an account whose hash stands in a table that others write, too.

use jiff::Timestamp;
use repass_core::{Credential, HashedPassword, Normalisation};
use sha2::{Digest, Sha256};

/// SHA-256 of a hash as it is stored.
pub(crate) type Fingerprint = [u8; 32];

pub(crate) fn fingerprint(hash: &HashedPassword) -> Fingerprint {
    Sha256::digest(hash.as_str().as_bytes()).into()
}

/// What was noted when repass last wrote the account's hash.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Noted {
    pub(crate) version: i64,
    pub(crate) changed_at: Timestamp,
    pub(crate) fingerprint: Fingerprint,
    pub(crate) normalisation: Normalisation,
}

/// How an account's hash stands: what is in the table, and what was noted of it.
#[derive(Debug)]
pub(crate) struct Standing {
    pub(crate) hash: Option<HashedPassword>,
    pub(crate) noted: Option<Noted>,
}

impl Standing {
    /// A hash that repass has not written is the version after the noted one, or the first. When it
    /// was set is not known, and it is of the password as that was received.
    pub(crate) fn credential(&self) -> Option<Credential> {
        let hash = self.hash.clone()?;
        let changed_at = Timestamp::UNIX_EPOCH;
        Some(match self.noted {
            None => Credential { hash, version: 1, changed_at },
            Some(noted) if noted.fingerprint == fingerprint(&hash) => Credential {
                hash: hash.normalised(noted.normalisation),
                version: noted.version,
                changed_at: noted.changed_at,
            },
            Some(noted) => {
                Credential { hash, version: noted.version.saturating_add(1), changed_at }
            }
        })
    }

    /// The version of the next hash. It counts on even if others took the hash away meanwhile.
    pub(crate) fn next_version(&self) -> i64 {
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
            normalisation: Normalisation::Nfc,
        });
        Standing { hash: hash_.map(hash), noted }
    }

    #[test]
    fn only_our_own_hash_is_normalised() {
        for (hash, normalisation) in
            [("ours", Normalisation::Nfc), ("theirs", Normalisation::AsReceived)]
        {
            let credential = standing(Some(hash), Some((5, "ours"))).credential().unwrap();
            assert_eq!(credential.hash.normalisation(), normalisation);
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
