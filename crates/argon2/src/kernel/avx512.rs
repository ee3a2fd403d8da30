//! AVX-512F: eight words at a time.
#![allow(unsafe_code, reason = "vector instructions that not every CPU has")]

use std::arch::x86_64::*;

use super::as_vectors::{as_vectors, as_vectors_mut};
use crate::Block;
use crate::fill::{self, Kernel, Slice};

/// Can be created only if the CPU has AVX-512F.
#[derive(Copy, Clone)]
pub(crate) struct Avx512(());

impl Avx512 {
    pub(crate) fn detect() -> Option<&'static Self> {
        is_x86_feature_detected!("avx512f").then_some(&Self(()))
    }
}

/// `a ← a + b + 2·low(a)·low(b)`, `d ← (d ⊕ a) ⋙ R`, on four independent chains, which hides the
/// latency.
macro_rules! mix {
    ($a:ident, $b:ident, $d:ident, $rotation:literal) => {{
        let mut product = [_mm512_setzero_si512(); 4];
        for i in 0..4 {
            product[i] = _mm512_mul_epu32($a[i], $b[i]);
        }
        for i in 0..4 {
            $a[i] = _mm512_add_epi64($a[i], $b[i]);
        }
        for i in 0..4 {
            $a[i] = _mm512_add_epi64($a[i], product[i]);
        }
        for i in 0..4 {
            $a[i] = _mm512_add_epi64($a[i], product[i]);
        }
        for i in 0..4 {
            $d[i] = _mm512_xor_si512($d[i], $a[i]);
        }
        for i in 0..4 {
            $d[i] = _mm512_ror_epi64::<$rotation>($d[i]);
        }
    }};
}

/// The four steps of the function GB (RFC 9106, section 3.6). `$then` runs as soon as `a` is
/// complete.
macro_rules! quarter_round {
    ($a:ident, $b:ident, $c:ident, $d:ident, $then:block) => {
        mix!($a, $b, $d, 32);
        mix!($c, $d, $b, 24);
        mix!($a, $b, $d, 16);
        $then
        mix!($c, $d, $b, 63);
    };
}

/// Permutes the words of each of four vectors.
macro_rules! each {
    ($vectors:ident, $move:expr) => {
        for vector in &mut $vectors {
            *vector = $move(*vector);
        }
    };
}

/// The permutation P on eight times 16 words. `forward` rotates the words of a group of four by one
/// place, `half` by two, `back` by three. The diagonals are formed by rotating a, c and d instead
/// of the usual b, c and d, since b is completed last.
///
/// `then` runs when only `a` is complete, with its words rotated forward.
macro_rules! permute {
    ($a:ident, $b:ident, $c:ident, $d:ident, $forward:expr, $half:expr, $back:expr, $then:block) => {
        quarter_round!($a, $b, $c, $d, {});
        each!($a, $forward);
        each!($d, $half);
        each!($c, $back);
        quarter_round!($a, $b, $c, $d, $then);
        each!($a, $back);
        each!($d, $half);
        each!($c, $forward);
    };
}

impl Kernel for Avx512 {
    /// Vector 4g + k has the words 4k to 4k + 3 of the rows 2g and 2g + 1. So steps over rows and,
    /// with other groups of vectors, steps over columns need no gathering.
    #[inline(always)]
    fn place(word: usize) -> usize {
        let (row, column) = (word / 16, word % 16);
        32 * (row / 2) + 8 * (column / 4) + 4 * (row % 2) + column % 4
    }

    fn fill_slice(self, memory: &mut [Block], slice: &Slice<'_>) {
        #[target_feature(enable = "avx512f")]
        fn fill(kernel: Avx512, memory: &mut [Block], slice: &Slice<'_>) {
            slice.fill(kernel, memory);
        }
        // SAFETY: an `Avx512` exists only where the CPU has AVX-512F.
        unsafe { fill(self, memory, slice) }
    }

    fn addresses(self, input: &Block, addresses: &mut Block) {
        #[target_feature(enable = "avx512f")]
        fn compute(kernel: Avx512, input: &Block, addresses: &mut Block) {
            fill::addresses(kernel, input, addresses);
        }
        // SAFETY: an `Avx512` exists only where the CPU has AVX-512F.
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
        let first_input = previous.words()[0] ^ reference.words()[0];
        let first_kept = if keep { target.words()[0] } else { 0 };
        let previous: &[__m512i; 16] = as_vectors(previous);
        let reference: &[__m512i; 16] = as_vectors(reference);
        let target: &mut [__m512i; 16] = as_vectors_mut(target);
        // SAFETY: an `Avx512` exists only where the CPU has AVX-512F.
        unsafe {
            let zero = _mm512_setzero_si512();
            let mut input = [zero; 16];
            for i in 0..16 {
                input[i] = _mm512_xor_si512(previous[i], reference[i]);
            }

            let (mut a, mut b, mut c, mut d) = ([zero; 4], [zero; 4], [zero; 4], [zero; 4]);
            for group in 0..4 {
                a[group] = input[4 * group];
                b[group] = input[4 * group + 1];
                c[group] = input[4 * group + 2];
                d[group] = input[4 * group + 3];
            }
            permute!(
                a,
                b,
                c,
                d,
                _mm512_permutex_epi64::<0b10_01_00_11>,
                _mm512_permutex_epi64::<0b01_00_11_10>,
                _mm512_permutex_epi64::<0b00_11_10_01>,
                {}
            );

            let [mut e, mut f, mut g, mut h] = [
                [a[0], b[0], c[0], d[0]],
                [a[1], b[1], c[1], d[1]],
                [a[2], b[2], c[2], d[2]],
                [a[3], b[3], c[3], d[3]],
            ];
            let forward = _mm512_setr_epi64(5, 0, 7, 2, 1, 4, 3, 6);
            let back = _mm512_setr_epi64(1, 4, 3, 6, 5, 0, 7, 2);
            permute!(
                e,
                f,
                g,
                h,
                |vector| _mm512_permutexvar_epi64(forward, vector),
                |vector| _mm512_shuffle_i64x2::<0b01_00_11_10>(vector, vector),
                |vector| _mm512_permutexvar_epi64(back, vector),
                {
                    let first = _mm_extract_epi64::<1>(_mm512_castsi512_si128(e[0]));
                    begun(first.cast_unsigned() ^ first_input ^ first_kept);
                }
            );

            let output = [e, f, g, h];
            for i in 0..16 {
                let mut result = _mm512_xor_si512(output[i / 4][i % 4], input[i]);
                if keep {
                    result = _mm512_xor_si512(result, target[i]);
                }
                target[i] = result;
            }
        }
    }

    #[inline(always)]
    fn prefetch(self, block: *const Block) {
        super::prefetch(block);
    }
}
