/// A result with this crate's [`Error`].
pub type Result<T> = std::result::Result<T, Error>;

/// An input of a hash is not valid.
///
/// The variants are those of the `argon2` crate, and the enum is exhaustive as there, so that a
/// `match` compiles with either crate.
#[derive(Copy, Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Error {
    /// Associated data is longer than [`Params::MAX_DATA_LEN`](crate::Params::MAX_DATA_LEN).
    #[error("associated data is too long")]
    AdTooLong,
    /// The text is not the name of an [`Algorithm`](crate::Algorithm).
    #[error("algorithm identifier invalid")]
    AlgorithmInvalid,
    /// The text is not unpadded Base64.
    #[error("Base64 encoding invalid")]
    B64Encoding(#[source] base64ct::Error),
    /// The key identifier is longer than [`Params::MAX_KEYID_LEN`](crate::Params::MAX_KEYID_LEN).
    #[error("key identifier is too long")]
    KeyIdTooLong,
    /// The memory cost is less than 8 KiB per lane, or the caller's memory has fewer blocks than
    /// [`Params::block_count`](crate::Params::block_count).
    #[error("memory is too little")]
    MemoryTooLittle,
    /// The memory cost is too high. Never returned, since its type has no higher values.
    #[error("memory is too much")]
    MemoryTooMuch,
    /// The tag is shorter than 4 bytes, or than in the parameters.
    #[error("output is too short")]
    OutputTooShort,
    /// The tag is longer than 2^32 - 1 bytes, or than in the parameters.
    #[error("output is too long")]
    OutputTooLong,
    /// The password is longer than [`MAX_PWD_LEN`](crate::MAX_PWD_LEN).
    #[error("password is too long")]
    PwdTooLong,
    /// The salt is shorter than [`MIN_SALT_LEN`](crate::MIN_SALT_LEN).
    #[error("salt is too short")]
    SaltTooShort,
    /// The salt is longer than [`MAX_SALT_LEN`](crate::MAX_SALT_LEN).
    #[error("salt is too long")]
    SaltTooLong,
    /// The secret is longer than [`MAX_SECRET_LEN`](crate::MAX_SECRET_LEN).
    #[error("secret is too long")]
    SecretTooLong,
    /// The number of lanes is zero.
    #[error("too few lanes")]
    ThreadsTooFew,
    /// The number of lanes is more than 2^24 - 1.
    #[error("too many lanes")]
    ThreadsTooMany,
    /// The number of passes is zero.
    #[error("too few passes")]
    TimeTooSmall,
    /// The number is not a [`Version`](crate::Version).
    #[error("version invalid")]
    VersionInvalid,
    /// The memory for the hash cannot be allocated.
    #[error("out of memory")]
    OutOfMemory,
}

impl From<base64ct::Error> for Error {
    fn from(error: base64ct::Error) -> Self {
        Self::B64Encoding(error)
    }
}
