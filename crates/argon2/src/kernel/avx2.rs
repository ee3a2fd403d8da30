//! AVX2: four words at a time.
#![allow(unsafe_code, reason = "vector instructions that not every CPU has")]

use std::arch::x86_64::*;

use super::as_vectors::{as_vectors, as_vectors_mut};
use crate::Block;
use crate::fill::{self, Kernel, Slice};

/// Can be created only if the CPU has AVX2.
#[derive(Copy, Clone)]
pub(crate) struct Avx2(());

impl Avx2 {
    pub(crate) fn detect() -> Option<&'static Self> {
        is_x86_feature_detected!("avx2").then_some(&Self(()))
    }
}

/// `a ← a + b + 2·low(a)·low(b)`, `d ← (d ⊕ a) ⋙ R`, on four independent chains, which hides the
/// latency.
macro_rules! mix {
    ($a:ident, $b:ident, $d:ident, $rotate:expr) => {{
        let mut product = [_mm256_setzero_si256(); 4];
        for i in 0..4 {
            product[i] = _mm256_mul_epu32($a[i], $b[i]);
        }
        for i in 0..4 {
            $a[i] = _mm256_add_epi64($a[i], $b[i]);
        }
        for i in 0..4 {
            $a[i] = _mm256_add_epi64($a[i], product[i]);
        }
        for i in 0..4 {
            $a[i] = _mm256_add_epi64($a[i], product[i]);
        }
        for i in 0..4 {
            $d[i] = _mm256_xor_si256($d[i], $a[i]);
        }
        for i in 0..4 {
            $d[i] = $rotate($d[i]);
        }
    }};
}

