//! What can be wrong with the inputs of a hash.

/// A result with this crate's [`Error`].
pub type Result<T> = std::result::Result<T, Error>;

/// What is wrong with the inputs of a hash.
///
/// The variants are those of the `argon2` crate, so that a `match` over them goes on compiling when
/// one crate takes the place of the other; for the same reason it can be matched without a wildcard.
#[derive(Copy, Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Error {
    /// Associated data is longer than [`Params::MAX_DATA_LEN`](crate::Params::MAX_DATA_LEN).
    #[error("associated data is too long")]
    AdTooLong,
    /// A text that names no [`Algorithm`](crate::Algorithm).
    #[error("algorithm identifier invalid")]
    AlgorithmInvalid,
    /// A text that is not unpadded Base64.
    #[error("Base64 encoding invalid")]
    B64Encoding(#[source] base64ct::Error),
    /// A key identifier is longer than [`Params::MAX_KEYID_LEN`](crate::Params::MAX_KEYID_LEN).
    #[error("key identifier is too long")]
    KeyIdTooLong,
    /// Less memory than 8 blocks per lane, or a caller's memory that has fewer blocks than
    /// [`Params::block_count`](crate::Params::block_count).
    #[error("memory is too little")]
    MemoryTooLittle,
    /// More memory than Argon2 can have. Never returned: the type of the cost allows no more.
    #[error("memory is too much")]
    MemoryTooMuch,
    /// A tag shorter than 4 bytes, or than the parameters say.
    #[error("output is too short")]
    OutputTooShort,
    /// A tag longer than 2^32 - 1 bytes, or than the parameters say.
    #[error("output is too long")]
    OutputTooLong,
    /// A password longer than [`MAX_PWD_LEN`](crate::MAX_PWD_LEN).
    #[error("password is too long")]
    PwdTooLong,
    /// A salt shorter than [`MIN_SALT_LEN`](crate::MIN_SALT_LEN).
    #[error("salt is too short")]
    SaltTooShort,
    /// A salt longer than [`MAX_SALT_LEN`](crate::MAX_SALT_LEN).
    #[error("salt is too long")]
    SaltTooLong,
    /// A secret longer than [`MAX_SECRET_LEN`](crate::MAX_SECRET_LEN).
    #[error("secret is too long")]
    SecretTooLong,
    /// No lane at all.
    #[error("too few lanes")]
    ThreadsTooFew,
    /// More than 2^24 - 1 lanes.
    #[error("too many lanes")]
    ThreadsTooMany,
    /// No pass at all.
    #[error("too few passes")]
    TimeTooSmall,
    /// A number that is no [`Version`](crate::Version).
    #[error("version invalid")]
    VersionInvalid,
    /// The memory for the hash cannot be had.
    #[error("out of memory")]
    OutOfMemory,
}

impl From<base64ct::Error> for Error {
    fn from(error: base64ct::Error) -> Self {
        Self::B64Encoding(error)
    }
}
