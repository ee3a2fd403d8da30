//! DES (FIPS 46-3) with the salt of crypt(3), which exchanges bits of the expansion.
//!
//! The crate `des` has no salt. The look-ups depend on the password, so that this, like every DES
//! with tables, does not take constant time in a shared cache.

use std::sync::LazyLock;

use zeroize::Zeroizing;

/// The key schedule, and the salt.
pub(super) struct Des {
    subkeys: Zeroizing<[[u32; 2]; 16]>,
    salt: u32,
}

impl Des {
    /// Expands a key of 56 bits with parity bits. The lowest bit of `salt` exchanges the first
    /// bits of the halves of the expansion.
    pub(super) fn new(key: u64, salt: u32) -> Self {
        let mut subkeys = Zeroizing::new([[0; 2]; 16]);
        let chosen = Zeroizing::new(permute(key, 64, &PERMUTED_CHOICE_1));
        let mut halves = Zeroizing::new([(*chosen >> 28) & HALF, *chosen & HALF]);
        for (subkey, shift) in subkeys.iter_mut().zip(SHIFTS) {
            for half in halves.iter_mut() {
                *half = (*half << shift | *half >> (28 - shift)) & HALF;
            }
            let chosen = permute(halves[0] << 28 | halves[1], 56, &PERMUTED_CHOICE_2);
            *subkey = [low_24(chosen >> 24), low_24(chosen)];
        }
        Self { subkeys, salt: salt.reverse_bits() >> 8 }
    }

    /// Encrypts one block.
    pub(super) fn encrypt(&self, block: u64) -> u64 {
        let block = permute(block, 64, &INITIAL_PERMUTATION);
        let halves = [(block >> 32) as u32, block as u32];
        Self::finish(self.rounds(halves))
    }

    /// Encrypts a block of zeros `count` times.
    pub(super) fn encrypt_zeros(&self, count: u32) -> u64 {
        // Between two encryptions, the final and the initial permutation cancel out.
        Self::finish((0..count).fold([0, 0], |halves, _| self.rounds(halves)))
    }

    /// The sixteen rounds, and the exchange of the halves after them.
    fn rounds(&self, [mut left, mut right]: [u32; 2]) -> [u32; 2] {
        let boxes = &*BOXES;
        for [first, second] in *self.subkeys {
            let expand = |at: u32| right.rotate_left(4 * at + 5) & 0x3F;
            let upper = expand(0) << 18 | expand(1) << 12 | expand(2) << 6 | expand(3);
            let lower = expand(4) << 18 | expand(5) << 12 | expand(6) << 6 | expand(7);
            let exchanged = (upper ^ lower) & self.salt;
            let (upper, lower) = (upper ^ exchanged ^ first, lower ^ exchanged ^ second);
            let output = (0..4).fold(0, |output, at| {
                let index = |half: u32| (half >> (18 - 6 * at) & 0x3F) as usize;
                output | boxes[at][index(upper)] | boxes[at + 4][index(lower)]
            });
            (left, right) = (right, left ^ output);
        }
        [right, left]
    }

    fn finish([left, right]: [u32; 2]) -> u64 {
        // The final permutation is the inverse of the initial one.
        let block = u64::from(left) << 32 | u64::from(right);
        INITIAL_PERMUTATION.iter().enumerate().fold(0, |output, (at, from)| {
            output | (block >> (63 - at) & 1) << (64 - u32::from(*from))
        })
    }
}

const HALF: u64 = (1 << 28) - 1;

fn low_24(bits: u64) -> u32 {
    (bits & 0xFF_FFFF) as u32
}

/// Returns the bits of `value` that `table` names, where 1 is the highest of `width`.
fn permute(value: u64, width: u8, table: &[u8]) -> u64 {
    table.iter().fold(0, |output, from| output << 1 | value >> (width - from) & 1)
}

/// The S-boxes, each behind the permutation P.
static BOXES: LazyLock<[[u32; 64]; 8]> = LazyLock::new(|| {
    let mut boxes = [[0; 64]; 8];
    for (at, (output, values)) in boxes.iter_mut().zip(&S_BOXES).enumerate() {
        for (input, output) in output.iter_mut().enumerate() {
            // The outer bits of the input are the row, the inner ones the column.
            let row = input >> 4 & 0b10 | input & 1;
            let column = input >> 1 & 0b1111;
            // Each row is 16 hexadecimal digits.
            let value = values[row] >> (60 - 4 * column) & 0xF;
            *output = permute(value << (28 - 4 * at), 32, &P) as u32;
        }
    }
    boxes
});

const SHIFTS: [u32; 16] = [1, 1, 2, 2, 2, 2, 2, 2, 1, 2, 2, 2, 2, 2, 2, 1];

