//! The variable-length hash H' of RFC 9106, section 3.3.

use blake2::digest::block_api::{UpdateCore, VariableOutputCore};
use blake2::digest::block_buffer::LazyBuffer;
use blake2::{Blake2b512, Blake2bVarCore, Digest};
use zeroize::Zeroize;

/// Maximum length of the output of BLAKE2b, in bytes.
const MAX_LENGTH: usize = 64;

/// Writes H' of the concatenated `inputs` to `out`.
pub(crate) fn blake2b_long(inputs: &[&[u8]], out: &mut [u8]) {
    // The bounds of the parameters limit a tag to 2^32 - 1 bytes.
    let length = (out.len() as u32).to_le_bytes();
    if out.len() <= MAX_LENGTH {
        return blake2b(&[&[&length[..]], inputs].concat(), out);
    }
    let mut digest = Blake2b512::new_with_prefix(length);
    for input in inputs {
        digest.update(input);
    }
    let mut link = digest.finalize();
    let mut rest = out;
    // The output has the first half of every link of the chain, and the whole of the last one.
    while rest.len() > MAX_LENGTH {
        let (half, tail) = rest.split_at_mut(MAX_LENGTH / 2);
        half.copy_from_slice(&link[..MAX_LENGTH / 2]);
        rest = tail;
        if rest.len() > MAX_LENGTH {
            link = Blake2b512::digest(link);
        }
    }
    blake2b(&[&link], rest);
    link.zeroize();
}

/// Writes BLAKE2b of the concatenated `inputs` to `out`, which has 1 to 64 bytes.
fn blake2b(inputs: &[&[u8]], out: &mut [u8]) {
    #[expect(clippy::expect_used, reason = "both callers check the length")]
    let mut core = Blake2bVarCore::new(out.len()).expect("an output of 1 to 64 bytes");
    let mut buffer = LazyBuffer::default();
    for input in inputs {
        buffer.digest_blocks(input, |blocks| core.update_blocks(blocks));
    }
    let mut full = Default::default();
    core.finalize_variable_core(&mut buffer, &mut full);
    out.copy_from_slice(&full[..out.len()]);
    full.zeroize();
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A direct implementation of the definition.
    fn by_definition(input: &[u8], length: usize) -> Vec<u8> {
        let prefixed = [&(length as u32).to_le_bytes(), input].concat();
        let plain = |input: &[u8], length: usize| {
            let mut out = vec![0; length];
            blake2b(&[input], &mut out);
            out
        };
        if length <= 64 {
            return plain(&prefixed, length);
        }
        let whole = length.div_ceil(32) - 2;
        let mut links = vec![plain(&prefixed, 64)];
        for _ in 1..whole {
            links.push(plain(links.last().unwrap(), 64));
        }
        let mut out: Vec<u8> = links.iter().flat_map(|link| &link[..32]).copied().collect();
        out.extend(plain(links.last().unwrap(), length - 32 * whole));
        out
    }

    #[test]
    fn every_length_equals_the_definition() {
        for length in 1..=1100 {
            let mut out = vec![0; length];
            blake2b_long(&[b"in", b"", b"put"], &mut out);
            assert_eq!(out, by_definition(b"input", length), "{length}");
        }
    }

    /// The digest of "abc" in RFC 7693, appendix A.
    #[test]
    fn an_output_of_64_bytes_equals_blake2b_512() {
        let mut out = [0; 64];
        blake2b(&[b"a", b"bc"], &mut out);
        assert_eq!(out[..8], [0xba, 0x80, 0xa5, 0x3f, 0x98, 0x1c, 0x4d, 0x0d]);
        assert_eq!(out[..], Blake2b512::digest(b"abc")[..]);
    }
}
