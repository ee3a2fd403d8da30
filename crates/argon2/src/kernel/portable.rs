//! Plain Rust for any CPU.

use crate::Block;
use crate::fill::{self, Kernel, Slice};

/// Runs `$body` with `$i` from 0 to 3. In unoptimized builds, a loop over a range calls a function
/// for each iteration, and a hash would take four times as long.
macro_rules! four_times {
    ($i:ident, $body:block) => {
        four_times!($i, $body, 0, 1, 2, 3);
    };
    ($i:ident, $body:block, $($number:literal),*) => {
        $({
            let $i = $number;
            $body
        })*
    };
}

/// Runs on every CPU.
#[derive(Copy, Clone)]
pub(crate) struct Portable;

impl Kernel for Portable {
    fn fill_slice(self, memory: &mut [Block], slice: &Slice<'_>) {
        slice.fill(self, memory);
    }

    fn addresses(self, input: &Block, addresses: &mut Block) {
        fill::addresses(self, input, addresses);
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
        let (previous, reference) = (previous.words(), reference.words());
        let words = &mut [0; Block::WORDS];
        for (i, word) in words.iter_mut().enumerate() {
            *word = previous[i] ^ reference[i];
        }
        for row in 0..8 {
            permute(words, |word| 16 * row + word);
        }
        let column = |words: &mut _, column: usize| {
            permute(words, |word| 2 * column + 16 * (word / 2) + word % 2);
        };
        column(words, 0);
        let kept = if keep { target.words()[0] } else { 0 };
        begun(words[0] ^ previous[0] ^ reference[0] ^ kept);
        for number in 1..8 {
            column(words, number);
        }
        for (i, target) in target.words_mut().iter_mut().enumerate() {
            let kept = if keep { *target } else { 0 };
            *target = words[i] ^ previous[i] ^ reference[i] ^ kept;
        }
    }

    #[cfg(target_arch = "x86_64")]
    #[inline(always)]
    fn prefetch(self, block: *const Block) {
        super::prefetch(block);
    }
}

/// One word of each of four independent chains.
type Four = [u64; 4];

/// The permutation P of RFC 9106, section 3.6, on 16 words at the given indexes.
#[inline(always)]
fn permute(words: &mut [u64; Block::WORDS], place: impl Fn(usize) -> usize) {
    let [mut a, mut b, mut c, mut d] = [[0; 4]; 4];
    four_times!(i, {
        a[i] = words[place(i)];
        b[i] = words[place(4 + i)];
        c[i] = words[place(8 + i)];
        d[i] = words[place(12 + i)];
    });
    quarter_round(&mut a, &mut b, &mut c, &mut d);
    // The diagonals.
    a = [a[3], a[0], a[1], a[2]];
    c = [c[1], c[2], c[3], c[0]];
    d = [d[2], d[3], d[0], d[1]];
    quarter_round(&mut a, &mut b, &mut c, &mut d);
    a = [a[1], a[2], a[3], a[0]];
    c = [c[3], c[0], c[1], c[2]];
    d = [d[2], d[3], d[0], d[1]];
    four_times!(i, {
        words[place(i)] = a[i];
        words[place(4 + i)] = b[i];
        words[place(8 + i)] = c[i];
        words[place(12 + i)] = d[i];
    });
}

/// The four steps of the function GB.
#[inline(always)]
fn quarter_round(a: &mut Four, b: &mut Four, c: &mut Four, d: &mut Four) {
    mix::<32>(a, b, d);
    mix::<24>(c, d, b);
    mix::<16>(a, b, d);
    mix::<63>(c, d, b);
}

/// `a ← a + b + 2·low(a)·low(b)`, `d ← (d ⊕ a) ⋙ R`.
#[inline(always)]
fn mix<const R: u32>(a: &mut Four, b: &Four, d: &mut Four) {
    four_times!(i, {
        let product = (a[i] & 0xFFFF_FFFF) * (b[i] & 0xFFFF_FFFF);
        a[i] = a[i].wrapping_add(b[i]).wrapping_add(product.wrapping_mul(2));
    });
    four_times!(i, {
        d[i] = (d[i] ^ a[i]).rotate_right(R);
    });
}