#[rustfmt::skip]
const INITIAL_PERMUTATION: [u8; 64] = [
    58, 50, 42, 34, 26, 18, 10, 2, 60, 52, 44, 36, 28, 20, 12, 4,
    62, 54, 46, 38, 30, 22, 14, 6, 64, 56, 48, 40, 32, 24, 16, 8,
    57, 49, 41, 33, 25, 17, 9, 1, 59, 51, 43, 35, 27, 19, 11, 3,
    61, 53, 45, 37, 29, 21, 13, 5, 63, 55, 47, 39, 31, 23, 15, 7,
];

#[rustfmt::skip]
const PERMUTED_CHOICE_1: [u8; 56] = [
    57, 49, 41, 33, 25, 17, 9, 1, 58, 50, 42, 34, 26, 18,
    10, 2, 59, 51, 43, 35, 27, 19, 11, 3, 60, 52, 44, 36,
    63, 55, 47, 39, 31, 23, 15, 7, 62, 54, 46, 38, 30, 22,
    14, 6, 61, 53, 45, 37, 29, 21, 13, 5, 28, 20, 12, 4,
];

#[rustfmt::skip]
const PERMUTED_CHOICE_2: [u8; 48] = [
    14, 17, 11, 24, 1, 5, 3, 28, 15, 6, 21, 10,
    23, 19, 12, 4, 26, 8, 16, 7, 27, 20, 13, 2,
    41, 52, 31, 37, 47, 55, 30, 40, 51, 45, 33, 48,
    44, 49, 39, 56, 34, 53, 46, 42, 50, 36, 29, 32,
];

#[rustfmt::skip]
const P: [u8; 32] = [
    16, 7, 20, 21, 29, 12, 28, 17, 1, 15, 23, 26, 5, 18, 31, 10,
    2, 8, 24, 14, 32, 27, 3, 9, 19, 13, 30, 6, 22, 11, 4, 25,
];

/// Four rows of 16 values for each box.
#[rustfmt::skip]
const S_BOXES: [[u64; 4]; 8] = [
    [0xE4D1_2FB8_3A6C_5907, 0x0F74_E2D1_A6CB_9538, 0x41E8_D62B_FC97_3A50, 0xFC82_4917_5B3E_A06D],
    [0xF18E_6B34_972D_C05A, 0x3D47_F28E_C01A_69B5, 0x0E7B_A4D1_58C6_932F, 0xD8A1_3F42_B67C_05E9],
    [0xA09E_63F5_1DC7_B428, 0xD709_346A_285E_CBF1, 0xD649_8F30_B12C_5AE7, 0x1AD0_6987_4FE3_B52C],
    [0x7DE3_069A_1285_BC4F, 0xD8B5_6F03_472C_1AE9, 0xA690_CB7D_F13E_5284, 0x3F06_A1D8_945B_C72E],
    [0x2C41_7AB6_853F_D0E9, 0xEB2C_47D1_50FA_3986, 0x421B_AD78_F9C5_630E, 0xB8C7_1E2D_6F09_A453],
    [0xC1AF_9268_0D34_E75B, 0xAF42_7C95_61DE_0B38, 0x9EF5_28C3_704A_1DB6, 0x432C_95FA_BE17_608D],
    [0x4B2E_F08D_3C97_5A61, 0xD0B7_491A_E35C_2F86, 0x14BD_C37E_AF68_0592, 0x6BD8_14A7_950F_E23C],
    [0xD284_6FB1_A93E_50C7, 0x1FD8_A374_C56B_0E92, 0x7B41_9CE2_06AD_F358, 0x21E7_4A8D_FC90_356B],
];

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of FIPS 81, and the first vectors of NIST SP 500-20.
    #[test]
    fn without_a_salt_it_is_des() {
        for (key, block, expected) in [
            (0x0123_4567_89AB_CDEF, 0x4E6F_7720_6973_2074, 0x3FA4_0E8A_984D_4815),
            (0x0101_0101_0101_0101, 0x95F8_A5E5_DD31_D900, 0x8000_0000_0000_0000),
            (0x0101_0101_0101_0101, 0x0000_0000_0000_0001, 0x166B_40B4_4ABA_4BD6),
            (0x8001_0101_0101_0101, 0, 0x95A8_D728_13DA_A94D),
        ] {
            assert_eq!(Des::new(key, 0).encrypt(block), expected);
        }
        let twice = Des::new(1 << 63, 0).encrypt(Des::new(1 << 63, 0).encrypt(0));
        assert_eq!(Des::new(1 << 63, 0).encrypt_zeros(2), twice);
    }
}
