use std::borrow::Cow;
use std::ops::RangeInclusive;

use crate::{Family, Resemblance};

/// A stored hash was refused. No message quotes it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FormatError {
    /// The family is not known, or must be declared.
    #[error("the hash is of no known family, or the format of the export must be declared")]
    Unknown,
    /// The family is not known, but the text looks like one that must be declared, converted or
    /// replaced.
    #[error("the hash is of no known family; it looks like {0}")]
    Resembles(Resemblance),
    /// The text is longer than [`MAX_TEXT_BYTES`](crate::MAX_TEXT_BYTES).
    #[error("the hash has {bytes} bytes; the maximum is {max}")]
    TooLong {
        /// The length.
        bytes: usize,
        /// The maximum.
        max: usize,
    },
    /// The hash is an Argon2 hash, which `repass-core` verifies.
    #[error("an Argon2 hash is not a hash of another system")]
    Argon2,
    /// The family is not built in.
    #[error("this build does not verify {family}; it lacks the feature `{feature}`")]
    Disabled {
        /// The family.
        family: Family,
        /// The feature of `repass-hash-families` that adds it.
        feature: &'static str,
    },
    /// The text is not a valid hash of its family.
    #[error(
        "damaged {family} hash, perhaps cut off or changed by the export: {}",
        explained(reason)
    )]
    Damaged {
        /// The family.
        family: Family,
        /// The invalid part, or what is wrong with it.
        reason: &'static str,
    },
    /// A parameter is out of bounds.
    #[error(
        "{family} hash out of bounds: {parameter} is {value}, not {} to {}",
        bounds.start(),
        bounds.end()
    )]
    OutOfBounds {
        /// The family.
        family: Family,
        /// The parameter's name.
        parameter: &'static str,
        /// Its value; `u64::MAX` if it does not fit.
        value: u64,
        /// The accepted values.
        bounds: RangeInclusive<u64>,
    },
    /// A field of an export is missing, unexpected or damaged.
    #[error("damaged export: {reason}")]
    Export {
        /// The field, and what is wrong with it.
        reason: &'static str,
    },
}

/// Returns a reason that is only the name of a part as a sentence.
fn explained(reason: &str) -> Cow<'_, str> {
    if reason.contains(' ') {
        Cow::Borrowed(reason)
    } else {
        Cow::Owned(format!("the part `{reason}` is malformed"))
    }
}

/// A verification failed. A wrong password is not an error.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// The algorithm refused its inputs.
    #[error("{family} failed: {reason}")]
    Algorithm {
        /// The family.
        family: Family,
        /// The reason.
        reason: &'static str,
    },
    /// The pepper of the hash's Devise application is not in [`Projects`](crate::Projects).
    #[error("the pepper `{pepper}` of Devise is not known")]
    UnknownPepper {
        /// The name of the pepper.
        pepper: String,
    },
    /// The signer key of the hash's Firebase project is not in [`Projects`](crate::Projects).
    #[error("the signer key of the Firebase project `{project}` is not known")]
    UnknownProject {
        /// The name of the project.
        project: String,
    },
}
