//! The cost of a hash, and what else goes into it that is not secret.

mod builder;
mod short_bytes;

pub use builder::ParamsBuilder;
pub use short_bytes::{AssociatedData, KeyId};

use crate::{Error, Result};

/// The parts a lane is divided into; lanes wait for one another at the end of each (RFC 9106, section
/// 3.4).
pub(crate) const SLICES: usize = 4;

/// Cost of a hash, its associated data and the length of its tag.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Params {
    m_cost: u32,
    t_cost: u32,
    p_cost: u32,
    keyid: KeyId,
    data: AssociatedData,
    output_len: Option<usize>,
}

impl Params {
    /// Default memory in KiB: the least that OWASP's cheat sheet on password storage asks for.
    pub const DEFAULT_M_COST: u32 = 19 * 1024;
    /// The least memory in KiB, for one lane: two blocks in each of its four parts.
    pub const MIN_M_COST: u32 = 8;
    /// The most memory in KiB.
    pub const MAX_M_COST: u32 = u32::MAX;
    /// Default number of passes.
    pub const DEFAULT_T_COST: u32 = 2;
    /// The least number of passes.
    pub const MIN_T_COST: u32 = 1;
    /// The greatest number of passes.
    pub const MAX_T_COST: u32 = u32::MAX;
    /// Default number of lanes.
    pub const DEFAULT_P_COST: u32 = 1;
    /// The least number of lanes.
    pub const MIN_P_COST: u32 = 1;
    /// The greatest number of lanes.
    pub const MAX_P_COST: u32 = 0xFF_FFFF;
    /// The longest key identifier, in bytes.
    pub const MAX_KEYID_LEN: usize = 8;
    /// The longest associated data, in bytes. RFC 9106 allows more; the `argon2` crate does not.
    pub const MAX_DATA_LEN: usize = 32;
    /// The length of a tag, in bytes, where nothing else is said.
    pub const DEFAULT_OUTPUT_LEN: usize = 32;
    /// The shortest tag, in bytes.
    pub const MIN_OUTPUT_LEN: usize = 4;
    /// The longest tag, in bytes.
    pub const MAX_OUTPUT_LEN: usize = 0xFFFF_FFFF;

    /// 19 MiB, 2 passes, 1 lane; no associated data; a tag of any length.
    pub const DEFAULT: Self = Self {
        m_cost: Self::DEFAULT_M_COST,
        t_cost: Self::DEFAULT_T_COST,
        p_cost: Self::DEFAULT_P_COST,
        keyid: KeyId::EMPTY,
        data: AssociatedData::EMPTY,
        output_len: None,
    };

    /// `m_cost` KiB of memory, `t_cost` passes, `p_cost` lanes. With `output_len`, tags have to be
    /// exactly so many bytes long.
    ///
    /// # Errors
    /// For whatever is outside the bounds that the constants of this type state, and
    /// [`Error::MemoryTooLittle`] for less than 8 KiB per lane.
    pub const fn new(
        m_cost: u32,
        t_cost: u32,
        p_cost: u32,
        output_len: Option<usize>,
    ) -> Result<Self> {
        if m_cost < Self::MIN_M_COST {
            return Err(Error::MemoryTooLittle);
        }
        if p_cost < Self::MIN_P_COST {
            return Err(Error::ThreadsTooFew);
        }
        if p_cost > Self::MAX_P_COST {
            return Err(Error::ThreadsTooMany);
        }
        // No overflow, because there are less than 2^24 lanes.
        if m_cost < Self::MIN_M_COST * p_cost {
            return Err(Error::MemoryTooLittle);
        }
        if t_cost < Self::MIN_T_COST {
            return Err(Error::TimeTooSmall);
        }
        if let Some(length) = output_len {
            if length < Self::MIN_OUTPUT_LEN {
                return Err(Error::OutputTooShort);
            }
            if length > Self::MAX_OUTPUT_LEN {
                return Err(Error::OutputTooLong);
            }
        }
        Ok(Self { m_cost, t_cost, p_cost, output_len, ..Self::DEFAULT })
    }

    /// Memory in KiB. The hash uses the greatest multiple of 4 KiB per lane that is not above it.
    #[must_use]
    pub const fn m_cost(&self) -> u32 {
        self.m_cost
    }

    /// Passes over the memory.
    #[must_use]
    pub const fn t_cost(&self) -> u32 {
        self.t_cost
    }

    /// Lanes of the memory. They are part of the hash's definition; this crate computes them on one
    /// thread.
    #[must_use]
    pub const fn p_cost(&self) -> u32 {
        self.p_cost
    }

    /// The key identifier, 0 to 8 bytes, which has no effect on the hash.
    #[must_use]
    pub fn keyid(&self) -> &[u8] {
        self.keyid.as_bytes()
    }

    /// The associated data, 0 to 32 bytes.
    #[must_use]
    pub fn data(&self) -> &[u8] {
        self.data.as_bytes()
    }

    /// How many bytes a tag must have; without it any number will do.
    #[must_use]
    pub const fn output_len(&self) -> Option<usize> {
        self.output_len
    }

    /// How many blocks of 1 KiB the hash needs.
    #[must_use]
    pub const fn block_count(&self) -> usize {
        self.segment_length() * SLICES * self.lanes()
    }

    pub(crate) const fn lanes(&self) -> usize {
        self.p_cost as usize
    }

    /// Blocks in one of the four parts of a lane.
    pub(crate) const fn segment_length(&self) -> usize {
        self.m_cost as usize / (SLICES * self.lanes())
    }
}

impl Default for Params {
    fn default() -> Self {
        Self::DEFAULT
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_those_of_the_argon2_crate() {
        let edges = [0, 1, 7, 8, 9, 15, 16, 17, 31, 32, 8 * 0xFF_FFFF, u32::MAX - 1, u32::MAX];
        let lanes = [0, 1, 2, 3, 4, 0xFF_FFFE, 0xFF_FFFF, 0x100_0000, u32::MAX];
        let lengths = [None, Some(0), Some(3), Some(4), Some(0xFFFF_FFFF), Some(0x1_0000_0000)];
        for m in edges {
            for t in [0, 1, u32::MAX] {
                // What overflows there is too many lanes here.
                for p in lanes.into_iter().filter(|p| *p <= 0x100_0000) {
                    for length in lengths {
                        let ours = Params::new(m, t, p, length).map(|it| it.block_count());
                        let theirs =
                            argon2::Params::new(m, t, p, length).map(|it| it.block_count());
                        let same = match (&ours, &theirs) {
                            (Ok(ours), Ok(theirs)) => ours == theirs,
                            (Err(ours), Err(theirs)) => {
                                format!("{ours:?}") == format!("{theirs:?}")
                            }
                            _ => false,
                        };
                        assert!(same, "m={m} t={t} p={p} {length:?}: {ours:?}, {theirs:?}");
                    }
                }
            }
        }
        assert_eq!(Params::new(u32::MAX, 1, u32::MAX, None), Err(Error::ThreadsTooMany));
    }

    #[test]
    fn memory_is_rounded_down_to_whole_segments() {
        let params = Params::new(1000, 1, 3, None).unwrap();
        assert_eq!(params.block_count(), 996);
        assert_eq!(params.m_cost(), 1000);
    }
}
