use crate::{Error, Result};

/// Version of Argon2 (RFC 9106, section 3.1, the version number `v`).
#[derive(Copy, Clone, Debug, Default, Eq, PartialEq, Ord, PartialOrd, Hash)]
#[repr(u32)]
pub enum Version {
    /// 1.0: later passes overwrite the memory. Only for existing hashes.
    V0x10 = 0x10,
    /// 1.3: later passes are XORed into the memory. The version of RFC 9106.
    #[default]
    V0x13 = 0x13,
}

impl From<Version> for u32 {
    fn from(version: Version) -> Self {
        version as Self
    }
}

impl TryFrom<u32> for Version {
    type Error = Error;

    fn try_from(number: u32) -> Result<Self> {
        match number {
            0x10 => Ok(Self::V0x10),
            0x13 => Ok(Self::V0x13),
            _ => Err(Error::VersionInvalid),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_round_trip_and_others_are_refused() {
        assert_eq!(Version::try_from(16), Ok(Version::V0x10));
        assert_eq!(Version::try_from(19), Ok(Version::V0x13));
        assert_eq!(u32::from(Version::V0x13), 19);
        for number in [0, 15, 17, 18, 20, u32::MAX] {
            assert_eq!(Version::try_from(number), Err(Error::VersionInvalid));
        }
    }
}
