//! The first two blocks of every lane: RFC 9106, section 3.2, steps 1, 3 and 4.

use blake2::{Blake2b512, Digest};
use zeroize::Zeroize;

use super::Inputs;
use crate::Block;
use crate::blake2b_long::blake2b_long;
use crate::fill::Geometry;

impl Inputs<'_> {
    /// Writes the first two blocks of every lane.
    pub(super) fn seed(
        &self,
        geometry: &Geometry,
        pwd: &[u8],
        salt: &[u8],
        tag_length: usize,
        memory: &mut [Block],
    ) {
        let mut initial = self.initial_hash(pwd, salt, tag_length);
        let mut bytes = [0; Block::SIZE];
        for (number, lane) in memory.chunks_exact_mut(geometry.lane_length()).enumerate() {
            for (column, block) in lane[..2].iter_mut().enumerate() {
                let column = (column as u32).to_le_bytes();
                let lane = (number as u32).to_le_bytes();
                blake2b_long(&[&initial, &column, &lane], &mut bytes);
                *block = Block::from_bytes(&bytes);
            }
        }
        initial.zeroize();
        bytes.zeroize();
    }

    /// Returns H0, the hash of all inputs.
    fn initial_hash(&self, pwd: &[u8], salt: &[u8], tag_length: usize) -> [u8; 64] {
        let mut digest = Blake2b512::new();
        // All lengths fit, since they were checked.
        for number in [
            self.params.p_cost(),
            tag_length as u32,
            self.params.m_cost(),
            self.params.t_cost(),
            self.version as u32,
            self.algorithm as u32,
        ] {
            digest.update(number.to_le_bytes());
        }
        for bytes in [pwd, salt, self.secret.unwrap_or_default(), self.params.data()] {
            digest.update((bytes.len() as u32).to_le_bytes());
            digest.update(bytes);
        }
        // `finalize` moves the state, which has the end of the password, and leaves it on the
        // stack.
        digest.finalize_reset().into()
    }
}
