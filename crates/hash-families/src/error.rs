//! Why a text is no hash that can be verified, and why a verification has no answer.

use std::ops::RangeInclusive;

use crate::Family;

/// Why a text is not taken as a stored hash. No message quotes the text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FormatError {
    /// Of no known family, or of none that the text alone tells.
    #[error("the hash is of no known family, or its family must be declared")]
    Unknown,
    /// Longer than [`MAX_TEXT_BYTES`](crate::MAX_TEXT_BYTES).
    #[error("the hash has {bytes} bytes; at most {most} are read")]
    TooLong {
        /// How long it is.
        bytes: usize,
        /// The bound.
        most: usize,
    },
    /// An Argon2 hash, which is not of another system's family: `repass-core` verifies it.
    #[error("an Argon2 hash is not verified here")]
    Argon2,
    /// Of a family that this build does not verify.
    #[error("{family} is not verified by this build; it lacks the feature `{feature}`")]
    Disabled {
        /// The family.
        family: Family,
        /// The feature of `repass-hash-families` that adds it.
        feature: &'static str,
    },
    /// Not a text that the family writes.
    #[error("damaged {family} hash: {what}")]
    Damaged {
        /// The family.
        family: Family,
        /// Which part is wrong.
        what: &'static str,
    },
    /// A parameter that no reasonable system writes, or that costs too much to verify.
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
        /// Its value; what does not fit is given as the greatest number.
        value: u64,
        /// From the least to the greatest value that is taken.
        bounds: RangeInclusive<u64>,
    },
    /// A field of an export is missing, superfluous or damaged.
    #[error("damaged export: {what}")]
    Export {
        /// Which field, and what is wrong with it.
        what: &'static str,
    },
}

/// Why a verification has no answer. A wrong password is no error.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// The algorithm refused its inputs.
    #[error("{family} failed: {what}")]
    Algorithm {
        /// The family.
        family: Family,
        /// What it said.
        what: &'static str,
    },
    /// A hash of a Firebase project whose signer key is not among the [`Projects`](crate::Projects).
    #[error("the signer key of the project `{project}` is not known")]
    UnknownProject {
        /// The name of the project.
        project: String,
    },
}