/// The four steps of the function GB (RFC 9106, section 3.6). AVX2 has no rotation: by whole bytes
/// it is a shuffle, by one bit a shift and an addition.
macro_rules! quarter_round {
    ($a:ident, $b:ident, $c:ident, $d:ident, $by_24:ident, $by_16:ident) => {
        mix!($a, $b, $d, |x| _mm256_shuffle_epi32::<0b10_11_00_01>(x));
        mix!($c, $d, $b, |x| _mm256_shuffle_epi8(x, $by_24));
        mix!($a, $b, $d, |x| _mm256_shuffle_epi8(x, $by_16));
        mix!($c, $d, $b, |x| _mm256_xor_si256(_mm256_srli_epi64::<63>(x), _mm256_add_epi64(x, x)));
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

/// Rotates the words of a group of four, which are in two vectors, one place forward.
macro_rules! forward {
    ($v:ident) => {
        $v = [
            _mm256_alignr_epi8::<8>($v[0], $v[1]),
            _mm256_alignr_epi8::<8>($v[1], $v[0]),
            _mm256_alignr_epi8::<8>($v[2], $v[3]),
            _mm256_alignr_epi8::<8>($v[3], $v[2]),
        ];
    };
}

/// Rotates them one place back.
macro_rules! back {
    ($v:ident) => {
        $v = [
            _mm256_alignr_epi8::<8>($v[1], $v[0]),
            _mm256_alignr_epi8::<8>($v[0], $v[1]),
            _mm256_alignr_epi8::<8>($v[3], $v[2]),
            _mm256_alignr_epi8::<8>($v[2], $v[3]),
        ];
    };
}

/// The permutation P on the four rows that start at the given vectors.
macro_rules! rows {
    ($by_24:ident, $by_16:ident, $state:ident, $previous:ident, $reference:ident, $at:expr) => {{
        let at: [usize; 4] = $at;
        let mut a = [_mm256_setzero_si256(); 4];
        let (mut b, mut c, mut d) = (a, a, a);
        for i in 0..4 {
            a[i] = _mm256_xor_si256($previous[at[i]], $reference[at[i]]);
            b[i] = _mm256_xor_si256($previous[at[i] + 1], $reference[at[i] + 1]);
            c[i] = _mm256_xor_si256($previous[at[i] + 2], $reference[at[i] + 2]);
            d[i] = _mm256_xor_si256($previous[at[i] + 3], $reference[at[i] + 3]);
        }
        quarter_round!(a, b, c, d, $by_24, $by_16);
        each!(a, _mm256_permute4x64_epi64::<0b10_01_00_11>);
        each!(d, _mm256_permute4x64_epi64::<0b01_00_11_10>);
        each!(c, _mm256_permute4x64_epi64::<0b00_11_10_01>);
        quarter_round!(a, b, c, d, $by_24, $by_16);
        each!(a, _mm256_permute4x64_epi64::<0b00_11_10_01>);
        each!(d, _mm256_permute4x64_epi64::<0b01_00_11_10>);
        each!(c, _mm256_permute4x64_epi64::<0b10_01_00_11>);
        for i in 0..4 {
            $state[at[i]] = a[i];
            $state[at[i] + 1] = b[i];
            $state[at[i] + 2] = c[i];
            $state[at[i] + 3] = d[i];
        }
    }};
}

/// The permutation P on four columns, two each in the halves of the given vectors of every row,
/// followed by the end of the compression function for them.
macro_rules! columns {
    ($by_24:ident, $by_16:ident, $state:ident, $previous:ident, $reference:ident, $target:ident, $keep:ident, $at:expr) => {{
        let [left, right]: [usize; 2] = $at;
        // The indexes of a; those of b, c and d are two, four and six rows further.
        let at = [left, left + 4, right, right + 4];
        let mut a = [_mm256_setzero_si256(); 4];
        let (mut b, mut c, mut d) = (a, a, a);
        for i in 0..4 {
            a[i] = $state[at[i]];
            b[i] = $state[at[i] + 8];
            c[i] = $state[at[i] + 16];
            d[i] = $state[at[i] + 24];
        }
        quarter_round!(a, b, c, d, $by_24, $by_16);
        forward!(a);
        d = [d[1], d[0], d[3], d[2]];
        back!(c);
        quarter_round!(a, b, c, d, $by_24, $by_16);
        back!(a);
        d = [d[1], d[0], d[3], d[2]];
        forward!(c);
        for i in 0..4 {
            finish!($previous, $reference, $target, $keep, at[i], a[i]);
            finish!($previous, $reference, $target, $keep, at[i] + 8, b[i]);
            finish!($previous, $reference, $target, $keep, at[i] + 16, c[i]);
            finish!($previous, $reference, $target, $keep, at[i] + 24, d[i]);
        }
    }};
}

/// Adds the input of the permutation to its output.
macro_rules! finish {
    ($previous:ident, $reference:ident, $target:ident, $keep:ident, $at:expr, $output:expr) => {{
        let input = _mm256_xor_si256($previous[$at], $reference[$at]);
        let result = _mm256_xor_si256($output, input);
        $target[$at] = if $keep { _mm256_xor_si256(result, $target[$at]) } else { result };
    }};
}

impl Kernel for Avx2 {
    fn fill_slice(self, memory: &mut [Block], slice: &Slice<'_>) {
        #[target_feature(enable = "avx2")]
        fn fill(kernel: Avx2, memory: &mut [Block], slice: &Slice<'_>) {
            slice.fill(kernel, memory);
        }
        // SAFETY: an `Avx2` exists only where the CPU has AVX2.
        unsafe { fill(self, memory, slice) }
    }

    fn addresses(self, input: &Block, addresses: &mut Block) {
        #[target_feature(enable = "avx2")]
        fn compute(kernel: Avx2, input: &Block, addresses: &mut Block) {
            fill::addresses(kernel, input, addresses);
        }
        // SAFETY: an `Avx2` exists only where the CPU has AVX2.
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
        let previous: &[__m256i; 32] = as_vectors(previous);
        let reference: &[__m256i; 32] = as_vectors(reference);
        let target: &mut [__m256i; 32] = as_vectors_mut(target);
        // SAFETY: an `Avx2` exists only where the CPU has AVX2.
        unsafe {
            let by_24 = _mm256_broadcastsi128_si256(_mm_setr_epi8(
                3, 4, 5, 6, 7, 0, 1, 2, 11, 12, 13, 14, 15, 8, 9, 10,
            ));
            // The compiler would replace this known shuffle by two instructions.
            let by_16 = std::hint::black_box(_mm256_broadcastsi128_si256(_mm_setr_epi8(
                2, 3, 4, 5, 6, 7, 0, 1, 10, 11, 12, 13, 14, 15, 8, 9,
            )));
            let mut state = [_mm256_setzero_si256(); 32];
            rows!(by_24, by_16, state, previous, reference, [0, 4, 8, 12]);
            rows!(by_24, by_16, state, previous, reference, [16, 20, 24, 28]);
            columns!(by_24, by_16, state, previous, reference, target, keep, [0, 1]);
            begun(_mm256_extract_epi64::<0>(target[0]).cast_unsigned());
            columns!(by_24, by_16, state, previous, reference, target, keep, [2, 3]);
        }
    }

    #[inline(always)]
    fn prefetch(self, block: *const Block) {
        super::prefetch(block);
    }
}
