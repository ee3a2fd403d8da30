//! A known-answer test of a kernel.

use crate::argon2::Inputs;
use crate::fill::Fill;
use crate::{Algorithm, AssociatedData, Block, ParamsBuilder, Version};

/// RFC 9106, section 5.3: Argon2id with 32 KiB, 3 passes, 4 lanes, a secret and associated data.
const TAG: [u8; 32] = [
    0x0d, 0x64, 0x0d, 0xf5, 0x8d, 0x78, 0x76, 0x6c, 0x08, 0xc0, 0x37, 0xa3, 0x4a, 0x8b, 0x53, 0xc9,
    0xd0, 0x1e, 0xf0, 0x45, 0x2d, 0x75, 0xb6, 0x5e, 0xb5, 0x25, 0x20, 0xe9, 0x6b, 0x01, 0xe6, 0x59,
];

/// Whether `kernel` computes the tag.
pub(super) fn check(kernel: &dyn Fill) -> bool {
    let Ok(data) = AssociatedData::new(&[4; 12]) else {
        return false;
    };
    let Ok(params) = ParamsBuilder::new().m_cost(32).t_cost(3).p_cost(4).data(data).build() else {
        return false;
    };
    let inputs = Inputs {
        algorithm: Algorithm::Argon2id,
        version: Version::V0x13,
        params,
        secret: Some(&[3; 8]),
    };
    let mut memory = [Block::new(); 32];
    let mut tag = [0; TAG.len()];
    inputs.hash(kernel, &[1; 32], &[2; 16], &mut tag, &mut memory);
    tag == TAG
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fill::{self, Geometry, Kernel, Slice};
    use crate::kernel::Portable;

    /// The portable kernel with one wrong bit in each block.
    #[derive(Copy, Clone)]
    struct Faulty;

    impl Kernel for Faulty {
        fn fill_slice(self, memory: &mut [Block], slice: &Slice<'_>) {
            slice.fill(self, memory);
        }

        fn addresses(self, input: &Block, addresses: &mut Block) {
            fill::addresses(self, input, addresses);
        }

        fn compress(
            self,
            previous: &Block,
            reference: &Block,
            target: &mut Block,
            keep: bool,
            begun: impl FnOnce(u64),
        ) {
            Portable.compress(previous, reference, target, keep, begun);
            target.words_mut()[127] ^= 1 << 63;
        }
    }

    /// Does not fill the memory.
    struct Idle;

    impl Fill for Idle {
        fn fill(&self, memory: &mut [Block], _: &Geometry) -> Block {
            memory[0]
        }
    }

    #[test]
    fn a_wrong_kernel_fails_the_check() {
        assert!(check(&Portable));
        assert!(!check(&Faulty));
        assert!(!check(&Idle));
    }
}
