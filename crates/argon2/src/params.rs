mod builder;
mod short_bytes;

pub use builder::ParamsBuilder;
pub use short_bytes::{AssociatedData, KeyId};

use crate::{Error, Result};

/// Number of slices, after each of which the lanes synchronize (RFC 9106, section 3.4).
pub(crate) const SLICES: usize = 4;

/// The costs of a hash, its associated data and the length of its tag.
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
    /// Default memory, in KiB: OWASP's minimum for password storage.
    pub const DEFAULT_M_COST: u32 = 19 * 1024;
    /// Minimum memory for one lane, in KiB: two blocks in each of four segments.
    pub const MIN_M_COST: u32 = 8;
    /// Maximum memory, in KiB.
    pub const MAX_M_COST: u32 = u32::MAX;
    /// Default number of passes.
    pub const DEFAULT_T_COST: u32 = 2;
    /// Minimum number of passes.
    pub const MIN_T_COST: u32 = 1;
    /// Maximum number of passes.
    pub const MAX_T_COST: u32 = u32::MAX;
    /// Default number of lanes.
    pub const DEFAULT_P_COST: u32 = 1;
    /// Minimum number of lanes.
    pub const MIN_P_COST: u32 = 1;
    /// Maximum number of lanes.
    pub const MAX_P_COST: u32 = 0xFF_FFFF;
    /// Maximum length of a key identifier, in bytes.
    pub const MAX_KEYID_LEN: usize = 8;
    /// Maximum length of associated data, in bytes. As in the `argon2` crate; RFC 9106 allows more.
    pub const MAX_DATA_LEN: usize = 32;
    /// Default length of a tag, in bytes.
    pub const DEFAULT_OUTPUT_LEN: usize = 32;
    /// Minimum length of a tag, in bytes.
    pub const MIN_OUTPUT_LEN: usize = 4;
    /// Maximum length of a tag, in bytes.
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

    /// Creates parameters with `m_cost` KiB of memory, `t_cost` passes and `p_cost` lanes. With
    /// `output_len`, tags must have exactly this length.
    ///
    /// # Errors
    /// If a parameter is outside the bounds in the constants of this type, and
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
        // No overflow, since there are less than 2^24 lanes.
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

    /// Memory, in KiB. The hash rounds it down to a multiple of 4 KiB per lane.
    #[must_use]
    pub const fn m_cost(&self) -> u32 {
        self.m_cost
    }

    /// Number of passes.
    #[must_use]
    pub const fn t_cost(&self) -> u32 {
        self.t_cost
    }

    /// Number of lanes. This crate computes them on one thread.
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

    /// Required length of a tag, in bytes; `None` allows any valid length.
    #[must_use]
    pub const fn output_len(&self) -> Option<usize> {
        self.output_len
    }

    /// Number of blocks of 1 KiB that the hash needs.
    #[must_use]
    pub const fn block_count(&self) -> usize {
        self.segment_length() * SLICES * self.lanes()
    }

    pub(crate) const fn lanes(&self) -> usize {
        self.p_cost as usize
    }

    /// Number of blocks in a segment.
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
                // The `argon2` crate overflows for more lanes.
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
