//! The credential of an account whose hash is in a table that another application also writes.

use jiff::Timestamp;
use repass_core::{Credential, HashedPassword, Normalization};
use sha2::{Digest, Sha256};

/// SHA-256 of a stored hash.
pub type Fingerprint = [u8; 32];

/// Returns the fingerprint of a hash, which tells whether repass wrote it.
pub fn fingerprint(hash: &HashedPassword) -> Fingerprint {
    Sha256::digest(hash.as_str().as_bytes()).into()
}

/// The metadata that a store recorded when repass last wrote the account's hash.
#[derive(Debug, Clone, Copy)]
pub struct RecordedCredential {
    /// The version of the hash.
    pub version: i64,
    /// The time of the change.
    pub changed_at: Timestamp,
    /// The fingerprint of the hash.
    pub fingerprint: Fingerprint,
    /// The normalization of its password.
    pub normalization: Normalization,
}

/// The hash in a mapped table with its recorded metadata.
#[derive(Debug)]
pub struct MappedCredential {
    /// The hash in the table.
    pub hash: Option<HashedPassword>,
    /// The recorded metadata; `None` if repass has never written the hash.
    pub recorded: Option<RecordedCredential>,
}

impl MappedCredential {
    /// Returns the credential; `None` without a hash. A hash that repass did not write has the
    /// version after the recorded one, or 1, no normalization, and the Unix epoch as its time.
    pub fn credential(&self) -> Option<Credential> {
        let hash = self.hash.clone()?;
        let changed_at = Timestamp::UNIX_EPOCH;
        Some(match self.recorded {
            None => Credential { hash, version: 1, changed_at },
            Some(recorded) if recorded.fingerprint == fingerprint(&hash) => Credential {
                hash: hash.with_normalization(recorded.normalization),
                version: recorded.version,
                changed_at: recorded.changed_at,
            },
            Some(recorded) => {
                Credential { hash, version: recorded.version.saturating_add(1), changed_at }
            }
        })
    }

    /// Returns the version of the next hash, which increases even if the hash was removed
    /// meanwhile.
    pub fn next_version(&self) -> i64 {
        let recorded = self.recorded.map_or(0, |recorded| recorded.version);
        self.credential().map_or(recorded, |credential| credential.version).saturating_add(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(text: &str) -> HashedPassword {
        HashedPassword::from_stored(text)
    }

    fn mapped(text: Option<&str>, recorded: Option<(i64, &str)>) -> MappedCredential {
        let recorded = recorded.map(|(version, text)| RecordedCredential {
            version,
            changed_at: Timestamp::MAX,
            fingerprint: fingerprint(&hash(text)),
            normalization: Normalization::Nfc,
        });
        MappedCredential { hash: text.map(hash), recorded }
    }

    #[test]
    fn only_hashes_written_by_repass_are_normalized() {
        for (hash, normalization) in
            [("ours", Normalization::Nfc), ("theirs", Normalization::AsReceived)]
        {
            let credential = mapped(Some(hash), Some((5, "ours"))).credential().unwrap();
            assert_eq!(credential.hash.normalization(), normalization);
        }
    }

    #[test]
    fn every_new_textincreases_the_version() {
        let unknown = Timestamp::UNIX_EPOCH;
        for (mapped_credential, current, next) in [
            (mapped(None, None), None, 1),
            (mapped(Some("theirs"), None), Some((1, unknown)), 2),
            (mapped(Some("ours"), Some((5, "ours"))), Some((5, Timestamp::MAX)), 6),
            (mapped(Some("theirs"), Some((5, "ours"))), Some((6, unknown)), 7),
            (mapped(None, Some((5, "ours"))), None, 6),
        ] {
            let credential = mapped_credential.credential();
            let found = credential.map(|credential| (credential.version, credential.changed_at));
            assert_eq!(
                (found, mapped_credential.next_version()),
                (current, next),
                "{mapped_credential:?}"
            );
        }
    }
}
