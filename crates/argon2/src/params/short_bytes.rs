//! Byte strings of limited length, stored inline.

use std::str::FromStr;

use base64ct::{Base64Unpadded, Encoding};

use super::Params;
use crate::{Error, Result};

macro_rules! short_bytes {
    ($(#[$documentation:meta])* $name:ident, $max:expr, $too_long:expr) => {
        $(#[$documentation])*
        #[derive(Copy, Clone, Debug, Default, Eq, PartialEq, Ord, PartialOrd, Hash)]
        pub struct $name {
            bytes: [u8; $max],
            length: usize,
        }

        impl $name {
            /// Maximum length, in bytes.
            pub const MAX_LEN: usize = $max;

            /// The empty byte string.
            pub const EMPTY: Self = Self { bytes: [0; $max], length: 0 };

            /// Copies the bytes.
            ///
            /// # Errors
            /// If there are more than [`Self::MAX_LEN`].
            pub fn new(slice: &[u8]) -> Result<Self> {
                let mut copied = Self { length: slice.len(), ..Self::EMPTY };
                copied.bytes.get_mut(..slice.len()).ok_or($too_long)?.copy_from_slice(slice);
                Ok(copied)
            }

            /// Decodes unpadded Base64, as in PHC strings.
            ///
            /// # Errors
            /// [`Error::B64Encoding`] if the text is not Base64, or has more than [`Self::MAX_LEN`]
            /// bytes.
            pub fn from_b64(text: &str) -> Result<Self> {
                let mut bytes = [0; $max];
                let length = Base64Unpadded::decode(text, &mut bytes)?.len();
                Ok(Self { bytes, length })
            }

            /// The bytes.
            #[must_use]
            pub fn as_bytes(&self) -> &[u8] {
                &self.bytes[..self.length]
            }

            /// The number of bytes.
            #[must_use]
            pub const fn len(&self) -> usize {
                self.length
            }

            /// Whether there are no bytes.
            #[must_use]
            pub const fn is_empty(&self) -> bool {
                self.length == 0
            }
        }

        impl AsRef<[u8]> for $name {
            fn as_ref(&self) -> &[u8] {
                self.as_bytes()
            }
        }

        impl FromStr for $name {
            type Err = Error;

            fn from_str(text: &str) -> Result<Self> {
                Self::from_b64(text)
            }
        }

        impl TryFrom<&[u8]> for $name {
            type Error = Error;

            fn try_from(bytes: &[u8]) -> Result<Self> {
                Self::new(bytes)
            }
        }
    };
}

short_bytes!(
    /// Associated data: public data that the hash is bound to.
    AssociatedData,
    Params::MAX_DATA_LEN,
    Error::AdTooLong
);

short_bytes!(
    /// The identifier of the secret. It has no effect on the hash.
    KeyId,
    Params::MAX_KEYID_LEN,
    Error::KeyIdTooLong
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_length_is_limited() {
        assert_eq!(AssociatedData::new(&[7; 32]).unwrap().as_bytes(), [7; 32]);
        assert_eq!(AssociatedData::new(&[7; 33]), Err(Error::AdTooLong));
        assert_eq!(KeyId::new(&[7; 8]).unwrap().len(), 8);
        assert_eq!(KeyId::try_from(&[7; 9][..]), Err(Error::KeyIdTooLong));
        assert!(KeyId::EMPTY.is_empty());
    }

    #[test]
    fn unpadded_base64_is_decoded() {
        assert_eq!("c29tZQ".parse::<KeyId>().unwrap().as_ref(), b"some");
        for text in ["c29tZQ==", "c29tZ", "!!!!", "MTIzNDU2Nzg5"] {
            assert!(matches!(text.parse::<KeyId>(), Err(Error::B64Encoding(_))), "{text}");
        }
    }
}
