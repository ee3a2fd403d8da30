//! The three variants of Argon2.

use std::fmt;
use std::str::FromStr;

use crate::{Error, Result};

/// Variant of Argon2 (RFC 9106, section 3.1, the type `y`).
#[derive(Copy, Clone, Debug, Default, Eq, PartialEq, Ord, PartialOrd, Hash)]
pub enum Algorithm {
    /// Data-dependent memory access: the most resistant to GPU attacks, but with side channels.
    Argon2d = 0,
    /// Data-independent memory access.
    Argon2i = 1,
    /// Argon2i for the first half of the first pass, then Argon2d; recommended by RFC 9106.
    #[default]
    Argon2id = 2,
}

impl Algorithm {
    /// Parses the identifier of PHC strings, such as `argon2id`.
    ///
    /// # Errors
    /// [`Error::AlgorithmInvalid`] for any other text.
    pub fn new(id: impl AsRef<str>) -> Result<Self> {
        id.as_ref().parse()
    }

    /// The identifier of PHC strings.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Argon2d => "argon2d",
            Self::Argon2i => "argon2i",
            Self::Argon2id => "argon2id",
        }
    }
}

impl FromStr for Algorithm {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        [Self::Argon2d, Self::Argon2i, Self::Argon2id]
            .into_iter()
            .find(|algorithm| algorithm.as_str() == name)
            .ok_or(Error::AlgorithmInvalid)
    }
}

impl AsRef<str> for Algorithm {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip_and_other_texts_are_refused() {
        for algorithm in [Algorithm::Argon2d, Algorithm::Argon2i, Algorithm::Argon2id] {
            assert_eq!(Algorithm::new(format!("{algorithm}")), Ok(algorithm));
        }
        for name in ["", "argon2", "Argon2id", "argon2id "] {
            assert_eq!(Algorithm::new(name), Err(Error::AlgorithmInvalid), "{name:?}");
        }
    }
}
