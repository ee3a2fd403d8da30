//! NEON: two words at a time.
#![allow(unsafe_code, reason = "vector instructions that not every CPU has")]

use std::arch::aarch64::*;
use std::arch::is_aarch64_feature_detected;

use super::as_vectors::{as_vectors, as_vectors_mut};
use crate::Block;
use crate::fill::{self, Kernel, Slice};

/// Can be created only if the CPU has NEON.
#[derive(Copy, Clone)]
pub(crate) struct Neon(());

impl Neon {
    pub(crate) fn detect() -> Option<&'static Self> {
        is_aarch64_feature_detected!("neon").then_some(&Self(()))
    }
}

/// `a ← a + b + 2·low(a)·low(b)`, `d ← (d ⊕ a) ⋙ R`, on four independent chains, which hides the
/// latency.
macro_rules! mix {
    ($a:ident, $b:ident, $d:ident, $rotate:ident) => {{
        let mut product = [vdupq_n_u64(0); 4];
        for i in 0..4 {
            product[i] = vmull_u32(vmovn_u64($a[i]), vmovn_u64($b[i]));
        }
        for i in 0..4 {
            $a[i] = vaddq_u64($a[i], $b[i]);
        }
        for i in 0..4 {
            $a[i] = vaddq_u64($a[i], product[i]);
        }
        for i in 0..4 {
            $a[i] = vaddq_u64($a[i], product[i]);
        }
        for i in 0..4 {
            $d[i] = veorq_u64($d[i], $a[i]);
        }
        for i in 0..4 {
            $d[i] = $rotate!($d[i]);
        }
    }};
}

macro_rules! rotate_32 {
    ($x:expr) => {
        vreinterpretq_u64_u32(vrev64q_u32(vreinterpretq_u32_u64($x)))
    };
}

macro_rules! rotate_24 {
    ($x:expr) => {
        vorrq_u64(vshrq_n_u64::<24>($x), vshlq_n_u64::<40>($x))
    };
}

macro_rules! rotate_16 {
    ($x:expr) => {
        vorrq_u64(vshrq_n_u64::<16>($x), vshlq_n_u64::<48>($x))
    };
}

macro_rules! rotate_63 {
    ($x:expr) => {
        vorrq_u64(vshrq_n_u64::<63>($x), vaddq_u64($x, $x))
    };
}

/// The four steps of the function GB (RFC 9106, section 3.6).
macro_rules! quarter_round {
    ($a:ident, $b:ident, $c:ident, $d:ident) => {
        mix!($a, $b, $d, rotate_32);
        mix!($c, $d, $b, rotate_24);
        mix!($a, $b, $d, rotate_16);
        mix!($c, $d, $b, rotate_63);
    };
}

/// Rotates the words of a group of four, which are in two vectors, one place forward.
macro_rules! forward {
    ($v:ident) => {
        $v = [
            vextq_u64::<1>($v[1], $v[0]),
            vextq_u64::<1>($v[0], $v[1]),
            vextq_u64::<1>($v[3], $v[2]),
            vextq_u64::<1>($v[2], $v[3]),
        ];
    };
}

/// Rotates them one place back.
macro_rules! back {
    ($v:ident) => {
        $v = [
            vextq_u64::<1>($v[0], $v[1]),
            vextq_u64::<1>($v[1], $v[0]),
            vextq_u64::<1>($v[2], $v[3]),
            vextq_u64::<1>($v[3], $v[2]),
        ];
    };
}

/// The permutation P on two times 16 words. The diagonals are formed by rotating a, c and d instead
/// of the usual b, c and d, since b is completed last.
macro_rules! permute {
    ($a:ident, $b:ident, $c:ident, $d:ident) => {
        quarter_round!($a, $b, $c, $d);
        forward!($a);
        $d = [$d[1], $d[0], $d[3], $d[2]];
        back!($c);
        quarter_round!($a, $b, $c, $d);
        back!($a);
        $d = [$d[1], $d[0], $d[3], $d[2]];
        forward!($c);
    };
}

impl Kernel for Neon {
    fn fill_slice(self, memory: &mut [Block], slice: &Slice<'_>) {
        #[target_feature(enable = "neon")]
        fn fill(kernel: Neon, memory: &mut [Block], slice: &Slice<'_>) {
            slice.fill(kernel, memory);
        }
        // SAFETY: a `Neon` exists only where the CPU has NEON.
        unsafe { fill(self, memory, slice) }
    }

    fn addresses(self, input: &Block, addresses: &mut Block) {
        #[target_feature(enable = "neon")]
        fn compute(kernel: Neon, input: &Block, addresses: &mut Block) {
            fill::addresses(kernel, input, addresses);
        }
        // SAFETY: a `Neon` exists only where the CPU has NEON.
        unsafe { compute(self, input, addresses) }
    }

    #[inline(always)]
    fn compress(
        self,
        previous: &Block,
        reference: &Block,
        target: &mut Block,
        keep: bool,
        begun: impl FnOnce(u64),
    ) {
        let previous: &[uint64x2_t; 64] = as_vectors(previous);
        let reference: &[uint64x2_t; 64] = as_vectors(reference);
        let target: &mut [uint64x2_t; 64] = as_vectors_mut(target);
        // SAFETY: a `Neon` exists only where the CPU has NEON.
        unsafe {
            let mut input = [vdupq_n_u64(0); 64];
            for i in 0..64 {
                input[i] = veorq_u64(previous[i], reference[i]);
            }
            let mut state = input;

            // Two rows at a time; a row is eight vectors.
            for rows in [0, 16, 32, 48] {
                let at = |k: usize, i: usize| rows + 8 * (i / 2) + 2 * k + i % 2;
                let [mut a, mut b, mut c, mut d] = [[vdupq_n_u64(0); 4]; 4];
                for i in 0..4 {
                    a[i] = state[at(0, i)];
                    b[i] = state[at(1, i)];
                    c[i] = state[at(2, i)];
                    d[i] = state[at(3, i)];
                }
                permute!(a, b, c, d);
                for (k, vectors) in [a, b, c, d].iter().enumerate() {
                    for i in 0..4 {
                        state[at(k, i)] = vectors[i];
                    }
                }
            }

            // Two columns at a time, those with the first word first.
            let mut begun = Some(begun);
            for columns in [0, 2, 4, 6] {
                let at = |k: usize, i: usize| columns + i / 2 + 8 * (2 * k + i % 2);
                let [mut a, mut b, mut c, mut d] = [[vdupq_n_u64(0); 4]; 4];
                for i in 0..4 {
                    a[i] = state[at(0, i)];
                    b[i] = state[at(1, i)];
                    c[i] = state[at(2, i)];
                    d[i] = state[at(3, i)];
                }
                permute!(a, b, c, d);
                for (k, vectors) in [a, b, c, d].iter().enumerate() {
                    for i in 0..4 {
                        let mut result = veorq_u64(vectors[i], input[at(k, i)]);
                        if keep {
                            result = veorq_u64(result, target[at(k, i)]);
                        }
                        target[at(k, i)] = result;
                    }
                }
                if let Some(begun) = begun.take() {
                    begun(vgetq_lane_u64::<0>(target[0]));
                }
            }
        }
    }
}
